package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate/lock"
	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/verdict"
	"github.com/org/platform-action/internal/worktree"
)

// verdictFile is where the signed answer is left for later steps.
const verdictFile = "verdict.json"

// verify is the second lock, inside of the deploying job: nothing is deployed unless the App decides, now, that it may,
// and signs that for this very job.
func (c *step) verify(ctx context.Context) (verdict.Outcome, error) {
	if c.in.Server != "" {
		if err := webAddress(c.in.Server); err != nil {
			return verdict.Undecided, err
		}
	}
	job, refused, err := c.deployed()
	if err != nil {
		return verdict.Undecided, err
	}
	switch {
	case refused != "":
		return c.refuse(job, refused)
	case job.Server == "":
		return c.advise(job)
	}
	answer, err := c.ask(ctx, job)
	if disbelief, ok := errors.AsType[*lock.DisbeliefError](err); ok {
		return c.refuse(job, disbelief.Error())
	}
	if fault, ok := errors.AsType[*lock.FaultError](err); ok {
		return verdict.Undecided, &faultError{fault}
	}
	if err != nil {
		return verdict.Undecided, err
	}
	file, err := c.store(verdictFile, append(answer.Signed, '\n'))
	if err != nil {
		return verdict.Undecided, &faultError{err}
	}
	return c.decided(job, answer, file)
}

// ask asks the App, with what GitHub keeps of how the artifacts were built where the job brings none of that.
func (c *step) ask(ctx context.Context, job lock.Job) (lock.Answer, error) {
	if err := job.Fetch(ctx, c.attestations); err != nil {
		return lock.Answer{}, err
	}
	return job.Ask(ctx, lock.Process{Env: c.env, Now: c.now, Send: func(ctx context.Context, document, receipt any) error {
		return oidc.Send(ctx, c.env, job.Server, oidc.Gate, document, receipt)
	}})
}

// attestations reads the bundles of an artifact with the job's token.
func (c *step) attestations(ctx context.Context, digest string) ([]json.RawMessage, error) {
	if c.in.Token == "" {
		c.runner.Say("no token, so that GitHub is not asked how %s was built: bring its bundle", digest)
		return nil, nil
	}
	hub, err := github.NewReader(c.event.APIURL, c.in.Token)
	if err != nil {
		return nil, err
	}
	list, whole, err := hub.Attestations(ctx, c.event.Owner, c.event.Repo, digest)
	switch {
	case errors.Is(err, control.ErrForbidden):
		return nil, fmt.Errorf("%w\ngive the job this permission in the workflow, or bring the bundle:\n  permissions:\n    attestations: read", err)
	case err != nil:
		return nil, err
	case len(list) == 0:
		c.runner.Say("GitHub shows this job no attestation of %s: there is none, or the job lacks attestations: read", digest)
	case !whole:
		c.runner.Say("GitHub has more attestations of %s than are read: bring the bundle if the right one is not among the newest", digest)
	}
	return list, nil
}

// deployed reads what the job would deploy, and by whose word it may. refused is why that cannot be asked about at all.
func (c *step) deployed() (job lock.Job, refused string, err error) {
	job = lock.Job{Server: c.in.Server, Environment: c.in.Environment, Commit: c.event.SHA, Digests: c.in.Digests}
	if job.Keys, err = c.keys(); err != nil {
		return job, "", err
	}
	if job.Bundles, err = c.bundles(); err != nil {
		return job, "", err
	}
	head := local.Head(c.event.Workspace)
	state, err := worktree.Read(c.event.Workspace)
	switch {
	case errors.Is(err, worktree.ErrNone) && len(job.Digests) > 0:
		c.runner.Say("no checkout is here: the artifacts alone are asked about, and nothing else may be deployed")
		return job, "", nil
	case errors.Is(err, worktree.ErrNone):
		return job, "", errors.New("no checkout is here: run actions/checkout first, or name in artifact-digest what the job deploys")
	case err != nil:
		return job, "", fmt.Errorf("what is checked out cannot be told: %w", err)
	case head == "":
		return job, "", errors.New("which commit is checked out cannot be read from .git: check out with actions/checkout")
	case head != c.event.SHA:
		return job, fmt.Sprintf("subject-mismatch: the run is of commit %s and %s is checked out. Check out without a ref", c.event.SHA, head), nil
	case len(state.Changed) > 0:
		return job, "", fmt.Errorf("the checkout is not the commit %.7s: %d files differ (%.200q); what would be deployed has no name then: "+
			"ask before anything is changed, in the step after the checkout", head, len(state.Changed), state.Changed[:min(len(state.Changed), maxShown)])
	}
	job.Tree = state.Tree
	return job, "", nil
}

// maxShown is how many files a message names.
const maxShown = 5

// keys reads the keys that are pinned. A file that leads out of the workspace is none.
func (c *step) keys() ([]seal.Key, error) {
	var out []seal.Key
	for _, name := range c.in.Keys {
		data, shown := []byte(name), "the PEM"
		if !actions.IsKey(name) {
			var err error
			if data, err = c.given(name, seal.MaxBytes); err != nil {
				return nil, fmt.Errorf("key: %w", err)
			}
			shown = name
		}
		keys, err := lock.PinnedKeys(data)
		if err != nil {
			return nil, fmt.Errorf("key: %.80q: %w", shown, err)
		}
		out = append(out, keys...)
	}
	return out, nil
}

// bundles reads what proves how the artifacts were built, for the App to judge.
func (c *step) bundles() ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, name := range c.in.Bundles {
		data, err := c.given(name, seal.MaxBundles)
		if err != nil {
			return nil, fmt.Errorf("bundle: %w", err)
		}
		list, err := lock.Bundles(data)
		if err != nil {
			return nil, fmt.Errorf("bundle: %.80q: %w", name, err)
		}
		out = append(out, list...)
	}
	if err := lock.FitBundles(out); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return out, nil
}

// given reads a file that an input names. A link that leads out of the workspace is none.
func (c *step) given(name string, most int64) ([]byte, error) {
	open := c.root.Open
	if !filepath.IsLocal(name) {
		open = os.Open // somebody means a file of the runner
	}
	f, err := open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%.80q is not in the workspace", name)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%.80q is no file", name), err)
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%.80q has more than %d KiB", name, most>>10)
	}
	return data, err
}
