package infracost_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/price"
)

var update = flag.Bool("update", false, "write the golden anew")

// TestDocument writes the estimate of a plan that creates, changes and deletes.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Read("plan.json", bytes.NewReader(text), plan.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	estimator, err := cost.New(price.Embedded(), entries, cost.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := estimator.Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := infracost.Document("infra/prod", e)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile("testdata/document.golden", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/document.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-want +got, -update writes it anew:\n%s", diff)
	}
}
