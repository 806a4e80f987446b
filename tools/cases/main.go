// Command cases measures how far the estimator agrees with a folder of priced plans: NAME.plan.json with
// NAME.usage.yml and NAME.golden, the table that another estimator prints for it.
package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/price"
)

func main() {
	only := flag.String("types", "", "comma-separated resource types to count; all others are left out")
	match := flag.String("run", "", "only cases whose path contains this")
	quiet := flag.Bool("q", false, "print the totals only")
	known := flag.Bool("catalogue", false, "count only the types that the catalogue prices")
	why := flag.Bool("why", false, "print the reason of our lines that have neither quantity nor rate")
	flag.Parse()
	r := &report{out: os.Stdout, quiet: *quiet, why: *why, types: map[string]bool{}, byType: map[string]*tally{}}
	for t := range strings.SplitSeq(*only, ",") {
		r.types[t] = t != ""
	}
	if err := r.run(flag.Arg(0), *match, *known); err != nil {
		fmt.Fprintln(os.Stderr, "cases:", err)
		os.Exit(2)
	}
}

type report struct {
	out    io.Writer
	quiet  bool
	why    bool
	types  map[string]bool
	byType map[string]*tally
	all    tally
}

func (r *report) run(dir, match string, known bool) error {
	if dir == "" {
		return fmt.Errorf("name the folder: go run ./tools/cases DIR")
	}
	entries, err := catalog.Embedded()
	if err != nil {
		return err
	}
	delete(r.types, "")
	if known {
		for _, t := range entries.Types() {
			r.types[t] = true
		}
	}
	book := price.Embedded()
	cases := 0
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".golden") || !strings.Contains(path, match) {
			return err
		}
		cases++
		return r.one(strings.TrimSuffix(path, ".golden"), book, entries)
	})
	if err != nil {
		return err
	}
	for _, t := range slices.Sorted(maps.Keys(r.byType)) {
		if c := r.byType[t]; c.agreed < c.total {
			fmt.Fprintf(r.out, "%-58s %4d/%d\n", t, c.agreed, c.total)
		}
	}
	percent := func(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }
	fmt.Fprintf(r.out, "agreed in unit and quantity: %d/%d lines (%.1f %%) over %d cases and %d types\n",
		r.all.agreed, r.all.total, percent(r.all.agreed, r.all.total), cases, len(r.byType))
	fmt.Fprintf(r.out, "of %d agreed lines with a price, %d (%.1f %%) also agree in money; the rest are prices of another day\n",
		r.all.priced, r.all.money, percent(r.all.money, r.all.priced))
	return nil
}

// one compares one case; a case that cannot be priced at all counts in full against us.
func (r *report) one(stem string, book *price.Book, entries *catalog.Catalog) error {
	g, err := os.Open(stem + ".golden")
	if err != nil {
		return err
	}
	defer func() { _ = g.Close() }() // only read
	golden, err := readGolden(g)
	if err != nil {
		return err
	}
	ours, err := estimate(stem, r.why, book, entries)
	if err != nil {
		fmt.Fprintf(r.out, "%s: %v\n", filepath.Base(stem), err)
	}
	addresses := maps.Clone(golden)
	for a := range ours {
		addresses[a] = golden[a]
	}
	for _, address := range slices.Sorted(maps.Keys(addresses)) {
		typ := typeOf(address)
		if len(r.types) > 0 && !r.types[typ] {
			continue
		}
		t, misses := pair(address, golden[address], ours[address])
		if r.byType[typ] == nil {
			r.byType[typ] = &tally{}
		}
		r.byType[typ].add(t)
		r.all.add(t)
		for _, m := range misses {
			if !r.quiet {
				r.miss(filepath.Base(stem), m)
			}
		}
	}
	return nil
}

func (r *report) miss(name string, m miss) {
	side := "missing"
	if m.ours {
		side = "extra"
	}
	what := fmt.Sprintf("%g %s = $%.2f", m.line.quantity, m.line.unit, m.line.cost)
	if m.line.unset {
		what = fmt.Sprintf("$%g per %s, usage not given", m.line.rate, m.line.unit)
	}
	fmt.Fprintf(r.out, "%-7s %s: %s: %s: %s\n", side, name, m.address, m.line.name, what)
}

func estimate(stem string, why bool, book *price.Book, entries *catalog.Catalog) (map[string][]line, error) {
	var usage *cost.Usage
	if f, err := os.Open(stem + ".usage.yml"); err == nil {
		usage, err = cost.ParseUsage(filepath.Base(f.Name()), f)
		_ = f.Close() // only read
		if err != nil {
			return nil, err
		}
	}
	f, err := os.Open(stem + ".plan.json")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	p, err := plan.Read(filepath.Base(stem), f, plan.Limits{})
	if err != nil {
		return nil, err
	}
	e, err := cost.New(book, entries, cost.Options{Usage: usage})
	if err != nil {
		return nil, err
	}
	est, err := e.Estimate(p)
	if err != nil {
		return nil, err
	}
	out := map[string][]line{}
	for _, res := range est.Resources {
		for _, l := range res.Lines {
			if o, ok := ourLine(l); ok {
				out[res.Address] = append(out[res.Address], o)
			} else if l.After != nil && why {
				fmt.Printf("nothing %s: %s: %s: %s: %s\n", filepath.Base(stem), res.Address, l.Name, l.After.Basis, l.After.Why)
			}
		}
	}
	return out, nil
}

// ourLine is the after side of a line. A line that has neither quantity nor rate has nothing to compare.
func ourLine(l fact.LineItem) (line, bool) {
	q := l.After
	if q == nil || q.Quantity == nil && q.Rate == nil {
		return line{}, false
	}
	o := line{name: l.Name, unit: l.Unit, unset: q.Basis == fact.UsageUnset || q.Basis == fact.Free && q.Quantity == nil} // free in any quantity
	if q.Quantity != nil {
		o.quantity = q.Quantity.InexactFloat64()
	}
	if q.Rate != nil {
		o.rate = q.Rate.Value().InexactFloat64()
	}
	if q.Monthly != nil {
		o.cost = q.Monthly.Value().InexactFloat64()
	}
	return o, true
}

// typeOf is the resource type of an address.
func typeOf(address string) string {
	parts := strings.Split(address, ".")
	for i, p := range parts[:len(parts)-1] {
		if p != "module" && strings.Contains(p, "_") && (i == 0 || parts[i-1] != "module") {
			return p
		}
	}
	return address
}
