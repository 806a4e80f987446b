package render

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// symbol is how people write a currency; others are written by their code.
func symbol(c money.Currency) string {
	switch c {
	case "USD":
		return "$"
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "JPY", "CNY":
		return "¥"
	case "INR":
		return "₹"
	}
	return string(c) + " "
}

// Money writes an amount for people: thousands separators, cents only below 10.
func Money(a money.Amount) string {
	sign := ""
	v := a.Value()
	if v.Sign() < 0 {
		sign, v = "−", v.Neg()
	}
	return sign + symbol(a.Currency()) + digits(v)
}

// Signed writes an amount with its sign, as a difference.
func Signed(a money.Amount) string {
	if a.Value().Round(2).IsZero() {
		return symbol(a.Currency()) + "0"
	}
	if a.Sign() > 0 {
		return "+" + Money(a)
	}
	return Money(a)
}

func digits(v decimal.Decimal) string {
	if v.IsZero() {
		return "0"
	}
	if v.LessThan(decimal.New(5, -3)) {
		return "<0.01"
	}
	if v.Round(2).LessThan(decimal.NewFromInt(10)) {
		return v.StringFixed(2)
	}
	return thousands(v.StringFixed(0))
}

func thousands(s string) string {
	whole, frac, dot := strings.Cut(s, ".")
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 && whole[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if dot {
		b.WriteString("." + frac)
	}
	return b.String()
}

// cents writes an amount to the cent, as a bill does.
func cents(a money.Amount) string {
	v, sign := a.Value(), ""
	if v.Sign() < 0 {
		sign, v = "−", v.Neg()
	}
	if !v.IsZero() && v.LessThan(decimal.New(5, -3)) {
		return sign + symbol(a.Currency()) + "<0.01"
	}
	return sign + symbol(a.Currency()) + thousands(v.StringFixed(2))
}

// rateText writes a unit price with as many digits as it has.
func rateText(a money.Amount) string {
	s := a.Value().Round(10).String()
	if !strings.Contains(s, ".") || len(s)-strings.IndexByte(s, '.') < 3 {
		s = a.Value().StringFixed(2)
	}
	return symbol(a.Currency()) + thousands(s)
}

// changeText is "+$41/mo ($40 → $81)".
func changeText(c fact.Change) string {
	return Signed(c.Delta) + "/mo (" + Money(c.Before) + " → " + Money(c.After) + ")"
}

// quantityText writes a quantity with at most three decimals and thousands separators.
func quantityText(q *decimal.Decimal) string {
	if q == nil {
		return ""
	}
	r := q.Round(3)
	if r.IsZero() && !q.IsZero() {
		r = q.Round(9)
	}
	return thousands(r.String())
}

// quoteText is one side of a line: money, or the word for why there is none.
func quoteText(q *fact.Quote) string {
	switch {
	case q == nil:
		return "–"
	case q.Monthly != nil:
		text := cents(*q.Monthly)
		if q.Price != nil && q.Price.Derived != "" {
			text = "≈" + text
		}
		return text
	case q.Low != nil && q.High != nil:
		return cents(*q.Low) + " to " + cents(*q.High)
	case q.Basis == fact.UsageUnset && q.Rate != nil:
		return rateText(*q.Rate) + " per unit, usage not given"
	}
	return strings.ReplaceAll(q.Basis.String(), "-", " ")
}

// lineText is one side of a line with its unit, for the usage-unset case.
func lineText(q *fact.Quote, unit string) string {
	if q != nil && q.Basis == fact.UsageUnset && q.Rate != nil {
		return rateText(*q.Rate) + " per " + strings.TrimSuffix(unit, "s") + ", usage not given"
	}
	return quoteText(q)
}
