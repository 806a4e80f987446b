package price

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
)

const (
	extension   = ".tsv"
	firstRegion = 4 // columns: key, unit, from, note, then a column a region
)

// table is one opened table. Its rows stay text: they are sorted by key, and a lookup is a binary search.
type table struct {
	name    string
	meta    map[string]string
	columns []string
	body    string
	folded  map[string]string // lower-case key → key, made when a key is first missed
	ratios  sync.Map          // base, region → median; a scan of the whole table each
}

// parseTable reads "# name: value" lines, a header line and rows sorted by key.
func parseTable(name, text string) (*table, error) {
	t := &table{name: name, meta: map[string]string{}}
	for strings.HasPrefix(text, "#") {
		line, rest, _ := strings.Cut(text, "\n")
		key, value, ok := strings.Cut(strings.TrimSpace(line[1:]), ":")
		if !ok {
			return nil, fmt.Errorf("%s: %.60q is not a line of the form «# name: value»", name, line)
		}
		t.meta[strings.TrimSpace(key)] = strings.TrimSpace(value)
		text = rest
	}
	header, body, _ := strings.Cut(text, "\n")
	t.columns = strings.Split(header, "\t")
	if len(t.columns) <= firstRegion || t.columns[0] != "key" || t.columns[1] != "unit" || t.columns[2] != "from" || t.columns[3] != "note" {
		return nil, fmt.Errorf("%s: the header must begin with key, unit, from, note and name at least one region", name)
	}
	t.body = body
	return t, nil
}

func (t *table) describe(name string) Table {
	return Table{
		Name: name, Unit: t.meta["unit"], Source: t.meta["source"], AsOf: t.meta["as-of"], Licence: t.meta["licence"],
		URL: t.meta["url"], Currency: t.currency(), Rows: strings.Count(t.body, "\n"), Regions: len(t.columns) - firstRegion,
	}
}

func (t *table) currency() money.Currency {
	if c := t.meta["currency"]; c != "" {
		return money.Currency(c)
	}
	return money.USD
}

// rows are the lines of one key, in tier order.
func (t *table) rows(key string) []string {
	low, high := 0, len(t.body)
	for low < high {
		mid := low + (high-low)/2
		start := strings.LastIndexByte(t.body[:mid], '\n') + 1
		end := start + strings.IndexByte(t.body[start:], '\n')
		if end < start {
			end = len(t.body)
		}
		if at, _, _ := strings.Cut(t.body[start:end], "\t"); at < key {
			low = end + 1
		} else {
			high = start
		}
	}
	var out []string
	for line := range strings.Lines(t.body[min(low, len(t.body)):]) {
		if at, _, _ := strings.Cut(line, "\t"); at != key {
			break
		}
		out = append(out, strings.TrimSuffix(line, "\n"))
	}
	return out
}

func (t *table) region(name string) int {
	if i := slices.Index(t.columns[firstRegion:], name); i >= 0 {
		return firstRegion + i
	}
	return -1
}

// cellAt is the text of a column of a row, empty past its end.
func cellAt(row string, column int) string {
	for range column {
		end := strings.IndexByte(row, '\t')
		if end < 0 {
			return ""
		}
		row = row[end+1:]
	}
	if end := strings.IndexByte(row, '\t'); end >= 0 {
		return row[:end]
	}
	return row
}

// answer reads the tiers of one region; a tier without a price makes the whole price missing, because a ladder
// with a hole would be billed at the wrong rate.
func (t *table) answer(rows []string, column int, region string) (Answer, error) {
	if column < 0 || len(rows) == 0 {
		return Answer{}, nil
	}
	a := Answer{
		Status: Exact, Table: t.name, Unit: t.meta["unit"], Currency: t.currency(), Region: region, AsOf: t.meta["as-of"], Source: t.meta["source"],
	}
	for _, row := range rows {
		text := cellAt(row, column)
		if text == "" {
			return Answer{}, nil
		}
		rate, err := decimal.NewFromString(text)
		if err != nil {
			return Answer{}, fmt.Errorf("price of %.60q: %w", cellAt(row, 0), err)
		}
		from := decimal.Zero
		if f := cellAt(row, 2); f != "" {
			if from, err = decimal.NewFromString(f); err != nil {
				return Answer{}, fmt.Errorf("tier of %.60q: %w", cellAt(row, 0), err)
			}
		}
		a.Tiers = append(a.Tiers, Tier{From: from, Rate: rate})
		if unit := cellAt(row, 1); unit != "" {
			a.Unit = unit
		}
		if note := cellAt(row, 3); note != "" {
			a.Status, a.Derived = Derived, note
		}
	}
	return a, nil
}
