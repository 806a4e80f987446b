package sku

import (
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/price"
)

// Question is what an endpoint of the pricing protocol must be asked to hear the prices of one descriptor.
type Question struct {
	Vendor, Service, Family, Purchase string
	Attributes                        map[string]string // those that are the same for every key and region
	entry                             *entry
}

// Questions are those of all descriptors whose prices are list prices, without repetition.
func (s *Set) Questions() []Question {
	seen := map[string]bool{}
	var out []Question
	for _, e := range s.entries {
		if e.Only != "" {
			continue
		}
		q := Question{e.vendor, e.Service, e.Family, e.Purchase, map[string]string{}, e}
		for _, a := range e.attributes {
			if a.value.constant() {
				q.Attributes[a.name] = a.value.text
			}
		}
		id := []string{e.vendor, e.Service, e.Family, e.Purchase, e.Table}
		for _, name := range slices.Sorted(maps.Keys(q.Attributes)) {
			id = append(id, name, q.Attributes[name])
		}
		if key := strings.Join(id, "\x00"); !seen[key] {
			seen[key] = true
			out = append(out, q)
		}
	}
	return out
}

// Regions are the regions that the book has prices for, each with the provider's name of it.
func (q Question) Regions(book *price.Book) (ours, theirs []string, err error) {
	if ours, err = book.Regions(q.entry.Table); err != nil {
		return nil, nil, err
	}
	for _, region := range ours {
		name, known := q.entry.outward[region]
		if !known {
			name = region
		}
		theirs = append(theirs, name)
	}
	return ours, theirs, nil
}

// ByKey are the questions for single keys, for an endpoint that would not answer them all at once.
func (q Question) ByKey(book *price.Book) ([]Question, error) {
	keys, err := book.Keys(q.entry.Table)
	if err != nil {
		return nil, err
	}
	var out []Question
	for _, key := range keys {
		vars := map[string]string{}
		if q.entry.key.constant() || !q.entry.key.match(key, vars) {
			continue
		}
		one := q
		one.Attributes = maps.Clone(q.Attributes)
		for _, a := range q.entry.attributes {
			if !a.value.regional() {
				one.Attributes[a.name] = a.value.fill(vars, "")
			}
		}
		out = append(out, one)
	}
	return out, nil
}
