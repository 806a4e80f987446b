package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/git"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/verdict"
)

const mostDigests = 100

type decideOptions struct {
	environment     string
	digests, keys   []string
	server          server
	noCheckout      bool
	output          output
	now             func() time.Time
	pinned          []seal.Key
	address, commit string
	tree            string
}

func newGateDecide(s streams) *cobra.Command {
	o := decideOptions{now: s.now}
	c := &cobra.Command{
		Use:   "decide",
		Short: "Ask the App, in the job that deploys, whether it may",
		Long: "decide is the first step of a deploying job. It tells the App which tree is checked out and which artifacts are about\n" +
			"to be deployed, and gets an answer on the present state, signed for this job and ten minutes. It believes the answer\n" +
			"only by a key that you pin with --key, and only if it is about exactly this job.\n" +
			"Without --server nobody decides: what could be looked at here is advice, unsigned, and the exit code is 3.\n\n" + gateCodes,
		Example: `  platform gate decide --environment production --key .github/platform-key.pem
  platform gate decide --environment production --key .github/platform-key.pem --no-checkout \
    --digest registry.example.com/shop@sha256:… --out verdict.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s) },
	}
	f := c.Flags()
	f.StringVar(&o.environment, "environment", "", "the environment, as the job names it")
	f.StringArrayVar(&o.digests, "digest", nil, "sha256:… or NAME@sha256:… of what is deployed, never a tag; may be given more than once")
	f.StringVar((*string)(&o.server), "server", "", "address of the App (default: "+serverName+")")
	f.StringArrayVar(&o.keys, "key", nil, "file with the App's public key (PEM, or a copy of its platform-keys.json); may be given more than once")
	f.BoolVar(&o.noCheckout, "no-checkout", false, "the job deploys artifacts alone and has no checkout")
	f.StringVar(&o.output.out, "out", "", "write the signed verdict to a file, whole or not at all")
	return c
}

func (o *decideOptions) run(ctx context.Context, s streams) error {
	if err := o.complete(s); err != nil {
		return err
	}
	if err := o.checkout(ctx, s); err != nil {
		return err
	}
	if o.address == "" {
		return o.advise(s)
	}
	want, err := o.subject(s.env)
	if err != nil {
		return err
	}
	question := struct {
		Version     int      `json:"version"`
		Environment string   `json:"environment"`
		Tree        string   `json:"tree,omitempty"`
		Digests     []string `json:"digests,omitempty"`
	}{1, o.environment, o.tree, o.digests}
	var answer struct {
		Code    string          `json:"code"`
		Message string          `json:"message"`
		Verdict json.RawMessage `json:"verdict"`
	}
	if err := oidc.Send(ctx, s.env, o.address, oidc.Gate, question, &answer); err != nil {
		return &faultError{fmt.Errorf("the App at %s did not decide, so nothing is deployed: %w", o.address, err)}
	}
	v, err := o.believe(ctx, answer.Verdict, want)
	if err != nil {
		say(s.err, "platform: the answer of %s is not believed, so nothing is deployed: %s", o.address, err.Error())
		return &outcomeError{verdict.Block}
	}
	if o.output.out != "" {
		if err := o.output.emit(s, append([]byte(answer.Verdict), '\n')); err != nil {
			return err
		}
	}
	o.tell(s, v, answer.Message)
	return outcomeOf(v.Outcome)
}

// complete looks at the flags before anything is asked.
func (o *decideOptions) complete(s streams) error {
	var err error
	if o.environment == "" {
		return errors.New("--environment is needed: the name that the job's environment has in the workflow")
	}
	if o.digests, err = artifacts(o.digests); err != nil {
		return err
	}
	if o.address, err = o.server.address(s.env); err != nil {
		return err
	}
	if o.pinned, err = readKeys(o.keys); err != nil {
		return err
	}
	switch {
	case o.address == "" && o.output.out != "":
		return fmt.Errorf("--out is for a signed verdict, and without --server (or %s) nobody signs one", serverName)
	case o.address != "" && len(o.pinned) == 0:
		return fmt.Errorf("--key is needed, or anybody who answers at %s could let this deploy: pin the App's public key with "+
			"`openssl pkey -in signing.pem -pubout -out .github/platform-key.pem` where the server is run, and commit it", o.address)
	case o.noCheckout && len(o.digests) == 0:
		return errors.New("--no-checkout deploys artifacts: name them with --digest sha256:…")
	}
	return nil
}

var immutable = regexp.MustCompile(`^(?:[^\s@]{1,512}@)?(sha256:[0-9a-f]{64})$`)

// artifacts are digests that no registry can move: a tag is none.
func artifacts(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		m := immutable.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("--digest %.200q can be moved to other content: give sha256:… or NAME@sha256:… "+
				"(`docker buildx imagetools inspect NAME:TAG` shows it), and deploy exactly that", name)
		}
		out = append(out, m[1])
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > mostDigests {
		return nil, fmt.Errorf("%d artifacts; at most %d: deploy them in several jobs", len(out), mostDigests)
	}
	return out, nil
}

// checkout finds out what is about to be deployed, by git's own objects.
func (o *decideOptions) checkout(ctx context.Context, s streams) error {
	told := s.env("GITHUB_SHA")
	if o.noCheckout {
		o.commit = told
		return nil
	}
	state, err := git.Head(ctx, ".")
	switch {
	case errors.Is(err, git.ErrNoRepository):
		return errors.New("no checkout is here: run actions/checkout first, or give --no-checkout if the job deploys artifacts by their digests alone")
	case err != nil:
		return err
	case len(state.Changed) > 0:
		shown := state.Changed[:min(len(state.Changed), maxShownFiles)]
		return fmt.Errorf("the work tree is not the commit %.7s: %d files differ or are hidden from git (%.200q); what would be deployed has no name then: "+
			"ask before anything is changed, in the job's first step after the checkout", state.Commit, len(state.Changed), shown)
	case told != "" && told != state.Commit:
		say(s.err, "platform: subject-mismatch: the run is of commit %s and %s is checked out. Check out without a ref", told, state.Commit)
		return &outcomeError{verdict.Block}
	}
	o.commit, o.tree = state.Commit, state.Tree
	return nil
}

// subject is what the answer has to be about, by the runner's own word.
func (o *decideOptions) subject(env func(string) string) (seal.Subject, error) {
	want := seal.Subject{Server: o.address, Environment: o.environment, Job: env("GITHUB_JOB"), Commit: o.commit, Tree: o.tree, Digests: o.digests}
	var faults []error
	number := func(name string) int64 {
		n, err := strconv.ParseInt(env(name), 10, 64)
		if err != nil || n <= 0 {
			faults = append(faults, fmt.Errorf("%s is no number", name))
		}
		return n
	}
	want.Repository, want.RunID, want.Attempt = number("GITHUB_REPOSITORY_ID"), number("GITHUB_RUN_ID"), int(number("GITHUB_RUN_ATTEMPT"))
	if want.Job == "" || want.Commit == "" {
		faults = append(faults, errors.New("GITHUB_JOB or GITHUB_SHA is not set"))
	}
	if len(faults) > 0 {
		return want, fmt.Errorf("only a job of a workflow can ask for a deployment: %w", errors.Join(faults...))
	}
	return want, nil
}

// believe opens the answer by the pinned keys and holds it against what was asked. Of two things only the App knows the
// name: the installation, and how a called workflow's job is named.
func (o *decideOptions) believe(ctx context.Context, signed []byte, want seal.Subject) (seal.Verdict, error) {
	v, err := seal.Open(ctx, signed, o.pinned)
	if err != nil {
		return v, err
	}
	want.Installation = v.Subject.Installation
	if strings.HasSuffix(v.Subject.Job, "/"+want.Job) {
		want.Job = v.Subject.Job
	}
	if o.noCheckout {
		want.Tree = v.Subject.Tree
	}
	return seal.Verify(ctx, signed, o.pinned, want, o.now())
}

func (o *decideOptions) tell(s streams, v seal.Verdict, message string) {
	say(s.out, "%s: %s of commit %s, tree %s (basis: %s)", v.Outcome, v.Subject.Environment, v.Subject.Commit, v.Subject.Tree, v.Basis)
	for _, d := range v.Subject.Digests {
		say(s.out, "  artifact %s", d)
	}
	say(s.out, "  signed for run %d attempt %d, job %s, until %s; ledger entry %d", v.Subject.RunID, v.Subject.Attempt, v.Subject.Job, v.Expires.Format(time.RFC3339), v.Sequence)
	for line := range strings.Lines(message) {
		say(s.err, "%s", strings.TrimSuffix(line, "\n"))
	}
}

// advise says what can be seen without the App. It approves nothing.
func (o *decideOptions) advise(s streams) error {
	say(s.out, "advice for %s: no App was asked, so nothing is decided, signed or recorded", o.environment)
	if o.tree != "" {
		say(s.out, "  seen     commit %s, tree %s, without changes", o.commit, o.tree)
	}
	for _, d := range o.digests {
		say(s.out, "  seen     artifact %s: a name that cannot be moved", d)
	}
	say(s.out, "  not seen evidence, runs, freezes, debts, waivers: only the App looks at them (--server, or %s)", serverName)
	return &outcomeError{verdict.Undecided}
}
