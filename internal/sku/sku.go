// Package sku says which product of a provider's own price list each price of the book is, and the reverse: data,
// read both ways, by those who bring prices in and by those who give them out.
package sku

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/money"
)

//go:embed data/*.yaml
var embedded embed.FS

// Product is one product of a price list, in the words of the pricing protocol.
type Product struct {
	Vendor, Service, Family, Region, SKU string
	Attributes                           map[string]string
	Prices                               []Price
}

// Price is one tier of a product's price.
type Price struct {
	Purchase, Unit, Description, Term string
	Start, End                        string // usage that the tier holds for, as the provider writes it
	Currency                          money.Currency
	Rate                              decimal.Decimal // per Unit
	Derived                           string          // how it was derived; empty when it is a list price
}

// Set is every descriptor, compiled. It is immutable.
type Set struct {
	entries []*entry
	byPlace map[string][]*entry // vendor, service, family
	byTable map[string][]*entry
	digest  string
}

// file is one file of descriptors: what all of its entries share, and the entries.
type file struct {
	Vendor   string            `yaml:"vendor"`
	Purchase string            `yaml:"purchase"`
	Feed     map[string]string `yaml:"feed"`
	Serve    map[string]string `yaml:"serve"`
	Products []entry           `yaml:"products"`
}

// entry says what the products of some keys of one table are. docs/prices.md describes the fields.
type entry struct {
	Table      string            `yaml:"table"`
	Key        string            `yaml:"key"`
	Where      map[string]string `yaml:"where"`
	From       string            `yaml:"from"`
	Service    string            `yaml:"service"`
	Family     string            `yaml:"family"`
	Attributes map[string]string `yaml:"attributes"`
	Serve      map[string]string `yaml:"serve"`
	Feed       map[string]string `yaml:"feed"`
	Purchase   string            `yaml:"purchase"`
	Units      []string          `yaml:"unit"`
	Factor     string            `yaml:"factor"`
	Start      string            `yaml:"start"`
	Regions    map[string]string `yaml:"regions"`
	Only       string            `yaml:"only"`    // serve: other products hold the price itself
	Derived    string            `yaml:"derived"` // how the served price is derived from the book's

	vendor string
	compiled
}

// Load reads the embedded descriptors.
func Load() (*Set, error) { return Read(embedded, "data") }

// Read reads descriptors from the YAML files of a folder.
func Read(fsys fs.FS, dir string) (*Set, error) {
	names, err := fs.Glob(fsys, dir+"/*.yaml")
	if err != nil {
		return nil, err
	}
	s := &Set{byPlace: map[string][]*entry{}, byTable: map[string][]*entry{}}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if err := s.add(name, data); err != nil {
			return nil, err
		}
		s.digest = hash(s.digest, name, string(data))
	}
	return s, nil
}

// Digest names the descriptors by their contents.
func (s *Set) Digest() string { return s.digest }

func (s *Set) add(name string, data []byte) error {
	var f file
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i := range f.Products {
		e := &f.Products[i]
		e.vendor = f.Vendor
		if e.Purchase == "" {
			e.Purchase = f.Purchase
		}
		e.Serve, e.Feed = merged(f.Serve, e.Serve), merged(f.Feed, e.Feed)
		if err := e.compile(); err != nil {
			return fmt.Errorf("%s: product %d (%s %s): %w", name, i+1, e.Table, e.Key, err)
		}
		s.entries = append(s.entries, e)
		place := placeOf(e.vendor, e.Service, e.Family)
		s.byPlace[place] = append(s.byPlace[place], e)
		s.byTable[e.Table] = append(s.byTable[e.Table], e)
	}
	return nil
}

func placeOf(vendor, service, family string) string {
	return vendor + "\x00" + service + "\x00" + family
}

func merged(base, over map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, base)
	maps.Copy(out, over)
	return out
}

// Services are the services of a vendor that some product is of, sorted.
func (s *Set) Services(vendor string) []string {
	var out []string
	for _, e := range s.entries {
		if e.vendor == vendor && e.Only == "" && !slices.Contains(out, e.Service) {
			out = append(out, e.Service)
		}
	}
	slices.Sort(out)
	return out
}

// Tables are the tables that some descriptor speaks of, sorted.
func (s *Set) Tables() []string {
	var out []string
	for table := range s.byTable {
		out = append(out, table)
	}
	slices.Sort(out)
	return out
}
