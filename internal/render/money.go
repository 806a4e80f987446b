package render

import (
	"slices"
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
	case "JPY":
		return "¥"
	case "CNY":
		return "CN¥"
	case "INR":
		return "₹"
	case "":
		return ""
	}
	return string(c) + " "
}

// decimals is how many digits the currency's smallest coin has.
func decimals(c money.Currency) int32 {
	if slices.Contains([]money.Currency{"JPY", "KRW", "VND", "CLP", "ISK"}, c) {
		return 0
	}
	return 2
}

// Money writes an amount for people: thousands separators, cents only below 10.
func Money(a money.Amount) string {
	places := decimals(a.Currency())
	if a.Value().Abs().Round(2).GreaterThanOrEqual(decimal.NewFromInt(10)) {
		places = 0
	}
	return amount(a, places)
}

// Signed writes an amount with its sign, as a difference. Only what is exactly nothing has none.
func Signed(a money.Amount) string {
	if a.Sign() > 0 {
		return "+" + Money(a)
	}
	return Money(a)
}

// cents writes an amount to the cent, as a bill does.
func cents(a money.Amount) string { return amount(a, decimals(a.Currency())) }

// Cents writes an amount to the cent, as a bill does.
func Cents(a money.Amount) string { return cents(a) }

// Quantity writes a quantity for people; nothing for one that is not known.
func Quantity(q *decimal.Decimal) string { return quantityText(q) }

// Rate writes a unit price with as many digits as it has.
func Rate(a money.Amount) string { return rateText(a) }

// amount writes sign, symbol and digits. What is not nothing and rounds to nothing is "less than the smallest coin".
func amount(a money.Amount, places int32) string {
	v, sign := a.Value(), ""
	if v.Sign() < 0 {
		sign, v = "−", v.Neg()
	}
	coin := decimal.New(1, -places)
	switch {
	case v.IsZero():
		return symbol(a.Currency()) + "0"
	case v.Round(places).IsZero():
		return sign + "<" + symbol(a.Currency()) + coin.String()
	}
	return sign + symbol(a.Currency()) + thousands(v.StringFixed(places))
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

// rateText writes a unit price with as many digits as it has.
func rateText(a money.Amount) string {
	s := a.Value().Round(10).String()
	if s == "0" {
		s = a.Value().String() // smaller than any list price, and still not nothing
	}
	if !strings.Contains(s, ".") || len(s)-strings.IndexByte(s, '.') < 3 {
		s = a.Value().StringFixed(2)
	}
	return symbol(a.Currency()) + thousands(s)
}

// changeText is "+$41/mo ($40 → $81)". When a side has a part without a number, before and after do not differ by
// the change, and are left away: their difference would be believed.
func changeText(c fact.Change) string {
	if !c.After.Value().Sub(c.Before.Value()).Equal(c.Delta.Value()) {
		return Signed(c.Delta) + "/mo"
	}
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
		return "unknown, " + cents(*q.Low) + " to " + cents(*q.High)
	case q.Basis == fact.UsageUnset && q.Rate != nil:
		return rateText(*q.Rate) + " per unit, usage not given"
	}
	return strings.ReplaceAll(q.Basis.String(), "-", " ")
}

// lineText is one side of a line with its unit, for the usage-unset case.
func lineText(q *fact.Quote, unit string) string {
	if q != nil && q.Monthly == nil && q.Basis == fact.UsageUnset && q.Rate != nil {
		return rateText(*q.Rate) + " per " + one(unit) + ", usage not given"
	}
	return quoteText(q)
}

// one is the unit that a rate is for: "hour" for hours, "1M requests" for itself.
func one(unit string) string {
	switch {
	case unit == "":
		return "unit"
	case unit[0] >= '0' && unit[0] <= '9', strings.HasSuffix(unit, "ss"):
		return unit
	case strings.HasSuffix(unit, "sses"):
		return strings.TrimSuffix(unit, "es")
	case strings.HasSuffix(unit, "ies"):
		return strings.TrimSuffix(unit, "ies") + "y"
	}
	return strings.TrimSuffix(unit, "s")
}

// side is the present side of a line: after, or before for what goes away. A line without either has an unknown cost.
func side(l fact.LineItem) *fact.Quote {
	switch {
	case l.After != nil:
		return l.After
	case l.Before != nil:
		return l.Before
	}
	return &fact.Quote{}
}
