package cost

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
)

// tierQuote is the part of a quantity that one tier prices; name is empty when there is but one tier.
type tierQuote struct {
	name  string
	quote *fact.Quote
}

func (c *evaluation) tiers(comp *component, r *rate, quantity float64) []tierQuote {
	var out []tierQuote
	total, per := decimal.NewFromFloat(quantity), decimal.NewFromFloat(comp.per)
	for i, tier := range r.tiers {
		part, upper := total.Sub(tier.From), decimal.Zero
		if i+1 < len(r.tiers) {
			part = decimal.Min(part, r.tiers[i+1].From.Sub(tier.From))
			upper = r.tiers[i+1].From.Sub(tier.From)
		}
		if i > 0 && !part.IsPositive() {
			break
		}
		q := &fact.Quote{Basis: fact.Priced, Quantity: new(part.Div(per).Round(9)), Monthly: new(c.estimator.convert(tier.Rate.Mul(part)))}
		if tier.Rate.IsZero() {
			q.Basis = fact.Free
		}
		c.rated(q, r, tier.Rate, comp.per)
		c.listed(q, r, i, comp.per)
		t := tierQuote{quote: q}
		if len(r.tiers) > 1 {
			t.name = tierName(i, upper, tier.From, comp.unit.src, per)
		}
		out = append(out, t)
	}
	return out
}

// tierName says which part of a quantity a tier holds: (first 10TB), (next 400K evaluations), (over 1B requests). A
// printed unit that is itself a number of things, such as 1M requests, leaves its number out.
func tierName(i int, upper, from decimal.Decimal, unit string, per decimal.Decimal) string {
	if number, things, ok := strings.Cut(unit, " "); ok && number != "" && number[0] >= '0' && number[0] <= '9' {
		unit = things
	} else {
		upper, from = upper.Div(per), from.Div(per)
	}
	switch {
	case upper.IsZero():
		return " (over " + short(from, unit) + ")"
	case i == 0:
		return " (first " + short(upper, unit) + ")"
	}
	return " (next " + short(upper, unit) + ")"
}

// short writes a tier's bound as price lists do: 6B, 240K, 10TB; 1,500 stays 1500.
func short(d decimal.Decimal, unit string) string {
	thousand, marks := decimal.NewFromInt(1000), []string{"", "K", "M", "B"}
	if k := decimal.NewFromInt(1024); (unit == "GB" || unit == "GiB") && d.Mod(k).IsZero() {
		thousand, marks, unit = k, []string{unit, "T" + unit[1:], "P" + unit[1:]}, ""
	}
	i := 0
	for ; i+1 < len(marks) && d.GreaterThanOrEqual(thousand) && d.Mod(thousand).IsZero(); i++ {
		d = d.Div(thousand)
	}
	return strings.TrimSpace(d.Round(3).String() + marks[i] + " " + unit)
}
