package price

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Over is a book whose prices stand before those of another: what it does not hold for a region, the other answers.
// The digest is that of both.
func Over(fsys fs.FS, base *Book) (*Book, error) {
	b := &Book{fsys: fsys, tables: map[string]*table{}, base: base}
	names, err := b.names()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the price book holds no table")
	}
	for _, name := range names {
		t, err := b.open(name)
		if err != nil {
			return nil, err
		}
		if err := t.sorted(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if b.own, err = DigestOf(fsys); err != nil { // what a file says of its own digest is not taken
		return nil, err
	}
	sum := sha256.Sum256([]byte(b.own + " over " + base.Digest()))
	b.digest = "sha256:" + hex.EncodeToString(sum[:])
	return b, nil
}

// Layer is one of the books that a book is made of.
type Layer struct {
	Digest string
	Tables []Table
}

// Layers are the books that this one is made of, the one that answers first before the others.
func (b *Book) Layers() ([]Layer, error) {
	tables, err := b.describe()
	if err != nil {
		return nil, err
	}
	if b.base == nil {
		return []Layer{{b.Digest(), tables}}, nil
	}
	below, err := b.base.Layers()
	return append([]Layer{{b.own, tables}}, below...), err
}

// lookupOver asks the upper book for what it holds itself, then the lower one for everything.
func (b *Book) lookupOver(tableName, key, region string) (Answer, error) {
	t, err := b.open(tableName)
	if err != nil {
		return b.base.Lookup(tableName, key, region)
	}
	if a, err := b.published(t, key, region); err != nil || a.Status != Missing {
		return a, err
	}
	if !b.base.holds(tableName) {
		return Answer{}, nil
	}
	return b.base.Lookup(tableName, key, region)
}

func (b *Book) holds(name string) bool {
	_, err := b.open(name)
	return err == nil || b.base != nil && b.base.holds(name)
}

// joined is what both books list of a table, sorted; an error only when neither has the table.
func (b *Book) joined(name string, own, all func(*Book, string) ([]string, error)) ([]string, error) {
	below, errBelow := all(b.base, name)
	if _, err := b.open(name); err != nil {
		return below, errBelow
	}
	out, err := own(b, name)
	if err != nil {
		return nil, err
	}
	out = append(out, below...)
	slices.Sort(out)
	return slices.Compact(out), nil
}

// sorted proves that rows can be found by binary search and that every number is one.
func (t *table) sorted() error {
	last, n := "", 0
	for line := range strings.Lines(t.body) {
		row := strings.TrimSuffix(line, "\n")
		key := cellAt(row, 0)
		if key == "" || key < last {
			return fmt.Errorf("row %d: %.60q is out of order", n+1, key)
		}
		last = key
		if n++; t.meta["kind"] == "spec" {
			continue
		}
		for i := range t.columns[firstRegion:] {
			if a, err := t.answer([]string{row}, firstRegion+i, ""); err != nil {
				return err
			} else if len(a.Tiers) > 0 && a.Tiers[0].Rate.IsNegative() {
				return fmt.Errorf("%.60q: a price below zero", key)
			}
		}
	}
	if n == 0 {
		return fmt.Errorf("the table is empty")
	}
	return nil
}
