package pricefeed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
)

// Report is what an update brought, against the book that was in force.
type Report struct {
	Digest            string // of the new book
	Parts, Kept       int    // Kept: parts that an earlier run had read
	Rows              int64
	Prices, Same      int
	New, Gone         []string
	Changed           []Change // by more than was asked for, the largest first
	Moved             int      // changed by less
	Refused           []Refusal
	RefusedRows       int64 // all of them
	doubled, compared int
}

// Change is a price that is another now.
type Change struct {
	Price    string
	Old, New string
	Percent  decimal.Decimal
}

// compare says what differs from the book in force. Gone is only what stood in a table and region that the feeds spoke
// of, and that a feed could have named.
func compare(m *merged, o Options) (Report, error) {
	r := Report{Prices: len(m.cells), Refused: m.refused}
	for _, c := range sortedCells(m.cells) {
		old, err := listed(o.InForce, c)
		if err != nil {
			return r, err
		}
		if len(old) == 0 {
			r.New = append(r.New, c.String())
			continue
		}
		r.compared++
		percent := difference(old, m.cells[c])
		half := decimal.NewFromInt(50)
		if percent.Abs().GreaterThan(half) {
			r.doubled++
		}
		switch {
		case percent.IsZero():
			r.Same++
		case percent.Abs().GreaterThan(o.Changed):
			r.Changed = append(r.Changed, Change{c.String(), shownLadder(old), shownLadder(m.cells[c]), percent.Round(1)})
		default:
			r.Moved++
		}
	}
	slices.SortStableFunc(r.Changed, func(a, b Change) int { return b.Percent.Abs().Cmp(a.Percent.Abs()) })
	return r, r.gone(m, o)
}

// difference is how far two ladders are apart, in percent, where they are furthest.
func difference(old, now []price.Tier) decimal.Decimal {
	most := decimal.Zero
	for _, at := range append(slices.Clone(old), now...) {
		a, b := rateAt(old, at.From), rateAt(now, at.From)
		if a.Equal(b) {
			continue
		}
		hundred := decimal.NewFromInt(100)
		percent := hundred
		if !a.IsZero() {
			percent = b.Sub(a).Mul(hundred).DivRound(a, 4)
		}
		if percent.Abs().GreaterThan(most.Abs()) {
			most = percent
		}
	}
	return most
}

func rateAt(ladder []price.Tier, from decimal.Decimal) decimal.Decimal {
	rate := ladder[0].Rate
	for _, t := range ladder {
		if t.From.LessThanOrEqual(from) {
			rate = t.Rate
		}
	}
	return rate
}

func (r *Report) gone(m *merged, o Options) error {
	tables := map[string]bool{}
	for id := range m.read {
		tables[id[0]] = true
	}
	for _, c := range sortedCells(m.cells) { // machine types are read as their halves
		tables[c.table] = true
		m.read[[2]string{c.table, c.region}] = true
	}
	for _, table := range o.Set.Tables() {
		if !tables[table] {
			continue
		}
		keys, err := o.InForce.Keys(table)
		if err != nil {
			return err
		}
		regions, err := o.InForce.Regions(table)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !o.Set.Renews(table, key) {
				continue
			}
			for _, region := range regions {
				c := cell{table, key, region}
				if _, there := m.cells[c]; there || m.doubted[c] || !m.read[[2]string{table, region}] {
					continue
				}
				old, err := listed(o.InForce, c)
				if err != nil {
					return err
				}
				if len(old) > 0 {
					r.compared++
					r.Gone = append(r.Gone, c.String())
				}
			}
		}
	}
	return nil
}

// doubt says why the book should not be taken as a whole; empty when it may be.
func (r *Report) doubt() string {
	const few, share = 20, 5 // a fifth
	switch {
	case r.Prices == 0:
		return "the feeds hold no price of the book" + examples(r.Refused)
	case r.compared >= few && len(r.Gone)*share > r.compared:
		return fmt.Sprintf("%d of %d prices are gone, such as %s: a feed is cut off or has changed", len(r.Gone), r.compared, r.Gone[0])
	case r.compared >= few && r.doubled*share > r.compared:
		return fmt.Sprintf("%d of %d prices changed by more than half: a feed has changed what it counts", r.doubled, r.compared)
	}
	return ""
}

func examples(refused []Refusal) string {
	if len(refused) == 0 {
		return ""
	}
	var out []string
	for _, r := range refused[:min(3, len(refused))] {
		out = append(out, r.String())
	}
	return "; refused: " + strings.Join(out, "; ")
}
