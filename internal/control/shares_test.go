package control

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
)

// TestHugeShares: an amount that no sum has room for is something without an amount, and never a saving.
func TestHugeShares(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]CostShare{
		"18446744073709.5": {Unknown: 1}, "-18446744073709.5": {Unknown: 1}, "1e18": {Unknown: 1},
		"10000000000": {Millionths: 1e16}, "-10000000000": {Millionths: -1e16}, "10000000000.1": {Unknown: 1}, "0.5": {Millionths: 500_000},
	} {
		c := fact.ResourceCost{Address: "aws_ebs_volume.b", Provider: "aws", Team: "x", Action: fact.Create}
		c.Monthly.Delta = money.New(decimal.RequireFromString(text), "USD")
		for _, s := range shares(render.Report{Currency: "USD", Projects: []render.Project{{Estimate: fact.Of(fact.Estimate{Resources: []fact.ResourceCost{c}})}}}) {
			if s.Millionths != want.Millionths || s.Unknown != want.Unknown {
				t.Errorf("%s: %+v", text, s)
			}
		}
	}
}

// TestSumMillionths: sums stop at their ends.
func TestSumMillionths(t *testing.T) {
	t.Parallel()
	const most, least = 1<<63 - 1, -1 << 63
	for _, c := range []struct{ a, b, want int64 }{{1, 2, 3}, {most, 1, most}, {most, most, most}, {least, -1, least}, {least, most, -1}, {1, most, most}} {
		if got := SumMillionths(c.a, c.b); got != c.want {
			t.Errorf("%d + %d = %d", c.a, c.b, got)
		}
	}
}
