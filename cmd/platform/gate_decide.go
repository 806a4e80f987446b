package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate/lock"
	"github.com/org/platform-action/internal/git"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/verdict"
)

type decideOptions struct {
	digests, keys, bundles []string
	server                 server
	noCheckout             bool
	output                 output
	now                    func() time.Time
	job                    lock.Job
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
	f.StringVar(&o.job.Environment, "environment", "", "the environment, as the job names it")
	f.StringArrayVar(&o.digests, "digest", nil, "sha256:… or NAME@sha256:… of what is deployed, never a tag; may be given more than once")
	f.StringArrayVar(&o.bundles, "bundle", nil, "Sigstore bundle that proves how an artifact was built (default: what GitHub keeps, with GITHUB_TOKEN); may be given more than once")
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
	if o.job.Server == "" {
		return o.advise(s)
	}
	if err := o.job.Fetch(ctx, func(ctx context.Context, digest string) ([]json.RawMessage, error) {
		return attestations(ctx, s, digest)
	}); err != nil {
		return asFault(err)
	}
	answer, err := o.job.Ask(ctx, lock.Process{Env: s.env, Now: o.now, Send: func(ctx context.Context, document, receipt any) error {
		return oidc.Send(ctx, s.env, o.job.Server, oidc.Gate, document, receipt)
	}})
	switch disbelief, disbelieved := errors.AsType[*lock.DisbeliefError](err); {
	case disbelieved:
		say(s.err, "platform: %s", disbelief.Error())
		return &outcomeError{verdict.Block}
	case err != nil:
		return asFault(err)
	}
	if o.output.out != "" {
		if err := o.output.emit(s, append(answer.Signed, '\n')); err != nil {
			return err
		}
	}
	tellAnswer(s, answer)
	if outcome := answer.Outcome(); outcome != verdict.Allow {
		return &outcomeError{outcome}
	}
	return nil
}

// asFault keeps apart that nobody decided from what whoever wrote the workflow can mend.
func asFault(err error) error {
	if fault, ok := errors.AsType[*lock.FaultError](err); ok {
		return &faultError{fault}
	}
	return err
}

// attestations reads the bundles of an artifact with the job's token.
func attestations(ctx context.Context, s streams, digest string) ([]json.RawMessage, error) {
	owner, name, ok := strings.Cut(s.env("GITHUB_REPOSITORY"), "/")
	if s.env("GITHUB_TOKEN") == "" || !ok {
		say(s.err, "platform: GITHUB_TOKEN is not set, so that GitHub is not asked how %s was built: bring its --bundle", digest)
		return nil, nil
	}
	hub, _, err := reader(s, "")
	if err != nil {
		return nil, err
	}
	list, whole, err := hub.Attestations(ctx, owner, name, digest)
	switch {
	case errors.Is(err, control.ErrForbidden):
		return nil, fmt.Errorf("%w; give the job `permissions: attestations: read`, or bring the --bundle", err)
	case err != nil:
		return nil, err
	case len(list) == 0:
		say(s.err, "platform: GitHub shows this job no attestation of %s: there is none, or the job lacks attestations: read", digest)
	case !whole:
		say(s.err, "platform: GitHub has more attestations of %s than are read: bring the --bundle if the right one is not among the newest", digest)
	}
	return list, nil
}

// complete looks at the flags before anything is asked.
func (o *decideOptions) complete(s streams) error {
	var err error
	if o.job.Environment == "" {
		return errors.New("--environment is needed: the name that the job's environment has in the workflow")
	}
	if o.job.Digests, err = lock.Artifacts(o.digests); err != nil {
		return fmt.Errorf("--digest %w", err)
	}
	if o.job.Bundles, err = readBundles(o.bundles); err != nil {
		return err
	}
	if o.job.Server, err = o.server.address(s.env); err != nil {
		return err
	}
	if o.job.Keys, err = readKeys(o.keys); err != nil {
		return err
	}
	switch {
	case o.job.Server == "" && o.output.out != "":
		return fmt.Errorf("--out is for a signed verdict, and without --server (or %s) nobody signs one", serverName)
	case o.job.Server != "" && len(o.job.Keys) == 0:
		return fmt.Errorf("--key is needed, or anybody who answers at %s could let this deploy: pin the App's public key with "+
			"`openssl pkey -in signing.pem -pubout -out .github/platform-key.pem` where the server is run, and commit it", o.job.Server)
	case o.noCheckout && len(o.job.Digests) == 0:
		return errors.New("--no-checkout deploys artifacts: name them with --digest sha256:…")
	case len(o.bundles) > 0 && len(o.job.Digests) == 0:
		return errors.New("--bundle proves how an artifact was built: name it with --digest sha256:…")
	}
	return nil
}

// checkout finds out what is about to be deployed, by git's own objects.
func (o *decideOptions) checkout(ctx context.Context, s streams) error {
	told := s.env("GITHUB_SHA")
	if o.noCheckout {
		o.job.Commit = told
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
	o.job.Commit, o.job.Tree = state.Commit, state.Tree
	return nil
}

func tellAnswer(s streams, a lock.Answer) {
	v := a.Verdict
	say(s.out, "%s: %s of commit %s, tree %s (basis: %s)", v.Outcome, v.Subject.Environment, v.Subject.Commit, v.Subject.Tree, v.Basis)
	for _, d := range v.Subject.Digests {
		say(s.out, "  artifact %s", d)
	}
	say(s.out, "  signed for run %d attempt %d, job %s, until %s; ledger entry %d", v.Subject.RunID, v.Subject.Attempt, v.Subject.Job, v.Expires.Format(time.RFC3339), v.Sequence)
	for line := range strings.Lines(a.Message) {
		say(s.err, "%s", strings.TrimSuffix(line, "\n"))
	}
}

// advise says what can be seen without the App. It approves nothing.
func (o *decideOptions) advise(s streams) error {
	say(s.out, "advice for %s: no App was asked, so nothing is decided, signed or recorded", o.job.Environment)
	if o.job.Tree != "" {
		say(s.out, "  seen     commit %s, tree %s, without changes", o.job.Commit, o.job.Tree)
	}
	for _, d := range o.job.Digests {
		say(s.out, "  seen     artifact %s: a name that cannot be moved", d)
	}
	say(s.out, "  not seen evidence, runs, freezes, debts, waivers: only the App looks at them (--server, or %s)", serverName)
	return &outcomeError{verdict.Undecided}
}
