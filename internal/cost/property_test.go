package cost_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// resourcesOfCases are the resources of every case, of all types that are priced.
var resourcesOfCases = sync.OnceValues(func() ([]fact.Resource, error) { //nolint:gochecknoglobals // read once
	files, err := filepath.Glob("testdata/cases/*/*.txtar")
	if err != nil {
		return nil, err
	}
	var out []fact.Resource
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			return nil, err
		}
		p, err := planOf(a)
		if err != nil {
			return nil, err
		}
		out = append(out, p.Resources...)
	}
	return out, nil
})

// drawPlan is a plan of resources of the cases, each with its two sides drawn on their own.
func drawPlan(t *rapid.T) fact.Plan {
	all, err := resourcesOfCases()
	if err != nil || len(all) < 100 {
		t.Fatalf("%d resources: %v", len(all), err)
	}
	p := fact.Plan{Name: "plan.json", Complete: true, Providers: map[string]fact.Provider{}}
	taken := map[string]bool{}
	for range rapid.IntRange(0, 8).Draw(t, "resources") {
		r := rapid.SampledFrom(all).Draw(t, "resource")
		value := r.After
		if value == nil {
			value = r.Before
		}
		if r.Data || value == nil || taken[r.Address] {
			continue
		}
		taken[r.Address] = true
		r.Deposed, r.ProviderKey, r.Before, r.After = "", "", value, value
		switch r.Action = rapid.SampledFrom([]fact.Action{fact.NoOp, fact.Create, fact.Delete, fact.Update, fact.DeleteThenCreate}).Draw(t, "action"); r.Action {
		case fact.Create:
			r.Before = nil
		case fact.Delete:
			r.After, r.Unknown = nil, nil
		case fact.NoOp:
			r.Unknown = nil
		case fact.ActionUnknown, fact.Read, fact.Update, fact.DeleteThenCreate, fact.CreateThenDelete, fact.Forget:
		}
		p.Resources = append(p.Resources, r)
	}
	return p
}

func mustEstimate(t *rapid.T, e *cost.Estimator, p fact.Plan) fact.Estimate {
	out, err := e.Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSums asserts that totals are the sums of their lines, that an estimate is a function of its plan, and that
// neither the order of resources nor what else is in a plan that nothing refers to changes a resource's cost.
func TestSums(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		got := mustEstimate(t, e, p)
		if diff := cmp.Diff(got, mustEstimate(t, e, p)); diff != "" {
			t.Fatalf("priced twice:\n%s", diff)
		}
		total := fact.Change{}
		for _, r := range got.Resources {
			before, after := sumOf(t, r)
			if !before.Value().Equal(r.Monthly.Before.Value()) || !after.Value().Equal(r.Monthly.After.Value()) {
				t.Fatalf("%s: %s -> %s is not the sum of its lines, %s -> %s", r.Address, r.Monthly.Before, r.Monthly.After, before, after)
			}
			total = fact.Change{Before: total.Before.Add(r.Monthly.Before), After: total.After.Add(r.Monthly.After), Delta: total.Delta.Add(r.Monthly.Delta)}
		}
		if !total.Before.Value().Equal(got.Total.Before.Value()) || !total.After.Value().Equal(got.Total.After.Value()) || !total.Delta.Value().Equal(got.Total.Delta.Value()) {
			t.Fatalf("total %+v is not the sum of its resources %+v", got.Total, total)
		}
		if got.Upper.After.Cmp(got.Total.After) < 0 {
			t.Fatalf("the upper bound %s is below the total %s", got.Upper.After, got.Total.After)
		}
	})
}

// sumOf adds up what the lines of a resource say, and checks that only what is known has an amount.
func sumOf(t *rapid.T, r fact.ResourceCost) (before, after money.Amount) {
	if len(r.Lines) == 0 {
		t.Fatalf("%s is listed without a line", r.Address)
	}
	for _, l := range r.Lines {
		for _, side := range []struct {
			quote *fact.Quote
			sum   *money.Amount
		}{{l.Before, &before}, {l.After, &after}} {
			if side.quote == nil {
				continue
			}
			checkQuote(t, r.Address+": "+l.Name, side.quote)
			if side.quote.Monthly != nil {
				*side.sum = side.sum.Add(*side.quote.Monthly)
			}
		}
	}
	return before, after
}

type failer interface{ Fatalf(string, ...any) }

// checkQuote holds what every quote promises.
func checkQuote(t failer, what string, q *fact.Quote) {
	known := q.Basis == fact.Priced || q.Basis == fact.Usage || q.Basis == fact.Free
	switch {
	case known != (q.Monthly != nil):
		t.Fatalf("%s: a %s line with amount %v", what, q.Basis, q.Monthly)
	case q.Basis == fact.Free && q.Quantity == nil && q.Rate != nil && !q.Rate.IsZero():
		t.Fatalf("%s: free in any quantity, at a rate of %s", what, q.Rate)
	case known && (q.Quantity == nil && q.Basis != fact.Free || q.Rate == nil || q.Price == nil || q.Price.Source == "" || q.Price.Table == ""):
		t.Fatalf("%s: an amount that does not say where it comes from: %+v", what, q)
	case q.Monthly != nil && q.Monthly.Sign() < 0, q.Quantity != nil && q.Quantity.Sign() < 0:
		t.Fatalf("%s: negative: %+v", what, q)
	case !known && q.Why == "":
		t.Fatalf("%s: %s without a reason", what, q.Basis)
	}
}

// TestCompareIsFair asserts that what is compared with itself costs nothing, and that the way back costs what the way
// there saved.
func TestCompareIsFair(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPlan(t), drawPlan(t)
		same, err := e.Compare(a, a)
		if err != nil || !same.Total.Delta.IsZero() {
			t.Fatalf("compared with itself: %s, %v", same.Total.Delta, err)
		}
		there, err := e.Compare(a, b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := e.Compare(b, a)
		if err != nil {
			t.Fatal(err)
		}
		if !there.Total.Before.Equal(back.Total.After) || !there.Total.Delta.Equal(back.Total.Delta.Neg()) {
			t.Fatalf("there %+v, back %+v", there.Total, back.Total)
		}
	})
}

// TestUnknownIsNeverZero marks every attribute of a resource unknown: no line may have an amount that rests on one of
// them, and nothing may be free that was not.
func TestUnknownIsNeverZero(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	all, err := resourcesOfCases()
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, r := range all {
		if r.Data || r.After == nil || r.Config == nil {
			continue
		}
		var values map[string]json.RawMessage
		if err := json.Unmarshal(r.After, &values); err != nil {
			t.Fatal(err)
		}
		known, err := e.Estimate(fact.Plan{Resources: []fact.Resource{created(r, r.After, nil)}})
		if err != nil {
			t.Fatal(err)
		}
		config := &fact.ResourceConfig{Address: r.Config.Address, Attributes: map[string]fact.Expression{}}
		unknown := map[string]bool{}
		for name := range values {
			unknown[name] = true
			config.Attributes[name] = fact.Expression{References: []string{"var.x"}}
		}
		mask, err := json.Marshal(unknown)
		if err != nil {
			t.Fatal(err)
		}
		r.Config = config
		got, err := e.Estimate(fact.Plan{Resources: []fact.Resource{created(r, json.RawMessage("{}"), mask)}})
		if err != nil {
			t.Fatal(err)
		}
		if len(known.Resources) > 0 && len(got.Resources) == 0 {
			t.Errorf("%s costs something, and nothing when nothing of it is known", r.Address)
		}
		for _, c := range got.Resources {
			for _, l := range c.Lines {
				lines++
				checkQuote(fataler{t}, r.Address+": "+l.Name, l.After)
			}
		}
	}
	if lines < 100 {
		t.Errorf("only %d lines were looked at", lines)
	}
}

func created(r fact.Resource, after, unknown json.RawMessage) fact.Resource {
	r.Action, r.Before, r.After, r.Unknown, r.ProviderKey, r.Deposed = fact.Create, nil, after, unknown, "", ""
	return r
}

type fataler struct{ t *testing.T }

func (f fataler) Fatalf(format string, args ...any) {
	f.t.Helper()
	f.t.Errorf(strings.TrimSpace(format), args...)
}
