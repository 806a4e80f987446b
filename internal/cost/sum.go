package cost

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// merge puts the two sides of a resource together, line by line.
func merge(out *fact.ResourceCost, before, after *sideCost) {
	for _, side := range []*sideCost{before, after} {
		if side == nil {
			continue
		}
		out.Service, out.Region, out.Rule, out.Pricing = side.service, side.region, side.rule, side.pricing
		out.Attributes = side.reads
	}
	old := map[string]sideLine{}
	if before != nil {
		for _, l := range before.lines {
			old[l.key] = l
		}
		out.Assumptions = append(out.Assumptions, before.assumptions...)
	}
	if after != nil {
		for _, l := range after.lines {
			line := fact.LineItem{Group: l.group, Name: l.name, Unit: l.unit, After: &l.quote}
			if was, ok := old[l.key]; ok {
				line.Before = &was.quote
				if was.name != l.name {
					line.Was = was.name
				}
				delete(old, l.key)
			}
			out.Lines = append(out.Lines, line)
		}
		if after != before {
			out.Assumptions = append(out.Assumptions, after.assumptions...)
		}
	}
	if before != nil {
		for _, l := range before.lines {
			if _, left := old[l.key]; left {
				out.Lines = append(out.Lines, fact.LineItem{Group: l.group, Name: l.name, Unit: l.unit, Before: &l.quote})
			}
		}
	}
	out.Assumptions = distinct(out.Assumptions)
	out.Attributes = distinct(out.Attributes)
}

func distinct(list []fact.Assumption) []fact.Assumption {
	slices.SortFunc(list, func(a, b fact.Assumption) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Value, b.Value), strings.Compare(a.Why, b.Why))
	})
	return slices.Compact(list)
}

// sum adds everything up.
func (e *Estimator) sum(pairs []pair, results []result) fact.Estimate {
	zero := money.New(e.exchange.Sub(e.exchange), e.options.Currency)
	nothing := fact.Change{Before: zero, After: zero, Delta: zero}
	out := fact.Estimate{
		Currency: e.options.Currency, Total: nothing, UsagePart: nothing, Upper: nothing, BookDigest: e.book.Digest(),
		Resources: []fact.ResourceCost{}, Unpriced: []fact.TypeCount{}, Notes: []fact.Assumption{},
	}
	unpriced := map[string]*fact.TypeCount{}
	for i := range results {
		r := &results[i]
		changed := pairs[i].action.Changes()
		out.Coverage.Resources++
		if changed {
			out.Coverage.Changed++
		}
		if r.free {
			out.Coverage.Free++
			continue
		}
		t := tally{zero: zero, total: nothing, usage: nothing, upper: nothing}
		t.resource(&r.cost)
		r.cost.Monthly = t.total
		addChange(&out.Total, t.total)
		addChange(&out.UsagePart, t.usage)
		addChange(&out.Upper, t.upper)
		out.BookAsOf = max(out.BookAsOf, t.asOf)
		count(&out.Coverage, t, changed)
		if r.why != "" || t.unpriced > 0 {
			c := unpriced[r.cost.Type]
			if c == nil {
				c = &fact.TypeCount{Type: r.cost.Type, Why: cmp.Or(r.why, t.why)}
				unpriced[r.cost.Type] = c
			}
			c.Count++
			if changed {
				c.Changed++
			}
		}
		for _, a := range r.cost.Assumptions {
			if strings.HasSuffix(a.What, " region") {
				out.Notes = append(out.Notes, a)
			}
		}
		out.Resources = append(out.Resources, r.cost)
	}
	for _, t := range slices.Sorted(maps.Keys(unpriced)) {
		out.Unpriced = append(out.Unpriced, *unpriced[t])
	}
	if e.options.Currency != money.USD {
		out.Notes = append(out.Notes, fact.Assumption{
			What: "exchange rate", Value: "1 USD = " + e.exchange.String() + " " + string(e.options.Currency),
			Why: "pinned in the configuration, as of " + cmp.Or(e.options.Exchange.Date, "an unknown date"),
		})
	}
	out.Notes = distinct(out.Notes)
	slices.SortFunc(out.Resources, func(a, b fact.ResourceCost) int { return strings.Compare(a.Address, b.Address) })
	return out
}

func count(c *fact.Coverage, t tally, changed bool) {
	c.UsageUnsetLines += t.unset
	switch {
	case t.unpriced > 0:
		c.Unpriced++
		if changed {
			c.ChangedUnpriced++
		}
	case t.unknown > 0:
		c.Unknown++
		if changed {
			c.ChangedUnknown++
		}
	default:
		c.Priced++
	}
}

func addChange(to *fact.Change, c fact.Change) {
	to.Before, to.After, to.Delta = to.Before.Add(c.Before), to.After.Add(c.After), to.Delta.Add(c.Delta)
}

// tally adds up the lines of one resource.
type tally struct {
	zero                     money.Amount
	total, usage, upper      fact.Change
	unknown, unpriced, unset int
	why, asOf                string
}

func (t *tally) resource(r *fact.ResourceCost) {
	open := t.open(r.Lines)
	for _, l := range r.Lines {
		before, after := t.quote(l.Before), t.quote(l.After)
		c := fact.Change{Before: before, After: after, Delta: after.Sub(before)}
		if open[baseName(l)] {
			// One side has no number: the other is no saving and no increase either.
			c.Delta = t.zero
		}
		addChange(&t.total, c)
		if isUsage(l.Before) || isUsage(l.After) {
			addChange(&t.usage, c)
		}
		if high := bound(l.After); high != nil {
			c.After = *high
			c.Delta = high.Sub(before)
		}
		addChange(&t.upper, c)
	}
}

// open names the components that have no number on some side. A tier of a component counts as the component.
func (t *tally) open(lines []fact.LineItem) map[string]bool {
	open := map[string]bool{}
	for _, l := range lines {
		for _, q := range []*fact.Quote{l.Before, l.After} {
			if q == nil {
				continue
			}
			switch q.Basis {
			case fact.Unknown, fact.Unpriced, fact.UsageUnset:
				open[baseName(l)] = true
			case fact.Usage, fact.Priced, fact.Free:
			}
		}
		t.inspect(l)
	}
	return open
}

// inspect counts a line by its present side: after, or before for what goes away.
func (t *tally) inspect(l fact.LineItem) {
	q := l.After
	if q == nil {
		q = l.Before
	}
	if q.Price != nil {
		t.asOf = max(t.asOf, q.Price.AsOf)
	}
	switch q.Basis {
	case fact.Unknown:
		t.unknown++
	case fact.Unpriced:
		t.unpriced++
		t.why = cmp.Or(t.why, q.Why)
	case fact.UsageUnset:
		t.unset++
	case fact.Usage, fact.Priced, fact.Free:
	}
}

func baseName(l fact.LineItem) string {
	name, _, _ := strings.Cut(l.Name, " (")
	return l.Group + "/" + name
}

func (t *tally) quote(q *fact.Quote) money.Amount {
	if q == nil || q.Monthly == nil {
		return t.zero
	}
	return *q.Monthly
}

func isUsage(q *fact.Quote) bool { return q != nil && q.Basis == fact.Usage }

// bound is the high end of a line's band after the change, if it has one.
func bound(after *fact.Quote) *money.Amount {
	if after == nil || after.Basis != fact.Unknown {
		return nil
	}
	return after.High
}
