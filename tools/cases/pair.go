package main

import (
	"math"
	"slices"
)

// tally counts lines: total is every line of either side once, agreed those that pair.
type tally struct{ agreed, total, money, priced int }

func (t *tally) add(o tally) {
	t.agreed += o.agreed
	t.total += o.total
	t.money += o.money
	t.priced += o.priced
}

// miss is a line that has no partner.
type miss struct {
	address string
	ours    bool
	line    line
}

// pair matches the lines of one address by unit and quantity (within 1 ‰; lines without usage by their rate).
// Each golden line is used once; an extra line of ours counts against us.
func pair(address string, golden, ours []line) (tally, []miss) {
	var t tally
	var misses []miss
	left := slices.Clone(ours)
	for _, g := range golden {
		t.total++
		best := -1
		for i, o := range left {
			if agrees(g, o) && (best < 0 || closer(g, o, left[best])) {
				best = i
			}
		}
		if best < 0 {
			misses = append(misses, miss{address, false, g})
			continue
		}
		t.agreed++
		if !g.unset && g.cost >= 0 {
			t.priced++
			if math.Abs(left[best].cost-g.cost) <= 0.006+0.001*g.cost {
				t.money++
			}
		}
		left = slices.Delete(left, best, best+1)
	}
	for _, o := range left {
		t.total++
		misses = append(misses, miss{address, true, o})
	}
	return t, misses
}

func agrees(g, o line) bool {
	if g.unset != o.unset || !sameUnit(g.unit, o.unit) {
		return false
	}
	if g.unset {
		return near(g.rate, o.rate) || math.Abs(g.rate-o.rate) <= 0.51*math.Pow10(-g.digits)
	}
	return near(g.quantity, o.quantity)
}

// near allows 1 ‰, or the last digit of what was printed.
func near(a, b float64) bool {
	return math.Abs(a-b) <= 0.001*math.Max(math.Abs(a), math.Abs(b)) || math.Abs(a-b) < 0.00051 && a != 0 && math.Abs(a) < 1
}

func closer(g, a, b line) bool { return math.Abs(a.cost-g.cost) < math.Abs(b.cost-g.cost) }
