package cost

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// baseRate names the note on an exchange rate.
const baseRate = "exchange rate of the base"

// Convert is an estimate in another currency, at a pinned rate.
func Convert(e fact.Estimate, to money.Currency, exchange Exchange) (fact.Estimate, error) {
	if e.Currency == to {
		return e, nil
	}
	by, ok := exchange.Rates[e.Currency]
	if !ok || !by.IsPositive() {
		return e, fmt.Errorf("it is in %s and the estimate in %s, and no exchange rate is pinned; set cost.exchange_rates: {%s: RATE, date: YYYY-MM-DD} in the configuration",
			e.Currency, to, e.Currency)
	}
	amount := func(a *money.Amount) *money.Amount {
		if a == nil {
			return nil
		}
		x := money.New(a.Value().Mul(by).Round(10), to)
		return &x
	}
	quote := func(q *fact.Quote) *fact.Quote {
		if q == nil {
			return nil
		}
		x := *q
		x.Rate, x.List, x.Monthly, x.Low, x.High = amount(q.Rate), amount(q.List), amount(q.Monthly), amount(q.Low), amount(q.High)
		return &x
	}
	list := slices.Clone(e.Resources)
	for i := range list {
		list[i].Lines = slices.Clone(list[i].Lines)
		for j := range list[i].Lines {
			l := &list[i].Lines[j]
			same := l.Before == l.After
			if l.Before = quote(l.Before); same {
				l.After = l.Before
			} else {
				l.After = quote(l.After)
			}
		}
	}
	out := Sum(list, to)
	out.Coverage, out.Unpriced, out.BookDigest, out.BookAsOf = e.Coverage, e.Unpriced, e.BookDigest, e.BookAsOf
	out.Notes = append(slices.Clone(e.Notes), fact.Assumption{
		What: baseRate, Value: fmt.Sprintf("1 %s = %s %s", e.Currency, by, to), Why: "pinned, as of " + cmp.Or(exchange.Date, "an unknown date"),
	})
	return out, nil
}

// Sum adds up resources whose lines are known: totals and coverage follow from the lines alone.
func Sum(resources []fact.ResourceCost, currency money.Currency) fact.Estimate {
	zero := money.New(decimal.Zero, currency)
	nothing := fact.Change{Before: zero, After: zero, Delta: zero}
	out := fact.Estimate{
		Currency: currency, Total: nothing, UsagePart: nothing, Upper: nothing, Resources: resources, Unpriced: []fact.TypeCount{}, Notes: []fact.Assumption{},
	}
	above := nothing
	kinds := map[string]*fact.TypeCount{}
	for i := range resources {
		r := &resources[i]
		t := tally{zero: zero, total: nothing, usage: nothing, above: nothing}
		t.resource(r)
		r.Monthly = t.total
		addChange(&out.Total, t.total)
		addChange(&out.UsagePart, t.usage)
		addChange(&above, t.above)
		out.BookAsOf = max(out.BookAsOf, t.asOf)
		changed := r.Action.Changes()
		out.Coverage.Resources++
		if changed {
			out.Coverage.Changed++
		}
		count(&out.Coverage, t, changed)
		if t.unpriced == 0 {
			continue
		}
		if kinds[r.Type] == nil {
			kinds[r.Type] = &fact.TypeCount{Type: r.Type, Why: t.why}
		}
		kinds[r.Type].Count++
		if changed {
			kinds[r.Type].Changed++
		}
	}
	addChange(&out.Upper, out.Total)
	addChange(&out.Upper, above)
	for _, typ := range slices.Sorted(maps.Keys(kinds)) {
		out.Unpriced = append(out.Unpriced, *kinds[typ])
	}
	slices.SortStableFunc(out.Resources, func(a, b fact.ResourceCost) int { return strings.Compare(a.Address, b.Address) })
	return out
}

// unlisted carries over what the head counts and does not list: free resources, and changes that nothing is said of.
func unlisted(out *fact.Estimate, head fact.Estimate) {
	out.Coverage.Free = head.Coverage.Free
	out.Coverage.Resources += head.Coverage.Free
	silent := max(head.Coverage.Resources-head.Coverage.Free-len(head.Resources), 0)
	out.Coverage.Resources += silent
	out.Coverage.Changed += silent
	unpriced := 0
	for _, t := range head.Unpriced {
		listed := 0
		for i := range head.Resources {
			if head.Resources[i].Type == t.Type {
				listed++
			}
		}
		if listed == 0 { // counted alone
			unpriced += t.Count
			t.Changed = t.Count
			out.Unpriced = append(out.Unpriced, t)
		}
	}
	unpriced = min(unpriced, silent)
	out.Coverage.Unpriced += unpriced
	out.Coverage.ChangedUnpriced += unpriced
	out.Coverage.Unknown += silent - unpriced
	out.Coverage.ChangedUnknown += silent - unpriced
	slices.SortFunc(out.Unpriced, func(a, b fact.TypeCount) int { return strings.Compare(a.Type, b.Type) })
}
