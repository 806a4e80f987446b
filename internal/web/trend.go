package web

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
)

const (
	week       = 7 * 24 * time.Hour
	trendWeeks = 12
	trendRows  = 8
)

// trend is what pull requests add a month, week by week, by one dimension.
type trend struct {
	Title string
	Since time.Time
	Rows  []trendRow
	More  int // rows that are not shown
}

type trendRow struct {
	Name    string
	Sum     string
	Rise    bool
	Unknown int
	Bars    []trendBar

	sum int64
}

// trendBar is one week of a row, in units of the drawing: 8 wide, 12 above and below the line.
type trendBar struct {
	X, Y, H int
	Rise    bool
	Text    string

	value int64
}

const barHalf = 12

// trendsOf draws the weeks, greatest sums first. All rows of a dimension have one scale, or they could not be compared;
// amounts of different currencies have rows of their own.
func trendsOf(costs []control.WeekCost, now time.Time) []trend {
	first := time.Unix(now.Unix()/int64(week/time.Second)*int64(week/time.Second), 0).UTC().Add(-(trendWeeks - 1) * week)
	var out []trend
	for _, d := range []string{"team", "provider"} {
		rows := trendRowsOf(costs, d, first)
		if len(rows) == 0 {
			continue
		}
		scaleBars(rows)
		out = append(out, trend{Title: "By " + d, Since: first, Rows: rows[:min(len(rows), trendRows)], More: max(len(rows)-trendRows, 0)})
	}
	return out
}

func trendRowsOf(costs []control.WeekCost, dimension string, first time.Time) []trendRow {
	type key struct{ name, currency string }
	weeks := map[key]*[trendWeeks]int64{}
	rows := map[key]*trendRow{}
	for _, c := range costs {
		at := int(c.Week.Sub(first) / week)
		if c.Dimension != dimension || at < 0 || at >= trendWeeks || c.Millionths == 0 && c.Unknown == 0 {
			continue
		}
		k := key{c.Name, c.Currency}
		if rows[k] == nil {
			rows[k], weeks[k] = &trendRow{Name: render.CleanText(c.Name)}, &[trendWeeks]int64{}
		}
		weeks[k][at] = control.SumMillionths(weeks[k][at], c.Millionths)
		rows[k].sum = control.SumMillionths(rows[k].sum, c.Millionths)
		rows[k].Unknown += c.Unknown
	}
	var out []trendRow
	for k, row := range rows {
		row.Sum, row.Rise = signed(row.sum, k.currency), row.sum > 0
		for i, v := range weeks[k] {
			row.Bars = append(row.Bars, trendBar{X: 10 * i, Rise: v > 0, Text: first.Add(time.Duration(i)*week).Format(time.DateOnly) + ": " + signed(v, k.currency), value: v})
		}
		out = append(out, *row)
	}
	slices.SortFunc(out, func(a, b trendRow) int {
		return cmp.Or(cmp.Compare(magnitude(b.sum), magnitude(a.sum)), cmp.Compare(b.Unknown, a.Unknown), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Sum, b.Sum))
	})
	return out
}

// scaleBars draws the greatest week of all rows as high as there is room, and what is not nothing at least so that it is seen.
func scaleBars(rows []trendRow) {
	greatest := int64(1)
	for _, r := range rows {
		for _, b := range r.Bars {
			greatest = max(greatest, b.value, -b.value)
		}
	}
	for _, r := range rows {
		for i := range r.Bars {
			b := &r.Bars[i]
			size := max(b.value, -b.value)
			b.H = int(float64(size) / float64(greatest) * barHalf)
			if size > 0 {
				b.H = max(b.H, 1)
			}
			b.Y = barHalf
			if b.Rise {
				b.Y = barHalf - b.H
			}
		}
	}
}

// signed writes millionths as an amount.
func signed(millionths int64, currency string) string {
	c, err := money.ParseCurrency(currency)
	if err != nil {
		return decimal.New(millionths, -6).StringFixed(2) + " of an unknown currency"
	}
	return render.Signed(money.New(decimal.New(millionths, -6), c))
}

// magnitude is how large an amount is, whichever way it goes.
func magnitude(n int64) int64 { return max(n, -max(n, -math.MaxInt64)) }
