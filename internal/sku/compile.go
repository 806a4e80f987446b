package sku

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// compiled is what an entry becomes: its templates, and its conditions on rows of a feed.
type compiled struct {
	key        *template
	attributes []attribute // both ways, constant ones first
	serve      []attribute // added to what is given out
	conditions []condition
	factor     decimal.Decimal // the book's rate is the provider's times this
	from       decimal.Decimal
	whole      bool              // the product is all tiers of a key, not the one from From
	outward    map[string]string // the book's region → the product's
	inward     map[string]string
}

type attribute struct {
	name  string
	value *template
}

// condition is a regular expression that an attribute of a feed's row must fit, or must not.
type condition struct {
	name string
	re   *regexp.Regexp
	not  bool
}

func (c condition) holds(value string) bool { return c.re.MatchString(value) != c.not }

func (e *entry) compile() error {
	switch {
	case e.vendor == "", e.Table == "", e.Key == "", e.Service == "", e.Purchase == "":
		return fmt.Errorf("vendor, table, key, service and purchase are needed")
	case len(e.Units) == 0:
		return fmt.Errorf("unit is needed: the provider's own name of it, or \"*\" for the book's")
	case e.Only != "" && e.Only != "serve":
		return fmt.Errorf("only: %q is not known; it may be serve", e.Only)
	case e.Derived != "" && e.Only == "":
		return fmt.Errorf("a price that is derived is no list price: it needs only: serve")
	}
	if err := e.numbers(); err != nil {
		return err
	}
	if err := e.templates(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(e.Feed)) {
		pattern, not := strings.CutPrefix(e.Feed[name], "!")
		re, err := regexp.Compile(pattern)
		if err != nil {
			return fmt.Errorf("feed %s: %w", name, err)
		}
		e.conditions = append(e.conditions, condition{name, re, not})
	}
	e.outward, e.inward = e.Regions, map[string]string{}
	for book, theirs := range e.Regions {
		if had, twice := e.inward[theirs]; twice {
			return fmt.Errorf("regions: %s and %s are both %q", had, book, theirs)
		}
		e.inward[theirs] = book
	}
	return nil
}

func (e *entry) numbers() error {
	e.factor, e.from, e.whole = decimal.NewFromInt(1), decimal.Zero, e.From == ""
	var err error
	if e.Factor != "" {
		if e.factor, err = decimal.NewFromString(e.Factor); err != nil || !e.factor.IsPositive() {
			return fmt.Errorf("factor %q is not a number above zero", e.Factor)
		}
	}
	if e.From != "" {
		if e.from, err = decimal.NewFromString(e.From); err != nil || e.from.IsNegative() {
			return fmt.Errorf("from %q is not a quantity", e.From)
		}
	}
	return nil
}

func (e *entry) templates() error {
	for _, name := range slices.Sorted(maps.Keys(e.Where)) {
		if _, err := regexp.Compile(e.Where[name]); err != nil {
			return fmt.Errorf("where %s: %w", name, err)
		}
	}
	var err error
	if e.key, err = parseTemplate(e.Key); err != nil {
		return err
	}
	if err := e.key.readable(e.Where); err != nil {
		return err
	}
	said := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		t, err := parseTemplate(e.Attributes[name])
		if err != nil {
			return err
		}
		if err := t.readable(e.Where); err != nil {
			return err
		}
		for _, v := range t.variables() {
			said[v] = true
		}
		e.attributes = append(e.attributes, attribute{name, t})
	}
	slices.SortStableFunc(e.attributes, func(a, b attribute) int {
		switch {
		case a.value.constant() == b.value.constant():
			return 0
		case a.value.constant():
			return -1
		}
		return 1
	})
	for _, v := range e.key.variables() {
		if e.Only == "" && !said[v] {
			return fmt.Errorf("{%s} of the key stands in no attribute, so a feed's row cannot give it", v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Serve)) {
		t, err := parseTemplate(e.Serve[name])
		if err != nil {
			return err
		}
		if _, twice := e.Attributes[name]; !twice {
			e.serve = append(e.serve, attribute{name, t})
		}
	}
	return nil
}
