package control_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/terraform"
)

// TestSourceAgreesWithPlan estimates the demo from its plan and from its source: what both know must be the same,
// documented defaults and unknown values among it.
func TestSourceAgreesWithPlan(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/demo/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	planned, err := plan.Read("plan.json", bytes.NewReader(text), plan.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	evaluated, err := terraform.Evaluate(t.Context(), os.DirFS("../.."), "testdata/demo", terraform.Settings{})
	if err != nil || len(evaluated.Faults) > 0 {
		t.Fatal(err, evaluated.Faults)
	}
	fromPlan, fromSource := lines(t, planned), lines(t, evaluated)
	// What the two know differently, and why.
	for _, known := range []string{
		"aws_instance.resizer",      // the plan does not know the size before apply, the source does
		"Additional backup storage", // the plan has the retention that the provider fills in
		": Ephemeral storage",       // the same of a function's ephemeral storage
	} {
		for _, side := range []map[string]string{fromPlan, fromSource} {
			maps.DeleteFunc(side, func(k, _ string) bool { return strings.Contains(k, known) })
		}
	}
	if diff := cmp.Diff(fromPlan, fromSource); diff != "" || len(fromPlan) < 50 {
		t.Errorf("%d lines, -plan +source:\n%s", len(fromPlan), diff)
	}
	addresses := func(p fact.Plan) []string {
		var out []string
		for _, r := range p.Resources {
			if r.After != nil && !r.Data {
				out = append(out, r.Address)
			}
		}
		return slices.Sorted(slices.Values(out))
	}
	if diff := cmp.Diff(addresses(planned), addresses(evaluated)); diff != "" {
		t.Errorf("addresses, -plan +source:\n%s", diff)
	}
}

// lines is what each line costs after the change.
func lines(t *testing.T, p fact.Plan) map[string]string {
	t.Helper()
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	e, err := cost.New(price.Embedded(), entries, cost.Options{})
	if err != nil {
		t.Fatal(err)
	}
	estimate, err := e.Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range estimate.Resources {
		for _, l := range r.Lines {
			if q := l.After; q != nil {
				out[r.Address+": "+l.Group+l.Name] = fmt.Sprintf("%s in %s: %v of %v", q.Basis, r.Region, q.Quantity, q.Rate)
			}
		}
	}
	return out
}
