package cost

import (
	"cmp"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/price"
)

// memo keeps what one worker has worked out already: a plan asks for the same few prices and quantities thousands of
// times. What it hands out is shared and never written to.
type memo struct {
	rates   map[priceKey]*rate
	derived map[deriveKey]*rate
	priced  map[pricedKey][]tierQuote
	unset   map[unsetKey]*fact.Quote
}

type (
	priceKey  struct{ table, key, region, service string } // service: where discounts ask for it
	deriveKey struct {                                     // of a rate times a factor, or of two rates
		a, b   *rate
		factor float64
	}
	pricedKey struct {
		rate      *rate
		component *component
		quantity  float64
	}
	unsetKey struct {
		rate      *rate
		component *component
		usage     string // the key that was not given
	}
)

func newMemo() *memo {
	return &memo{map[priceKey]*rate{}, map[deriveKey]*rate{}, map[pricedKey][]tierQuote{}, map[unsetKey]*fact.Quote{}}
}

// maxMemo bounds each of the memo's tables: a plan of nothing but different quantities gains nothing from it.
const maxMemo = 10_000

func remember[K comparable, V any](table map[K]V, key K, value V) {
	if len(table) < maxMemo {
		table[key] = value
	}
}

// rate is a price per unit, perhaps falling in tiers, or the reason why there is none.
type rate struct {
	tiers   []price.Tier
	list    []price.Tier // before a discount or an own price; nil at list price
	source  fact.PriceSource
	missing string
	memo    *memo // that it belongs to
}

// rate looks a price up in the book.
func (m *memo) rate(book *price.Book, adjust adjustments, k priceKey) (*rate, error) {
	if r, ok := m.rates[k]; ok {
		return r, nil
	}
	answer, err := book.Lookup(k.table, k.key, k.region)
	if err != nil {
		return nil, err
	}
	r := &rate{tiers: answer.Tiers, memo: m, source: fact.PriceSource{
		Table: answer.Table, Key: k.key, Region: answer.Region, AsOf: answer.AsOf, Source: answer.Source, Derived: answer.Derived,
	}}
	switch answer.Status {
	case price.Exact, price.Derived:
	case price.Missing:
		r.missing = fmt.Sprintf("no price for %s in %s (table %s)", k.key, k.region, k.table)
	}
	r = adjust.apply(r, k)
	remember(m.rates, k, r)
	return r, nil
}

func (m *memo) derive(k deriveKey, derive func() *rate) *rate {
	if r, ok := m.derived[k]; ok {
		return r
	}
	r := derive()
	remember(m.derived, k, r)
	return r
}

func (r *rate) times(factor decimal.Decimal) *rate {
	out := *r
	out.tiers, out.list = scaled(r.tiers, factor), scaled(r.list, factor)
	return &out
}

func scaled(tiers []price.Tier, factor decimal.Decimal) []price.Tier {
	if tiers == nil {
		return nil
	}
	out := make([]price.Tier, len(tiers))
	for i, t := range tiers {
		out[i] = price.Tier{From: t.From, Rate: t.Rate.Mul(factor)}
	}
	return out
}

// listed is the first tier at list price.
func (r *rate) listed() price.Tier {
	if len(r.list) > 0 {
		return r.list[0]
	}
	return r.tiers[0]
}

func (r *rate) plus(b *rate) *rate {
	out := *r
	if out.missing == "" {
		out.missing = b.missing
	}
	if out.missing == "" {
		out.tiers = []price.Tier{{From: r.tiers[0].From, Rate: r.tiers[0].Rate.Add(b.tiers[0].Rate)}}
		out.source.Key = r.source.Key + " + " + b.source.Key
		if r.source.Adjusted != "" || b.source.Adjusted != "" {
			out.list = []price.Tier{{From: r.tiers[0].From, Rate: r.listed().Rate.Add(b.listed().Rate)}}
			out.source.Adjusted = cmp.Or(r.source.Adjusted, b.source.Adjusted)
		}
		if out.source.Derived == "" {
			out.source.Derived = b.source.Derived
		}
	}
	return &out
}

func (r *rate) flat() *rate {
	out := *r
	out.tiers = out.tiers[:1]
	out.list = out.list[:min(1, len(out.list))]
	return &out
}
