package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

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
	for _, f := range worstFirst(r.Verdict.Findings) {
		rule := run.AddRule(oneLine(f.ID))
		rule.WithName(oneLine(f.ID)).WithShortDescription(sarif.NewMultiformatMessageString().WithText(oneLine(nonEmpty(f.Title, f.ID))))
		if f.Fix != "" {
			rule.WithHelp(sarif.NewMultiformatMessageString().WithText(oneLine(f.Fix)))
		}
		result := run.CreateResultForRule(oneLine(f.ID))
		result.WithLevel(sarifLevel(f.Severity)).WithMessage(sarif.NewTextMessage(oneLine(sarifMessage(f))))
		result.WithLocations([]*sarif.Location{sarifLocation(r, f)})
		result.WithPartialFingerprints(map[string]string{"platform/v1": fingerprint(f)})
	}
	doc.AddRun(run)
	var b bytes.Buffer
	if err := doc.PrettyWrite(&b); err != nil {
		return nil, err
	}
	return append(b.Bytes(), '\n'), nil
}

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
	if f.Address != "" {
		text = f.Address + ": " + text
	}
	if f.Severity == verdict.Undecided {
		text = "Undecided: " + text
	}
	if f.Fix != "" {
		text += " Fix: " + f.Fix
	}
	return text
}

func sarifLocation(r Report, f verdict.Finding) *sarif.Location {
	file, line := f.File, f.Line
	if file == "" {
		file = f.Project
	}
	if file == "" && len(r.Projects) > 0 {
		file = r.Projects[0].Name
	}
	where := sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(oneLine(file))).
		WithRegion(sarif.NewRegion().WithStartLine(max(line, 1)))
	return sarif.NewLocationWithPhysicalLocation(where)
}

// fingerprint is stable over runs and over moves of the file, so that an alert stays one alert.
func fingerprint(f verdict.Finding) string {
	sum := sha256.Sum256([]byte(f.ID + "\x00" + f.Project + "\x00" + f.Address))
	return hex.EncodeToString(sum[:16])
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
