package cost

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/price"
)

// pricer looks prices up in one region.
type pricer struct {
	estimator *Estimator
	region    string
}

// rate is a price per unit, perhaps falling in tiers, or the reason why there is none.
type rate struct {
	tiers   []price.Tier
	source  fact.PriceSource
	missing string
}

// callPrice looks a price up: price(table, key) in the resource's region, or price(table, key, region).
func callPrice(args ...any) (any, error) {
	p, _ := args[0].(*pricer)
	table, key, region := args[1].(string), args[2].(string), p.region
	if len(args) > 3 {
		region, _ = args[3].(string)
	}
	return p.estimator.rate(priceKey{table, key, region})
}

type priceKey struct{ table, key, region string }

// rate looks a price up once; a plan asks for the same few prices thousands of times.
func (e *Estimator) rate(k priceKey) (*rate, error) {
	if r, ok := e.rates.Load(k); ok {
		return r.(*rate), nil
	}
	answer, err := e.book.Lookup(k.table, k.key, k.region)
	if err != nil {
		return nil, err
	}
	r := &rate{tiers: answer.Tiers, source: fact.PriceSource{
		Table: k.table, Key: k.key, Region: answer.Region, AsOf: answer.AsOf, Source: answer.Source, Derived: answer.Derived,
	}}
	switch answer.Status {
	case price.Exact, price.Derived:
	case price.Missing:
		r.missing = fmt.Sprintf("no price for %s in %s (table %s)", k.key, k.region, k.table)
	}
	e.rates.Store(k, r)
	return r, nil
}

// callSpec is a figure of a machine type that prices depend on, such as its number of vCPUs.
func callSpec(args ...any) (any, error) {
	p, _ := args[0].(*pricer)
	value, ok := p.estimator.book.Spec(args[1].(string), args[2].(string), args[3].(string))
	if n, isNumber := toNumber(value); ok && isNumber {
		return n, nil
	}
	return nil, &unknownError{fmt.Sprintf("%s of %s", args[3], args[2]), "not in table " + args[1].(string)}
}

func callTimes(args ...any) (any, error) {
	n, ok := toNumber(args[1])
	if !ok {
		return nil, &unknownError{"factor of a price", "not a number"}
	}
	r, factor := args[0].(*rate), decimal.NewFromFloat(n)
	out := *r
	out.tiers = make([]price.Tier, len(r.tiers))
	for i, t := range r.tiers {
		out.tiers[i] = price.Tier{From: t.From, Rate: t.Rate.Mul(factor)}
	}
	return &out, nil
}

// callPlus adds two flat rates, such as the core and memory prices of a custom machine.
func callPlus(args ...any) (any, error) {
	a, b := args[0].(*rate), args[1].(*rate)
	out := *a
	out.missing = a.missing
	if out.missing == "" {
		out.missing = b.missing
	}
	if out.missing == "" {
		out.tiers = []price.Tier{{From: a.tiers[0].From, Rate: a.tiers[0].Rate.Add(b.tiers[0].Rate)}}
		out.source.Key = a.source.Key + " + " + b.source.Key
		if out.source.Derived == "" {
			out.source.Derived = b.source.Derived
		}
	}
	return &out, nil
}

// callOrElse is the first rate, or the second when the first has no price.
func callOrElse(args ...any) (any, error) {
	if a := args[0].(*rate); a.missing == "" {
		return a, nil
	}
	return args[1], nil
}

// callBest is the first rate that is known exactly, else the first that is known at all.
func callBest(args ...any) (any, error) {
	a, b := args[0].(*rate), args[1].(*rate)
	if a.missing != "" || a.source.Derived != "" && b.missing == "" && b.source.Derived == "" {
		return b, nil
	}
	return a, nil
}

// callFlat is a rate without its further tiers.
func callFlat(args ...any) (any, error) {
	out := *args[0].(*rate)
	if len(out.tiers) > 1 {
		out.tiers = out.tiers[:1]
	}
	return &out, nil
}

// sideCost is what one resource costs on one side of a change.
type sideCost struct {
	lines       []sideLine
	assumptions []fact.Assumption
	service     string
	region      string
	rule        string
	pricing     string
	reads       []fact.Assumption
}

type sideLine struct {
	key   string // equal on both sides of a change
	group string
	name  string
	unit  string
	quote fact.Quote
}

func (s *sideCost) add(l sideLine) { s.lines = append(s.lines, l) }

func (s *sideCost) assume(rec *record) { s.assumptions = append(s.assumptions, rec.assumptions...) }

// noQuote is the quote of a line whose number could not be had.
func noQuote(err error) fact.Quote {
	if unset, ok := errors.AsType[*usageUnsetError](err); ok {
		return fact.Quote{Basis: fact.UsageUnset, Why: unset.Error()}
	}
	return fact.Quote{Basis: fact.Unknown, Why: err.Error()}
}

// component adds the lines of one component: one, or one a tier.
func (c *evaluation) component(f *frame, comp *component, out *sideCost) {
	rec := &record{}
	line := sideLine{key: f.key + "/" + comp.name.src, group: f.group, unit: comp.unit}
	if comp.when != nil {
		v, err := c.eval(f, comp.when, rec)
		if err != nil {
			if f.tell(err) {
				line.name, line.quote = c.text(f, comp.name), noQuote(err)
				out.add(line)
			}
			return
		}
		if v != true {
			return
		}
	}
	line.name = c.text(f, comp.name)
	v, priceErr := c.eval(f, comp.price, rec)
	r, _ := v.(*rate)
	quantity, quantityErr := c.quantity(f, comp.quantity, rec)
	out.assume(rec)
	for _, err := range []error{priceErr, quantityErr} {
		if err != nil {
			f.tell(err)
		}
	}
	switch {
	case priceErr != nil || r == nil:
		if priceErr == nil {
			priceErr = &unknownError{"the catalogue's rule", "yields no price"}
		}
		line.quote = noQuote(priceErr)
		if line.quote.Basis == fact.Unknown && quantityErr == nil {
			line.quote.Quantity = new(printed(quantity, comp.per))
		}
	case r.missing != "":
		line.quote = fact.Quote{Basis: fact.Unpriced, Why: r.missing}
		if quantityErr == nil {
			line.quote.Quantity = new(printed(quantity, comp.per))
		}
	case quantityErr != nil:
		line.quote = noQuote(quantityErr)
		c.rated(&line.quote, r, r.tiers[0].Rate, comp.per)
		c.band(f, comp, r, &line.quote)
	default:
		c.priced(line, comp, r, quantity, rec, out)
		return
	}
	out.add(line)
}

// quantity is in price units a month, times the frame's factor.
func (c *evaluation) quantity(f *frame, p *program, rec *record) (float64, error) {
	v, err := c.eval(f, p, rec)
	if err == nil {
		err = f.factor
	}
	if err != nil {
		return 0, err
	}
	q, ok := v.(float64)
	if !ok {
		return 0, &unknownError{"quantity", "not a number"}
	}
	q *= f.times
	return q, finite(q)
}

func printed(quantity, per float64) decimal.Decimal {
	return decimal.NewFromFloat(quantity).Div(decimal.NewFromFloat(per)).Round(9)
}

// rated puts the rate per printed unit and its source on a quote.
func (c *evaluation) rated(q *fact.Quote, r *rate, unitRate decimal.Decimal, per float64) {
	amount := c.estimator.convert(unitRate.Mul(decimal.NewFromFloat(per)))
	source := r.source
	q.Rate, q.Price = &amount, &source
}

// priced adds a line with a number, or one for each tier that the quantity reaches.
func (c *evaluation) priced(line sideLine, comp *component, r *rate, quantity float64, rec *record, out *sideCost) {
	total := decimal.NewFromFloat(quantity)
	for i, tier := range r.tiers {
		part, upper := total.Sub(tier.From), ""
		if i+1 < len(r.tiers) {
			part = decimal.Min(part, r.tiers[i+1].From.Sub(tier.From))
			upper = short(r.tiers[i+1].From.Sub(tier.From).Div(decimal.NewFromFloat(comp.per)))
		}
		if i > 0 && !part.IsPositive() {
			return
		}
		l := line
		if len(r.tiers) > 1 {
			l.key = fmt.Sprintf("%s~%d", line.key, i)
			l.name = line.name + tierName(i, upper, comp.unit, short(tier.From.Div(decimal.NewFromFloat(comp.per))))
		}
		l.quote = fact.Quote{Basis: fact.Priced, Quantity: new(part.Div(decimal.NewFromFloat(comp.per)).Round(9))}
		if len(rec.usage) > 0 {
			l.quote.Basis, l.quote.Why = fact.Usage, strings.Join(rec.usage, ", ")
		}
		if tier.Rate.IsZero() {
			l.quote.Basis = fact.Free
		}
		c.rated(&l.quote, r, tier.Rate, comp.per)
		monthly := c.estimator.convert(tier.Rate.Mul(part))
		l.quote.Monthly = &monthly
		out.add(l)
	}
}

func tierName(i int, upper, unit, from string) string {
	switch {
	case upper == "":
		return fmt.Sprintf(" (over %s %s)", from, unit)
	case i == 0:
		return fmt.Sprintf(" (first %s %s)", upper, unit)
	}
	return fmt.Sprintf(" (next %s %s)", upper, unit)
}

// short writes a tier's bound as price lists do: 6B, 240K, 51,200 stays 51200.
func short(d decimal.Decimal) string {
	for _, step := range []struct {
		by   int64
		mark string
	}{{1e9, "B"}, {1e6, "M"}} {
		if q := d.Div(decimal.NewFromInt(step.by)); q.GreaterThanOrEqual(decimal.NewFromInt(1)) {
			return q.Round(3).String() + step.mark
		}
	}
	return d.Round(3).String()
}

// band gives an unknown quantity its least and greatest cost, where the catalogue can bound it.
func (c *evaluation) band(f *frame, comp *component, r *rate, q *fact.Quote) {
	if q.Basis != fact.Unknown || comp.low == nil || comp.high == nil {
		return
	}
	low, errLow := c.quantity(f, comp.low, &record{})
	high, errHigh := c.quantity(f, comp.high, &record{})
	if errLow != nil || errHigh != nil || low > high {
		return
	}
	q.Low, q.High = new(c.ladder(r, low)), new(c.ladder(r, high))
}

// ladder is the cost of a quantity over all tiers.
func (c *evaluation) ladder(r *rate, quantity float64) money.Amount {
	total, sum := decimal.NewFromFloat(quantity), decimal.Zero
	for i, tier := range r.tiers {
		part := total.Sub(tier.From)
		if i+1 < len(r.tiers) {
			part = decimal.Min(part, r.tiers[i+1].From.Sub(tier.From))
		}
		if part.IsPositive() {
			sum = sum.Add(tier.Rate.Mul(part))
		}
	}
	return c.estimator.convert(sum)
}
