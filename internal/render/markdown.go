package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// commentLimit is the length of a GitHub comment in characters.
const commentLimit = 65536

// tableRows is how many findings the first table shows.
const tableRows = 6

// markdownReport is the pull request comment: headline, the one action, one table, folded details, footer. Only
// details are cut, whole blocks and whole lines at a time, so that what remains is always well formed.
func markdownReport(r Report, o Options) string {
	limit := o.Limit
	if limit <= 0 {
		limit = commentLimit
	}
	head := markdownHead(r, o)
	foot := markdownFooter(r)
	room := limit - utf8.RuneCountInString(head) - utf8.RuneCountInString(foot)
	var body strings.Builder
	for _, d := range details(r) {
		text := d.fit(room)
		if text == "" {
			continue
		}
		room -= utf8.RuneCountInString(text)
		body.WriteString(text)
	}
	return head + body.String() + foot
}

func markdownHead(r Report, o Options) string {
	var b strings.Builder
	if o.Marker != "" {
		b.WriteString(o.Marker + "\n")
	}
	if r.View == CostView {
		fmt.Fprintf(&b, "### %s\n", Headline(r))
	} else {
		fmt.Fprintf(&b, "### %s %s\n", Symbol(r.Verdict.Outcome), Headline(r))
	}
	if f, ok := action(r.Verdict); ok && r.View == CheckView {
		fmt.Fprintf(&b, "\n**To unblock:** %s%s\n", markdown(middle(f.Fix, 300)), markdownPlace(f))
	}
	markdownFindings(&b, r)
	markdownProjects(&b, r)
	return b.String()
}

func markdownPlace(f verdict.Finding) string {
	var parts []string
	if f.Address != "" {
		parts = append(parts, code(middle(f.Address, 120)))
	}
	if p := place(f); p != "" {
		parts = append(parts, code(middle(p, 160)))
	}
	text := ""
	if len(parts) > 0 {
		text = " — " + strings.Join(parts, " in ")
	}
	return text + " — " + code(middle(f.ID, 40))
}

func markdownFindings(b *strings.Builder, r Report) {
	findings := visibleFindings(r)
	if len(findings) == 0 {
		return
	}
	b.WriteString("\n|    | Policy | Where | Why |\n|----|--------|-------|-----|\n")
	for i, f := range findings {
		if i == tableRows {
			fmt.Fprintf(b, "|    | %s | | all under Findings below |\n", plural(len(findings)-i, "more finding", "more findings"))
			break
		}
		b.WriteString(findingRow(f, 120))
	}
	if passed := passedChecks(r.Verdict); passed > 0 {
		fmt.Fprintf(b, "| ✅ | %s | | |\n", plural(passed, "other passes", "others pass"))
	}
}

func findingRow(f verdict.Finding, width int) string {
	where := f.Address
	if p := place(f); p != "" && f.Line > 0 {
		where = p
	}
	return fmt.Sprintf("| %s | %s %s | %s | %s |\n", Symbol(f.Severity), code(middle(f.ID, 40)), markdown(middle(f.Title, 60)),
		code(middle(where, 64)), markdown(middle(findingWhy(f), width)))
}

// findingWhy is the message, with the address where the row shows the file instead.
func findingWhy(f verdict.Finding) string {
	if f.Address != "" && f.Line > 0 && !strings.Contains(f.Message, f.Address) {
		return f.Address + ": " + f.Message
	}
	return f.Message
}

// visibleFindings are those that a reader must see; notes (allow) are in the details.
func visibleFindings(r Report) []verdict.Finding {
	var out []verdict.Finding
	for _, f := range worstFirst(r.Verdict.Findings) {
		if f.Severity != verdict.Allow {
			out = append(out, f)
		}
	}
	return out
}

func passedChecks(v verdict.Verdict) int {
	n := 0
	for _, c := range v.Checks {
		if c.Findings == 0 && c.Looked != 0 {
			n++
		}
	}
	return n
}

// markdownProjects is a row each when there are several plans.
func markdownProjects(b *strings.Builder, r Report) {
	if len(r.Projects) < 2 {
		return
	}
	b.WriteString("\n| Project | Changes | Cost |\n|---------|---------|------|\n")
	for i, p := range r.Projects {
		if i == 20 {
			fmt.Fprintf(b, "| %s | | |\n", plural(len(r.Projects)-i, "more project", "more projects"))
			break
		}
		cost := "unknown"
		if e, ok := p.Estimate.Get(); ok {
			cost = changeText(e.Total)
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(middle(p.Name, 64)), planText(p.Plan), cost)
	}
}

// planText is "2 to add, 1 to change, 0 to destroy", as Terraform says it.
func planText(p PlanSummary) string {
	text := fmt.Sprintf("%d to add, %d to change, %d to destroy", p.Create+p.Replace, p.Update, p.Delete+p.Replace)
	if p.Import > 0 {
		text += fmt.Sprintf(", %d to import", p.Import)
	}
	if p.Forget > 0 {
		text += fmt.Sprintf(", %d to forget", p.Forget)
	}
	if !p.Complete {
		text += " (partial plan)"
	}
	return text
}

// detail is one folded block: lines that may be cut from the end, and what the cut says.
type detail struct {
	summary string
	open    string // such as ```diff
	lines   []string
	close   string
	rest    func(shown int) string // the line that stands for what was cut
}

// fit renders the block within room characters, or nothing when not even its frame fits.
func (d detail) fit(room int) string {
	frame := fmt.Sprintf("\n<details><summary>%s</summary>\n\n%s%s\n</details>\n", d.summary, d.open, d.close)
	left := room - utf8.RuneCountInString(frame) - 120 // the line about the rest
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
	if shown < len(d.lines) && d.rest != nil {
		b.WriteString(d.rest(shown))
	}
	return fmt.Sprintf("\n<details><summary>%s</summary>\n\n%s%s%s\n</details>\n", d.summary, d.open, b.String(), d.close)
}

func details(r Report) []detail {
	var out []detail
	if findings := visibleFindings(r); len(findings) > tableRows {
		d := detail{summary: "Findings — " + plural(len(findings), "finding", "findings"), open: "|    | Policy | Where | Why |\n|----|--------|-------|-----|\n"}
		for _, f := range findings {
			d.lines = append(d.lines, findingRow(f, 400))
		}
		d.rest = func(n int) string {
			return fmt.Sprintf("|    | %s | | |\n", plural(len(findings)-n, "more finding", "more findings"))
		}
		out = append(out, d)
	}
	if m := movers(r); len(m) > 0 {
		out = append(out, moversDetail(r, m))
	}
	if lines := assumptionLines(r); len(lines) > 0 {
		out = append(out, detail{
			summary: "What the numbers rest on — " + plural(len(lines), "line", "lines"), lines: lines,
			rest: func(n int) string { return fmt.Sprintf("- %s\n", plural(len(lines)-n, "more line", "more lines")) },
		})
	}
	return out
}

// moversDetail is the cost by resource as a diff. The lines and the line about the rest add up to the total.
func moversDetail(r Report, m []mover) detail {
	d := detail{
		summary: fmt.Sprintf("Cost by resource — %s%s", plural(len(m), "changes", "change"), deltaSuffix(r)),
		open:    "```diff\n", close: "```\n",
	}
	several := len(r.Projects) > 1
	for _, x := range m {
		d.lines = append(d.lines, moverLine(x, several))
	}
	d.rest = func(n int) string {
		sum := m[n].cost.Monthly.Delta
		for _, x := range m[n+1:] {
			sum = sum.Add(x.cost.Monthly.Delta)
		}
		return fmt.Sprintf("  … %d more (%s)\n", len(m)-n, Signed(sum))
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
	mark := " "
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
	text := Signed(x.cost.Monthly.Delta)
	if x.open {
		text = "unknown"
		if !x.cost.Monthly.Delta.IsZero() {
			text = Signed(x.cost.Monthly.Delta) + " + unknown"
		}
	}
	return fmt.Sprintf("%s %-62s %12s\n", mark, middle(fenced(name), 62), text)
}

// assumptionLines say what the estimate took for granted, what has no price, and how old prices are.
func assumptionLines(r Report) []string {
	var out []string
	seen := map[string]bool{}
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			add(fmt.Sprintf("- %s: no estimate: %s\n", code(p.Name), markdown(p.Estimate.Why())))
			continue
		}
		for _, t := range e.Unpriced {
			add(fmt.Sprintf("- unpriced: %s × %d: %s\n", code(t.Type), t.Count, markdown(t.Why)))
		}
		for _, n := range e.Notes {
			add(fmt.Sprintf("- %s = %s: %s\n", markdown(n.What), code(n.Value), markdown(n.Why)))
		}
		if n := e.Coverage.UsageUnsetLines; n > 0 {
			add(fmt.Sprintf("- %s shown by rate only: no usage was given, so it is in no total\n", plural(n, "usage-based line is", "usage-based lines are")))
		}
		if !e.UsagePart.After.IsZero() || !e.UsagePart.Before.IsZero() {
			add(fmt.Sprintf("- of the total, %s rest on usage assumptions\n", changeText(e.UsagePart)))
		}
		for i := range e.Resources {
			for _, m := range resourceAssumptions(&e.Resources[i]) {
				add(m)
			}
		}
		if e.BookAsOf != "" {
			add(fmt.Sprintf("- list prices without tax, newest table of %s\n", e.BookAsOf))
		}
	}
	return out
}

func resourceAssumptions(c *fact.ResourceCost) []string {
	if !c.Action.Changes() {
		return nil
	}
	var out []string
	for _, a := range c.Assumptions {
		if strings.HasSuffix(a.What, " region") {
			continue
		}
		out = append(out, fmt.Sprintf("- %s: %s = %s (%s)\n", code(c.Address), markdown(a.What), code(a.Value), markdown(a.Why)))
	}
	if why := openWhy(c); why != "" {
		out = append(out, fmt.Sprintf("- %s: %s\n", code(c.Address), markdown(middle(why, 200))))
	}
	return out
}

func markdownFooter(r Report) string {
	var parts []string
	if r.Commit != "" {
		parts = append(parts, code(middle(r.Commit, 12)))
	}
	if r.Policies != "" && r.View == CheckView {
		parts = append(parts, "policies "+code(shortDigest(r.Policies)))
	}
	if r.Verdict.Digest != "" {
		parts = append(parts, "verdict "+code(shortDigest(r.Verdict.Digest)))
	}
	if r.Reproduce != "" {
		parts = append(parts, "reproduce: "+code(middle(r.Reproduce, 200)))
	}
	if len(parts) == 0 {
		return ""
	}
	return "\n<sub>" + strings.Join(parts, " · ") + "</sub>\n"
}

// shortDigest is the first eight characters of a digest.
func shortDigest(d string) string {
	_, hexa, ok := strings.Cut(d, ":")
	if !ok {
		hexa = d
	}
	return middle(hexa[:min(8, len(hexa))], 8)
}
