package sku

import (
	"maps"
	"sync"

	"github.com/org/platform-action/internal/price"
)

// Filter is what a product must be. A nil test accepts everything.
type Filter struct {
	Vendor, Service, Family, Region, SKU Test
	Attributes                           []AttributeTest
	Exact                                bool // no derived prices
}

// Test judges one value; Equal is set when it accepts that value alone.
type Test struct {
	Equal *string
	Holds func(string) bool
}

// AttributeTest judges an attribute; one that a product does not have is empty.
type AttributeTest struct {
	Name string
	Test
}

func (t Test) accepts(value string) bool {
	switch {
	case t.Equal != nil:
		return *t.Equal == value
	case t.Holds != nil:
		return t.Holds(value)
	}
	return true
}

// Shelf gives out the prices of a book as products. It is safe for concurrent use.
type Shelf struct {
	set  *Set
	book *price.Book
	mu   sync.Mutex
	has  map[string]bool     // tables of the book
	keys map[string][]string // of each table; a scan of the table each
}

// NewShelf joins descriptors and a book. Tables without a descriptor are not on it, nor descriptors without a table.
func NewShelf(set *Set, book *price.Book) (*Shelf, error) {
	tables, err := book.Tables()
	if err != nil {
		return nil, err
	}
	s := &Shelf{set: set, book: book, has: map[string]bool{}, keys: map[string][]string{}}
	for _, t := range tables {
		s.has[t.Name] = true
	}
	return s, nil
}

func (s *Shelf) keysOf(table string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if keys, ok := s.keys[table]; ok {
		return keys, nil
	}
	keys, err := s.book.Keys(table)
	if err == nil {
		s.keys[table] = keys
	}
	return keys, err
}

// Products are those that the filter accepts, at most limit of them, in the order of the descriptors.
func (s *Shelf) Products(f Filter, limit int) ([]Product, error) {
	var out []Product
	for _, e := range s.set.entries {
		if !s.has[e.Table] || !f.Vendor.accepts(e.vendor) || !f.Service.accepts(e.Service) || !f.Family.accepts(e.Family) {
			continue
		}
		found, err := s.of(e, f, limit)
		if err != nil {
			return nil, err
		}
		if out = distinct(append(out, found...)); len(out) >= limit {
			return out[:limit], nil // an asker must see that there may be more
		}
	}
	return out, nil
}

// distinct leaves one of each product: two tables may hold it, and then the list price stands before a derived one.
func distinct(products []Product) []Product {
	at := map[string]int{}
	var out []Product
	for _, p := range products {
		i, twice := at[p.SKU]
		switch {
		case !twice:
			at[p.SKU] = len(out)
			out = append(out, p)
		case out[i].Prices[0].Derived != "" && p.Prices[0].Derived == "":
			out[i] = p
		}
	}
	return out
}

// of are the products of one descriptor.
func (s *Shelf) of(e *entry, f Filter, limit int) ([]Product, error) {
	keys, vars, err := s.candidates(e, f)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	regions, err := s.regions(e, f.Region)
	if err != nil {
		return nil, err
	}
	var out []Product
	for i, key := range keys {
		if !e.fits(f, vars[i], nil) {
			continue
		}
		for _, region := range regions {
			if !e.fits(f, vars[i], &region.theirs) {
				continue
			}
			p, ok, err := s.product(e, key, vars[i], region)
			if err != nil {
				return nil, err
			}
			if ok && f.SKU.accepts(p.SKU) && (!f.Exact || p.Prices[0].Derived == "") {
				if out = append(out, p); len(out) >= limit {
					return out, nil
				}
			}
		}
	}
	return out, nil
}

// candidates are the keys that may be asked for: one, when the filter names its variables, else all that fit.
func (s *Shelf) candidates(e *entry, f Filter) (keys []string, vars []map[string]string, err error) {
	if e.key.constant() {
		return []string{e.Key}, []map[string]string{{}}, nil
	}
	named := map[string]string{}
	for _, a := range e.attributes {
		if v := a.value.alone(); v != "" {
			for _, test := range f.Attributes {
				if test.Name == a.name && test.Equal != nil {
					named[v] = *test.Equal
				}
			}
		}
	}
	if len(named) == len(e.key.variables()) {
		got, key := map[string]string{}, e.key.fill(named, "")
		if !e.key.match(key, got) || !maps.Equal(got, named) {
			return nil, nil, nil
		}
		return []string{key}, []map[string]string{got}, nil
	}
	all, err := s.keysOf(e.Table)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range all {
		got := map[string]string{}
		if !e.key.match(key, got) {
			continue
		}
		differs := false
		for v, value := range named {
			differs = differs || got[v] != value
		}
		if !differs {
			keys, vars = append(keys, key), append(vars, got)
		}
	}
	return keys, vars, nil
}

// fits tests the attributes: those that need no region when it is nil, the others when it is given.
func (e *entry) fits(f Filter, vars map[string]string, region *string) bool {
	for _, test := range f.Attributes {
		t := e.attribute(test.Name)
		switch {
		case t == nil && region == nil:
			if !test.accepts("") {
				return false
			}
		case t == nil:
		case t.regional() != (region != nil):
		case region == nil:
			if !test.accepts(t.fill(vars, "")) {
				return false
			}
		default:
			if !test.accepts(t.fill(vars, *region)) {
				return false
			}
		}
	}
	return true
}

func (e *entry) attribute(name string) *template {
	for _, list := range [][]attribute{e.attributes, e.serve} {
		for _, a := range list {
			if a.name == name {
				return a.value
			}
		}
	}
	return nil
}

// place is a region of the book and what the provider calls it.
type place struct{ ours, theirs string }

func (s *Shelf) regions(e *entry, test Test) ([]place, error) {
	if test.Equal != nil {
		ours, known := e.inward[*test.Equal]
		if !known {
			if _, renamed := e.outward[*test.Equal]; renamed || *test.Equal == "" {
				return nil, nil // the book's own name of a region that the provider calls otherwise
			}
			ours = *test.Equal
		}
		return []place{{ours, *test.Equal}}, nil
	}
	all, err := s.book.Regions(e.Table)
	if err != nil {
		return nil, err
	}
	var out []place
	for _, ours := range all {
		theirs, known := e.outward[ours]
		if !known {
			theirs = ours
		}
		if test.accepts(theirs) {
			out = append(out, place{ours, theirs})
		}
	}
	return out, nil
}
