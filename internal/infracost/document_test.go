package infracost_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

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

// TestShape holds a document against what the 0.10 line's readers need: amounts are texts, a price is never null, a
// project has metadata and all three breakdowns, and the time is one.
func TestShape(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/read/diff.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := infracost.Read("diff", bytes.NewReader(data), infracost.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := infracost.Write(&b, r.Projects, r.Currency, infracost.Options{Command: "diff", Generated: time.Date(2026, 11, 20, 10, 0, 0, 5, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	type component struct {
		Name, Unit                             string
		HourlyQuantity, MonthlyQuantity, Price *decimal.Decimal
		HourlyCost, MonthlyCost                *string
		UsageBased, PriceNotFound              *bool
	}
	type resource struct {
		Name, ResourceType      string
		Tags                    map[string]string
		Metadata                map[string]any
		HourlyCost, MonthlyCost *string
		CostComponents          []component
		ActualCosts             []any
		Subresources            []struct{ CostComponents []component }
	}
	type breakdown struct {
		Resources                                                []resource
		TotalHourlyCost, TotalMonthlyCost, TotalMonthlyUsageCost *string
	}
	var doc struct {
		Version, Currency                         string
		TotalHourlyCost, TotalMonthlyCost         *string
		PastTotalHourlyCost, PastTotalMonthlyCost *string
		DiffTotalHourlyCost, DiffTotalMonthlyCost *string
		TimeGenerated                             time.Time
		Summary                                   map[string]any
		MissingPricesCount                        int
		MissingPricesComponents                   []string
		Projects                                  []struct {
			Name                           string
			Metadata                       map[string]any
			PastBreakdown, Breakdown, Diff *breakdown
			Summary                        map[string]any
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Version != "0.2" || doc.TimeGenerated.IsZero() || doc.TotalMonthlyCost == nil || doc.DiffTotalHourlyCost == nil || doc.PastTotalMonthlyCost == nil {
		t.Errorf("the top of the document: %+v", doc)
	}
	if doc.MissingPricesCount != 1 || len(doc.MissingPricesComponents) != 1 || doc.Summary["totalDetectedResources"] != 6.0 {
		t.Errorf("missing prices: %d, %q; summary %v", doc.MissingPricesCount, doc.MissingPricesComponents, doc.Summary)
	}
	for _, p := range doc.Projects {
		if p.PastBreakdown == nil || p.Breakdown == nil || p.Diff == nil || p.Metadata["path"] == "" || p.Metadata["type"] == nil || p.Summary == nil {
			t.Fatalf("project %+v", p)
		}
		for _, side := range []*breakdown{p.PastBreakdown, p.Breakdown, p.Diff} {
			if side.TotalMonthlyCost == nil || side.TotalHourlyCost == nil || side.Resources == nil {
				t.Errorf("%s: a breakdown without totals", p.Name)
			}
			for _, r := range side.Resources {
				components := r.CostComponents
				for _, s := range r.Subresources {
					components = append(components, s.CostComponents...)
				}
				for _, c := range components {
					if c.Price == nil || c.PriceNotFound == nil || c.UsageBased == nil || c.Unit == "" {
						t.Errorf("%s: %+v", r.Name, c)
					}
				}
				if r.Metadata == nil {
					t.Errorf("%s has no metadata", r.Name)
				}
			}
		}
	}
}
