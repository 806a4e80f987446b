package render

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	ptext "github.com/jedib0t/go-pretty/v6/text"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// Dimension is what an estimate is split by. The zero Dimension is none.
type Dimension uint8

// The dimensions.
const (
	NoDimension Dimension = iota
	ByProvider
	ByService
	ByRegion
	ByTeam
	ByEnvironment
	ByModule
	ByProject
)

var dimensionNames = [...]string{"", "provider", "service", "region", "team", "environment", "module", "project"} //nolint:gochecknoglobals // a constant table

// Dimensions lists the names, in the order in which people ask.
func Dimensions() []string { return slices.Clone(dimensionNames[1:]) }

// ParseDimension reads a name; the error lists them all.
func ParseDimension(name string) (Dimension, error) {
	for d := ByProvider; d <= ByProject; d++ {
		if d.String() == name {
			return d, nil
		}
	}
	return NoDimension, fmt.Errorf("%.40q is nothing to group by; choose one of %s", name, strings.Join(Dimensions(), ", "))
}

func (d Dimension) of(project string, c *fact.ResourceCost) string {
	switch d {
	case ByProvider:
		return cmp.Or(c.Provider, "no provider")
	case ByService:
		return cmp.Or(c.Service, c.Type)
	case ByRegion:
		return cmp.Or(c.Region, "no region")
	case ByTeam:
		return cmp.Or(c.Team, "no team tag")
	case ByEnvironment:
		return cmp.Or(c.Environment, "no environment tag")
	case ByModule:
		return cmp.Or(c.Module, "root module")
	case ByProject:
		return project
	case NoDimension:
	}
	return ""
}

// group is what the resources of one kind cost together.
type group struct {
	Name      string
	Resources int
	Monthly   fact.Change
	open      openness // of all of its resources, changed or not
}

// groupsOf splits the estimates of a report, dearest first. All groups together are the total.
func groupsOf(r Report, d Dimension) []group {
	index := map[string]int{}
	var out []group
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			continue
		}
		for i := range e.Resources {
			c := &e.Resources[i]
			name := d.of(p.Name, c)
			at, begun := index[name]
			if !begun {
				at = len(out)
				index[name] = at
				zero := c.Monthly.Before.Sub(c.Monthly.Before)
				out = append(out, group{Name: name, Monthly: fact.Change{Before: zero, After: zero, Delta: zero}})
			}
			out[at].add(c)
		}
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(b.Monthly.After.Value().Cmp(a.Monthly.After.Value()), b.Monthly.Before.Value().Cmp(a.Monthly.Before.Value()), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (g *group) add(c *fact.ResourceCost) {
	g.Resources++
	g.Monthly.Before = g.Monthly.Before.Add(c.Monthly.Before)
	g.Monthly.After = g.Monthly.After.Add(c.Monthly.After)
	g.Monthly.Delta = g.Monthly.Delta.Add(c.Monthly.Delta)
	switch {
	case Open(c):
		g.open.unknown++
	case hasRateOnly(c):
		g.open.usage++
	}
}

// hasRateOnly reports a line that waits for usage, whether it changes or not.
func hasRateOnly(c *fact.ResourceCost) bool {
	return slices.ContainsFunc(c.Lines, func(l fact.LineItem) bool {
		return l.After != nil && l.After.Basis == fact.UsageUnset || l.Before != nil && l.Before.Basis == fact.UsageUnset
	})
}

// amount is one side in words: what has no number at all is never nothing.
func (g group) amount(a money.Amount) string {
	switch {
	case !a.IsZero():
		return Money(a)
	case g.open.unknown > 0:
		return "unknown"
	case g.open.usage > 0:
		return "by usage"
	}
	return Money(a)
}

// rest says what is not in a group's numbers.
func (g group) rest() string {
	var parts []string
	if g.open.unknown > 0 {
		parts = append(parts, plural(g.open.unknown, "resource", "resources")+" unknown")
	}
	if g.open.usage > 0 {
		parts = append(parts, fmt.Sprintf("%d by usage", g.open.usage))
	}
	return strings.Join(parts, ", ")
}

// textOf is the whole report, or the groups that were asked for.
func textOf(r Report, o Options) string {
	if o.GroupBy == NoDimension {
		return textReport(r, o)
	}
	if !o.TTY {
		return groupsPipe(r, o.GroupBy)
	}
	p := painter{o}
	var b strings.Builder
	b.WriteString(p.paint(ptext.Bold, Headline(r)) + "\n\n")
	t := newTable()
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: ptext.AlignRight}, {Number: 3, Align: ptext.AlignRight}, {Number: 4, Align: ptext.AlignRight}, {Number: 5, Align: ptext.AlignRight}})
	t.AppendHeader(table.Row{o.GroupBy.String(), "resources", "before", "after", "change", "not in it"})
	for _, g := range groupsOf(r, o.GroupBy) {
		t.AppendRow(table.Row{middle(terminal(g.Name), 60), g.Resources, g.amount(g.Monthly.Before), g.amount(g.Monthly.After), Signed(g.Monthly.Delta), g.rest()})
	}
	b.WriteString(laidOut(t))
	return inertLines(b.String())
}

// groupsPipe is a row a group for scripts: group, name, resources, before, after, change, unknown, by usage.
func groupsPipe(r Report, d Dimension) string {
	var b strings.Builder
	for _, row := range groupRows(r, d) {
		for i := range row {
			row[i] = terminal(row[i])
		}
		b.WriteString("group\t" + strings.Join(row, "\t") + "\n")
	}
	return b.String()
}

func csvOf(r Report, o Options) ([]byte, error) {
	if o.GroupBy == NoDimension {
		return csvReport(r)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write([]string{o.GroupBy.String(), "resources", "currency", "before", "after", "change", "unknown", "by_usage"}) // the writer keeps its first error
	for _, row := range groupRows(r, o.GroupBy) {
		_ = w.Write(texts(row...))
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// groupRows has exact amounts.
func groupRows(r Report, d Dimension) [][]string {
	var out [][]string
	for _, g := range groupsOf(r, d) {
		out = append(out, []string{
			g.Name, strconv.Itoa(g.Resources), string(r.Currency), g.Monthly.Before.Value().String(), g.Monthly.After.Value().String(),
			g.Monthly.Delta.Value().String(), strconv.Itoa(g.open.unknown), strconv.Itoa(g.open.usage),
		})
	}
	return out
}

// String is the name that --group-by takes.
func (d Dimension) String() string {
	if int(d) < len(dimensionNames) {
		return dimensionNames[d]
	}
	return ""
}
