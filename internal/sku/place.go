package sku

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
)

// Row is one price of a feed, in the words of Product. Attributes are asked for by name, because a feed has a hundred
// of them and a descriptor looks at five.
type Row struct {
	Vendor, Service, Family, Region, SKU string
	Attribute                            func(name string) string
	Purchase, Unit                       string
	Start                                decimal.Decimal
	Currency                             money.Currency
	Rate                                 decimal.Decimal
}

// Place is where a feed's price belongs in the book.
type Place struct {
	Table, Key, Region string
	From               decimal.Decimal // in the book's unit
	Rate               decimal.Decimal // per unit of the book
	Whole              bool            // the product holds all tiers of the key
	Unit               string          // of the feed, where the book keeps the feed's own; else empty
}

// UnitError is a price whose unit is not the one that the descriptor knows: what it counts may have changed.
type UnitError struct {
	Table, Key, Region, Unit string
	Known                    []string
}

func (e *UnitError) Error() string {
	return fmt.Sprintf("%s %s %s: the feed's unit is %q, and the descriptor knows %q", e.Table, e.Key, e.Region, e.Unit, e.Known)
}

// Place finds where a row belongs: nowhere for most rows, once or more for others.
func (s *Set) Place(r Row) ([]Place, error) {
	var out []Place
	for _, family := range []string{r.Family, ""} {
		for _, e := range s.byPlace[placeOf(r.Vendor, r.Service, family)] {
			if e.Only != "" || e.Purchase != r.Purchase {
				continue
			}
			p, ok := e.place(r)
			if !ok {
				continue
			}
			if e.Units[0] != "*" && !slices.Contains(e.Units, r.Unit) {
				return nil, &UnitError{p.Table, p.Key, p.Region, r.Unit, e.Units}
			}
			out = append(out, p)
		}
		if r.Family == "" {
			break
		}
	}
	return out, nil
}

func (e *entry) place(r Row) (Place, bool) {
	vars := map[string]string{"region": r.Region}
	for _, a := range e.attributes {
		if !a.value.match(r.Attribute(a.name), vars) {
			return Place{}, false
		}
	}
	for _, c := range e.conditions {
		if !c.holds(r.Attribute(c.name)) {
			return Place{}, false
		}
	}
	region, known := e.inward[r.Region]
	if !known {
		region = r.Region
	}
	key := e.key.fill(vars, r.Region)
	if region == "" || !e.key.constant() && !e.key.match(key, map[string]string{}) {
		return Place{}, false
	}
	from := r.Start.Div(e.factor)
	if !e.whole {
		from = e.from
	}
	p := Place{Table: e.Table, Key: key, Region: region, From: from, Rate: r.Rate.Mul(e.factor), Whole: e.whole}
	if e.Units[0] == "*" {
		p.Unit = r.Unit
	}
	return p, true
}
