package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	ptext "github.com/jedib0t/go-pretty/v6/text"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// detail is one folded block: lines that may be cut from the end, and what the cut says.
type detail struct {
	summary string
	open    string // such as ```diff
	lines   []string
	close   string
	rest    func(shown int) string // the line that stands for what was cut
}

// restRoom is kept free for the line about the rest.
const restRoom = 120

func (d detail) size() int {
	n := len(d.summary) + len(d.open) + len(d.close) + 60
	for _, l := range d.lines {
		n += utf8.RuneCountInString(l)
	}
	return n + restRoom
}

// fitAll renders the blocks within room characters. A block that is too long takes at most half of what is left, so
// that a thousand findings do not push the money out.
func fitAll(list []detail, room int) string {
	var b strings.Builder
	for i, d := range list {
		share := room
		if i < len(list)-1 && d.size() > room/2 {
			share = room / 2
		}
		text := d.fit(share)
		room -= utf8.RuneCountInString(text)
		b.WriteString(text)
	}
	return b.String()
}

// fit renders the block within room characters, or nothing when not even its frame fits.
func (d detail) fit(room int) string {
	frame := func(body string) string {
		return fmt.Sprintf("\n<details><summary>%s</summary>\n\n%s%s%s\n</details>\n", d.summary, d.open, body, d.close)
	}
	left := room - utf8.RuneCountInString(frame("")) - restRoom
	if left < 0 {
		return ""
	}
	var b strings.Builder
	shown := 0
	for _, l := range d.lines {
		if left -= utf8.RuneCountInString(l); left < 0 {
			break
		}
		b.WriteString(l)
		shown++
	}
	if shown < len(d.lines) {
		b.WriteString(d.rest(shown))
	}
	return frame(b.String())
}

func details(r Report) []detail {
	var out []detail
	if findings := visibleFindings(r); len(findings) > tableRows {
		d := detail{summary: "Findings — " + plural(len(findings), "finding", "findings"), open: findingsHead}
		for _, f := range findings {
			d.lines = append(d.lines, findingRow(r, f, 400))
		}
		d.rest = func(n int) string {
			return fmt.Sprintf("|    | … %s | | |\n", plural(len(findings)-n, "more finding", "more findings"))
		}
		out = append(out, d)
	}
	if m := movers(r); len(m) > 0 {
		out = append(out, moversDetail(r, m))
	}
	out = append(out, listDetail("What the numbers rest on", assumptionLines(r))...)
	out = append(out, billDetails(r)...)
	return append(out, listDetail("Notes", noteLines(r))...)
}

func listDetail(title string, lines []string) []detail {
	if len(lines) == 0 {
		return nil
	}
	return []detail{{
		summary: title + " — " + plural(len(lines), "line", "lines"), lines: lines,
		rest: func(n int) string { return fmt.Sprintf("- … %s\n", plural(len(lines)-n, "more line", "more lines")) },
	}}
}

// moversDetail is the cost by resource as a diff. The lines and the line about the rest add up to the total.
func moversDetail(r Report, m []mover) detail {
	d := detail{
		summary: "Cost by resource — " + plural(len(m), "resource", "resources") + deltaSuffix(r),
		open:    "```diff\n", close: "```\n",
	}
	several := len(r.Projects) > 1
	for _, x := range m {
		d.lines = append(d.lines, moverLine(x, several))
	}
	d.rest = func(n int) string {
		return diffLine(" ", fmt.Sprintf("… %d more", len(m)-n), restText(m[n:]))
	}
	return d
}

func deltaSuffix(r Report) string {
	if t, ok := r.Total.Get(); ok && !t.Delta.IsZero() {
		return ", " + Signed(t.Delta) + "/mo"
	}
	return ""
}

func moverLine(x mover, several bool) string {
	mark := "!" // GitHub colours it as neither more nor less
	switch x.cost.Monthly.Delta.Sign() {
	case 1:
		mark = "+"
	case -1:
		mark = "-"
	}
	name := x.cost.Address
	if several {
		name = x.project + ": " + name
	}
	return diffLine(mark, middle(oneLine(name), nameWidth), x.text())
}

const nameWidth = 62

// diffLine begins with its mark, so that a fence in a name cannot end the block. It aligns by the columns that a text
// takes, not by its characters.
func diffLine(mark, name, text string) string {
	pad := max(nameWidth-ptext.StringWidthWithoutEscSequences(name), 0) + max(14-ptext.StringWidthWithoutEscSequences(text), 1)
	return mark + " " + name + strings.Repeat(" ", pad) + text + "\n"
}

// noteLines are what policies and plans have to say that changes nothing.
func noteLines(r Report) []string {
	var out []string
	for _, f := range worstFirst(r.Verdict.Findings) {
		if f.Severity == verdict.Allow {
			out = append(out, fmt.Sprintf("- %s %s\n", code(middle(f.ID, 40)), markdown(middle(findingWhy(f), 300))))
		}
	}
	for _, p := range r.Projects {
		for _, n := range p.Plan.Notes {
			out = append(out, fmt.Sprintf("- %s: %s\n", code(middle(n.Where, 120)), markdown(middle(n.Message, 300))))
		}
	}
	return out
}

// billDetails is every line of an estimate; a verdict shows what changes and leaves the rest to the report.
func billDetails(r Report) []detail {
	if r.View != CostView {
		return nil
	}
	var out []detail
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok || len(e.Resources) == 0 {
			continue
		}
		d := detail{open: "| Component | Quantity | Unit | Before | After |\n|-----------|---------:|------|-------:|------:|\n"}
		for i := range e.Resources {
			d.lines = append(d.lines, billRow(&e.Resources[i]))
		}
		title := "Every line"
		if len(r.Projects) > 1 {
			title += " of " + markdown(middle(p.Name, 64))
		}
		d.summary = title + " — " + plural(len(e.Resources), "resource", "resources")
		d.rest = func(n int) string {
			return fmt.Sprintf("| … %s | | | | |\n", plural(len(e.Resources)-n, "more resource", "more resources"))
		}
		out = append(out, d)
	}
	return out
}

// billCell says by which word a number is known when it is not a price alone.
func billCell(q *fact.Quote, unit string) string {
	text := markdown(lineText(q, unit))
	if q != nil && q.Basis == fact.Usage {
		text += " (usage)"
	}
	return text
}

// billRow is a resource with all its lines, so that cutting keeps them together.
func billRow(c *fact.ResourceCost) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | | | | |\n", code(middle(c.Address, 120)))
	for _, l := range c.Lines {
		name := markdown(middle(l.Name, 120))
		if l.Group != "" {
			name = code(middle(l.Group, 64)) + " " + name
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, quantityText(side(l).Quantity), markdown(middle(l.Unit, 40)),
			billCell(l.Before, l.Unit), billCell(l.After, l.Unit))
	}
	return b.String()
}
