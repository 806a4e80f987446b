package render

import (
	"fmt"
	"strings"

	"github.com/org/platform-action/internal/verdict"
)

// GitHub shows ten error and ten warning annotations of a step; more are dropped without a word.
const annotationsEach = 10

// githubReport is workflow commands: annotations worst first within GitHub's limits, then a notice with the
// headline and how many were left out.
func githubReport(r Report) string {
	var b strings.Builder
	shown := map[string]int{}
	left := 0
	for _, f := range visibleFindings(r) {
		level := annotationLevel(f.Severity)
		if shown[level] == annotationsEach {
			left++
			continue
		}
		shown[level]++
		title := strings.TrimSpace(f.ID + " " + f.Title)
		properties := "title=" + property(title)
		if f.File != "" && f.Line > 0 {
			properties = fmt.Sprintf("file=%s,line=%d,%s", property(f.File), f.Line, properties)
		}
		fmt.Fprintf(&b, "::%s %s::%s\n", level, properties, command(sarifMessage(f)))
	}
	text := Headline(r)
	if left > 0 {
		text += fmt.Sprintf(" (%s not shown here: GitHub shows ten of a kind)", plural(left, "more annotation is", "more annotations are"))
	}
	fmt.Fprintf(&b, "::notice title=%s::%s\n", property("platform "+r.Verdict.Outcome.Word()), command(text))
	return b.String()
}

func annotationLevel(s verdict.Severity) string {
	switch s {
	case verdict.Undecided, verdict.Block:
		return "error"
	case verdict.Warn:
		return "warning"
	case verdict.Allow:
		return "notice"
	}
	return "error"
}
