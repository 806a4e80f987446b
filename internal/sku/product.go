package sku

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/price"
)

// product is what the book's price is at the provider; false when the book has no price there.
func (s *Shelf) product(e *entry, key string, vars map[string]string, at place) (Product, bool, error) {
	a, err := s.book.Lookup(e.Table, key, at.ours)
	if err != nil || a.Status == price.Missing {
		return Product{}, false, err
	}
	p := Product{Vendor: e.vendor, Service: e.Service, Family: e.Family, Region: at.theirs, Attributes: map[string]string{}}
	id := []string{e.vendor, e.Service, e.Family, at.theirs}
	for _, list := range [][]attribute{e.attributes, e.serve} {
		for _, attr := range list {
			p.Attributes[attr.name] = attr.value.fill(vars, at.theirs)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		id = append(id, name, p.Attributes[name])
	}
	const digits = 16
	p.SKU = strings.ToUpper(hash(id...)[:digits])
	p.Prices = e.prices(a)
	return p, len(p.Prices) > 0, nil
}

// prices are the tiers of an answer, in the provider's unit.
func (e *entry) prices(a price.Answer) []Price {
	unit, derived := e.Units[0], strings.Trim(a.Derived+"; "+e.Derived, "; ")
	if unit == "*" {
		unit = a.Unit
	}
	var out []Price
	for i, tier := range a.Tiers {
		if !e.whole && !tier.From.Equal(e.from) {
			continue
		}
		rate, start := tier.Rate.DivRound(e.factor, 16), tier.From.Mul(e.factor)
		p := Price{Purchase: e.Purchase, Unit: unit, Start: start.String(), End: e.end(a.Tiers, i), Currency: a.Currency, Rate: rate, Derived: derived}
		if !e.whole {
			p.Start = "0"
		}
		if i == 0 && e.Start != "" {
			p.Start = e.Start
		}
		p.Description = fmt.Sprintf("$%s per %s", rate, unit)
		out = append(out, p)
	}
	return out
}

// end is where a tier ends, as the provider writes it: AWS has a word for no end, the others leave it out.
func (e *entry) end(tiers []price.Tier, i int) string {
	switch {
	case e.whole && i+1 < len(tiers):
		return tiers[i+1].From.Mul(e.factor).String()
	case e.vendor == "aws":
		return "Inf"
	}
	return ""
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Hash names one price of a product, in the protocol's form of two digests joined by a dash.
func (p Product) Hash(i int) string {
	price := p.Prices[i]
	const digits = 32
	return hash(p.Vendor, p.Region, p.SKU)[:digits] + "-" + hash(price.Purchase, price.Unit, price.Start, price.End, price.Term)[:digits]
}
