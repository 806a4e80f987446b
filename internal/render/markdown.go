package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/org/platform-action/internal/verdict"
)

// commentLimit is the length of a GitHub comment in characters.
const commentLimit = 65536

// tableRows is how many findings the first table shows, projectRows how many projects.
const (
	tableRows   = 6
	projectRows = 20
)

// markdownReport is the pull request comment: headline, the one action, one table, folded details, footer. It is cut
// by whole blocks and whole lines, so that what remains is always well formed: details first, then the footer, and
// only under a limit of a few thousand characters rows of the tables. The headline is never cut away.
func markdownReport(r Report, o Options) string {
	limit := o.Limit
	if limit <= 0 {
		limit = commentLimit
	}
	top := headline(r, o)
	if utf8.RuneCountInString(top) > limit {
		return headlineWithin(r, limit)
	}
	foot := markdownFooter(r)
	room := limit - utf8.RuneCountInString(top) - utf8.RuneCountInString(foot)
	if room < 0 {
		return top
	}
	head := markdownHead(r, room)
	room -= utf8.RuneCountInString(head)
	return top + head + fitAll(details(r), room) + foot
}

// headline is the comment's marker and title.
func headline(r Report, o Options) string {
	var b strings.Builder
	if o.Marker != "" {
		b.WriteString(comment(o.Marker) + "\n")
	}
	b.WriteString("### ")
	if s := headlineSymbol(r); s != "" {
		b.WriteString(s + " ")
	}
	b.WriteString(markdown(Headline(r)) + "\n")
	return b.String()
}

// headlineWithin cuts the bare headline before it is escaped, because a cut escape is none.
func headlineWithin(r Report, limit int) string {
	for n := limit; n > 0; n-- {
		if text := markdown(shorten(Headline(r), n)); utf8.RuneCountInString(text) <= limit {
			return text
		}
	}
	return ""
}

// headlineSymbol is the outcome's; an estimate has none unless part of a plan could not be read.
func headlineSymbol(r Report) string {
	if r.View == CostView && len(visibleFindings(r)) == 0 {
		return ""
	}
	return Symbol(r.Verdict.Outcome)
}

// markdownHead is the action and the tables, with as many rows as there is room for.
func markdownHead(r Report, room int) string {
	act := markdownAction(r)
	for _, rows := range []int{tableRows, 3, 1, 0} {
		text := act + markdownFindings(r, rows) + markdownProjects(r, min(rows*projectRows/tableRows, projectRows))
		if utf8.RuneCountInString(text) <= room {
			return text
		}
	}
	return ""
}

func markdownAction(r Report) string {
	f, ok := action(r.Verdict)
	if !ok {
		return ""
	}
	return fmt.Sprintf("\n**To unblock:** %s%s\n", prose(middle(f.Fix, 300)), markdownPlace(r, f))
}

// prose shows what stands between backticks as code, so that a command can be copied; every part is escaped by itself.
func prose(s string) string {
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 {
		return markdown(s) // one without its partner
	}
	for i, part := range parts {
		switch {
		case i%2 == 1 && part != "":
			parts[i] = code(part)
		case strings.TrimSpace(part) != "":
			parts[i] = edge(strings.HasPrefix(part, " ")) + markdown(part) + edge(strings.HasSuffix(part, " "))
		}
	}
	return strings.TrimSpace(strings.Join(parts, ""))
}

func edge(blank bool) string {
	if blank {
		return " "
	}
	return ""
}

func markdownPlace(r Report, f verdict.Finding) string {
	var parts []string
	if f.Address != "" {
		parts = append(parts, code(middle(f.Address, 120)))
	}
	if p := place(f); p != "" {
		parts = append(parts, linked(middle(p, 160), fileLink(r, f)))
	}
	text := ""
	if len(parts) > 0 {
		text = " — " + strings.Join(parts, " in ")
	}
	return text + " — " + code(middle(f.ID, 40))
}

// fileLink is the address of a finding's line, when the report knows where its files are shown.
func fileLink(r Report, f verdict.Finding) string {
	if r.Files == "" || f.File == "" || len(f.File) > 1000 {
		return ""
	}
	url := r.Files + pathEscape(f.File)
	if f.Line > 0 {
		url += fmt.Sprintf("#L%d", f.Line)
	}
	return url
}

const findingsHead = "|    | Policy | Where | Why |\n|----|--------|-------|-----|\n"

func markdownFindings(r Report, rows int) string {
	findings := visibleFindings(r)
	if len(findings) == 0 || rows == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n" + findingsHead)
	for i, f := range findings {
		if i == rows {
			fmt.Fprintf(&b, "|    | … %s | | under Findings below |\n", plural(len(findings)-i, "more finding", "more findings"))
			break
		}
		b.WriteString(findingRow(r, f, 160))
	}
	if passed := passedChecks(r.Verdict); passed > 0 {
		fmt.Fprintf(&b, "| ✅ | %s | | |\n", plural(passed, "other passes", "others pass"))
	}
	return b.String()
}

func findingRow(r Report, f verdict.Finding, width int) string {
	at := linked(middle(where(r, f), 64), fileLink(r, f))
	return fmt.Sprintf("| %s | %s %s | %s | %s |\n", Symbol(f.Severity), code(middle(f.ID, 40)), markdown(middle(f.Title, 60)),
		at, whyCell(f, width))
}

// where is the file and line of a finding, else its address, named with its project when there are several.
func where(r Report, f verdict.Finding) string {
	switch {
	case f.File != "" || f.Address == "":
		return place(f)
	case f.Project != "" && len(r.Projects) > 1:
		return f.Project + ": " + f.Address
	}
	return f.Address
}

// whyCell is the message; the address stands before it when the row shows the file instead and the message does not
// name it.
func whyCell(f verdict.Finding, width int) string {
	text := markdown(middle(f.Message, width))
	if f.Address != "" && f.File != "" && !strings.Contains(f.Message, f.Address) {
		text = code(middle(f.Address, 64)) + ": " + text
	}
	return text
}

// findingWhy is whyCell for formats without markup.
func findingWhy(f verdict.Finding) string {
	if f.Address != "" && f.File != "" && !strings.Contains(f.Message, f.Address) {
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

func markdownFooter(r Report) string {
	var parts []string
	if r.Commit != "" {
		parts = append(parts, code(shortCommit(r.Commit)))
	}
	if r.Policies != "" && r.View == CheckView {
		parts = append(parts, "policies "+code(shortDigest(r.Policies)))
	}
	if d := bookDate(r); d != "" {
		parts = append(parts, "list prices of "+markdown(middle(d, 20)))
	}
	if r.Verdict.Digest != "" {
		parts = append(parts, "verdict "+code(shortDigest(r.Verdict.Digest)))
	}
	if plainURL(r.Link) {
		parts = append(parts, "[report]("+r.Link+")")
	}
	if r.Reproduce != "" {
		parts = append(parts, "reproduce: "+code(middle(r.Reproduce, 200)))
	}
	if len(parts) == 0 {
		return ""
	}
	return "\n<sub>" + strings.Join(parts, " · ") + "</sub>\n"
}

// bookDate is the newest date among the price tables used.
func bookDate(r Report) string {
	newest := ""
	for _, p := range r.Projects {
		if e, ok := p.Estimate.Get(); ok {
			newest = max(newest, e.BookAsOf)
		}
	}
	return newest
}

// shortCommit is the first seven characters of a commit, as Git writes it.
func shortCommit(c string) string { return prefix(c, 7) }

// shortDigest is the first eight characters of a digest.
func shortDigest(d string) string {
	if _, digits, ok := strings.Cut(d, ":"); ok {
		d = digits
	}
	return prefix(d, 8)
}

// prefix is the first n characters of a text.
func prefix(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
