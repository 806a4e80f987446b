package priceserve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/sku"
)

// maxFilters bounds the attribute filters of one query.
const maxFilters = 64

// productFilter reads a ProductFilter: equality by name, a regular expression by name_regex or nameRegex.
func productFilter(object map[string]any) (sku.Filter, error) {
	var f sku.Filter
	targets := map[string]*sku.Test{"vendorName": &f.Vendor, "service": &f.Service, "productFamily": &f.Family, "region": &f.Region, "sku": &f.SKU}
	for _, name := range sortedKeys(object) {
		if name == "attributeFilters" {
			var err error
			if f.Attributes, err = attributeFilters(object[name]); err != nil {
				return f, err
			}
			continue
		}
		field, isRegex := regexName(name)
		target, known := targets[field]
		if !known {
			return f, fmt.Errorf("a product cannot be filtered by %q", name)
		}
		test, err := read(name, object[name], isRegex)
		if err != nil {
			return f, err
		}
		if set(*test) {
			*target = both(*target, *test)
		}
	}
	return f, nil
}

func attributeFilters(value any) ([]sku.AttributeTest, error) {
	if value == nil {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("attributeFilters is not a list")
	}
	if len(list) > maxFilters {
		return nil, fmt.Errorf("attributeFilters holds more than %d filters", maxFilters)
	}
	var out []sku.AttributeTest
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("an attribute filter is not an object")
		}
		name, ok := object["key"].(string)
		if !ok || name == "" {
			return nil, fmt.Errorf("an attribute filter has no key")
		}
		test := sku.AttributeTest{Name: name}
		for _, field := range sortedKeys(object) {
			if field == "key" {
				continue
			}
			base, isRegex := regexName(field)
			if base != "value" {
				return nil, fmt.Errorf("an attribute filter has no field %q", field)
			}
			one, err := read(field, object[field], isRegex)
			if err != nil {
				return nil, err
			}
			if set(*one) {
				test.Test = both(test.Test, *one)
			}
		}
		out = append(out, test)
	}
	return out, nil
}

// priceFilter reads a PriceFilter.
func priceFilter(object map[string]any) (func(sku.Price) bool, error) {
	type rule struct {
		field string
		sku.Test
	}
	var rules []rule
	for _, name := range sortedKeys(object) {
		field, isRegex := regexName(name)
		if _, known := priceField(sku.Price{}, field); !known {
			return nil, fmt.Errorf("a price cannot be filtered by %q", name)
		}
		test, err := read(name, object[name], isRegex)
		if err != nil {
			return nil, err
		}
		if set(*test) {
			rules = append(rules, rule{field, *test})
		}
	}
	return func(p sku.Price) bool {
		for _, r := range rules {
			if value, _ := priceField(p, r.field); !holds(r.Test, value) {
				return false
			}
		}
		return true
	}, nil
}

// priceField is a field of a price by its name; ours are paid as they are used, so terms are empty.
func priceField(p sku.Price, name string) (value string, known bool) {
	switch name {
	case "purchaseOption":
		return p.Purchase, true
	case "unit":
		return p.Unit, true
	case "description":
		return p.Description, true
	case "startUsageAmount":
		return p.Start, true
	case "endUsageAmount":
		return p.End, true
	case "termLength":
		return p.Term, true
	case "termPurchaseOption", "termOfferingClass", "effectiveDateStart", "effectiveDateEnd":
		return "", true
	}
	return "", false
}

// regexName tells description_regex and descriptionRegex from description.
func regexName(name string) (field string, isRegex bool) {
	if base, ok := strings.CutSuffix(name, "_regex"); ok {
		return base, true
	}
	if base, ok := strings.CutSuffix(name, "Regex"); ok {
		return base, true
	}
	return name, false
}

// read is the test of one field; a null asks for nothing.
func read(name string, value any, isRegex bool) (*sku.Test, error) {
	if value == nil {
		return &sku.Test{}, nil
	}
	text, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("%s is not a string", name)
	}
	if !isRegex {
		return &sku.Test{Equal: &text}, nil
	}
	re, err := parseRegex(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &sku.Test{Holds: re.match}, nil
}

func set(t sku.Test) bool { return t.Equal != nil || t.Holds != nil }

func holds(t sku.Test, value string) bool {
	if t.Equal != nil {
		return *t.Equal == value
	}
	return t.Holds == nil || t.Holds(value)
}

// both joins two tests of one field.
func both(a, b sku.Test) sku.Test {
	if !set(a) {
		return b
	}
	return sku.Test{Holds: func(value string) bool { return holds(a, value) && holds(b, value) }}
}

func sortedKeys(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
