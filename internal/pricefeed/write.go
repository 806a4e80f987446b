package pricefeed

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
)

const manifestName = "MANIFEST.json"

// manifest says what a book was made of.
type manifest struct {
	Made        string            `json:"made"`
	Feeds       []string          `json:"feeds"`
	Regions     []string          `json:"regions,omitempty"`
	Descriptors string            `json:"descriptors"`
	Parts       map[string]string `json:"parts"` // name → version
}

// tables are the tables of the new book by name: what was read, and what the old book of the user's held beside it.
func tables(m *merged, o Options, old *price.Book) (map[string]string, error) {
	known, err := o.InForce.Tables()
	if err != nil {
		return nil, err
	}
	about := map[string]price.Table{}
	for _, t := range known {
		about[t.Name] = t // the last is the program's own
	}
	byTable := map[string]map[cell][]price.Tier{}
	asOf := map[string]string{}
	put := func(c cell, ladder []price.Tier, date string) {
		if byTable[c.table] == nil {
			byTable[c.table] = map[cell][]price.Tier{}
		}
		byTable[c.table][c] = ladder
		if had := asOf[c.table]; had == "" || date < had {
			asOf[c.table] = date
		}
	}
	for c, ladder := range m.cells {
		put(c, ladder, o.Now.UTC().Format("2006-01-02"))
	}
	if old != nil {
		if err := carry(m, old, put); err != nil {
			return nil, err
		}
	}
	out := map[string]string{}
	for name, cells := range byTable {
		if out[name], err = tableText(about[name], asOf[name], cells, m.units, o.InForce); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// carry keeps what an earlier update brought and this one did not read. The table's date is then the oldest of both.
func carry(m *merged, old *price.Book, put func(cell, []price.Tier, string)) error {
	known, err := old.Tables()
	if err != nil {
		return err
	}
	for _, t := range known {
		keys, err := old.Keys(t.Name)
		if err != nil {
			return err
		}
		regions, err := old.Regions(t.Name)
		if err != nil {
			return err
		}
		for _, key := range keys {
			for _, region := range regions {
				c := cell{t.Name, key, region}
				if m.read[[2]string{t.Name, region}] && !m.doubted[c] {
					continue
				}
				ladder, err := listed(old, c)
				if err != nil {
					return err
				}
				if _, newer := m.cells[c]; len(ladder) > 0 && !newer {
					put(c, ladder, t.AsOf)
				}
			}
		}
	}
	return nil
}

// tableText is a table in the book's format. Regions of one key may have different tiers; a row is then written for
// each beginning of any of them, with the rate that holds there.
func tableText(about price.Table, asOf string, cells map[cell][]price.Tier, units map[[2]string]string, book *price.Book) (string, error) {
	regions, froms := map[string]bool{}, map[string]map[string]decimal.Decimal{}
	for c, ladder := range cells {
		regions[c.region] = true
		if froms[c.key] == nil {
			froms[c.key] = map[string]decimal.Decimal{}
		}
		for _, t := range ladder {
			froms[c.key][t.From.String()] = t.From
		}
	}
	columns := slices.Sorted(maps.Keys(regions))
	var b strings.Builder
	for _, line := range [][2]string{
		{"source", "the provider's own price list"}, {"as-of", asOf}, {"licence", "facts"}, {"url", about.URL}, {"unit", about.Unit}, {"currency", "USD"},
	} {
		fmt.Fprintf(&b, "# %s: %s\n", line[0], line[1])
	}
	b.WriteString(strings.Join(append([]string{"key", "unit", "from", "note"}, columns...), "\t") + "\n")
	for _, key := range slices.Sorted(maps.Keys(froms)) {
		unit := units[[2]string{about.Name, key}]
		if unit == "" {
			var err error
			if unit, err = unitOf(book, about, key, columns); err != nil {
				return "", err
			}
		}
		for _, from := range slices.SortedFunc(maps.Values(froms[key]), decimal.Decimal.Cmp) {
			row := []string{key, unit, from.String(), ""}
			if from.IsZero() {
				row[2] = ""
			}
			for _, region := range columns {
				text := ""
				if ladder, ok := cells[cell{about.Name, key, region}]; ok {
					text = rateAt(ladder, from).String()
				}
				row = append(row, text)
			}
			b.WriteString(strings.Join(row, "\t") + "\n")
		}
	}
	return b.String(), nil
}

// unitOf is the unit that the book in force gives a key; a new key has the table's.
func unitOf(book *price.Book, about price.Table, key string, regions []string) (string, error) {
	for _, region := range regions {
		a, err := book.Lookup(about.Name, key, region)
		if err != nil {
			return "", err
		}
		if a.Status != price.Missing {
			if a.Unit == about.Unit {
				return "", nil
			}
			return a.Unit, nil
		}
	}
	return "", nil
}

// pack writes the book as one file, the same bytes for the same prices.
func pack(texts map[string]string, about manifest) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(name string, data []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	data, err := json.Marshal(about, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	if err := add(manifestName, append(data, '\n')); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if err := add(name+".tsv", []byte(texts[name])); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
