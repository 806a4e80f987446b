// Package catalog is the embedded data that says what a Terraform type costs: its components, units, quantities,
// conditions and price keys.
package catalog

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Entry is what one Terraform type costs, or a fragment (its name begins with an underscore) that entries share.
// Expressions are in the expr language; README.md beside this file lists the variables and functions they may use.
type Entry struct {
	Type     string `yaml:"-"`
	Provider string `yaml:"-"` // aws, azure or google: the folder
	File     string `yaml:"-"` // path within the catalogue, for error messages
	Line     int    `yaml:"-"` // 1-based
	Own      bool   `yaml:"-"` // of a team's catalogue

	// For a team's own entries.
	Extends  bool   `yaml:"extends"`  // adds to the built-in entry of the type, instead of replacing it
	Module   string `yaml:"module"`   // the source of a module that is priced as a whole; * stands for anything
	Replaces bool   `yaml:"replaces"` // the resources inside of the module are not priced one by one

	Service    string             `yaml:"service"`    // as the provider's bill names it
	Source     string             `yaml:"source"`     // the provider's pricing page that the rules follow
	Free       string             `yaml:"free"`       // why the type costs nothing by itself; other entries may still use it
	UsageOnly  bool               `yaml:"usage_only"` // no resource: it stands in the usage file alone, its values there are its attributes
	Region     string             `yaml:"region"`     // expression; default: the resource's own region, else its provider's
	Defaults   map[string]Default `yaml:"defaults"`   // what an attribute is when the configuration does not set it
	Let        Bindings           `yaml:"let"`        // named expressions, evaluated in order
	Components []Component        `yaml:"components"` // line items
	Children   []Child            `yaml:"children"`   // subresources: blocks and referenced resources
	Usage      map[string]Usage   `yaml:"usage"`      // the usage keys that the type understands
}

// Default is a provider's or cloud's documented value of an attribute that the configuration does not set.
type Default struct {
	Value  any    `yaml:"value"`
	Source string `yaml:"source"` // URL of the documentation
}

// Component is one line item.
type Component struct {
	Name     string  `yaml:"name"`     // text with {expression} parts
	Unit     string  `yaml:"unit"`     // as printed
	When     string  `yaml:"when"`     // expression; no line when false
	Quantity string  `yaml:"quantity"` // expression: price units a month
	Per      float64 `yaml:"per"`      // price units in one printed unit, such as 1e6 for "1M requests"; default 1
	Price    string  `yaml:"price"`    // expression that ends in a price
}

// Child is a nested list of line items: one for each block or resource that Each yields.
type Child struct {
	Group      string      `yaml:"group"` // text with {expression} parts; i is the position
	Each       string      `yaml:"each"`  // expression: a block, a resource or a list of them; none gives no lines
	When       string      `yaml:"when"`
	Times      string      `yaml:"times"` // expression: factor on every quantity
	Use        string      `yaml:"use"`   // a fragment or entry whose let, components and children apply
	With       Bindings    `yaml:"with"`  // values that replace let bindings of Use
	Let        Bindings    `yaml:"let"`
	Components []Component `yaml:"components"`
	Children   []Child     `yaml:"children"`
}

// Usage describes one usage key.
type Usage struct {
	Unit    string `yaml:"unit"`
	About   string `yaml:"about"`
	Default any    `yaml:"default"` // documented default; none means that the line is shown without a quantity
	Source  string `yaml:"source"`
}

// Binding is one named expression.
type Binding struct {
	Name, Expr string
}

// Bindings keep the order of the file, because later ones may use earlier ones.
type Bindings []Binding

// UnmarshalYAML reads a mapping in file order.
func (b *Bindings) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want a mapping of name to expression", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		*b = append(*b, Binding{n.Content[i].Value, n.Content[i+1].Value})
	}
	return nil
}

// parse decodes one top-level entry of a catalogue file. block is the entry's text, first its name's line.
func parse(file string, line int, name string, block []byte) (*Entry, error) {
	var doc map[string]Entry
	dec := yaml.NewDecoder(bytes.NewReader(block))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		again := yaml.NewDecoder(bytes.NewReader(padded(line, block)))
		again.KnownFields(true)
		return nil, fmt.Errorf("%s:%d: %s: %w", file, line, name, again.Decode(&map[string]Entry{}))
	}
	e, ok := doc[name]
	if !ok || len(doc) != 1 {
		return nil, fmt.Errorf("%s:%d: %s: want exactly one entry of that name", file, line, name)
	}
	e.Type, e.File, e.Line = name, file, line
	e.Provider, _, _ = strings.Cut(file, "/")
	return &e, nil
}
