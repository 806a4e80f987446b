package actions

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/org/platform-action/internal/verdict"
)

// Outputs are what later steps of a workflow can read: enums, digests, numbers and names of our own alone. What a pull
// request says is in none of them.
type Outputs struct {
	Outcome                   verdict.Outcome
	MonthlyCost, MonthlyDelta string // decimal numbers, or unknown
	Digest                    string // sha256:…; empty: nothing was decided
	ReportFile, SARIFFile     string // relative to the workspace; empty: none was written
	Decision                  string // of the gate, signed: approved, rejected, waiting, error; empty: none, which is written so
	Code                      string // its first reason; empty: there is no decision
	VerdictFile               string // as ReportFile
}

var (
	figure  = regexp.MustCompile(`^(?:-?[0-9]+(?:\.[0-9]+)?|unknown)$`)
	digest  = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64})?$`)
	decided = regexp.MustCompile(`^(?:approved|rejected|waiting|error|none)$`)
	code    = regexp.MustCompile(`^[a-z-]{0,40}$`)
	ours    = regexp.MustCompile(`^(?:platform-report/[A-Za-z0-9._-]+)?$`)
)

// pairs are name and value, each of its own shape.
func (o Outputs) pairs() ([][2]string, error) {
	list := []struct {
		name, value string
		shape       *regexp.Regexp
	}{
		{"monthly-cost", or(o.MonthlyCost, "unknown"), figure}, {"monthly-delta", or(o.MonthlyDelta, "unknown"), figure},
		{"verdict-digest", o.Digest, digest}, {"report-file", o.ReportFile, ours}, {"sarif-file", o.SARIFFile, ours},
		{"decision", or(o.Decision, "none"), decided}, {"code", o.Code, code}, {"verdict-file", o.VerdictFile, ours},
	}
	out := [][2]string{{"outcome", o.Outcome.String()}}
	for _, p := range list {
		if !p.shape.MatchString(p.value) || strings.ContainsAny(p.value, "\r\n") {
			return nil, fmt.Errorf("the output %s would be %.40q, which is no number, digest or name of ours", p.name, p.value)
		}
		out = append(out, [2]string{p.name, p.value})
	}
	return out, nil
}

// WriteOutputs appends them to the runner's file, all or none. The library's own delimiter is the same in every program,
// so that a value could end it and forge further outputs: ours is drawn anew each time.
func (r *Runner) WriteOutputs(o Outputs) error {
	pairs, err := o.pairs()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, p := range pairs {
		delimiter := "platform_" + rand.Text()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", p[0], delimiter, p[1], delimiter)
	}
	return r.appendTo("GITHUB_OUTPUT", b.String())
}

// maxSummary is what GitHub takes of a step: a longer one is not shown at all.
const maxSummary = 1 << 20

// WriteSummary appends Markdown to the job's summary. A runner without one is no fault.
func (r *Runner) WriteSummary(markdown string) error {
	if r.env("GITHUB_STEP_SUMMARY") == "" {
		return nil
	}
	if len(markdown) > maxSummary-2 {
		return fmt.Errorf("the summary has %d bytes, and GitHub takes %d", len(markdown), maxSummary)
	}
	return r.appendTo("GITHUB_STEP_SUMMARY", markdown+"\n\n")
}

func (r *Runner) appendTo(variable, text string) error {
	path := r.env(variable)
	if path == "" {
		return fmt.Errorf("%s is not set: this program runs as a step of a GitHub workflow; elsewhere use platform check", variable)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // the runner has made it
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
