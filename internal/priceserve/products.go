package priceserve

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/sku"
)

func (x *execution) products(f *ast.Field) ([]any, error) {
	object, err := x.argument(f, "filter")
	if err != nil {
		return nil, err
	}
	if len(object) == 0 {
		return nil, errors.New("products needs a filter")
	}
	filter, err := productFilter(object)
	if err != nil {
		return nil, err
	}
	filter.Exact = x.server.o.Exact
	found, err := x.server.o.Shelf.Products(filter, maxProducts)
	if err != nil {
		return nil, err
	}
	fields, err := x.selected(f)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, p := range found {
		one, err := x.product(p, fields)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// product is one product as it was asked for.
func (x *execution) product(p sku.Product, fields []*ast.Field) (map[string]any, error) {
	out := map[string]any{}
	for _, f := range fields {
		switch f.Name {
		case "__typename":
			out[f.Alias] = "Product"
		case "productHash":
			hash, _, _ := strings.Cut(p.Hash(0), "-")
			out[f.Alias] = hash
		case "vendorName":
			out[f.Alias] = p.Vendor
		case "service":
			out[f.Alias] = p.Service
		case "productFamily":
			out[f.Alias] = p.Family
		case "region":
			out[f.Alias] = p.Region
		case "sku":
			out[f.Alias] = p.SKU
		case "attributes":
			out[f.Alias] = attributes(p)
		case "prices":
			prices, err := x.prices(p, f)
			if err != nil {
				return nil, err
			}
			out[f.Alias] = prices
		default:
			return nil, fmt.Errorf("a product has no field %q", f.Name)
		}
	}
	return out, nil
}

func attributes(p sku.Product) []map[string]string {
	var names []string
	for name := range p.Attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	out := []map[string]string{}
	for _, name := range names {
		out = append(out, map[string]string{"key": name, "value": p.Attributes[name]})
	}
	return out
}

// currency is the form of a field that asks for a price.
func currency(name string) bool {
	const letters = 3
	return len(name) == letters && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// test is the filter of a field of prices.
func (x *execution) test(f *ast.Field) (func(sku.Price) bool, error) {
	if holds, ok := x.tests[f]; ok {
		return holds, nil
	}
	object, err := x.argument(f, "filter")
	if err != nil {
		return nil, err
	}
	holds, err := priceFilter(object)
	x.tests[f] = holds
	return holds, err
}

func (x *execution) prices(p sku.Product, f *ast.Field) ([]any, error) {
	holds, err := x.test(f)
	if err != nil {
		return nil, err
	}
	fields, err := x.selected(f)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for i, price := range p.Prices {
		if !holds(price) {
			continue
		}
		one, kept, err := x.price(p, i, fields)
		if err != nil {
			return nil, err
		}
		if kept {
			if price.Derived != "" {
				x.derived = append(x.derived, price.Derived)
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// price is one price as it was asked for. In a currency that has no rate there is none: an empty amount would be
// taken for nothing to pay.
func (x *execution) price(p sku.Product, i int, fields []*ast.Field) (map[string]any, bool, error) {
	out := map[string]any{}
	for _, f := range fields {
		value, known := x.field(p, i, f.Name)
		switch {
		case known:
			out[f.Alias] = value
		case currency(f.Name):
			rate, ok := x.amount(p.Prices[i], money.Currency(f.Name))
			if !ok {
				return nil, false, nil
			}
			out[f.Alias] = rate
		default:
			return nil, false, fmt.Errorf("a price has no field %q", f.Name)
		}
	}
	return out, true, nil
}

func (x *execution) field(p sku.Product, i int, name string) (any, bool) {
	price := p.Prices[i]
	switch name {
	case "__typename":
		return "Price", true
	case "priceHash":
		return p.Hash(i), true
	case "purchaseOption":
		return price.Purchase, true
	case "unit":
		return price.Unit, true
	case "description":
		return price.Description, true
	case "startUsageAmount":
		return price.Start, true
	case "endUsageAmount":
		return orNull(price.End), true
	case "termLength":
		return orNull(price.Term), true
	case "effectiveDateStart", "effectiveDateEnd", "termPurchaseOption", "termOfferingClass":
		return nil, true
	}
	return nil, false
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (x *execution) amount(p sku.Price, in money.Currency) (string, bool) {
	if in == p.Currency {
		return p.Rate.String(), true
	}
	rate, ok := x.server.o.Rates[in]
	if !ok || p.Currency != money.USD {
		return "", false
	}
	return p.Rate.Mul(rate).String(), true
}
