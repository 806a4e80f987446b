package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/org/platform-action/internal/verdict"
)

// sarifReport is SARIF 2.1.0 for code scanning. A finding without a source position points at the plan file.
func sarifReport(r Report) ([]byte, error) {
	doc := report.NewV210Report()
	run := sarif.NewRunWithInformationURI("platform", "https://github.com/org/platform-action")
	if r.Version != "" {
		run.Tool.Driver.WithVersion(r.Version)
	}
	seen, rules := map[string]int{}, map[string]bool{}
	for _, f := range worstFirst(r.Verdict.Findings) {
		id := nonEmpty(oneLine(f.ID), "unnamed")
		if !rules[id] {
			rules[id] = true
			sarifRule(run.AddRule(id), id, f)
		}
		mark := fingerprint(f, seen)
		result := run.CreateResultForRule(id)
		result.WithLevel(sarifLevel(f.Severity)).WithMessage(sarif.NewTextMessage(nonEmpty(unlinked(sarifMessage(f)), id)))
		result.WithLocations([]*sarif.Location{sarifLocation(r, f)})
		// GitHub tells alerts apart by the second one; without it, it would hash the line, and a plan file has none.
		result.WithPartialFingerprints(map[string]string{"platform/v1": mark, "primaryLocationLineHash": mark + ":1"})
	}
	doc.AddRun(run)
	var b bytes.Buffer
	if err := doc.PrettyWrite(&b); err != nil {
		return nil, err
	}
	return append(asciiJSON(b.Bytes()), '\n'), nil
}

func sarifRule(rule *sarif.ReportingDescriptor, id string, f verdict.Finding) {
	rule.WithName(id).WithShortDescription(sarif.NewMultiformatMessageString().WithText(nonEmpty(oneLine(f.Title), id)))
	rule.WithHelp(sarif.NewMultiformatMessageString().WithText(nonEmpty(oneLine(f.Fix), "platform policy explain "+id)))
}

// unlinked breaks what SARIF reads as a link inside a plain message: [text](target).
func unlinked(s string) string { return strings.ReplaceAll(oneLine(s), "](", "] (") }

func sarifLevel(s verdict.Severity) string {
	switch s {
	case verdict.Undecided, verdict.Block:
		return "error"
	case verdict.Warn:
		return "warning"
	case verdict.Allow:
		return "note"
	}
	return "error"
}

func sarifMessage(f verdict.Finding) string {
	text := f.Message
	if f.Address != "" && !strings.Contains(text, f.Address) {
		text = f.Address + ": " + text
	}
	if f.Severity == verdict.Undecided {
		text = "Undecided: " + text
	}
	if f.Fix != "" {
		if !strings.HasSuffix(text, ".") {
			text += "."
		}
		text += " Fix: " + f.Fix
	}
	return text
}

// sarifLocation is file and line, else the plan that the finding is about.
func sarifLocation(r Report, f verdict.Finding) *sarif.Location {
	file := nonEmpty(f.File, f.Project)
	if file == "" && len(r.Projects) > 0 {
		file = r.Projects[0].Name
	}
	where := sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(pathEscape(nonEmpty(oneLine(file), "plan.json")))).
		WithRegion(sarif.NewRegion().WithStartLine(max(f.Line, 1)))
	return sarif.NewLocationWithPhysicalLocation(where)
}

// fingerprint is stable over runs and over moves of the file, so that an alert stays one alert; several findings of
// one rule about one thing are counted.
func fingerprint(f verdict.Finding, seen map[string]int) string {
	key := f.ID + "\x00" + f.Project + "\x00" + f.Address
	seen[key]++
	if n := seen[key]; n > 1 {
		key += fmt.Sprintf("\x00%d", n)
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
