package cost_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

func mustAgainst(t *rapid.T, base, head fact.Estimate) fact.Estimate {
	out, err := cost.Against(base, head, cost.Exchange{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAgainstItself asserts that the same document on both sides is no difference, in the total and in each line.
func TestAgainstItself(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	rapid.Check(t, func(t *rapid.T) {
		plan := drawPlan(t)
		one := mustEstimate(t, e, plan)
		got := mustAgainst(t, one, one)
		if !got.Total.Delta.IsZero() || !got.Total.Before.Value().Equal(got.Total.After.Value()) || !got.Total.After.Value().Equal(one.Total.After.Value()) {
			t.Fatalf("the same on both sides is %+v", got.Total)
		}
		for _, r := range got.Resources {
			if !r.Monthly.Delta.IsZero() || r.Action != fact.NoOp {
				t.Fatalf("%s: %s by %s", r.Address, r.Action, r.Monthly.Delta)
			}
			for _, l := range r.Lines {
				if l.Before == nil || l.After == nil {
					t.Fatalf("%s: %q stands on one side", r.Address, l.Name)
				}
			}
		}
		if got.Coverage.Changed != 0 {
			t.Fatalf("%d changed", got.Coverage.Changed)
		}
	})
}

// TestAgainstNegates asserts that swapping the sides negates, and that what is compared as estimates comes to what is
// compared as plans.
func TestAgainstNegates(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	rapid.Check(t, func(t *rapid.T) {
		p, q := drawPlan(t), drawPlan(t)
		a, b := mustEstimate(t, e, p), mustEstimate(t, e, q)
		there, back := mustAgainst(t, a, b), mustAgainst(t, b, a)
		if !there.Total.Delta.Value().Equal(back.Total.Delta.Value().Neg()) {
			t.Fatalf("there %s, back %s", there.Total.Delta, back.Total.Delta)
		}
		if holes := a.Coverage.Unpriced + a.Coverage.Unknown + b.Coverage.Unpriced + b.Coverage.Unknown; holes > 0 {
			return // what has no number on one side may take that of the other
		}
		if !there.Total.Before.Value().Equal(back.Total.After.Value()) || !there.Total.After.Value().Equal(b.Total.After.Value()) {
			t.Fatalf("there %+v, back %+v", there.Total, back.Total)
		}
		plans, err := e.Compare(p, q)
		if err != nil {
			t.Fatal(err)
		}
		if !plans.Total.Before.Value().Equal(there.Total.Before.Value()) || !plans.Total.After.Value().Equal(there.Total.After.Value()) {
			t.Fatalf("as plans %+v, as estimates %+v", plans.Total, there.Total)
		}
	})
}

// document is an estimate of one line, as a document of another day would say it.
func document(name, unit, quantity, rate string, currency money.Currency) fact.Estimate {
	q, r := decimal.RequireFromString(quantity), money.New(decimal.RequireFromString(rate), currency)
	monthly := r.Mul(q)
	return cost.Sum([]fact.ResourceCost{{
		Address: "aws_instance.web", Type: "aws_instance", Action: fact.NoOp,
		Lines: []fact.LineItem{{Name: name, Unit: unit, After: &fact.Quote{Basis: fact.Priced, Quantity: &q, Rate: &r, Monthly: &monthly}}},
	}}, currency)
}

// TestAgainstPrices is the rule of one book: a line of both sides has the head's rate, another keeps its own.
func TestAgainstPrices(t *testing.T) {
	t.Parallel()
	exchange := cost.Exchange{Rates: map[money.Currency]decimal.Decimal{"EUR": decimal.RequireFromString("1.1")}, Date: "2026-11-20"}
	for _, c := range []struct {
		name       string
		base, head fact.Estimate
		delta      string
	}{
		{"a rate that moved is no difference", document("Usage (t3.micro)", "hours", "730", "0.01", "USD"), document("Usage (t3.micro)", "hours", "730", "0.02", "USD"), "0"},
		{"a quantity at the head's rate", document("Usage (t3.micro)", "hours", "365", "0.01", "USD"), document("Usage (t3.micro)", "hours", "730", "0.02", "USD"), "7.3"},
		{"another program's longer name", document("Usage (Linux, on-demand, t3.micro)", "hours", "730", "0.01", "USD"), document("usage (t3.micro)", "hour", "730", "0.02", "USD"), "0"},
		{"another size is another price", document("Usage (t3.micro)", "hours", "730", "0.01", "USD"), document("Usage (t3.small)", "hours", "730", "0.02", "USD"), "7.3"},
		{"another unit is another thing", document("Usage (t3.micro)", "days", "30", "0.24", "USD"), document("Usage (t3.micro)", "hours", "730", "0.02", "USD"), "7.4"},
		{"another currency, at the pinned rate", document("Usage (t3.micro)", "hours", "100", "1", "EUR"), document("Usage (t3.small)", "hours", "100", "1.2", "USD"), "10"},
		{"nothing was there", fact.Estimate{Currency: "USD"}, document("Usage", "hours", "100", "1", "USD"), "100"},
		{"nothing is there", document("Usage", "hours", "100", "1", "USD"), fact.Estimate{Currency: "USD"}, "-100"},
	} {
		got, err := cost.Against(c.base, c.head, exchange, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !got.Total.Delta.Value().Equal(decimal.RequireFromString(c.delta)) {
			t.Errorf("%s: %s, want %s", c.name, got.Total.Delta, c.delta)
		}
	}
	_, err := cost.Against(document("Usage", "hours", "1", "1", "JPY"), document("Usage", "hours", "1", "1", "USD"), exchange, nil)
	if err == nil || !strings.Contains(err.Error(), "cost.exchange_rates: {JPY: RATE") {
		t.Errorf("a currency without a rate: %v", err)
	}
}

// TestAgainstUnknown asserts that a side without a number is neither a saving nor an increase.
func TestAgainstUnknown(t *testing.T) {
	t.Parallel()
	known := document("Usage (t3.micro)", "hours", "730", "0.01", "USD")
	missing := document("Usage (t3.micro)", "hours", "730", "0.01", "USD")
	missing.Resources[0].Lines[0].After = &fact.Quote{Basis: fact.Unpriced, Why: "no price"}
	for _, c := range []struct{ base, head fact.Estimate }{{known, missing}, {missing, known}} {
		got, err := cost.Against(c.base, c.head, cost.Exchange{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Total.Delta.IsZero() || got.Coverage.Unpriced+got.Coverage.Unknown != 1 {
			t.Errorf("%+v, coverage %+v", got.Total, got.Coverage)
		}
	}
}

// TestConvertWhole asserts that no amount of an estimate keeps the other currency.
func TestConvertWhole(t *testing.T) {
	t.Parallel()
	e := document("Usage (t3.micro)", "hours", "100", "1", "EUR")
	q := e.Resources[0].Lines[0].After
	q.List, q.Low, q.High = q.Rate, q.Rate, q.Monthly
	got, err := cost.Convert(e, "USD", cost.Exchange{Rates: map[money.Currency]decimal.Decimal{"EUR": decimal.RequireFromString("1.1")}})
	if err != nil {
		t.Fatal(err)
	}
	after := got.Resources[0].Lines[0].After
	for name, a := range map[string]*money.Amount{"rate": after.Rate, "list": after.List, "monthly": after.Monthly, "low": after.Low, "high": after.High} {
		if a == nil || a.Currency() != "USD" {
			t.Errorf("%s is %v", name, a)
		}
	}
}
