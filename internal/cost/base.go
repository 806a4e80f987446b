package cost

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/org/platform-action/internal/fact"
)

// CompareTo prices a plan and compares it with an estimate that was made elsewhere: our own of another day, or another
// program's.
func (e *Estimator) CompareTo(base fact.Estimate, head fact.Plan) (fact.Estimate, error) {
	estimate, err := e.Estimate(head)
	if err != nil {
		return fact.Estimate{}, err
	}
	present := map[string]bool{}
	for i := range head.Resources {
		if r := &head.Resources[i]; r.After != nil {
			present[r.Address] = true
		}
	}
	return Against(base, estimate, e.options.Exchange, present)
}

// In is an estimate in the estimator's currency.
func (e *Estimator) In(estimate fact.Estimate) (fact.Estimate, error) {
	return Convert(estimate, e.options.Currency, e.options.Exchange)
}

// Both compares two estimates that were made elsewhere, in the estimator's currency.
func (e *Estimator) Both(base, head fact.Estimate) (fact.Estimate, error) {
	head, err := e.In(head)
	if err != nil {
		return fact.Estimate{}, err
	}
	return Against(base, head, e.options.Exchange, nil)
}

// Against puts what an estimate ends with beside what another one ends with: base before, head after. There is one book,
// the head's: a line of the base that the head has too is priced by the head's rate, so that a quantity that stays is no
// difference. What the base alone has keeps the base's price, and says so. present are addresses that exist at the head,
// although they may cost nothing there.
func Against(base, head fact.Estimate, exchange Exchange, present map[string]bool) (fact.Estimate, error) {
	base, err := Convert(base, head.Currency, exchange)
	if err != nil {
		return fact.Estimate{}, fmt.Errorf("the base: %w", err)
	}
	old := map[string]*fact.ResourceCost{}
	for i := range base.Resources {
		if r := &base.Resources[i]; endsWith(r) {
			old[r.Address] = r
		}
	}
	var list []fact.ResourceCost
	b := &beside{}
	for i := range head.Resources {
		r := &head.Resources[i]
		if !endsWith(r) {
			continue
		}
		was, from := old[r.Address], r.Address
		if was == nil && r.Previous != "" {
			was, from = old[r.Previous], r.Previous
		}
		delete(old, from)
		list = append(list, b.resource(was, r))
	}
	for _, address := range slices.Sorted(maps.Keys(old)) {
		r := b.resource(old[address], nil)
		if present[address] {
			r.Action = fact.Update
			r.Assumptions = append(r.Assumptions, fact.Assumption{What: "the head", Value: "free", Why: "the resource exists there and costs nothing by this program's catalogue"})
		}
		list = append(list, r)
	}
	out := Sum(list, head.Currency)
	unlisted(&out, head)
	out.BookDigest, out.BookAsOf = head.BookDigest, cmp.Or(out.BookAsOf, head.BookAsOf)
	out.Notes = distinct(slices.Concat(head.Notes, b.notes(), exchangeNote(base.Notes)))
	return out, nil
}

// exchangeNote keeps of the base's notes the rate that it was converted at.
func exchangeNote(notes []fact.Assumption) []fact.Assumption {
	return slices.DeleteFunc(slices.Clone(notes), func(a fact.Assumption) bool { return a.What != baseRate })
}

// endsWith reports a resource that exists after the change.
func endsWith(r *fact.ResourceCost) bool {
	return slices.ContainsFunc(r.Lines, func(l fact.LineItem) bool { return l.After != nil })
}

// beside counts what it does to the base's lines.
type beside struct {
	repriced, kept int
	elsewhere      bool // the two sides of the resource at hand are in different regions
}

func (b *beside) notes() []fact.Assumption {
	var out []fact.Assumption
	if b.repriced > 0 {
		out = append(out, fact.Assumption{What: "base prices", Value: fmt.Sprintf("%d repriced", b.repriced), Why: "the head has the same component: both sides take the head's price"})
	}
	if b.kept > 0 {
		out = append(out, fact.Assumption{What: "base prices", Value: fmt.Sprintf("%d kept", b.kept), Why: "the head has no such component: these lines keep the price that the base was made with"})
	}
	return out
}

// resource puts one resource's sides together; one of the two may be nil.
func (b *beside) resource(was, now *fact.ResourceCost) fact.ResourceCost {
	if now == nil {
		out := *was
		out.Action, out.Previous, out.Lines = fact.Delete, "", nil
		for _, l := range was.Lines {
			if l.After != nil {
				out.Lines = append(out.Lines, fact.LineItem{Group: l.Group, Name: l.Name, Unit: l.Unit, Before: b.keep(l.After)})
			}
		}
		return out
	}
	out := *now
	out.Lines = nil
	for _, l := range now.Lines {
		if l.After != nil {
			out.Lines = append(out.Lines, fact.LineItem{Group: l.Group, Name: l.Name, Unit: l.Unit, After: l.After})
		}
	}
	if was == nil {
		if out.Action != fact.Forget {
			out.Action = fact.Create
		}
		return out
	}
	b.elsewhere = was.Region != "" && now.Region != "" && was.Region != now.Region
	b.lines(&out, was)
	out.Action = actionBeside(now.Action, out.Lines)
	return out
}
