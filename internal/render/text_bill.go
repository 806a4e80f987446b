package render

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	ptext "github.com/jedib0t/go-pretty/v6/text"

	"github.com/org/platform-action/internal/fact"
)

// sideTotal is one side of a resource; a side that has only unknown lines has no number.
func sideTotal(x mover, before bool) string {
	a, known, open, usage := x.cost.Monthly.After, false, false, false
	if before {
		a = x.cost.Monthly.Before
	}
	for _, l := range x.cost.Lines {
		q := l.After
		if before {
			q = l.Before
		}
		if q == nil {
			continue
		}
		known = known || q.Monthly != nil
		open = open || q.Basis == fact.Unknown || q.Basis == fact.Unpriced
		usage = usage || q.Basis == fact.UsageUnset
	}
	switch {
	case open && a.IsZero():
		return "unknown"
	case open:
		return Money(a) + " + unknown"
	case usage && a.IsZero():
		return "by usage"
	case usage:
		return Money(a) + " + usage"
	case !known:
		return "–"
	}
	return Money(a)
}

// bill prints every line item of an estimate.
func (p painter) bill(b *strings.Builder, e fact.Estimate) {
	t := newTable()
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: ptext.AlignRight}, {Number: 4, Align: ptext.AlignRight}, {Number: 5, Align: ptext.AlignRight}})
	t.AppendHeader(table.Row{"resource", "quantity", "unit", "before", "after"})
	for i := range e.Resources {
		c := &e.Resources[i]
		t.AppendRow(table.Row{p.paint(ptext.Bold, middle(terminal(c.Address), 70)), "", "", "", ""})
		group := ""
		for _, l := range c.Lines {
			if l.Group != group {
				group = l.Group
				t.AppendRow(table.Row{"  " + middle(terminal(group), 66), "", "", "", ""})
			}
			indent := "  "
			if l.Group != "" {
				indent = "    "
			}
			t.AppendRow(table.Row{
				indent + middle(terminal(l.Name), 64), quantityText(side(l).Quantity), terminal(l.Unit), lineText(l.Before, l.Unit), lineText(l.After, l.Unit) + mark(l.After),
			})
		}
	}
	if len(e.Resources) > 0 {
		b.WriteString("\n" + laidOut(t))
	}
	billTotals(b, e)
}

func mark(q *fact.Quote) string {
	if q != nil && q.Basis == fact.Usage {
		return " *"
	}
	return ""
}

func billTotals(b *strings.Builder, e fact.Estimate) {
	fmt.Fprintf(b, "\nTotal %s\n", costText(e.Total, openOf(e)))
	if !e.UsagePart.After.IsZero() || !e.UsagePart.Before.IsZero() {
		fmt.Fprintf(b, "* of which by usage assumptions %s\n", changeText(e.UsagePart))
	}
	c := e.Coverage
	fmt.Fprintf(b, "%s: %d priced, %d free, %d unknown, %d unpriced; %s by rate only\n", plural(c.Resources, "resource", "resources"),
		c.Priced, c.Free, c.Unknown, c.Unpriced, plural(c.UsageUnsetLines, "line", "lines"))
	for _, t := range e.Unpriced {
		fmt.Fprintf(b, "unpriced: %s × %d: %s\n", terminal(t.Type), t.Count, terminal(t.Why))
	}
	for _, n := range e.Notes {
		fmt.Fprintf(b, "assumed: %s = %s: %s\n", terminal(n.What), terminal(n.Value), terminal(n.Why))
	}
}
