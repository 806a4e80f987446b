package cost

import (
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

func (b *beside) lines(out *fact.ResourceCost, was *fact.ResourceCost) {
	left := make([]fact.LineItem, 0, len(was.Lines))
	for _, l := range was.Lines {
		if l.After != nil {
			left = append(left, l)
		}
	}
	if len(left) > maxLines || len(out.Lines) > maxLines { // no bill of one resource: nothing is compared line by line
		for _, l := range left {
			out.Lines = append(out.Lines, fact.LineItem{Group: l.Group, Name: l.Name, Unit: l.Unit, Before: b.keep(l.After)})
		}
		return
	}
	for _, fits := range []func(a, b fact.LineItem) bool{identical, sameSKU, sameComponent} {
		for i := range out.Lines {
			l := &out.Lines[i]
			if l.Before != nil {
				continue
			}
			at := slices.IndexFunc(left, func(x fact.LineItem) bool { return fits(*l, x) })
			if at < 0 {
				continue
			}
			if left[at].Name != l.Name {
				l.Was = left[at].Name
			}
			l.Before = b.price(*l, left[at])
			left = slices.Delete(left, at, at+1)
		}
	}
	for _, l := range left {
		out.Lines = append(out.Lines, fact.LineItem{Group: l.Group, Name: l.Name, Unit: l.Unit, Before: b.keep(l.After)})
	}
}

// maxLines is how many lines of one resource are paired with each other.
const maxLines = 2000

// price is the base's quantity at the head's rate, where both are the same thing.
func (b *beside) price(now, was fact.LineItem) *fact.Quote {
	head, base := now.After, was.After
	if !identical(now, was) && !sameSKU(now, was) || b.elsewhere || otherRow(head.Price, base.Price) {
		return b.keep(base)
	}
	if alike(head, base) && (head.Monthly != nil || base.Monthly == nil) {
		b.repriced++
		return head
	}
	if base.Monthly == nil || head.Monthly == nil || base.Quantity == nil || head.Rate == nil {
		return b.keep(base) // a side without a number stays one: filling it in would be a difference that nobody made
	}
	b.repriced++
	monthly := money.New(head.Rate.Value().Mul(*base.Quantity).Round(10), head.Rate.Currency())
	if q := head.Quantity; q != nil && head.Monthly != nil && q.IsPositive() && !head.Rate.Mul(*q).Value().Round(10).Equal(head.Monthly.Value().Round(10)) {
		monthly = money.New(head.Monthly.Value().Mul(*base.Quantity).DivRound(*q, 10), head.Monthly.Currency()) // a discount by quantity
	}
	basis := base.Basis
	if basis != fact.Usage {
		basis = fact.Priced
	}
	return &fact.Quote{Basis: basis, Quantity: base.Quantity, Rate: head.Rate, List: head.List, Monthly: &monthly, Price: head.Price, Why: base.Why}
}

// alike reports the same quantity on both sides, or none on either.
func alike(a, b *fact.Quote) bool {
	if a.Quantity == nil || b.Quantity == nil {
		return a.Quantity == nil && b.Quantity == nil && a.Basis == b.Basis
	}
	return a.Quantity.Equal(*b.Quantity)
}

// keep is a line of the base at the base's own price.
func (b *beside) keep(q *fact.Quote) *fact.Quote {
	if q.Monthly == nil {
		return q
	}
	b.kept++
	out := *q
	out.Why = strings.TrimPrefix(q.Why+"; price of the base", "; ")
	return &out
}

// otherRow reports two rows of the book. A document of another program names none.
func otherRow(a, b *fact.PriceSource) bool {
	return a != nil && b != nil && a.Table != "" && b.Table != "" && (a.Table != b.Table || a.Key != b.Key || a.Region != b.Region)
}

func identical(a, b fact.LineItem) bool {
	return a.Group == b.Group && a.Name == b.Name && sameUnit(a.Unit, b.Unit)
}

// sameSKU reports two names of one thing: the same component, and what one says of it in brackets is part of what the
// other says. Two sizes of a machine are never the same thing.
func sameSKU(a, b fact.LineItem) bool {
	if !sameComponent(a, b) {
		return false
	}
	x, y := details(a.Name), details(b.Name)
	if len(x) == 0 || len(y) == 0 {
		return len(x) == len(y)
	}
	return within(x, y) || within(y, x)
}

// sameComponent pairs lines that are to be shown beside each other.
func sameComponent(a, b fact.LineItem) bool {
	return a.Group == b.Group && strings.EqualFold(plainName(a.Name), plainName(b.Name)) && sameUnit(a.Unit, b.Unit)
}

func plainName(s string) string {
	name, _, _ := strings.Cut(s, " (")
	return name
}

func details(s string) []string {
	_, inner, _ := strings.Cut(s, " (")
	return strings.FieldsFunc(strings.ToLower(strings.TrimSuffix(inner, ")")), func(r rune) bool { return r == ',' || r == ' ' })
}

func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func sameUnit(a, b string) bool {
	plain := func(s string) string { return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "s") }
	return plain(a) == plain(b)
}

// actionBeside is what happens to a resource that both sides have.
func actionBeside(head fact.Action, lines []fact.LineItem) fact.Action {
	if head == fact.Forget || head == fact.ActionUnknown {
		return head
	}
	for _, l := range lines {
		if l.Before != l.After && (l.Before == nil || l.After == nil || !alike(l.Before, l.After) || !sameAmount(l.Before.Monthly, l.After.Monthly)) {
			return fact.Update
		}
	}
	return fact.NoOp
}

func sameAmount(a, b *money.Amount) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}
