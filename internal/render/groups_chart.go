package render

// chart is the groups of one dimension as bars, in units of the drawing.
type chart struct {
	Title  string
	Rows   []chartRow
	Height int
}

type chartRow struct {
	Name, Text    string
	Before, After int // widths
	Y, TY, BY     int
}

const (
	groupRowsMax = 10  // of one chart; the rest is one row
	groupBarMax  = 320 // width of the dearest
)

// charts split what everything costs after the change, for each dimension that has two groups or more. Nothing is left
// out: what does not fit is one bar.
func charts(r Report) []chart {
	var out []chart
	for _, d := range []Dimension{ByProvider, ByService, ByRegion, ByTeam, ByEnvironment, ByModule, ByProject} {
		groups := groupsOf(r, d)
		if len(groups) < 2 || groups[0].Monthly.After.Sign() <= 0 && groups[0].Monthly.Before.Sign() <= 0 {
			continue
		}
		c := chart{Title: "By " + d.String()}
		for i, g := range folded(groups) {
			c.Rows = append(c.Rows, chartRow{Name: middle(oneLine(g.Name), 36), Text: g.text(), Y: 28*i + 4, TY: 28*i + 17, BY: 28*i + 20})
		}
		c.Height = 28*len(c.Rows) + 4
		scale(c.Rows, folded(groups))
		out = append(out, c)
	}
	return out
}

// folded makes one group of those that have no row of their own.
func folded(groups []group) []group {
	if len(groups) <= groupRowsMax {
		return groups
	}
	rest := groups[groupRowsMax-1:]
	sum := group{Name: plural(len(rest), "other", "others")}
	for _, g := range rest {
		sum.Resources += g.Resources
		sum.Monthly.Before = sum.Monthly.Before.Add(g.Monthly.Before)
		sum.Monthly.After = sum.Monthly.After.Add(g.Monthly.After)
		sum.Monthly.Delta = sum.Monthly.Delta.Add(g.Monthly.Delta)
		sum.open.add(g.open)
	}
	return append(groups[:groupRowsMax-1:groupRowsMax-1], sum)
}

func (g group) text() string {
	text := g.amount(g.Monthly.After)
	if !g.Monthly.Delta.IsZero() {
		text += " (" + Signed(g.Monthly.Delta) + ")"
	}
	if rest := g.rest(); rest != "" && !g.Monthly.After.IsZero() {
		text += " + " + rest
	}
	return text
}

// scale draws every bar by the same measure.
func scale(rows []chartRow, groups []group) {
	greatest := 0.0
	for _, g := range groups {
		greatest = max(greatest, g.Monthly.Before.Value().InexactFloat64(), g.Monthly.After.Value().InexactFloat64())
	}
	width := func(v float64) int {
		if v <= 0 || greatest <= 0 {
			return 0
		}
		return max(1, int(v/greatest*groupBarMax)) // a small cost is still one
	}
	for i, g := range groups {
		rows[i].Before, rows[i].After = width(g.Monthly.Before.Value().InexactFloat64()), width(g.Monthly.After.Value().InexactFloat64())
	}
}
