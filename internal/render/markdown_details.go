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
	if t, ok := r.Total.Get(); ok {
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
	return diffLine(mark, middle(fenced(name), nameWidth), x.text())
}

const nameWidth = 62

// diffLine aligns by the columns that a text takes, not by its characters.
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

// assumptionLines say what the estimate took for granted, what has no price, and how old prices are.
func assumptionLines(r Report) []string {
	l := lineSet{seen: map[string]bool{}}
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			l.add("- %s: no estimate: %s\n", code(middle(p.Name, 64)), markdown(middle(p.Estimate.Why(), 300)))
			continue
		}
		l.estimate(e)
	}
	return l.lines
}

// lineSet keeps each line once, in the order of its first appearance.
type lineSet struct {
	lines []string
	seen  map[string]bool
}

func (l *lineSet) add(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !l.seen[s] {
		l.seen[s] = true
		l.lines = append(l.lines, s)
	}
}

func (l *lineSet) estimate(e fact.Estimate) {
	for _, t := range e.Unpriced {
		l.add("- unpriced: %s × %d: %s\n", code(middle(t.Type, 64)), t.Count, markdown(middle(t.Why, 200)))
	}
	for _, n := range e.Notes {
		l.add("- %s = %s: %s\n", markdown(middle(n.What, 120)), code(middle(n.Value, 120)), markdown(middle(n.Why, 200)))
	}
	if n := e.Coverage.UsageUnsetLines; n > 0 {
		l.add("- %s shown by rate only: no usage was given, so it is in no total\n", plural(n, "usage-based line is", "usage-based lines are"))
	}
	if !e.UsagePart.After.IsZero() || !e.UsagePart.Before.IsZero() {
		l.add("- of the total, %s rest on usage assumptions\n", changeText(e.UsagePart))
	}
	for i := range e.Resources {
		l.resource(&e.Resources[i])
	}
	if e.BookAsOf != "" {
		l.add("- list prices without tax, newest table of %s\n", markdown(middle(e.BookAsOf, 20)))
	}
}

func (l *lineSet) resource(c *fact.ResourceCost) {
	if !c.Action.Changes() {
		return
	}
	address := code(middle(c.Address, 120))
	if why := openWhy(c); why != "" {
		l.add("- %s: %s\n", address, markdown(middle(why, 200)))
	}
	for _, a := range c.Assumptions {
		if !strings.HasSuffix(a.What, " region") { // the estimate's notes name regions once for all
			l.add("- %s: %s = %s (%s)\n", address, markdown(middle(a.What, 120)), code(middle(a.Value, 120)), markdown(middle(a.Why, 200)))
		}
	}
}
