package plan_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/plan"
)

// FuzzRead asserts that no input makes Read panic, that a plan read twice is the same, that blanks change nothing
// but the digest, and that what is kept is what fact.Plan promises. Its corpus is every case of testdata.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/read/*.json", "testdata/real/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	limits := plan.Limits{MaxBytes: 1 << 20, MaxResources: 1000, MaxDepth: 100}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := plan.Read("plan.json", bytes.NewReader(text), limits)
		if err != nil {
			if _, ok := err.(*plan.InputError); !ok { //nolint:errorlint // Read promises the type itself
				t.Fatalf("%T is no InputError: %v", err, err)
			}
			return
		}
		again, err := plan.Read("plan.json", bytes.NewReader(text), limits)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("read twice:\n%s", diff)
		}
		checkPromises(t, p)
		spaced := jsontext.Value(bytes.Clone(text))
		if spaced.Indent() != nil {
			return
		}
		again, err = plan.Read("plan.json", bytes.NewReader(spaced), plan.Limits{MaxBytes: 1 << 30, MaxResources: 1000, MaxDepth: 100})
		if err != nil {
			t.Fatal(err)
		}
		again.Digest, again.Notes = p.Digest, p.Notes
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("with blanks:\n%s", diff)
		}
	})
}

func checkPromises(t *testing.T, p fact.Plan) {
	t.Helper()
	for _, list := range [][]fact.Resource{p.Resources, p.Drift} {
		for i, r := range list {
			if r.Address == "" {
				t.Fatal("a resource without address")
			}
			if i > 0 && list[i-1].Address == r.Address && list[i-1].Deposed == r.Deposed {
				t.Fatalf("%q twice", r.Address)
			}
			if r.Action == fact.ActionUnknown && len(p.Faults) == 0 {
				t.Fatalf("%q has an unknown action and no fault", r.Address)
			}
			if _, ok := p.Providers[r.ProviderKey]; r.ProviderKey != "" && !ok {
				t.Fatalf("%q names no provider", r.ProviderKey)
			}
			for _, v := range []json.RawMessage{r.Before, r.After, r.Unknown} {
				checkValue(t, v)
			}
		}
		if !slices.IsSortedFunc(list, func(a, b fact.Resource) int { return bytes.Compare([]byte(a.Address), []byte(b.Address)) }) {
			t.Fatal("not sorted")
		}
	}
}

// checkValue asserts a compact JSON object that decodes.
func checkValue(t *testing.T, v json.RawMessage) {
	t.Helper()
	if v == nil {
		return
	}
	var into map[string]any
	if err := json.Unmarshal(v, &into); err != nil || v[0] != '{' {
		t.Fatalf("%s is no object: %v", v, err)
	}
	compact := jsontext.Value(bytes.Clone(v))
	if err := compact.Compact(); err != nil || !bytes.Equal(compact, v) {
		t.Fatalf("%s is not compact: %v", v, err)
	}
}
