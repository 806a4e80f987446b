package render

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	ptext "github.com/jedib0t/go-pretty/v6/text"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// textReport is what the terminal shows; in a pipe it is the same rows, tab-separated, without header or symbols.
func textReport(r Report, o Options) string {
	if !o.TTY {
		return pipeReport(r)
	}
	p := painter{o}
	var b strings.Builder
	if r.View == CheckView {
		b.WriteString(p.paint(outcomeColor(r.Verdict.Outcome), terminalSymbol(r.Verdict.Outcome)+" "+Headline(r)) + "\n")
		if f, ok := action(r.Verdict); ok {
			fmt.Fprintf(&b, "  To unblock: %s\n", terminal(f.Fix)+terminalPlace(f))
		}
		p.findings(&b, r)
	} else {
		b.WriteString(p.paint(ptext.Bold, Headline(r)) + "\n")
	}
	p.projects(&b, r)
	p.costs(&b, r)
	p.footer(&b, r)
	return b.String()
}

type painter struct{ o Options }

func (p painter) paint(c ptext.Color, s string) string {
	if !p.o.Color {
		return s
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", int(c), s)
}

func outcomeColor(o verdict.Outcome) ptext.Color {
	switch o {
	case verdict.Allow:
		return ptext.FgGreen
	case verdict.Warn, verdict.Undecided:
		return ptext.FgYellow
	case verdict.Block:
		return ptext.FgRed
	}
	return ptext.FgYellow
}

func terminalSymbol(o verdict.Outcome) string {
	switch o {
	case verdict.Allow:
		return "✓"
	case verdict.Warn:
		return "!"
	case verdict.Block:
		return "✗"
	case verdict.Undecided:
		return "?"
	}
	return "?"
}

func terminalPlace(f verdict.Finding) string {
	text := ""
	if f.Address != "" {
		text = " — " + terminal(f.Address)
	}
	if p := place(f); p != "" {
		text += " (" + terminal(p) + ")"
	}
	return text
}

// newTable is borderless, as terminals and logs like it.
func newTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = ptext.FormatUpper
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	return t
}

func (p painter) findings(b *strings.Builder, r Report) {
	findings := visibleFindings(r)
	if len(findings) == 0 {
		return
	}
	t := newTable()
	t.AppendHeader(table.Row{"", "policy", "where", "why"})
	const limit = 20
	for i, f := range findings {
		if i == limit {
			t.AppendRow(table.Row{"", fmt.Sprintf("… %d more", len(findings)-i), "", "--format json shows all"})
			break
		}
		where := f.Address
		if f.Line > 0 {
			where = place(f)
		}
		t.AppendRow(table.Row{
			p.paint(outcomeColor(f.Severity), terminalSymbol(f.Severity)), middle(terminal(f.ID), 24),
			middle(terminal(where), 48), terminal(middle(findingWhy(f), max(40, p.width()-60))),
		})
	}
	if n := passedChecks(r.Verdict); n > 0 {
		t.AppendRow(table.Row{p.paint(ptext.FgGreen, "✓"), plural(n, "other", "others"), "", ""})
	}
	b.WriteString("\n" + t.Render() + "\n")
}

func (p painter) width() int {
	if p.o.Width <= 0 {
		return 100
	}
	return p.o.Width
}

func (p painter) projects(b *strings.Builder, r Report) {
	for _, pr := range r.Projects {
		if len(r.Projects) > 1 || r.View == CheckView {
			cost := "no estimate: " + terminal(pr.Estimate.Why())
			if e, ok := pr.Estimate.Get(); ok {
				cost = changeText(e.Total)
			}
			fmt.Fprintf(b, "\n%s: %s · %s\n", terminal(pr.Name), planText(pr.Plan), cost)
		}
		for _, n := range pr.Plan.Notes {
			fmt.Fprintf(b, "  note: %s: %s\n", terminal(n.Where), terminal(n.Message))
		}
	}
}

// costs is the movers of a check, or every line of an estimate.
func (p painter) costs(b *strings.Builder, r Report) {
	if r.View == CostView {
		for _, pr := range r.Projects {
			if e, ok := pr.Estimate.Get(); ok {
				p.bill(b, e)
			}
		}
		return
	}
	m := movers(r)
	if len(m) == 0 {
		return
	}
	t := newTable()
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: ptext.AlignRight}, {Number: 3, Align: ptext.AlignRight}, {Number: 4, Align: ptext.AlignRight}})
	t.AppendHeader(table.Row{"cost by resource", "before", "after", "change"})
	const limit = 15
	for i, x := range m {
		if i == limit {
			sum := m[i].cost.Monthly.Delta
			for _, y := range m[i+1:] {
				sum = sum.Add(y.cost.Monthly.Delta)
			}
			t.AppendRow(table.Row{fmt.Sprintf("… %d more", len(m)-i), "", "", Signed(sum)})
			break
		}
		change := Signed(x.cost.Monthly.Delta)
		if x.open {
			change = "unknown"
			if !x.cost.Monthly.Delta.IsZero() {
				change = Signed(x.cost.Monthly.Delta) + " + unknown"
			}
		}
		t.AppendRow(table.Row{middle(terminal(x.cost.Address), 60), sideTotal(x, true), sideTotal(x, false), change})
	}
	b.WriteString("\n" + t.Render() + "\n")
}

// sideTotal is one side of a resource; a side that has only unknown lines has no number.
func sideTotal(x mover, before bool) string {
	a, known, open := x.cost.Monthly.After, false, false
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
	}
	switch {
	case open && a.IsZero():
		return "unknown"
	case open:
		return Money(a) + " + unknown"
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
			q := l.After
			if q == nil {
				q = l.Before
			}
			t.AppendRow(table.Row{
				indent + middle(terminal(l.Name), 64), quantityText(q.Quantity), terminal(l.Unit), lineText(l.Before, l.Unit), lineText(l.After, l.Unit) + mark(l.After),
			})
		}
	}
	if len(e.Resources) > 0 {
		b.WriteString("\n" + t.Render() + "\n")
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
	fmt.Fprintf(b, "\nTotal %s\n", changeText(e.Total))
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

func (p painter) footer(b *strings.Builder, r Report) {
	var parts []string
	for _, pr := range r.Projects {
		if e, ok := pr.Estimate.Get(); ok && e.BookAsOf != "" {
			parts = append(parts, "list prices, newest table of "+e.BookAsOf)
			break
		}
	}
	if r.Policies != "" && r.View == CheckView {
		parts = append(parts, "policies "+shortDigest(r.Policies))
	}
	if r.Verdict.Digest != "" {
		parts = append(parts, "verdict "+shortDigest(r.Verdict.Digest))
	}
	if len(parts) > 0 {
		b.WriteString("\n" + p.paint(ptext.Faint, strings.Join(parts, " · ")) + "\n")
	}
}

// pipeReport is for scripts: rows of kind and columns, in a fixed order.
func pipeReport(r Report) string {
	var b strings.Builder
	row := func(columns ...string) {
		for i, c := range columns {
			columns[i] = terminal(c)
		}
		b.WriteString(strings.Join(columns, "\t") + "\n")
	}
	if r.View == CheckView {
		row("verdict", r.Verdict.Outcome.String(), Headline(r), r.Verdict.Digest)
		for _, f := range worstFirst(r.Verdict.Findings) {
			row("finding", f.Severity.String(), f.ID, f.Address, place(f), f.Message, f.Fix)
		}
	} else {
		row("estimate", Headline(r), r.Verdict.Digest)
	}
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			row("project", p.Name, "unknown", p.Estimate.Why())
			continue
		}
		row("project", p.Name, string(e.Currency), e.Total.Before.Value().String(), e.Total.After.Value().String(), e.Total.Delta.Value().String())
		for i := range e.Resources {
			c := &e.Resources[i]
			for _, l := range c.Lines {
				if r.View == CostView || c.Action.Changes() {
					row("line", p.Name, c.Address, l.Group, l.Name, l.Unit, pipeQuote(l.Before), pipeQuote(l.After))
				}
			}
		}
	}
	return b.String()
}

// pipeQuote is the exact monthly amount, or the basis in words.
func pipeQuote(q *fact.Quote) string {
	switch {
	case q == nil:
		return "-"
	case q.Monthly != nil:
		return q.Monthly.Value().String()
	}
	return q.Basis.String()
}

// Table lays rows out for a terminal, or tab-separated without a header for a pipe.
func Table(tty bool, header []string, rows [][]string) string {
	if !tty {
		lines := make([]string, 0, len(rows))
		for _, r := range rows {
			columns := make([]string, len(r))
			for i, c := range r {
				columns[i] = terminal(c)
			}
			lines = append(lines, strings.Join(columns, "\t"))
		}
		return strings.Join(lines, "\n")
	}
	t := newTable()
	t.AppendHeader(rowOf(header))
	for _, r := range rows {
		t.AppendRow(rowOf(r))
	}
	return t.Render()
}

func rowOf(columns []string) table.Row {
	row := make(table.Row, len(columns))
	for i, c := range columns {
		row[i] = terminal(c)
	}
	return row
}

// Plain makes a string safe to print on a terminal.
func Plain(s string) string { return terminal(s) }
