package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/intoto"
	"github.com/org/platform-action/internal/render"
)

func newEvidence(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "evidence",
		Short: "Record what tests really ran, show it, and check it",
		Long: "evidence reads the reports of a test run and counts what was executed. What counts for a deployment is decided by the\n" +
			"server, which reads the same bytes by itself.\n\n" + exitCodes,
		Args: noCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newEvidenceRecord(s), newEvidenceShow(s), newEvidenceVerify(s))
	return c
}

// account is what a document or a record says, counted.
type account struct {
	kind      string // document or record
	id        string // of a record
	commit    string
	tree      string
	digests   []string
	assurance string
	suites    []report.Counted
	document  report.Document
	record    evidence.Record
}

// readAccount reads a document, whose reports are counted, or a record, which holds counts.
func readAccount(s streams, name string) (account, error) {
	data, err := readBounded(s, name)
	if err != nil {
		return account{}, err
	}
	if record, err := evidence.ParseRecord(data); err == nil {
		return accountOf(record), nil
	} else if looksLikeRecord(data) {
		return account{}, fmt.Errorf("%s: %w", displayName(name), err)
	}
	d, err := report.ReadDocument(strings.NewReader(string(data)))
	if err != nil {
		return account{}, fmt.Errorf("%s: %w", displayName(name), err)
	}
	a := account{kind: "document", commit: d.Commit, tree: d.Tree, digests: d.Digests, assurance: d.Assurance, document: d}
	for _, suite := range d.Suites {
		counted, err := suite.Count()
		if err != nil {
			return account{}, fmt.Errorf("%s: suite %s: %w", displayName(name), suite.Name, err)
		}
		a.suites = append(a.suites, counted)
	}
	return a, nil
}

// looksLikeRecord tells which of the two an unreadable file was meant to be.
func looksLikeRecord(data []byte) bool {
	return strings.HasPrefix(string(data), `{"version":`) && strings.Contains(string(data[:min(len(data), 200)]), `"producer":`)
}

func accountOf(r evidence.Record) account {
	a := account{kind: "record", id: r.ID(), commit: r.Subject.Commit, tree: r.Subject.Tree, digests: r.Subject.Digests, assurance: r.Assurance.String(), record: r}
	for _, suite := range r.Suites {
		c := report.Counted{Name: suite.Name, Tool: suite.Tool, Counts: suite.Counts, Coverage: suite.Coverage}
		for _, f := range suite.Reports {
			c.Reports = append(c.Reports, report.CountedReport{Name: f.Name, SHA256: f.SHA256, Report: report.Report{Coverage: f.Coverage}})
		}
		a.suites = append(a.suites, c)
	}
	return a
}

func readBounded(s streams, name string) ([]byte, error) {
	in := s.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.IsDir() {
			return nil, errors.Join(fmt.Errorf("%s is a folder: name a document or a record", displayName(name)), err)
		}
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, report.MaxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", displayName(name), err)
	}
	if len(data) > report.MaxDocument {
		return nil, fmt.Errorf("%s has more than %d MiB", displayName(name), report.MaxDocument>>20)
	}
	return data, nil
}

// result is the account as in-toto states it.
func (a account) result() intoto.Result {
	out := intoto.Result{Commit: a.commit, Tree: a.tree, Digests: a.digests}
	for i, c := range a.suites {
		suite := intoto.Suite{Name: c.Name, Tool: c.Tool, Counts: c.Counts, Coverage: c.Coverage}
		for j, f := range c.Reports {
			format := f.Report.Format.String()
			if a.kind == "record" {
				format = a.record.Suites[i].Reports[j].Format
			}
			suite.Reports = append(suite.Reports, intoto.Report{Name: f.Name, Format: format, SHA256: f.SHA256, Coverage: f.Report.Coverage})
		}
		out.Suites = append(out.Suites, suite)
	}
	return out
}

// sayCoverage tells what was measured, and by which reports.
func sayCoverage(w io.Writer, c report.Counted) {
	if c.Coverage.Lines == 0 {
		return
	}
	say(w, "  %s covered, %d of %d", c.Coverage.String(), c.Coverage.Covered, c.Coverage.Lines)
	for _, r := range c.Reports {
		if r.Report.Coverage.Lines > 0 {
			say(w, "    %s: %s covered, %d of %d", r.Name, r.Report.Coverage.String(), r.Report.Coverage.Covered, r.Report.Coverage.Lines)
		}
	}
}

// say writes lines for people; nothing of a report reaches the terminal as it is.
func say(w io.Writer, format string, args ...any) {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = render.Plain(text)
		}
	}
	fmt.Fprintf(w, format+"\n", args...)
}
