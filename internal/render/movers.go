package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// movers are the resources whose cost changes or whose change is not known, greatest first. A resource that the plan
// leaves alone is one of them when its cost moves all the same, so that the movers add up to the total.
func movers(r Report) []mover {
	var out []mover
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			continue
		}
		for i := range e.Resources {
			c := &e.Resources[i]
			m := mover{project: p.Name, cost: c, open: Open(c), usage: byUsage(c)}
			if !c.Monthly.Delta.IsZero() || c.Action.Changes() && (m.open || m.usage) {
				out = append(out, m)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b mover) int {
		return cmp.Or(b.cost.Monthly.Delta.Abs().Value().Cmp(a.cost.Monthly.Delta.Abs().Value()), cmp.Compare(rank(a), rank(b)),
			cmp.Compare(a.project, b.project), cmp.Compare(a.cost.Address, b.cost.Address))
	})
	return out
}

// rank puts what is unknown before what merely depends on usage.
func rank(m mover) int {
	switch {
	case m.open:
		return 0
	case m.usage:
		return 1
	}
	return 2
}

type mover struct {
	project string
	cost    *fact.ResourceCost
	open    bool // some line has no number
	usage   bool // some line has a rate and no quantity
}

// text is the resource's change: signed money, and the word for what is not in it.
func (m mover) text() string {
	delta := m.cost.Monthly.Delta
	word := ""
	switch {
	case m.open:
		word = "unknown"
	case m.usage:
		word = "usage"
	}
	switch {
	case word == "":
		return Signed(delta)
	case !delta.IsZero():
		return Signed(delta) + " + " + word
	case m.open:
		return word
	}
	return "by usage"
}

// restText sums up movers that are not shown, so that what is shown and the rest add up to the total.
func restText(rest []mover) string {
	var sum money.Amount
	open := 0
	for _, m := range rest {
		sum = sum.Add(m.cost.Monthly.Delta)
		if m.open || m.usage {
			open++
		}
	}
	switch {
	case open == 0:
		return Signed(sum)
	case sum.IsZero():
		return fmt.Sprintf("%d without a number", open)
	}
	return fmt.Sprintf("%s + %d without a number", Signed(sum), open)
}

// Open reports a line without a number where there should be one.
func Open(c *fact.ResourceCost) bool {
	for _, l := range c.Lines {
		if isOpenQuote(l.Before) || isOpenQuote(l.After) {
			return true
		}
	}
	return false
}

// bandOf is what the unknown lines of a resource add at least and at most, where each has bounds.
func bandOf(c *fact.ResourceCost) (low, high money.Amount, bounded bool) {
	for i := range c.Lines {
		l := &c.Lines[i]
		if !isOpenQuote(l.Before) && !isOpenQuote(l.After) {
			continue
		}
		if l.After == nil || l.After.High == nil || isOpenQuote(l.Before) {
			return low, high, false
		}
		from, to := *l.After.Low, *l.After.High
		if l.Before != nil && l.Before.Monthly != nil {
			from, to = from.Sub(*l.Before.Monthly), to.Sub(*l.Before.Monthly)
		}
		low, high, bounded = low.In(from.Currency()).Add(from), high.In(to.Currency()).Add(to), true
	}
	return low, high, bounded
}

func isOpenQuote(q *fact.Quote) bool {
	return q != nil && (q.Basis == fact.Unknown || q.Basis == fact.Unpriced)
}

// byUsage reports a line that has a rate and no quantity, unless its rate stays as it was.
func byUsage(c *fact.ResourceCost) bool {
	unset := func(q *fact.Quote) bool { return q != nil && q.Basis == fact.UsageUnset }
	for _, l := range c.Lines {
		same := unset(l.Before) && unset(l.After) && l.Before.Rate != nil && l.After.Rate != nil && l.Before.Rate.Equal(*l.After.Rate)
		if (unset(l.Before) || unset(l.After)) && !same {
			return true
		}
	}
	return false
}

// resourceCost is one resource's change of cost with what it leaves out.
func resourceCost(c fact.ResourceCost) string {
	switch {
	case Open(&c):
		unknown := "unknown"
		if low, high, bounded := bandOf(&c); bounded {
			unknown += ", " + Money(low) + " to " + Money(high)
		}
		if c.Monthly.Delta.IsZero() {
			return unknown
		}
		return changeText(c.Monthly) + " + " + unknown
	case byUsage(&c):
		return costText(c.Monthly, openness{usage: 1})
	}
	return costText(c.Monthly, openness{})
}

// openWhy says why a resource has no full number.
func openWhy(c *fact.ResourceCost) string {
	for _, l := range c.Lines {
		for _, q := range []*fact.Quote{l.After, l.Before} {
			if q != nil && (q.Basis == fact.Unknown || q.Basis == fact.Unpriced) {
				return q.Basis.String() + ": " + q.Why
			}
		}
	}
	return ""
}
