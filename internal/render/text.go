package render

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	ptext "github.com/jedib0t/go-pretty/v6/text"

	"github.com/org/platform-action/internal/verdict"
)

// textReport is what the terminal shows; in a pipe it is the same rows, tab-separated, without header or symbols.
func textReport(r Report, o Options) string {
	if !o.TTY {
		return pipeReport(r)
	}
	p := painter{o}
	var b strings.Builder
	if symbol := headlineSymbol(r); symbol != "" {
		b.WriteString(p.paint(outcomeColor(r.Verdict.Outcome), terminalSymbol(r.Verdict.Outcome)+" "+Headline(r)) + "\n")
	} else {
		b.WriteString(p.paint(ptext.Bold, Headline(r)) + "\n")
	}
	if f, ok := action(r.Verdict); ok {
		fmt.Fprintf(&b, "  To unblock: %s\n", terminal(middle(f.Fix, 400))+terminalPlace(f))
	}
	p.findings(&b, r)
	p.projects(&b, r)
	p.costs(&b, r)
	p.footer(&b, r)
	return inertLines(b.String())
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

// laidOut is a table without the blanks that fill its last column.
func laidOut(t table.Writer) string {
	lines := strings.Split(t.Render(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func (p painter) findings(b *strings.Builder, r Report) {
	findings := visibleFindings(r)
	if len(findings) == 0 {
		return
	}
	t := newTable()
	t.AppendHeader(table.Row{"", "policy", "where", "why"})
	const limit = 20
	shown := findings[:min(len(findings), limit)]
	ids, places, taken := make([]string, len(shown)), make([]string, len(shown)), 0
	for i, f := range shown {
		ids[i], places[i] = middle(terminal(f.ID), 24), middle(terminal(nonEmpty(where(r, f), "–")), 48)
		taken = max(taken, ptext.StringWidthWithoutEscSequences(ids[i])+ptext.StringWidthWithoutEscSequences(places[i]))
	}
	const lines = 4 // of one reason
	wide := max(40, p.width()-taken-8)
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 4, WidthMax: wide, WidthMaxEnforcer: ptext.WrapSoft}})
	for i, f := range shown {
		t.AppendRow(table.Row{
			p.paint(outcomeColor(f.Severity), terminalSymbol(f.Severity)), ids[i], places[i], middle(terminal(findingWhy(f)), lines*wide),
		})
	}
	if n := len(findings) - len(shown); n > 0 {
		t.AppendRow(table.Row{"", fmt.Sprintf("… %d more", n), "", "--format json shows all"})
	}
	if n := passedChecks(r.Verdict); n > 0 {
		t.AppendRow(table.Row{p.paint(ptext.FgGreen, "✓"), plural(n, "other", "others"), "", ""})
	}
	b.WriteString("\n" + laidOut(t))
}

func (p painter) width() int {
	if p.o.Width <= 0 {
		return 100
	}
	return p.o.Width
}

func (p painter) projects(b *strings.Builder, r Report) {
	for _, pr := range r.Projects {
		fmt.Fprintf(b, "\n%s: %s · cost %s\n", terminal(pr.Name), planText(pr.Plan), terminal(projectCost(pr)))
		for _, n := range pr.Plan.Notes {
			fmt.Fprintf(b, "  note: %s: %s\n", terminal(middle(n.Where, 200)), terminal(middle(n.Message, 400)))
		}
		if e, ok := pr.Estimate.Get(); ok && r.View == CostView {
			p.bill(b, e)
		}
	}
}

// costs is the movers of a check; an estimate has shown every line before.
func (p painter) costs(b *strings.Builder, r Report) {
	m := movers(r)
	if len(m) == 0 || r.View == CostView {
		return
	}
	t := newTable()
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: ptext.AlignRight}, {Number: 3, Align: ptext.AlignRight}, {Number: 4, Align: ptext.AlignRight}})
	t.AppendHeader(table.Row{"cost by resource", "before", "after", "change"})
	const limit = 15
	for i, x := range m {
		if i == limit {
			t.AppendRow(table.Row{fmt.Sprintf("… %d more", len(m)-i), "", "", restText(m[i:])})
			break
		}
		name := terminal(x.cost.Address)
		if len(r.Projects) > 1 {
			name = terminal(x.project) + ": " + name
		}
		t.AppendRow(table.Row{middle(name, 60), sideTotal(x, true), sideTotal(x, false), x.text()})
	}
	b.WriteString("\n" + laidOut(t))
}

func (p painter) footer(b *strings.Builder, r Report) {
	var parts []string
	if d := bookDate(r); d != "" {
		parts = append(parts, "list prices, newest table of "+terminal(middle(d, 20)))
	}
	if r.Policies != "" && r.View == CheckView {
		parts = append(parts, "policies "+terminal(shortDigest(r.Policies)))
	}
	if r.Verdict.Digest != "" {
		parts = append(parts, "verdict "+terminal(shortDigest(r.Verdict.Digest)))
	}
	if len(parts) > 0 {
		b.WriteString("\n" + p.paint(ptext.Faint, strings.Join(parts, " · ")) + "\n")
	}
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
