// Package price is an immutable price book: table, key and region give a unit price with its source and date; it
// knows nothing of Terraform.
package price

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
)

//go:generate go run ../../tools/pricebook build .

//go:embed all:book
var embedded embed.FS

// Status says how an answer is known. The zero Status is Missing.
type Status uint8

// The statuses.
const (
	Missing Status = iota
	Exact
	Derived
)

// Tier is a unit price from a quantity on.
type Tier struct {
	From decimal.Decimal // in Answer.Unit
	Rate decimal.Decimal // per Answer.Unit
}

// Answer is what the book knows of one price.
type Answer struct {
	Status   Status
	Table    string // that the price stands in
	Tiers    []Tier // at least one unless Missing; ascending, the first from 0
	Unit     string // as the provider bills it: hour, GB-month, request
	Currency money.Currency
	Region   string // of the row; "global" where the provider has one price for all
	AsOf     string // YYYY-MM or YYYY-MM-DD
	Source   string // who published it
	Derived  string // how it was derived, with its error bound; empty when exact
}

// Table describes one table of the book.
type Table struct {
	Name, Unit, Source, AsOf, Licence, URL string
	Currency                               money.Currency
	Rows, Regions                          int
}

// Book looks prices up. Tables are opened when first asked for. It is safe for concurrent use.
type Book struct {
	fsys   fs.FS
	digest string
	base   *Book  // asked for what this one does not hold; nil when it stands alone
	own    string // digest of this one without its base

	mu     sync.Mutex
	tables map[string]*table
}

// Embedded is the book that the program carries.
func Embedded() *Book {
	sub, err := fs.Sub(embedded, "book")
	if err != nil {
		panic(err) // the folder's name is a constant beside the directive that embeds it
	}
	return &Book{fsys: sub, tables: map[string]*table{}}
}

// New is a book from a folder in the embedded book's format.
func New(fsys fs.FS) (*Book, error) {
	b := &Book{fsys: fsys, tables: map[string]*table{}}
	_, err := b.Tables()
	return b, err
}

// names lists the tables, sorted.
func (b *Book) names() ([]string, error) {
	var names []string
	err := fs.WalkDir(b.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == extension {
			names = append(names, strings.TrimSuffix(name, extension))
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

// Tables describes every table, sorted by name; one that stands over another comes first.
func (b *Book) Tables() ([]Table, error) {
	out, err := b.describe()
	if err != nil || b.base == nil {
		return out, err
	}
	below, err := b.base.Tables()
	out = append(out, below...)
	slices.SortStableFunc(out, func(x, y Table) int { return strings.Compare(x.Name, y.Name) })
	return out, err
}

func (b *Book) describe() ([]Table, error) {
	names, err := b.names()
	if err != nil {
		return nil, err
	}
	out := make([]Table, 0, len(names))
	for _, name := range names {
		t, err := b.open(name)
		if err != nil {
			return nil, err
		}
		out = append(out, t.describe(name))
	}
	return out, nil
}

// Keys lists the keys of a table, sorted.
func (b *Book) Keys(table string) ([]string, error) {
	if b.base != nil {
		return b.joined(table, (*Book).ownKeys, (*Book).Keys)
	}
	return b.ownKeys(table)
}

func (b *Book) ownKeys(table string) ([]string, error) {
	t, err := b.open(table)
	if err != nil {
		return nil, err
	}
	var keys []string
	for line := range strings.Lines(t.body) {
		key, _, _ := strings.Cut(line, "\t")
		if len(keys) == 0 || keys[len(keys)-1] != key {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Regions lists the regions of a table in the order of its columns.
func (b *Book) Regions(table string) ([]string, error) {
	if b.base != nil {
		return b.joined(table, (*Book).ownRegions, (*Book).Regions)
	}
	return b.ownRegions(table)
}

func (b *Book) ownRegions(table string) ([]string, error) {
	t, err := b.open(table)
	if err != nil {
		return nil, err
	}
	return slices.Clone(t.columns[firstRegion:]), nil
}

// Digest is the sha256 over the whole book: names and contents of its tables.
func (b *Book) Digest() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.digest != "" {
		return b.digest
	}
	if sum, err := fs.ReadFile(b.fsys, digestFile); err == nil {
		b.digest = strings.TrimSpace(string(sum))
		return b.digest
	}
	digest, err := DigestOf(b.fsys)
	if err != nil {
		return "unreadable"
	}
	b.digest = digest
	return digest
}

// digestFile holds the digest of a built book, so that starting does not hash it; a test compares the two.
const digestFile = "DIGEST"

// DigestOf hashes the tables of a book.
func DigestOf(fsys fs.FS) (string, error) {
	names, err := (&Book{fsys: fsys}).names()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name+extension)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n", name, len(data))
		h.Write(data)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

func (b *Book) open(name string) (*table, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t, ok := b.tables[name]; ok {
		return t, nil
	}
	data, err := fs.ReadFile(b.fsys, name+extension)
	if err != nil {
		return nil, fmt.Errorf("price table %q does not exist: %w", name, err)
	}
	t, err := parseTable(name, string(data))
	if err != nil {
		return nil, err
	}
	b.tables[name] = t
	return t, nil
}

// Lookup finds a price. An unknown table is an error; an unknown key or a region without a price is Missing.
func (b *Book) Lookup(tableName, key, region string) (Answer, error) {
	if b.base != nil {
		return b.lookupOver(tableName, key, region)
	}
	t, err := b.open(tableName)
	if err != nil {
		return Answer{}, err
	}
	a, err := b.published(t, key, region)
	if err != nil || a.Status != Missing {
		return a, err
	}
	if also := t.meta["also"]; also != "" {
		other, err := b.open(also)
		if err != nil {
			return Answer{}, err
		}
		if a, err := b.published(other, key, region); err != nil || a.Status != Missing {
			return a, err
		}
	}
	return b.derive(t, b.rows(t, key), key, region)
}

// rows are the lines of a key, in any case: providers take names such as standard_f2 too.
func (b *Book) rows(t *table, key string) []string {
	if rows := t.rows(key); len(rows) > 0 {
		return rows
	}
	return t.rows(b.fold(t, key))
}

// published is a price that a table holds for the region, or for all.
func (b *Book) published(t *table, key, region string) (Answer, error) {
	rows := b.rows(t, key)
	for _, place := range []string{region, "global"} {
		a, err := t.answer(rows, t.region(place), place)
		if err != nil || a.Status != Missing {
			return a, err
		}
	}
	return Answer{}, nil
}

// fold finds the key that differs in case only.
func (b *Book) fold(t *table, key string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.folded == nil {
		t.folded = map[string]string{}
		for line := range strings.Lines(t.body) {
			k, _, _ := strings.Cut(line, "\t")
			t.folded[strings.ToLower(k)] = k
		}
	}
	return t.folded[strings.ToLower(key)]
}

// Spec is a figure of a machine type, such as field "vcpu" of "m5.large"; false when the table does not say.
func (b *Book) Spec(tableName, key, field string) (string, bool) {
	if b.base != nil {
		return b.base.Spec(tableName, key, field)
	}
	t, err := b.open(tableName)
	if err != nil {
		return "", false
	}
	rows := t.rows(key)
	column := slices.Index(t.columns, field)
	if len(rows) == 0 || column < 0 {
		return "", false
	}
	value := cellAt(rows[0], column)
	return value, value != ""
}
