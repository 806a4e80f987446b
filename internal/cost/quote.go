package cost

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/price"
)

// pricer looks prices up in one region.
type pricer struct {
	ctx    *evaluation
	region string
}

// callPrice looks a price up: price(table, key) in the resource's region, or price(table, key, region).
func callPrice(args ...any) (any, error) {
	p, _ := args[0].(*pricer)
	table, key, region := args[1].(string), args[2].(string), p.region
	if len(args) > 3 {
		region, _ = args[3].(string)
	}
	k := priceKey{table: table, key: key, region: region}
	if p.ctx.estimator.adjust.adjusts() {
		k.service = p.ctx.service
	}
	return p.ctx.memo.rate(p.ctx.estimator.book, p.ctx.estimator.adjust, k)
}

// callUSD is a price that a team's own entry states: an amount in USD per unit.
func callUSD(args ...any) (any, error) {
	p, _ := args[0].(*pricer)
	amount, ok := toNumber(args[1])
	if !ok || amount < 0 || finite(amount) != nil {
		return nil, &unknownError{"price", "not an amount from 0"}
	}
	return &rate{
		tiers: []price.Tier{{Rate: decimal.NewFromFloat(amount)}}, memo: p.ctx.memo,
		source: fact.PriceSource{Table: "own", Key: "usd(" + decimal.NewFromFloat(amount).String() + ")", Region: p.region, Source: "your catalogue"},
	}, nil
}

// callSpec is a figure of a machine type that prices depend on, such as its number of vCPUs.
func callSpec(args ...any) (any, error) {
	p, _ := args[0].(*pricer)
	value, ok := p.ctx.estimator.book.Spec(args[1].(string), args[2].(string), args[3].(string))
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
	r := args[0].(*rate)
	return r.memo.derive(deriveKey{a: r, factor: n}, func() *rate { return r.times(decimal.NewFromFloat(n)) }), nil
}

// callPlus adds two flat rates, such as the core and memory prices of a custom machine.
func callPlus(args ...any) (any, error) {
	a, b := args[0].(*rate), args[1].(*rate)
	return a.memo.derive(deriveKey{a: a, b: b}, func() *rate { return a.plus(b) }), nil
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
	r := args[0].(*rate)
	if len(r.tiers) < 2 {
		return r, nil
	}
	return r.memo.derive(deriveKey{a: r, b: r}, r.flat), nil
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
	key   lineKey
	group string
	name  string
	base  string // the name without its tier, where it has one
	unit  string
	quote *fact.Quote // shared between lines that say the same: never written to
}

// lineKey is equal on both sides of a change.
type lineKey struct {
	frame, name string // where the line stands, and its name before its expressions are filled in
	tier        int
}

func (s *sideCost) add(l sideLine) { s.lines = append(s.lines, l) }

func (s *sideCost) assume(rec *record) { s.assumptions = append(s.assumptions, rec.assumptions...) }

// noQuote is the quote of a line whose number could not be had.
func noQuote(err error) *fact.Quote {
	if unset, ok := errors.AsType[*usageUnsetError](err); ok {
		return &fact.Quote{Basis: fact.UsageUnset, Why: unset.Error()}
	}
	return &fact.Quote{Basis: fact.Unknown, Why: err.Error()}
}

// component adds the lines of one component: one, or one a tier.
func (c *evaluation) component(f *frame, comp *component, out *sideCost) {
	rec := c.records.get()
	line := sideLine{key: lineKey{f.key, comp.name.src, 0}, group: f.group, unit: c.text(f, comp.unit)}
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
		line.quote = &fact.Quote{Basis: fact.Unpriced, Why: r.missing}
		if quantityErr == nil {
			line.quote.Quantity = new(printed(quantity, comp.per))
		}
	case quantityErr != nil:
		line.quote = c.unset(comp, r, quantityErr)
	default:
		c.priced(line, comp, r, quantity, rec, out)
		return
	}
	out.add(line)
}

// unset is the quote of a line with a rate and no quantity.
func (c *evaluation) unset(comp *component, r *rate, err error) *fact.Quote {
	missing, ok := errors.AsType[*usageUnsetError](err)
	if !ok {
		q := noQuote(err)
		c.firstCharge(q, comp, r)
		return q
	}
	key := unsetKey{r, comp, missing.key}
	q := c.memo.unset[key]
	if q == nil {
		q = noQuote(missing)
		c.firstCharge(q, comp, r)
		remember(c.memo.unset, key, q)
	}
	return q
}

// firstCharge is the rate that a line without a quantity shows: that of the first tier which costs anything. What costs
// nothing in any quantity is free, and needs none.
func (c *evaluation) firstCharge(q *fact.Quote, comp *component, r *rate) {
	tier := slices.IndexFunc(r.tiers, func(t price.Tier) bool { return !t.Rate.IsZero() })
	switch {
	case tier < 0:
		tier, q.Basis, q.Why = 0, fact.Free, "free in any quantity"
		q.Monthly = new(c.estimator.convert(decimal.Zero))
	case tier > 0:
		free := tierName(0, r.tiers[tier].From, decimal.Zero, comp.unit.src, decimal.NewFromFloat(comp.per))
		q.Why += ";" + strings.NewReplacer("(", "the ", ")", " are free").Replace(free)
	}
	c.rated(q, r, r.tiers[tier].Rate, comp.per)
	c.listed(q, r, tier, comp.per)
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
	q.Rate, q.Price = &amount, &r.source
}

// listed puts the list price beside a rate that differs from it.
func (c *evaluation) listed(q *fact.Quote, r *rate, tier int, per float64) {
	if r.source.Adjusted == "" || len(r.list) == 0 {
		return
	}
	q.List = new(c.estimator.convert(r.list[min(tier, len(r.list)-1)].Rate.Mul(decimal.NewFromFloat(per))))
}

// priced adds a line with a number, or one for each tier that the quantity reaches.
func (c *evaluation) priced(line sideLine, comp *component, r *rate, quantity float64, rec *record, out *sideCost) {
	key := pricedKey{r, comp, quantity}
	tiers, ok := c.memo.priced[key]
	if !ok {
		tiers = c.tiers(comp, r, quantity)
		remember(c.memo.priced, key, tiers)
	}
	for i, t := range tiers {
		l := line
		if l.quote = t.quote; t.name != "" {
			l.key.tier, l.base = i+1, line.name
			l.name += t.name
		}
		if len(rec.usage) > 0 {
			q := *t.quote
			if q.Why = strings.Join(rec.usage, ", "); q.Basis != fact.Free {
				q.Basis = fact.Usage
			}
			l.quote = &q
		}
		out.add(l)
	}
}
