package pricefeed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/sku"
)

// maxRefusals bounds what is said of one part; more are counted.
const maxRefusals = 200

// collector places the rows of one part and writes those that belong in the book. It holds nothing but counts.
type collector struct {
	set     *sku.Set
	series  []sku.Series
	wanted  func(region string) bool
	w       *bufio.Writer
	read    int64 // rows looked at
	kept    int64
	refused int64
	written int64        // refusals in the file
	restart func() error // empties the file, before a part is read once more
}

// observed is one line of a part's file: a price at its place, as one product of the feed says it.
type observed struct {
	table, key, region, unit, sku string
	from, rate                    decimal.Decimal
}

const (
	lineKept    = "+"
	lineRefused = "!"
	lineEnd     = "."
	// halves marks the rates of cores and memory, which are added up when all parts are there.
	halves = "google/halves"
)

// add takes one row. Only a file that cannot be written is an error: a row that lies is refused.
func (c *collector) add(r sku.Row) error {
	c.read++
	places, err := c.set.Place(r)
	if unit, ok := errors.AsType[*sku.UnitError](err); ok {
		return c.refuse(r.SKU+" "+unit.Table+" "+unit.Key+" "+unit.Region, fmt.Sprintf("the unit is %q where it was %q", unit.Unit, strings.Join(unit.Known, ", ")))
	}
	if err != nil {
		return err
	}
	places = append(places, c.half(r)...)
	for _, p := range places {
		if !c.wanted(p.Region) {
			continue
		}
		what := strings.Join([]string{r.SKU, p.Table, p.Key, p.Region}, " ")
		switch {
		case r.Currency != money.USD:
			err = c.refuse(what, fmt.Sprintf("the currency is %q", r.Currency))
		case r.Rate.IsNegative():
			err = c.refuse(what, "a price below zero")
		default:
			id := r.SKU
			if !p.Whole {
				id = "" // the tiers of the key are products of their own
			}
			err = c.keep(observed{p.Table, p.Key, p.Region, p.Unit, id, p.From, p.Rate})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// half is the rate of a core or of memory, which no key of the book has.
func (c *collector) half(r sku.Row) []sku.Place {
	if r.Vendor != "gcp" || r.Family != "Compute" || r.Purchase != "OnDemand" {
		return nil
	}
	for _, s := range c.series {
		if part := s.Part(r.Attribute("description")); part != "" {
			return []sku.Place{{Table: halves, Key: s.Name + " " + part, Region: r.Region, From: r.Start, Rate: r.Rate, Whole: true}}
		}
	}
	return nil
}

func (c *collector) keep(o observed) error {
	c.kept++
	_, err := fmt.Fprintln(c.w, strings.Join([]string{lineKept, field(o.table), field(o.key), field(o.region), field(o.unit), field(o.sku), o.from.String(), o.rate.String()}, "\t"))
	return err
}

func (c *collector) refuse(what, why string) error {
	if c.refused++; c.written >= maxRefusals {
		return nil
	}
	c.written++
	_, err := fmt.Fprintln(c.w, strings.Join([]string{lineRefused, field(what), field(why)}, "\t"))
	return err
}

// field is a text without what separates fields and lines.
func field(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// end closes the file with the counts, so that a file that breaks off is not taken for a whole one.
func (c *collector) end() error {
	if _, err := fmt.Fprintf(c.w, "%s\t%d\t%d\t%d\n", lineEnd, c.read, c.kept, c.refused); err != nil {
		return err
	}
	return c.w.Flush()
}

// counts are what a part's file says at its end.
type counts struct{ read, kept, refused int64 }

// replay reads a part's file.
func replay(r io.Reader, keep func(observed) error, refused func(Refusal)) (counts, error) {
	var n counts
	lines, ended, kept := bufio.NewScanner(r), false, int64(0)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		switch {
		case ended:
			return n, errors.New("the file goes on after its end")
		case f[0] == lineKept && len(f) == 8:
			o := observed{table: f[1], key: f[2], region: f[3], unit: f[4], sku: f[5]}
			var errFrom, errRate error
			o.from, errFrom = decimal.NewFromString(f[6])
			o.rate, errRate = decimal.NewFromString(f[7])
			if err := errors.Join(errFrom, errRate); err != nil {
				return n, err
			}
			if kept++; keep != nil {
				if err := keep(o); err != nil {
					return n, err
				}
			}
		case f[0] == lineRefused && len(f) == 3:
			if refused != nil {
				refused(Refusal{f[1], f[2]})
			}
		case f[0] == lineEnd && len(f) == 4:
			ended = true
			if _, err := fmt.Sscanf(strings.Join(f[1:], " "), "%d %d %d", &n.read, &n.kept, &n.refused); err != nil {
				return n, err
			}
		case f[0] == lineHead && len(f) == 3:
		default:
			return n, fmt.Errorf("%.40q is no line of it", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		return n, err
	}
	if !ended || kept != n.kept {
		return n, errors.New("the file breaks off")
	}
	return n, nil
}
