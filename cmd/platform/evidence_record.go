package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/git"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/verdict"
)

// maxShownFiles is how many files an error names.
const maxShownFiles = 5

type recordOptions struct {
	suite, commit, from, assurance string
	junit, coverage, digests       []string
	upload, quiet                  bool
	server                         server
	output                         output
}

func newEvidenceRecord(s streams) *cobra.Command {
	var o recordOptions
	c := &cobra.Command{
		Use:   "record",
		Short: "Find the reports of a test run, count them, and write or upload them",
		Long: "record finds reports (JUnit XML, go test -json, TAP, TRX), counts what was executed and puts the reports, the commit and\n" +
			"its tree into one document. --coverage takes what the same tests measured (a Go cover profile, LCOV, Cobertura XML) for a\n" +
			"floor that a policy asks for. Without --out and --upload the document goes to standard output.\n" +
			"It refuses what would be no evidence: no report, one that cannot be read, none but skipped cases, a work tree with\n" +
			"changes. Failed tests are recorded, and the exit code is 1.",
		Example: `  platform evidence record --suite unit --junit 'reports/**/*.xml' --out evidence.json
  platform evidence record --junit unit.jsonl --coverage cover.out --out evidence.json
  platform evidence record --junit unit=unit.jsonl --junit 'e2e=e2e/*.xml' --upload --server https://platform.example.com
  platform evidence record --from evidence.json --upload     # in a job of its own, which has the right to upload`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s) },
	}
	f := c.Flags()
	f.StringVar(&o.suite, "suite", "tests", "name of the suite, as the policy of an environment asks for it")
	f.StringArrayVar(&o.junit, "junit", nil, "[SUITE=]GLOB of reports, of whatever format; may be given more than once")
	f.StringArrayVar(&o.coverage, "coverage", nil, "[SUITE=]GLOB of what the tests of a suite covered; may be given more than once, and files add up")
	f.StringArrayVar(&o.digests, "digest", nil, "sha256:… of something that was built from this tree; may be given more than once")
	f.StringVar(&o.commit, "commit", "", "the commit that was tested, where no checkout is at hand (default: GITHUB_SHA)")
	f.StringVar(&o.from, "from", "", "upload a document that was recorded before, in another job")
	f.StringVar(&o.assurance, "assurance", "", "isolated or same-job: claim no more than this")
	f.StringVar(&o.output.out, "out", "", "write the document to a file, whole or not at all")
	f.BoolVar(&o.upload, "upload", false, "upload the document to the App, by the job's identity (permissions: id-token: write)")
	f.StringVar((*string)(&o.server), "server", "", "address of the App (default: "+serverName+")")
	f.BoolVar(&o.quiet, "quiet", false, "say nothing but errors")
	return c
}

func (o *recordOptions) run(ctx context.Context, s streams) error {
	address, err := o.destination(s)
	if err != nil {
		return err
	}
	d, counted, err := o.document(ctx, s)
	if err != nil {
		return err
	}
	words := s.out
	if o.output.out == "" && !o.upload {
		words = s.err
	}
	if o.quiet {
		words = io.Discard
	}
	for _, c := range counted {
		sayCounted(words, c)
	}
	if empty := local.Untested(counted); empty != nil {
		return o.refuse(ctx, s, words, address, d, *empty)
	}
	if err := o.deliver(ctx, s, words, address, d); err != nil {
		return err
	}
	for _, c := range counted {
		if c.Counts.Failed+c.Counts.Errored > 0 {
			say(s.err, "platform: suite %s did not pass: %s. It is recorded so", c.Name, countsText(c.Counts))
			err = &outcomeError{verdict.Block}
		}
	}
	return err
}

// refuse leaves no document of a suite in which nothing ran: a later step could take it for one that counts. The App is
// told, so that its check says why, and not just that a record is missing.
func (o *recordOptions) refuse(ctx context.Context, s streams, words io.Writer, address string, d report.Document, empty report.Counted) error {
	recorded := "Nothing was recorded"
	if o.output.out = ""; o.upload {
		if err := o.deliver(ctx, s, words, address, d); err != nil {
			return err
		}
		recorded = "The App recorded it, and it does not count"
	}
	say(s.err, "platform: suite %s: %s. %s: that tested nothing", empty.Name, countsText(empty.Counts), recorded)
	return &outcomeError{verdict.Block}
}

// destination checks where it shall go before anything is done.
func (o *recordOptions) destination(s streams) (string, error) {
	address, err := o.server.address(s.env)
	switch {
	case err != nil:
		return "", err
	case o.upload && address == "":
		return "", fmt.Errorf("--upload needs --server or %s: the App's PLATFORM_PUBLIC_URL, such as https://platform.example.com", serverName)
	case !o.upload && string(o.server) != "":
		return "", errors.New("--server is where --upload goes: give both, or neither")
	case o.from != "" && (len(o.junit)+len(o.coverage)+len(o.digests) > 0 || o.commit != ""):
		return "", errors.New("--from takes a document as it is: leave --junit, --coverage, --digest and --commit out")
	}
	return address, nil
}

func (o *recordOptions) document(ctx context.Context, s streams) (report.Document, []report.Counted, error) {
	if o.from != "" {
		a, err := readAccount(s, o.from)
		if err == nil && a.kind != "document" {
			err = fmt.Errorf("%s is a record of a server already", displayName(o.from))
		}
		return a.document, a.suites, err
	}
	d := report.Document{Version: report.DocumentVersion, Digests: slices.Compact(slices.Sorted(slices.Values(o.digests))), Assurance: o.assurance}
	if err := report.SuiteName(o.suite); err != nil {
		return d, nil, err
	}
	if err := o.subject(ctx, s, &d); err != nil {
		return d, nil, err
	}
	found, err := local.FindTests("--junit", o.junit, o.suite)
	if err != nil {
		return d, nil, err
	}
	if found, err = local.FindCoverage("--coverage", o.coverage, o.suite, found); err != nil {
		return d, nil, err
	}
	suites, counted, err := local.ReadTests(found)
	if d.Suites = suites; err != nil {
		return d, nil, err
	}
	return d, counted, d.Check()
}

// subject finds out what was tested: by the checkout, or where there is none by the runner's word for it.
func (o *recordOptions) subject(ctx context.Context, s streams, d *report.Document) error {
	told := s.env("GITHUB_SHA")
	state, err := git.Head(ctx, ".")
	switch {
	case errors.Is(err, git.ErrNoRepository) && (o.commit != "" || told != ""):
		if d.Commit = o.commit; d.Commit == "" {
			d.Commit = told
		}
		say(s.err, "no checkout is here: the commit is %s, and its tree is for the server to find", d.Commit)
		return nil
	case errors.Is(err, git.ErrNoRepository):
		return errors.New("what was tested? No git repository is around this folder, and neither --commit nor GITHUB_SHA names a commit")
	case err != nil:
		return err
	case len(state.Changed) > 0:
		shown := state.Changed[:min(len(state.Changed), maxShownFiles)]
		return fmt.Errorf("the work tree is not the commit %.7s: %d files differ or are hidden from git (%.200q); what was tested has no name then: "+
			"commit or restore them (git status; git ls-files -v shows hidden ones in lower case)", state.Commit, len(state.Changed), shown)
	case o.commit != "" && o.commit != state.Commit:
		return fmt.Errorf("--commit is %.40q and %s is checked out: leave --commit out", o.commit, state.Commit)
	case s.env("GITHUB_ACTIONS") == "true" && told != "" && told != state.Commit:
		return fmt.Errorf("the run is of commit %.40s and %s is checked out: evidence counts only for what the run is of, so check out without a ref", told, state.Commit)
	}
	d.Commit, d.Tree = state.Commit, state.Tree
	return nil
}

func sayCounted(w io.Writer, c report.Counted) {
	say(w, "%s: %s; reports: %d", c.Name, countsText(c.Counts), len(c.Reports))
	sayCoverage(w, c)
	for _, r := range c.Reports {
		for _, n := range r.Report.Notes {
			say(w, "  %s: %s", r.Name, n)
		}
	}
}

// deliver writes the document and uploads it.
func (o *recordOptions) deliver(ctx context.Context, s streams, words io.Writer, address string, d report.Document) error {
	if !o.upload || o.output.out != "" {
		data, err := json.Marshal(d)
		if err != nil {
			return &faultError{err}
		}
		if len(data) > report.MaxDocument {
			return fmt.Errorf("the document has %d bytes, and %d MiB are the most: record fewer or smaller reports", len(data), report.MaxDocument>>20)
		}
		if err := o.output.emit(s, append(data, '\n')); err != nil {
			return err
		}
	}
	if !o.upload {
		return nil
	}
	var receipt struct {
		Record string `json:"record"`
	}
	if err := oidc.Send(ctx, s.env, address, oidc.Evidence, d, &receipt); err != nil {
		return &faultError{fmt.Errorf("the App at %s did not take the evidence: %w", address, err)}
	}
	say(words, "the App at %s recorded it: %s", address, receipt.Record)
	return nil
}
