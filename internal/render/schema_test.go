package render

import (
	"os"
	"strings"
	"testing"

	"github.com/xeipuuv/gojsonschema"
)

func schema(t *testing.T) *gojsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile("../../docs/schema/verdict.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func faultsOf(t *testing.T, s *gojsonschema.Schema, document string) []gojsonschema.ResultError {
	t.Helper()
	result, err := s.Validate(gojsonschema.NewStringLoader(document))
	if err != nil {
		t.Fatal(err)
	}
	return result.Errors()
}

// The published schema allows no field that it does not name, so a field added to the form fails here.
func TestJSONFollowsSchema(t *testing.T) {
	s := schema(t)
	for _, name := range caseNames(t) {
		for _, fault := range faultsOf(t, s, render(t, JSON, readCase(t, name), Options{})) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	for _, fault := range faultsOf(t, s, render(t, JSON, Report{}, Options{})) {
		t.Errorf("an empty report: %s", fault)
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	good := render(t, JSON, readCase(t, "blocked-policy"), Options{})
	for old, bad := range map[string]string{
		`"outcome": "block"`:     `"outcome": "pass"`,
		`"severity": "block"`:    `"severity": "error"`,
		`"schema_version": "1"`:  `"schema_version": "2"`,
		`"kind": "verdict"`:      `"kind": "other"`,
		`"basis": "usage-unset"`: `"basis": "free of charge"`,
		`"monthly": {`:           `"monthly": 0, "x": {`,
		`"action": "create"`:     `"action": "made"`,
		`"headline"`:             `"title"`,
		`"complete": true`:       `"complete": "yes"`,
	} {
		if !strings.Contains(good, old) {
			t.Errorf("the case has no %s", old)
		}
		if len(faultsOf(t, s, strings.Replace(good, old, bad, 1))) == 0 {
			t.Errorf("the schema accepts %s", bad)
		}
	}
}

func TestReadJSONRefuses(t *testing.T) {
	good := render(t, JSON, readCase(t, "blocked-policy"), Options{})
	for old, bad := range map[string][2]string{
		`{`:                     {``, "is not the JSON"},
		`"schema_version": "1"`: {`"schema_version": "9"`, "/schema_version"},
		`"kind": "verdict"`:     {`"kind": "other"`, "/kind"},
		`"outcome": "block"`:    {`"outcome": "pass"`, "outcome"},
		`"headline"`:            {`"surprise": 1, "headline"`, "surprise"},
		`"currency": "USD",`:    {`"currency": "dollars",`, "/currency"},
		`"before": 9.592`:       {`"before": 1e999999999`, "/total"},
		`"quantity": 730`:       {`"quantity": 1e-99999`, "/projects/0/estimate"},
		`"basis": "priced"`:     {`"basis": "guessed"`, "basis"},
	} {
		if !strings.Contains(good, old) {
			t.Errorf("the case has no %s", old)
		}
		if _, err := ReadJSON([]byte(strings.Replace(good, old, bad[0], 1))); err == nil || !strings.Contains(err.Error(), bad[1]) {
			t.Errorf("%s in place of %s: %v, want an error about %s", bad[0], old, err, bad[1])
		}
	}
	eur := strings.Replace(good, `"currency": "USD"`, `"currency": "EUR"`, 1)
	if _, err := ReadJSON([]byte(eur)); err == nil || !strings.Contains(err.Error(), "estimate/currency") {
		t.Errorf("two currencies: %v", err)
	}
}
