package cost

import (
	"cmp"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// bandEnd says which end of its bounds an unknown number is taken at. The zero end leaves it unknown.
type bandEnd uint8

const (
	exactly bandEnd = iota
	atLeast
	atMost
)

// callBetween is a number that two others bound, such as the size of a group between its least and greatest: the
// number, where it is known; the lower bound where it is not set, as providers start there. An unknown one makes its
// lines unknown, with the cost at both bounds.
func callBetween(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	path, low, high := args[1].(string), args[2].(string), args[3].(string)
	v, err := callNum(s, path)
	if err == nil || s == nil {
		return v, err
	}
	_, st, _ := s.lookup(path)
	switch {
	case st == unset, st == unknown && s.ctx.end == atLeast:
		return callNum(s, low)
	case st == unknown && s.ctx.end == atMost:
		return callNum(s, high)
	case st == unknown:
		s.ctx.bounds(err)
	}
	return nil, err
}

func (c *evaluation) bounds(err error) {
	if c.bounded == nil {
		c.bounded = map[string]bool{}
	}
	c.bounded[err.Error()] = true
}

// between puts lines with a band in place of those that are unknown for nothing but a bounded number: what the same
// rules cost at either end. whys are the reasons of such lines.
func (s *sideCost) between(low, high *sideCost, whys map[string]bool) {
	var kept []sideLine
	settled := map[lineKey]bool{}
	why := ""
	for _, l := range s.lines {
		if l.quote.Basis == fact.Unknown && whys[l.quote.Why] {
			why = l.quote.Why
			continue
		}
		kept = append(kept, l)
		settled[l.key.component()] = true
	}
	if why == "" {
		return
	}
	least, most := low.monthly(), high.monthly()
	for _, l := range high.lines {
		k := l.key.component()
		if settled[k] {
			continue
		}
		settled[k] = true
		if to, known := most[k]; known {
			from, begun := least[k]
			if !begun {
				from = to.Sub(to)
			}
			l.key, l.name = k, cmp.Or(l.base, l.name)
			l.quote = &fact.Quote{Basis: fact.Unknown, Rate: l.quote.Rate, List: l.quote.List, Price: l.quote.Price, Low: &from, High: &to, Why: why}
		}
		kept = append(kept, l)
	}
	s.lines = kept
}

// component is the key of all tiers of a line.
func (k lineKey) component() lineKey { return lineKey{k.frame, k.name, 0} }

// monthly is what each component costs; none for one with a part that is not known.
func (s *sideCost) monthly() map[lineKey]money.Amount {
	out, open := map[lineKey]money.Amount{}, map[lineKey]bool{}
	for _, l := range s.lines {
		k := l.key.component()
		if l.quote.Monthly == nil {
			open[k] = true
			continue
		}
		sum, begun := out[k]
		if !begun {
			sum = l.quote.Monthly.Sub(*l.quote.Monthly)
		}
		out[k] = sum.Add(*l.quote.Monthly)
	}
	for k := range open {
		delete(out, k)
	}
	return out
}
