package control

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/render"
)

// maxShares is how many names of a dimension are kept of one verdict; the others are one.
const maxShares = 20

// shares are what a verdict adds a month by team and by provider. A project without an estimate is a resource whose part is
// not known.
func shares(r render.Report) []CostShare {
	return append(sharesBy(r, "team", func(c *fact.ResourceCost) string { return cmp.Or(c.Team, "no team tag") }),
		sharesBy(r, "provider", func(c *fact.ResourceCost) string { return cmp.Or(c.Provider, "no provider") })...)
}

type shareSum struct {
	name    string
	amount  decimal.Decimal
	unknown int
}

func sharesBy(r render.Report, dimension string, of func(*fact.ResourceCost) string) []CostShare {
	sums := map[string]shareSum{}
	add := func(name string, amount decimal.Decimal, unknown int) {
		s := sums[name]
		sums[name] = shareSum{name, s.amount.Add(amount), s.unknown + unknown}
	}
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			add(noAmount, decimal.Zero, 1)
			continue
		}
		open := e.Coverage.ChangedUnknown + e.Coverage.ChangedUnpriced
		for i := range e.Resources {
			c := &e.Resources[i]
			if !c.Action.Changes() {
				continue
			}
			unknown := 0
			if render.Open(c) {
				unknown, open = 1, open-1
			}
			add(cut(render.Plain(render.Redact(of(c))), 80), c.Monthly.Delta.Value(), unknown)
		}
		if open > 0 { // of types without a single line
			add(noAmount, decimal.Zero, open)
		}
	}
	var out []CostShare
	for _, s := range folded(sums) {
		millionths := s.amount.Shift(6).Round(0)
		if millionths.Abs().GreaterThan(decimal.NewFromInt(MaxMillionths)) {
			millionths, s.unknown = decimal.Zero, s.unknown+1
		}
		out = append(out, CostShare{Dimension: dimension, Name: s.name, Currency: string(r.Currency), Millionths: millionths.IntPart(), Unknown: s.unknown})
	}
	return out
}

// MaxMillionths is ten billion of a currency. What comes to more is nobody's plan, but somebody's attempt to make a sum
// overflow: it counts as something without an amount.
const MaxMillionths int64 = 1e16

// SumMillionths adds without going round: what is too large stays at the end.
func SumMillionths(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

const (
	noAmount  = "(without an amount)"
	allOthers = "(others)"
)

// folded are the greatest sums, and what the others come to.
func folded(sums map[string]shareSum) []shareSum {
	sorted := slices.SortedFunc(maps.Values(sums), func(a, b shareSum) int {
		return cmp.Or(b.amount.Abs().Cmp(a.amount.Abs()), cmp.Compare(b.unknown, a.unknown), cmp.Compare(a.name, b.name))
	})
	if len(sorted) <= maxShares {
		return sorted
	}
	kept := slices.Clone(sorted[:maxShares])
	for _, s := range sorted[maxShares:] {
		at := slices.IndexFunc(kept, func(k shareSum) bool { return k.name == allOthers })
		if at < 0 {
			at, kept = len(kept), append(kept, shareSum{name: allOthers})
		}
		kept[at].amount, kept[at].unknown = kept[at].amount.Add(s.amount), kept[at].unknown+s.unknown
	}
	return kept
}
