package pricefeed

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/sku"
)

// cell is a place in the book: one price, with its tiers.
type cell struct{ table, key, region string }

func (c cell) String() string { return c.table + " " + c.key + " " + c.region }

// merged is what the feeds say, one ladder a cell.
type merged struct {
	cells   map[cell][]price.Tier
	units   map[[2]string]string // table and key → the feed's unit, where the book keeps it
	read    map[[2]string]bool   // tables and regions that the feeds spoke of
	refused []Refusal
	doubted map[cell]bool // refused: the old price stays, and is not gone
}

// absurd is the factor from which a change is taken for a change of unit.
const absurd = 10

// merge joins the observations of all parts and refuses what cannot be true.
func merge(w *work, parts []part, o Options) (*merged, error) {
	m := &merged{cells: map[cell][]price.Tier{}, units: map[[2]string]string{}, read: map[[2]string]bool{}, doubted: map[cell]bool{}}
	said := map[cell]map[string][]price.Tier{}
	err := w.each(parts, func(ob observed) error {
		c := cell{ob.table, ob.key, ob.region}
		if said[c] == nil {
			said[c] = map[string][]price.Tier{}
		}
		said[c][ob.sku] = append(said[c][ob.sku], price.Tier{From: ob.from, Rate: ob.rate})
		m.read[[2]string{ob.table, ob.region}] = true
		if ob.unit != "" {
			m.units[[2]string{ob.table, ob.key}] = ob.unit
		}
		return nil
	}, func(r Refusal) { m.refused = append(m.refused, r) })
	if err != nil {
		return nil, err
	}
	for _, c := range sortedCells(said) {
		ladder, why := one(said[c])
		if why != "" {
			m.refuse(c, why)
			continue
		}
		m.cells[c] = ladder
	}
	if err := m.addUp(w.series, o.InForce); err != nil {
		return nil, err
	}
	return m, m.judge(o.InForce)
}

func sortedCells[V any](m map[cell]V) []cell {
	return slices.SortedFunc(maps.Keys(m), func(a, b cell) int { return strings.Compare(a.String(), b.String()) })
}

func (m *merged) refuse(c cell, why string) {
	m.refused = append(m.refused, Refusal{c.String(), why})
	m.doubted[c] = true
	delete(m.cells, c)
}

// one is the ladder that all products of a cell agree on.
func one(products map[string][]price.Tier) (ladder []price.Tier, why string) {
	for _, id := range slices.Sorted(maps.Keys(products)) {
		tiers, why := steps(products[id])
		switch {
		case why != "":
			return nil, why
		case ladder == nil:
			ladder = tiers
		case !slices.EqualFunc(ladder, tiers, sameTier):
			return nil, fmt.Sprintf("two products say two prices, %s and %s", shownLadder(ladder), shownLadder(tiers))
		}
	}
	return ladder, ""
}

func sameTier(a, b price.Tier) bool { return a.From.Equal(b.From) && a.Rate.Equal(b.Rate) }

func shownLadder(ladder []price.Tier) string {
	var out []string
	for _, t := range ladder {
		out = append(out, t.Rate.String())
	}
	return strings.Join(out, "/")
}

// steps puts tiers in order. What is free at the beginning is a free tier, which the book leaves out: the first price
// then holds from the first unit on.
func steps(tiers []price.Tier) ([]price.Tier, string) {
	tiers = slices.Clone(tiers)
	slices.SortStableFunc(tiers, func(a, b price.Tier) int { return a.From.Cmp(b.From) })
	tiers = slices.CompactFunc(tiers, sameTier)
	for i := 1; i < len(tiers); i++ {
		if tiers[i].From.Equal(tiers[i-1].From) {
			return nil, fmt.Sprintf("it has two prices, %s and %s", tiers[i-1].Rate, tiers[i].Rate)
		}
	}
	for len(tiers) > 1 && tiers[0].Rate.IsZero() {
		tiers = tiers[1:]
	}
	tiers[0].From = decimal.Zero
	return slices.CompactFunc(tiers, func(a, b price.Tier) bool { return a.Rate.Equal(b.Rate) }), ""
}

// addUp makes Google's machine types of cores and memory.
func (m *merged) addUp(series []sku.Series, book *price.Book) error {
	rates := map[[2]string]map[string]decimal.Decimal{} // series and region → core, memory
	for _, c := range sortedCells(m.cells) {
		if c.table != halves {
			continue
		}
		name, half, _ := strings.Cut(c.key, " ")
		id := [2]string{name, c.region}
		if rates[id] == nil {
			rates[id] = map[string]decimal.Decimal{}
		}
		rates[id][half] = m.cells[c][0].Rate
		delete(m.cells, c)
		delete(m.read, [2]string{halves, c.region})
	}
	if len(rates) == 0 {
		return nil
	}
	keys, err := book.Keys("google/instances")
	if err != nil {
		return err
	}
	for _, s := range series {
		for id, r := range rates {
			if id[0] != s.Name {
				continue
			}
			core, gib := r["core"], r["memory"]
			if !core.IsPositive() || !gib.IsPositive() {
				m.refused = append(m.refused, Refusal{"google/instances " + s.Name + " " + id[1], "cores or memory have no price"})
				continue
			}
			for _, key := range keys {
				if sum, ok := s.Sum(key, core, gib); ok {
					m.cells[cell{"google/instances", key, id[1]}] = []price.Tier{{Rate: sum}}
				}
			}
		}
	}
	return nil
}

// judge refuses prices that the book in force makes unlikely: the old one stays.
func (m *merged) judge(book *price.Book) error {
	for _, c := range sortedCells(m.cells) {
		old, err := listed(book, c)
		if err != nil {
			return err
		}
		now := m.cells[c][0].Rate
		switch {
		case now.IsZero() && (len(old) == 0 || !old[0].Rate.IsZero()):
			m.refuse(c, "a price of zero")
		case len(old) > 0 && old[0].Rate.IsPositive() && (now.GreaterThan(old[0].Rate.Mul(decimal.NewFromInt(absurd))) || now.Mul(decimal.NewFromInt(absurd)).LessThan(old[0].Rate)):
			m.refuse(c, fmt.Sprintf("it goes from %s to %s: what it counts must have changed", old[0].Rate, now))
		case c.table == "azure/vm_linux":
			if err := m.judgeLinux(book, c, old); err != nil {
				return err
			}
		}
	}
	return nil
}

// judgeLinux refuses the rows of Azure's list in which a Linux machine has the price of its Windows sibling.
func (m *merged) judgeLinux(book *price.Book, c cell, old []price.Tier) error {
	sibling := cell{"azure/vm_windows", c.key, c.region}
	windows, known := m.cells[sibling]
	if !known || len(old) == 0 || !windows[0].Rate.Equal(m.cells[c][0].Rate) {
		return nil
	}
	before, err := listed(book, sibling)
	if err != nil || len(before) == 0 {
		return err
	}
	if old[0].Rate.LessThan(before[0].Rate) {
		m.refuse(c, fmt.Sprintf("Linux has the price of Windows, %s", windows[0].Rate))
	}
	return nil
}

// listed are the tiers of a list price that the book holds for the region itself.
func listed(book *price.Book, c cell) ([]price.Tier, error) {
	a, err := book.Lookup(c.table, c.key, c.region)
	if err != nil || a.Status != price.Exact || a.Region != c.region {
		return nil, err
	}
	return a.Tiers, nil
}
