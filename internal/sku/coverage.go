package sku

import (
	"fmt"

	"github.com/org/platform-action/internal/price"
)

// Coverage is how much of a table the descriptors speak of.
type Coverage struct {
	Table         string
	Keys          int // of the table
	Update, Serve int // keys that a feed can renew, and that are given out
}

// Covers counts the keys of every table that has a descriptor.
func (s *Set) Covers(book *price.Book) ([]Coverage, error) {
	var out []Coverage
	for _, table := range s.Tables() {
		keys, err := book.Keys(table)
		if err != nil {
			return nil, err
		}
		c := Coverage{Table: table, Keys: len(keys)}
		for _, key := range keys {
			update, serve := false, false
			for _, e := range s.byTable[table] {
				if e.has(key) {
					serve, update = true, update || e.Only == ""
				}
			}
			if update {
				c.Update++
			}
			if serve {
				c.Serve++
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func (e *entry) has(key string) bool {
	return e.key.constant() && e.Key == key || !e.key.constant() && e.key.match(key, map[string]string{})
}

// Idle lists the descriptors that no key of the book answers to.
func (s *Set) Idle(book *price.Book) []string {
	var out []string
	for _, e := range s.entries {
		keys, err := book.Keys(e.Table)
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		found := false
		for _, key := range keys {
			found = found || e.has(key)
		}
		if !found {
			out = append(out, fmt.Sprintf("%s %s: no key of the table is of that form", e.Table, e.Key))
		}
	}
	return out
}

// Renews says whether a feed can bring the price of a key.
func (s *Set) Renews(table, key string) bool {
	for _, e := range s.byTable[table] {
		if e.Only == "" && e.has(key) {
			return true
		}
	}
	return false
}
