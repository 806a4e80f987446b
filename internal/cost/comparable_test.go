package cost_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
)

// TestOpenParts says which differences count beside a component that has no number on one side.
func TestOpenParts(t *testing.T) {
	t.Parallel()
	known := func(amount string) *fact.Quote { return &fact.Quote{Basis: fact.Usage, Monthly: new(usd(amount))} }
	unset := &fact.Quote{Basis: fact.UsageUnset, Why: "usage not given"}
	unpriced := &fact.Quote{Basis: fact.Unpriced, Why: "no price"}
	for _, c := range []struct {
		name  string
		lines []fact.LineItem
		delta string
	}{
		{"a sibling that has no number before nor after", []fact.LineItem{
			{Name: "Data flow (basic)", Before: unset, After: unset}, {Name: "Data flow (standard)", After: known("7")},
		}, "7"},
		{"a sibling of another group", []fact.LineItem{
			{Group: "a", Name: "Storage", Before: unset}, {Group: "b", Name: "Storage", After: known("7")},
		}, "7"},
		{"tiers that become unset", []fact.LineItem{
			{Name: "Requests (first 10M requests)", Before: known("3")}, {Name: "Requests (over 10M requests)", Before: known("4")}, {Name: "Requests", After: unset},
		}, "0"},
		{"tiers beside each other, of which one has a number before", []fact.LineItem{
			{Name: "Transfer (first 10TB)", Before: known("3"), After: known("5")}, {Name: "Transfer (over 10TB)", After: known("4")},
		}, "6"},
		{"a base's first tier put beside the head's unset line", []fact.LineItem{
			{Name: "Requests", Was: "Requests (first 10M requests)", Before: known("3"), After: unset}, {Name: "Requests (over 10M requests)", Before: known("4")},
		}, "0"},
		{"one that stands in the place of another without a price", []fact.LineItem{
			{Name: "Usage (spot, m5.large)", Before: unpriced}, {Name: "Usage (on-demand, m5.large)", After: known("7")},
		}, "0"},
	} {
		back := make([]fact.LineItem, len(c.lines))
		for i, l := range c.lines {
			l.Before, l.After = l.After, l.Before
			back[i] = l
		}
		want := decimal.RequireFromString(c.delta)
		for lines, want := range map[*[]fact.LineItem]decimal.Decimal{&c.lines: want, &back: want.Neg()} {
			got := cost.Sum([]fact.ResourceCost{{Address: "a.b", Type: "a", Action: fact.Update, Lines: *lines}}, "USD").Total.Delta
			if !got.Value().Equal(want) {
				t.Errorf("%s: %s, want %s", c.name, got, want)
			}
		}
	}
}
