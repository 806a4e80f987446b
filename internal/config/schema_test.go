package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xeipuuv/gojsonschema"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
)

func publishedSchema(t *testing.T) (raw map[string]any, compiled *gojsonschema.Schema) {
	t.Helper()
	b, err := os.ReadFile("../../docs/schema/platform.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	if compiled, err = gojsonschema.NewSchema(gojsonschema.NewBytesLoader(b)); err != nil {
		t.Fatal(err)
	}
	return raw, compiled
}

// TestSchemaAgrees holds that what the parser takes, the schema takes, and that it refuses unknown keys and wrong
// types as the parser does.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	_, schema := publishedSchema(t)
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	refused, taken := 0, 0
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		for _, f := range a.Files {
			if f.Name != "platform.yml" {
				continue
			}
			_, fault := Parse(f.Name, f.Data)
			result, valid := validate(schema, f.Data)
			switch {
			case fault == nil && !valid:
				t.Errorf("%s: the parser takes it, the schema does not: %v", name, result)
			case fault != nil && !valid:
				refused++
			case fault == nil:
				taken++
			}
			if (name == "unknown_keys.txtar" || name == "types.txtar") && valid {
				t.Errorf("%s: the schema takes it", name)
			}
		}
	}
	if taken < 4 || refused < 10 {
		t.Errorf("%d files taken and %d refused: too few to say anything", taken, refused)
	}
}

func validate(schema *gojsonschema.Schema, data []byte) (faults []gojsonschema.ResultError, valid bool) {
	var doc any
	if yaml.Unmarshal(data, &doc) != nil {
		return nil, false
	}
	// By way of JSON, with dates as they are written.
	text, err := json.Marshal(plainDates(doc))
	if err != nil {
		return nil, false
	}
	result, err := schema.Validate(gojsonschema.NewBytesLoader(text))
	if err != nil {
		return nil, false
	}
	return result.Errors(), result.Valid()
}

func plainDates(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plainDates(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plainDates(v[i])
		}
	case interface{ Format(layout string) string }:
		return strings.TrimSuffix(v.Format("2006-01-02T15:04"), "T00:00")
	}
	return v
}

// TestSchemaKeys holds that the schema names exactly the keys that the parser knows, at every place.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	raw, _ := publishedSchema(t)
	known := map[string][]string{}
	p := &parser{file: "platform.yml", visit: func(key string, words []string) {
		known[regexp.MustCompile(`\[\d+\]`).ReplaceAllString(strings.Replace(key, "environments.e", "environments.*", 1), "[]")] = words
	}}
	p.config([]byte(everyMap))
	published := map[string][]string{}
	collect(raw, "", published)
	delete(published, "cost.exchange_rates") // currency codes and date: a map of any keys
	delete(published, "environments")
	delete(published, "policies.params")
	if diff := cmp.Diff(known, published); diff != "" {
		t.Errorf("-parser +schema:\n%s", diff)
	}
}

// everyMap holds each map with fixed keys once; whether it is valid does not matter.
const everyMap = `version: 1
roots: [{path: a}]
cost: {exchange_rates: {}, discounts: [{}], budgets: [{}], warn: {}, acknowledge: {}, block: {}}
policies: {params: {}, waivers: [{}]}
environments: {e: {tested: {suites: [{}]}, freeze: [{}], approvers: [{}]}}
`

func collect(schema map[string]any, at string, into map[string][]string) {
	if items, ok := schema["items"].(map[string]any); ok {
		collect(items, at+"[]", into)
	}
	if rest, ok := schema["additionalProperties"].(map[string]any); ok {
		collect(rest, at+".*", into)
	}
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return
	}
	var words []string
	for key, inner := range properties {
		words = append(words, key)
		collect(inner.(map[string]any), strings.TrimPrefix(at+"."+key, "."), into)
	}
	slices.Sort(words)
	into[at] = words
}

// TestDocumentedExamples parses every example of docs/configuration.md that is a configuration.
func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, schema := publishedSchema(t)
	examples := 0
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		if !strings.Contains(m[1], "version: 1\n") {
			continue
		}
		examples++
		if _, err := Parse("docs/configuration.md", []byte(m[1])); err != nil {
			t.Errorf("%v in:\n%s", err, m[1])
		}
		if faults, ok := validate(schema, []byte(m[1])); !ok {
			t.Errorf("%v in:\n%s", faults, m[1])
		}
	}
	if examples < 2 {
		t.Errorf("%d examples", examples)
	}
}
