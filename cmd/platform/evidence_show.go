package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/intoto"
)

func newEvidenceShow(s streams) *cobra.Command {
	var out output
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what a document or a record says, counted anew",
		Long: "show reads a document of evidence record, or a record of the server (- is standard input). The reports of a document are\n" +
			"counted from their bytes; a record holds counts only.",
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := readAccount(s, args[0])
			if err != nil {
				return err
			}
			data, err := a.format(out.format)
			if err != nil {
				return err
			}
			return out.emit(s, data)
		},
	}
	c.Flags().StringVar(&out.format, "format", "text", "text, json or in-toto (a statement with a test-result predicate)")
	c.Flags().StringVar(&out.out, "out", "", "write to a file, whole or not at all")
	return c
}

func oneFile(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name one file: a document of evidence record, or a record\nsee: %s --help", c.CommandPath())
	}
	return nil
}

func (a account) format(name string) ([]byte, error) {
	switch name {
	case "text":
		var b strings.Builder
		a.text(&b)
		return []byte(b.String()), nil
	case "json":
		out, err := json.MarshalIndent(a.view(), "", "  ")
		return append(out, '\n'), err
	case "in-toto":
		return intoto.Statement(a.result())
	}
	return nil, fmt.Errorf("unknown format %.40q; choose of text, json, in-toto", name)
}

func (a account) text(w io.Writer) {
	say(w, "%s of commit %s", a.kind, a.commit)
	for _, line := range []struct{ what, value string }{{"record", a.id}, {"tree", a.tree}, {"assurance", a.assurance}} {
		if line.value != "" {
			say(w, "  %-10s %s", line.what, line.value)
		}
	}
	if p := a.record.Producer; a.kind == "record" {
		say(w, "  %-10s %s, job %s, run %d attempt %d (%s on %s)", "producer", p.Workflow, p.Job, p.RunID, p.Attempt, p.Event, p.Runner)
	}
	for _, d := range a.digests {
		say(w, "  %-10s %s", "artifact", d)
	}
	for _, c := range a.suites {
		tool := c.Tool
		if tool == "" {
			tool = "unknown tool"
		}
		say(w, "suite %s (%s): %s", c.Name, tool, countsText(c.Counts))
		sayCoverage(w, c)
		for _, r := range c.Reports {
			say(w, "  sha256:%s %s", r.SHA256, r.Name)
			for _, n := range r.Report.Notes {
				say(w, "    note: %s", n)
			}
		}
	}
}

// accountView is the JSON form.
type accountView struct {
	Kind      string      `json:"kind"`
	Record    string      `json:"record,omitempty"`
	Commit    string      `json:"commit"`
	Tree      string      `json:"tree,omitempty"`
	Digests   []string    `json:"digests,omitempty"`
	Assurance string      `json:"assurance,omitempty"`
	Suites    []suiteView `json:"suites"`
}

type suiteView struct {
	Name     string          `json:"name"`
	Tool     string          `json:"tool,omitempty"`
	Counts   report.Counts   `json:"counts"`
	Coverage report.Coverage `json:"coverage,omitzero"`
	Reports  []reportView    `json:"reports"`
}

type reportView struct {
	Name     string          `json:"name"`
	Format   string          `json:"format"`
	SHA256   string          `json:"sha256"`
	Counts   *report.Counts  `json:"counts,omitempty"` // a record has them for the suite alone
	Coverage report.Coverage `json:"coverage,omitzero"`
	Notes    []string        `json:"notes,omitempty"`
}

func (a account) view() accountView {
	out := accountView{Kind: a.kind, Record: a.id, Commit: a.commit, Tree: a.tree, Digests: a.digests, Assurance: a.assurance}
	stated := a.result()
	for i, c := range a.suites {
		suite := suiteView{Name: c.Name, Tool: c.Tool, Counts: c.Counts, Coverage: c.Coverage}
		for j, r := range c.Reports {
			v := reportView{Name: r.Name, SHA256: r.SHA256, Format: stated.Suites[i].Reports[j].Format, Coverage: r.Report.Coverage, Notes: r.Report.Notes}
			if a.kind == "document" && r.Report.Format.Tests() {
				v.Counts = &r.Report.Counts
			}
			suite.Reports = append(suite.Reports, v)
		}
		out.Suites = append(out.Suites, suite)
	}
	return out
}
