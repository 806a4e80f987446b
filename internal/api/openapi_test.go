package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/oidc"
)

// description is as much of the document as is held to the handler.
type description struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		Responses map[string]response
	}
	Components struct {
		Responses map[string]response
		Schemas   map[string]struct {
			Required   []string
			Properties map[string]json.RawMessage
		}
	}
}

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]json.RawMessage
	Content map[string]json.RawMessage
}

func described(t *testing.T) description {
	t.Helper()
	f := newFixture()
	w := httptest.NewRecorder()
	f.handler(t).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, OpenAPIPath, nil))
	var d description
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDocument holds the document to the table of requests, in both directions.
func TestDocument(t *testing.T) {
	t.Parallel()
	d := described(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("version %q", d.OpenAPI)
	}
	if diff := cmp.Diff([]string{EvidencePath, FactsPath, GatePath, OpenAPIPath}, slices.Sorted(maps.Keys(d.Paths))); diff != "" {
		t.Errorf("paths: -want +got:\n%s", diff)
	}
	reached := map[string]bool{"429": true} // TestLimit
	for _, e := range exchanges() {
		reached[strconv.Itoa(e.status)] = true
	}
	answers := d.Paths[FactsPath]["post"].Responses
	for _, path := range []string{EvidencePath, GatePath} {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(answers)), slices.Sorted(maps.Keys(d.Paths[path]["post"].Responses))); diff != "" {
			t.Errorf("%s goes the same way as other uploads, but is documented otherwise:\n%s", path, diff)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(reached)), slices.Sorted(maps.Keys(answers))); diff != "" {
		t.Errorf("statuses: -reached +documented:\n%s", diff)
	}
	for status, answer := range answers {
		if answer.Ref != "" {
			answer = d.Components.Responses[strings.TrimPrefix(answer.Ref, "#/components/responses/")]
		}
		if len(answer.Content) == 0 {
			t.Errorf("%s: its reference leads nowhere", status)
		}
		header := map[string]string{"401": "WWW-Authenticate", "405": "Allow", "429": "Retry-After", "503": "Retry-After"}[status]
		if _, told := answer.Headers[header]; header != "" && !told {
			t.Errorf("%s: the header %s is not documented", status, header)
		}
	}
}

// TestReferences follows every reference of the document.
func TestReferences(t *testing.T) {
	t.Parallel()
	var whole any
	if err := json.Unmarshal(document, &whole); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"\$ref": *"#/([^"]*)"`).FindAllSubmatch(document, -1)
	if len(found) < 10 {
		t.Fatalf("only %d references were found", len(found))
	}
	for _, ref := range found {
		at := whole
		for name := range strings.SplitSeq(string(ref[1]), "/") {
			object, _ := at.(map[string]any)
			at = object[name]
		}
		if at == nil {
			t.Errorf("#/%s is not there", ref[1])
		}
	}
}

// TestSchemas holds the schemas to the types that are read and written.
func TestSchemas(t *testing.T) {
	t.Parallel()
	schemas := described(t).Components.Schemas
	for name, value := range map[string]any{
		"Upload":   control.UploadDocument{},
		"Receipt":  control.Receipt{Why: "x"},
		"Error":    answer{}.body(),
		"Recorded": control.EvidenceReceipt{},
		"Lock":     control.LockDocument{Tree: "x", Digests: []string{"x"}, Bundles: []json.RawMessage{[]byte("{}")}},
		"Locked":   control.LockReceipt{Verdict: json.RawMessage(`{}`)},
		"Reports":  report.Document{Tree: "x", Digests: []string{"x"}, Assurance: "x"},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(members)), slices.Sorted(maps.Keys(schemas[name].Properties))); diff != "" {
			t.Errorf("%s: -type +schema:\n%s", name, diff)
		}
	}
	fixed := regexp.MustCompile(`^[a-z-]+$`)
	for _, code := range oidc.Codes() {
		if !fixed.MatchString(string(code)) {
			t.Errorf("the code %q is not one that the schema allows", code)
		}
	}
}

// TestSuiteSchema holds what is told of a counted suite to its schema.
func TestSuiteSchema(t *testing.T) {
	t.Parallel()
	type object struct {
		Properties map[string]json.RawMessage
		Items      *object
	}
	var list, coverage object
	if err := json.Unmarshal(described(t).Components.Schemas["Recorded"].Properties["suites"], &list); err != nil || list.Items == nil {
		t.Fatalf("suites are no list: %v", err)
	}
	if err := json.Unmarshal(list.Items.Properties["coverage"], &coverage); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		value  any
		schema object
	}{
		"a suite":  {control.SuiteReceipt{Coverage: report.Coverage{Lines: 1}}, *list.Items},
		"coverage": {report.Coverage{}, coverage},
	} {
		text, err := json.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(members)), slices.Sorted(maps.Keys(c.schema.Properties))); diff != "" {
			t.Errorf("%s: -type +schema:\n%s", name, diff)
		}
	}
}
