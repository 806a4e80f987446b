package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/git"
	"github.com/org/platform-action/internal/verdict"
)

type verifyOptions struct {
	record string
	provenanceOptions
}

func newEvidenceVerify(s streams) *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a document or a record, and say what cannot be checked here",
		Long: "verify reads a document's reports again, compares commit and tree with the repository around this folder and, with\n" +
			"--record, the document with the server's record of it. It works offline, so it says what it cannot prove.\n\n" + exitCodes,
		Args: oneFile,
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), s, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.record, "record", "", "the server's record that FILE, a document, became")
	f.StringArrayVar(&o.bundles, "bundle", nil, "Sigstore bundle that proves how an artifact of FILE was built; may be given more than once")
	f.StringVar(&o.root, "trusted-root", "", "trust root that bundles are checked against (gh attestation trusted-root)")
	f.StringVar(&o.repository, "repository-id", "", "numeric id of the repository that artifacts must be built from")
	f.StringVar(&o.signer, "signer-workflow", "", "OWNER/REPOSITORY/.github/workflows/FILE.yml that must have built them")
	return c
}

// findings are what was checked: what holds, and what does not.
type findings struct {
	s   streams
	bad int
}

func (f *findings) good(format string, args ...any) { say(f.s.out, "ok       "+format, args...) }
func (f *findings) open(format string, args ...any) { say(f.s.out, "unproven "+format, args...) }
func (f *findings) wrong(format string, args ...any) {
	f.bad++
	say(f.s.out, "WRONG    "+format, args...)
}

func (o *verifyOptions) run(ctx context.Context, s streams, name string) error {
	if err := o.complete(); err != nil {
		return err
	}
	a, err := readAccount(s, name)
	if err != nil {
		return err
	}
	f := &findings{s: s}
	if a.kind == "record" {
		f.good("the record is in its canonical form: %s", a.id)
	} else {
		f.good("the document's form")
	}
	for _, c := range a.suites {
		f.suite(a.kind, c)
	}
	if err := f.tree(ctx, a); err != nil {
		return err
	}
	if o.record != "" {
		if err := f.compare(s, a, o.record); err != nil {
			return err
		}
	}
	if err := f.provenance(a, o.provenanceOptions); err != nil {
		return err
	}
	f.rest(a.kind, o.record != "")
	if f.bad > 0 {
		return &outcomeError{verdict.Block}
	}
	return nil
}

// suite says how one went, which for a document was counted from the bytes of its reports just now.
func (f *findings) suite(kind string, c report.Counted) {
	how := "its reports were read again"
	if kind == "record" {
		how = "as the record says; its reports are not in it"
	}
	switch {
	case c.Counts.Ran() == 0:
		f.wrong("suite %s tested nothing: %s", c.Name, countsText(c.Counts))
	case c.Counts.Failed+c.Counts.Errored > 0:
		f.wrong("suite %s did not pass: %s (%s)", c.Name, countsText(c.Counts), how)
	default:
		f.good("suite %s: %s (%s)", c.Name, countsText(c.Counts), how)
	}
	if kind != "document" {
		return
	}
	for _, r := range c.Reports {
		f.good("  sha256:%s %s", r.SHA256, r.Name)
		for _, n := range r.Report.Notes {
			say(f.s.out, "           %s", n)
		}
	}
}

// tree compares with the repository here, if that has the commit.
func (f *findings) tree(ctx context.Context, a account) error {
	tree, err := git.TreeOf(ctx, ".", a.commit)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, git.ErrNoRepository):
		f.open("that %s is the tree of commit %s: no repository is here", orNothing(a.tree), a.commit)
	case err != nil:
		f.open("that %s is the tree of commit %s: the repository here does not have that commit", orNothing(a.tree), a.commit)
	case a.tree == "":
		f.good("the document names no tree; that of its commit is %s here", tree)
	case tree != a.tree:
		f.wrong("the tree of commit %s is %s here, and not %s", a.commit, tree, a.tree)
	default:
		f.good("%s is the tree of commit %s in the repository here", tree, a.commit)
	}
	return nil
}

func orNothing(tree string) string {
	if tree == "" {
		return "(not named)"
	}
	return tree
}

// compare holds a document against what a server made of it.
func (f *findings) compare(s streams, a account, name string) error {
	other, err := readAccount(s, name)
	if err != nil {
		return err
	}
	if a.kind != "document" || other.kind != "record" {
		return fmt.Errorf("--record compares a document with a record, and %s is a %s", displayName(name), other.kind)
	}
	if a.commit != other.commit || a.tree != "" && a.tree != other.tree {
		f.wrong("the record is of commit %s, tree %s", other.commit, other.tree)
	}
	ours, theirs := contents(a), contents(other)
	for _, key := range slices.Sorted(maps.Keys(ours)) {
		switch had, there := theirs[key]; {
		case !there && strings.HasSuffix(key, coverageOf):
			f.open("%s: the record has none, as one that an older server made", key)
		case !there:
			f.wrong("%s is not in the record", key)
		case had != ours[key]:
			f.wrong("%s: the record says %s, and here it is %s", key, had, ours[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		if _, there := ours[key]; !there {
			f.wrong("%s is in the record alone", key)
		}
	}
	if f.bad == 0 {
		f.good("record %s says the same of the same reports", other.id)
	}
	return nil
}

// coverageOf ends what contents calls the coverage of a suite.
const coverageOf = ", coverage"

// contents are what a document and its record must have in common.
func contents(a account) map[string]string {
	out := map[string]string{}
	for _, c := range a.suites {
		out["suite "+c.Name] = countsText(c.Counts)
		if c.Coverage.Lines > 0 {
			out["suite "+c.Name+coverageOf] = fmt.Sprintf("%d of %d", c.Coverage.Covered, c.Coverage.Lines)
		}
		for _, r := range c.Reports {
			out["suite "+c.Name+", report "+r.Name] = "sha256:" + r.SHA256
		}
	}
	return out
}

// rest is what nobody can prove from the file alone.
func (f *findings) rest(kind string, recorded bool) {
	if kind == "document" && !recorded {
		f.open("who made it: a document carries no signature. The server's record names the job, by its token")
	}
	if kind == "record" || recorded {
		f.open("that the server made this record: its ledger has it, see platform gate verify")
	}
	f.open("that the tests ran as they say: code under test can write its own report")
}
