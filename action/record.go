package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// The names under which a run leaves its evidence behind; the App looks for these two.
const (
	evidenceFile     = "evidence"
	evidenceArtifact = "platform-evidence"
)

// told is one document and what its reports say.
type told struct {
	name     string // of its file; empty: it was made here
	document report.Document
	counted  []report.Counted
}

// record counts what the tests of a job executed, and brings it to the App, or leaves it behind for another job or the
// App to fetch. A run that tested nothing fails, whatever fail-on says.
func (c *step) record(ctx context.Context) (verdict.Outcome, error) {
	if c.in.Server != "" {
		if err := webAddress(c.in.Server); err != nil {
			return verdict.Undecided, err
		}
	}
	documents, err := c.documents()
	if err != nil {
		return verdict.Undecided, err
	}
	outcome, failure := verdict.Allow, c.in.FailOn.Failure(verdict.Block)
	for _, d := range documents {
		for _, counted := range d.counted {
			c.sayCounted(counted)
			switch n := counted.Counts; {
			case n.Ran() == 0:
				outcome, failure = verdict.Block, verdict.Block
				c.runner.Fail("platform: nothing was tested", fmt.Errorf("suite %s: %s; that is no evidence", counted.Name, local.CountsText(n)))
			case n.Failed+n.Errored > 0:
				outcome = verdict.Block
				c.runner.Warn("platform: tests failed", "suite %s: %s; it is recorded so", counted.Name, local.CountsText(n))
			}
		}
	}
	out := actions.Outputs{Outcome: outcome}
	note := "nothing was recorded"
	if !untested(documents) || c.in.Server != "" { // the App is told, so that its check says why
		if out.ReportFile, note, err = c.deliver(ctx, documents); err != nil {
			return verdict.Undecided, err
		}
	}
	if err := c.runner.WriteOutputs(out); err != nil {
		return verdict.Undecided, &faultError{err}
	}
	if err := c.runner.WriteSummary(testsTable(documents, outcome) + "\n\n<sub>" + render.Inert(note) + "</sub>"); err != nil {
		c.runner.Warn("platform", "the job's summary was not written: %v", err)
	}
	if outcome == verdict.Allow {
		return verdict.Allow, nil
	}
	return failure, nil
}

func untested(list []told) bool {
	return slices.ContainsFunc(list, func(d told) bool { return local.Untested(d.counted) != nil })
}

// documents are those that another job recorded, or the one of the reports that are here.
func (c *step) documents() ([]told, error) {
	if len(c.in.Paths) == 0 {
		d, err := c.recorded()
		return []told{d}, err
	}
	switch {
	case len(c.in.Reports)+len(c.in.Coverage)+len(c.in.Digests) > 0:
		return nil, errors.New("path: record-tests takes a document of another job as it is; leave junit, coverage and artifact-digest out, or leave path out")
	case c.in.Server == "": // never of what tested nothing
		return nil, errors.New("path: a document of another job is passed on to an App; name it with server-url")
	}
	names, err := c.expand()
	if err != nil {
		return nil, err
	}
	var out []told
	for _, name := range names {
		d, err := readDocument(name)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func readDocument(name string) (told, error) {
	data, err := local.File(name, report.MaxDocument)
	if err != nil {
		return told{}, fmt.Errorf("path: %w", err)
	}
	d, err := report.ReadDocument(strings.NewReader(string(data)))
	if err != nil {
		return told{}, fmt.Errorf("path: %s: %w", name, err)
	}
	out := told{name: name, document: d}
	for _, suite := range d.Suites {
		counted, err := suite.Count()
		if err != nil {
			return out, fmt.Errorf("path: %s: suite %s: %w", name, suite.Name, err)
		}
		out.counted = append(out.counted, counted)
	}
	return out, nil
}

// recorded makes the document of the reports in the workspace.
func (c *step) recorded() (told, error) {
	d := report.Document{Version: report.DocumentVersion, Commit: c.event.SHA, Digests: slices.Compact(slices.Sorted(slices.Values(c.in.Digests)))}
	if err := report.SuiteName(c.in.Suite); err != nil {
		return told{}, fmt.Errorf("suite: %w", err)
	}
	if err := c.checkedOut(); err != nil {
		return told{}, err
	}
	found, err := local.FindTests("junit", c.in.Reports, c.in.Suite)
	if err != nil {
		return told{}, err
	}
	if found, err = local.FindCoverage("coverage", c.in.Coverage, c.in.Suite, found); err != nil {
		return told{}, err
	}
	for _, tests := range found {
		for _, name := range tests.Files {
			if err := c.inside(name); err != nil {
				return told{}, err
			}
		}
	}
	suites, counted, err := local.ReadTests(found)
	if d.Suites = suites; err != nil {
		return told{}, err
	}
	return told{document: d, counted: counted}, d.Check()
}

// checkedOut holds the workspace to the commit that the run is of: evidence counts for no other. There is no git here,
// so that a file which differs from the commit is not seen; the App takes the tree from GitHub in any case.
func (c *step) checkedOut() error {
	head := local.Head(c.event.Workspace)
	_, err := os.Lstat(".git")
	switch {
	case head == c.event.SHA:
		return nil
	case head != "":
		return fmt.Errorf("the run is of commit %.7s and %.7s is checked out: evidence counts only for what the run is of, so check out without a ref", c.event.SHA, head)
	case err == nil:
		return errors.New("which commit is checked out cannot be read from .git: check out with actions/checkout")
	}
	c.runner.Say("no checkout is here: the commit is %s", c.event.SHA)
	return nil
}

func (c *step) sayCounted(s report.Counted) {
	c.runner.Say("%s: %s; reports: %d", s.Name, local.CountsText(s.Counts), len(s.Reports))
	if s.Coverage.Lines > 0 {
		c.runner.Say("  %s covered, %d of %d", s.Coverage, s.Coverage.Covered, s.Coverage.Lines)
	}
	for _, r := range s.Reports {
		for _, n := range r.Report.Notes {
			c.runner.Say("  %s: %s", r.Name, n)
		}
	}
}

// deliver brings documents where they belong, and says where that is.
func (c *step) deliver(ctx context.Context, documents []told) (file, note string, err error) {
	if len(c.in.Paths) == 0 && !untested(documents) {
		data, err := json.Marshal(documents[0].document)
		if err != nil {
			return "", "", &faultError{err}
		}
		if len(data) > report.MaxDocument {
			return "", "", fmt.Errorf("the document has %d bytes, and %d MiB are the most: record fewer or smaller reports", len(data), report.MaxDocument>>20)
		}
		if file, err = c.store(evidenceFile+c.suffix()+".json", append(data, '\n')); err != nil {
			return "", "", &faultError{err}
		}
	}
	switch {
	case !c.event.Proves():
		note = fmt.Sprintf("runs of the event %.40s are no evidence, so that nothing was sent: record on push, merge_group, pull_request or workflow_dispatch", c.event.Name)
		c.runner.Warn("platform: no evidence", "%s", note)
		return file, note, nil
	case c.event.Fork:
		note = "a fork's run is no evidence, so that nothing was sent; a merge queue tests the same change on this repository"
		c.runner.Say("%s", note)
		return file, note, nil
	case c.in.Server == "":
		note, err = c.leave(ctx, documents[0], file)
		return file, note, err
	}
	for _, d := range documents {
		var receipt struct {
			Record string `json:"record"`
		}
		if err := oidc.Send(ctx, c.env, c.in.Server, oidc.Evidence, d.document, &receipt); err != nil {
			return "", "", &faultError{fmt.Errorf("the App did not take the evidence: %w", err)}
		}
		note = "the App recorded it: " + render.Plain(receipt.Record)
		c.runner.Say("%s", note)
	}
	return file, note, nil
}

// leave makes an artifact of the document: a second job brings it to the App, or the App fetches it.
func (c *step) leave(ctx context.Context, d told, file string) (string, error) {
	data, err := json.Marshal(d.document)
	if err != nil {
		return "", &faultError{err}
	}
	name := evidenceArtifact + c.suffix()
	err = c.runner.LeaveArtifact(ctx, name, evidenceFile+c.suffix()+".json", data)
	if errors.Is(err, actions.ErrNoArtifacts) {
		note := fmt.Sprintf("%v: upload %s as the artifact %s in the next step, with actions/upload-artifact", err, file, name)
		c.runner.Warn("platform: no artifact", "%s", note)
		return note, nil
	}
	if err != nil {
		return "", &faultError{fmt.Errorf("the artifact %s was not left behind: %w", name, err)}
	}
	c.runner.Say("left behind as the artifact %s", name)
	return "left behind as the artifact " + name, nil
}

// testsTable is the summary.
func testsTable(documents []told, outcome verdict.Outcome) string {
	var b strings.Builder
	title := "Tested"
	if outcome != verdict.Allow {
		title = "Not tested"
	}
	fmt.Fprintf(&b, "### %s %s\n\n| suite | executed | passed | failed | errored | skipped | retried | covered | by | reports |\n|---|--:|--:|--:|--:|--:|--:|--:|---|--:|\n", render.Symbol(outcome), title)
	for _, d := range documents {
		for _, s := range d.counted {
			n, covered := s.Counts, "–"
			if s.Coverage.Lines > 0 {
				covered = s.Coverage.String()
			}
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %s | %s | %d |\n", render.Inert(s.Name), n.Executed, n.Passed, n.Failed, n.Errored, n.Skipped, n.Retried, covered, render.Inert(s.Tool), len(s.Reports))
		}
	}
	return b.String()
}
