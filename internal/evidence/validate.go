package evidence

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/org/platform-action/internal/evidence/report"
)

// Bounds of a record. They are far above what a real one holds.
const (
	maxSuites  = 200
	maxReports = 10_000
	maxDigests = 100
	maxNeeds   = 256
	maxText    = 1024
	maxCount   = 1_000_000_000
)

// Validate says what is wrong with a record, naming the field. A record that is not in its canonical order is wrong.
func (r Record) Validate() error {
	if r.Version != RecordVersion {
		return fmt.Errorf("version is %d; this program writes and reads version %d", r.Version, RecordVersion)
	}
	if err := r.Producer.validate(); err != nil {
		return fmt.Errorf("producer: %w", err)
	}
	if err := r.Subject.validate(); err != nil {
		return fmt.Errorf("subject: %w", err)
	}
	if r.Assurance == AssuranceNone || int(r.Assurance) >= len(assuranceNames) {
		return fmt.Errorf("assurance is %s, which counts nowhere", r.Assurance)
	}
	if err := instant("recorded", r.Recorded); err != nil {
		return err
	}
	if len(r.Suites) == 0 || len(r.Suites) > maxSuites {
		return fmt.Errorf("%d suites; 1 to %d are allowed", len(r.Suites), maxSuites)
	}
	for i, s := range r.Suites {
		if err := s.validate(); err != nil {
			return fmt.Errorf("suites[%d]: %w", i, err)
		}
		if i > 0 && r.Suites[i-1].Name >= s.Name {
			return fmt.Errorf("suites[%d]: name %.60q comes twice, or out of order", i, s.Name)
		}
	}
	return nil
}

func (p Producer) validate() error {
	for _, id := range []struct {
		name  string
		value int64
	}{
		{"tenant.installation", p.Tenant.Installation}, {"tenant.repository", p.Tenant.Repository}, {"owner_id", p.OwnerID},
		{"head_repository_id", p.HeadRepositoryID}, {"run_id", p.RunID}, {"attempt", int64(p.Attempt)},
	} {
		if id.value <= 0 {
			return fmt.Errorf("%s is %d; it has to be known", id.name, id.value)
		}
	}
	for _, text := range []struct {
		name, value string
		needed      bool
	}{
		{"workflow", p.Workflow, true}, {"job", p.Job, true}, {"event", p.Event, true}, {"runner", p.Runner, true},
		{"ref", p.Ref, false}, {"workflow_ref", p.WorkflowRef, false}, {"job_workflow_ref", p.JobWorkflowRef, false},
	} {
		if err := line(text.name, text.value, text.needed); err != nil {
			return err
		}
	}
	for _, sha := range []struct{ name, value string }{{"workflow_sha", p.WorkflowSHA}, {"job_workflow_sha", p.JobWorkflowSHA}} {
		if sha.value != "" && !isObject(sha.value) {
			return fmt.Errorf("%s %.80q is no object id of git", sha.name, sha.value)
		}
	}
	if !isObject(p.HeadCommit) {
		return fmt.Errorf("head_commit %.80q is no object id of git", p.HeadCommit)
	}
	if p.WorkflowRef != "" && pathOf(p.WorkflowRef) != p.Workflow {
		return fmt.Errorf("workflow is %.80q, but workflow_ref names %.80q", p.Workflow, p.WorkflowRef)
	}
	if err := list("needs", p.Needs, maxNeeds, isLine); err != nil {
		return err
	}
	return instant("run_started", p.RunStarted)
}

func (s Subject) validate() error {
	if !isObject(s.Commit) {
		return fmt.Errorf("commit %.80q is no object id of git", s.Commit)
	}
	if !isObject(s.Tree) {
		return fmt.Errorf("tree %.80q is no object id of git", s.Tree)
	}
	return list("digests", s.Digests, maxDigests, isDigest)
}

func (s Suite) validate() error {
	if err := line("name", s.Name, true); err != nil {
		return err
	}
	if err := line("tool", s.Tool, false); err != nil {
		return err
	}
	if err := validCounts(s.Counts); err != nil {
		return err
	}
	if len(s.Reports) == 0 || len(s.Reports) > maxReports {
		return fmt.Errorf("%d reports; 1 to %d are allowed", len(s.Reports), maxReports)
	}
	var sum report.Coverage
	for i, d := range s.Reports {
		if err := validCoverage(d.Coverage); err != nil {
			return fmt.Errorf("reports[%d]: %w", i, err)
		}
		sum = sum.Add(d.Coverage)
		if err := line("name", d.Name, true); err != nil {
			return fmt.Errorf("reports[%d]: %w", i, err)
		}
		if err := line("format", d.Format, true); err != nil {
			return fmt.Errorf("reports[%d]: %w", i, err)
		}
		if len(d.SHA256) != 64 || !isHex(d.SHA256) {
			return fmt.Errorf("reports[%d]: sha256 %.80q is no digest", i, d.SHA256)
		}
	}
	if sum != s.Coverage {
		return fmt.Errorf("coverage: %d of %d lines are not the %d of %d of its reports", s.Coverage.Covered, s.Coverage.Lines, sum.Covered, sum.Lines)
	}
	return validCoverage(s.Coverage)
}

// validCoverage takes none, or a share of something.
func validCoverage(c report.Coverage) error {
	if c != (report.Coverage{}) && !c.Valid() {
		return fmt.Errorf("coverage: %d of %d lines is no share", c.Covered, c.Lines)
	}
	return nil
}

// validCounts refuses counts that do not add up: nothing may be read from them.
func validCounts(c report.Counts) error {
	for _, n := range []int{c.Executed, c.Passed, c.Failed, c.Errored, c.Skipped, c.Retried} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("counts: %d is out of range", n)
		}
	}
	if c.Passed+c.Failed+c.Errored+c.Skipped != c.Executed {
		return fmt.Errorf("counts: %d passed, %d failed, %d errored and %d skipped are not the %d executed", c.Passed, c.Failed, c.Errored, c.Skipped, c.Executed)
	}
	if c.Retried > c.Executed {
		return fmt.Errorf("counts: %d retried of %d executed", c.Retried, c.Executed)
	}
	return nil
}

func list(name string, values []string, most int, good func(string) bool) error {
	if len(values) > most {
		return fmt.Errorf("%s has %d entries; at most %d are allowed", name, len(values), most)
	}
	for i, v := range values {
		if !good(v) {
			return fmt.Errorf("%s[%d] %.80q has another form", name, i, v)
		}
		if i > 0 && values[i-1] >= v {
			return fmt.Errorf("%s[%d] %.80q comes twice, or out of order", name, i, v)
		}
	}
	return nil
}

func line(name, s string, needed bool) error {
	if s == "" && !needed || isLine(s) {
		return nil
	}
	return fmt.Errorf("%s %.80q is not one line of 1 to %d visible characters", name, s, maxText)
}

func instant(name string, t time.Time) error {
	if t.Year() < 2000 || t.Year() > 9999 || t.Location() != time.UTC || t.Nanosecond() != 0 {
		return fmt.Errorf("%s is no time in UTC and whole seconds", name)
	}
	return nil
}

func isLine(s string) bool {
	return s != "" && len(s) <= maxText && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func isHex(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }) < 0
}

// isObject takes ids of both of git's hashes.
func isObject(s string) bool { return (len(s) == 40 || len(s) == 64) && isHex(s) }

func isDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && isHex(hex)
}

// pathOf is the path in owner/name/path@ref; empty where it has another form.
func pathOf(ref string) string {
	file, _, ok := strings.Cut(ref, "@")
	parts := strings.SplitN(file, "/", 3)
	if !ok || len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// repositoryOf is owner/name in owner/name/path@ref, in lower case as GitHub compares names.
func repositoryOf(ref string) string {
	parts := strings.SplitN(ref, "/", 3)
	if len(parts) < 3 {
		return ""
	}
	return strings.ToLower(parts[0] + "/" + parts[1])
}
