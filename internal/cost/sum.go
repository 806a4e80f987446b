package cost

import (
	"cmp"
	"fmt"
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
	switch {
	case before == nil && after == nil:
		return
	case before == nil:
		out.Lines, out.Assumptions = linesOf(after, true), after.assumptions
	case after == nil:
		out.Lines, out.Assumptions = linesOf(before, false), before.assumptions
	case before == after:
		out.Lines, out.Assumptions = linesOf(after, true), after.assumptions
		for i := range out.Lines {
			out.Lines[i].Before = out.Lines[i].After
		}
	default:
		out.Lines = matched(before, after)
		out.Assumptions = slices.Concat(before.assumptions, after.assumptions)
	}
	out.Assumptions = distinct(out.Assumptions)
	out.Attributes = distinct(out.Attributes)
}

func linesOf(s *sideCost, after bool) []fact.LineItem {
	list := make([]fact.LineItem, len(s.lines))
	for i, l := range s.lines {
		if list[i] = (fact.LineItem{Group: l.group, Name: l.name, Unit: l.unit}); after {
			list[i].After = l.quote
		} else {
			list[i].Before = l.quote
		}
	}
	return list
}

// matched puts lines of the same rule side by side, and those that only the before side has at the end.
func matched(before, after *sideCost) []fact.LineItem {
	old := make(map[lineKey]sideLine, len(before.lines))
	for _, l := range before.lines {
		old[l.key] = l
	}
	list := linesOf(after, true)
	for i, l := range after.lines {
		was, ok := old[l.key]
		if !ok {
			continue
		}
		if list[i].Before = was.quote; was.name != l.name {
			list[i].Was = was.name
		}
		delete(old, l.key)
	}
	for _, l := range before.lines {
		if _, left := old[l.key]; left {
			list = append(list, fact.LineItem{Group: l.group, Name: l.name, Unit: l.unit, Before: l.quote})
		}
	}
	return list
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
		Resources: make([]fact.ResourceCost, 0, len(results)), Unpriced: []fact.TypeCount{}, Notes: []fact.Assumption{},
	}
	above := nothing // what upper bounds add
	unpriced, inside := map[string]*fact.TypeCount{}, 0
	for i := range results {
		r := &results[i]
		changed := pairs[i].action.Changes()
		out.Coverage.Resources++
		if changed {
			out.Coverage.Changed++
		}
		if r.free {
			if r.inside {
				inside++
			}
			out.Coverage.Free++
			continue
		}
		t := tally{zero: zero, total: nothing, usage: nothing, above: nothing}
		t.resource(&r.cost)
		r.cost.Monthly = t.total
		addChange(&out.Total, t.total)
		addChange(&out.UsagePart, t.usage)
		addChange(&above, t.above)
		out.BookAsOf = max(out.BookAsOf, t.asOf)
		count(&out.Coverage, t, changed)
		withoutPrice(unpriced, r, t, changed)
		out.Notes = append(out.Notes, regionNotes(r.cost.Assumptions)...)
		out.Resources = append(out.Resources, r.cost)
	}
	addChange(&out.Upper, out.Total)
	addChange(&out.Upper, above)
	for _, t := range slices.Sorted(maps.Keys(unpriced)) {
		out.Unpriced = append(out.Unpriced, *unpriced[t])
	}
	if inside > 0 {
		out.Notes = append(out.Notes, insideNote(inside))
	}
	out.Notes = distinct(append(out.Notes, e.notes()...))
	slices.SortFunc(out.Resources, func(a, b fact.ResourceCost) int { return strings.Compare(a.Address, b.Address) })
	return out
}

// notes tell what holds for every line of the estimator's options.
func (e *Estimator) notes() []fact.Assumption {
	var out []fact.Assumption
	if e.options.Currency != money.USD {
		out = append(out, fact.Assumption{
			What: "exchange rate", Value: "1 USD = " + e.exchange.String() + " " + string(e.options.Currency),
			Why: "pinned, as of " + cmp.Or(e.options.Exchange.Date, "an unknown date"),
		})
	}
	if e.adjust.adjusts() {
		out = append(out, fact.Assumption{
			What: "prices", Value: "yours", Why: fmt.Sprintf("list prices less what the configuration says: %d discounts, %d own prices", len(e.adjust.discounts), len(e.adjust.prices)),
		})
	}
	if e.options.Profile != nil {
		out = append(out, fact.Assumption{
			What: "usage profile", Value: strings.TrimPrefix(e.options.Profile.name, profilePrefix), Why: "asked for: it stands in for what the usage file does not say",
		})
	}
	return out
}

// regionNotes are a resource's assumptions that matter beyond it.
func regionNotes(list []fact.Assumption) []fact.Assumption {
	var out []fact.Assumption
	for _, a := range list {
		if strings.HasSuffix(a.What, " region") {
			out = append(out, a)
		}
	}
	return out
}

// withoutPrice counts a resource that has none under its type.
func withoutPrice(unpriced map[string]*fact.TypeCount, r *result, t tally, changed bool) {
	if r.why == "" && t.unpriced == 0 {
		return
	}
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
	addTo(&to.Before, c.Before)
	addTo(&to.After, c.After)
	addTo(&to.Delta, c.Delta)
}

// addTo leaves zeros out: most lines change nothing, and exact sums are not cheap.
func addTo(to *money.Amount, a money.Amount) {
	if !a.IsZero() || to.Currency() == "" {
		*to = to.Add(a)
	}
}

// tally adds up the lines of one resource.
type tally struct {
	zero                     money.Amount
	total, usage, above      fact.Change // above: what the high ends of bands add to the total
	unknown, unpriced, unset int
	why, asOf                string
}

func (t *tally) resource(r *fact.ResourceCost) {
	before, after := openParts(r.Lines)
	for i := range r.Lines {
		l := &r.Lines[i]
		t.inspect(l)
		c := fact.Change{Before: t.quote(l.Before), After: t.quote(l.After), Delta: t.zero}
		if l.Before != l.After && comparableLine(l, before, after) {
			c.Delta = c.After.Sub(c.Before)
		}
		addChange(&t.total, c)
		if isUsage(l.Before) || isUsage(l.After) {
			addChange(&t.usage, c)
		}
		if high := bound(l.After); high != nil {
			addChange(&t.above, fact.Change{Before: t.zero, After: high.Sub(c.After), Delta: high.Sub(c.Before).Sub(c.Delta)})
		}
	}
}

// inspect counts a line by its present side: after, or before for what goes away.
func (t *tally) inspect(l *fact.LineItem) {
	q := l.After
	if q == nil {
		q = l.Before
	}
	if q.Price != nil {
		t.asOf = max(t.asOf, q.Price.AsOf)
	}
	if b := l.Before; b != q && b != nil && (b.Basis == fact.Unknown || b.Basis == fact.Unpriced) {
		t.unknown++ // from something unknown to a known amount is no known difference
		return
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
