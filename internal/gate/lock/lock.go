// Package lock is the second lock, as the job that deploys turns it: what the job asks the App, and whether the answer is to
// be believed. It is believed only by keys that the job brings, and only if it is about exactly this job.
package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/verdict"
)

// Job is a deploying job and what it is about to deploy. The App believes none of it: it can contradict what GitHub says.
type Job struct {
	Server      string // address of the App
	Environment string
	Commit      string
	Tree        string // that is checked out; empty: artifacts alone are deployed
	Digests     []string
	Bundles     []json.RawMessage // that prove how they were built
	Keys        []seal.Key        // that are pinned
}

// Process is what a job runs in.
type Process struct {
	Env  func(string) string
	Now  func() time.Time
	Send func(ctx context.Context, document, receipt any) error // to the App, over OIDC
}

// question is the document that the App reads.
type question struct {
	Version     int               `json:"version"`
	Environment string            `json:"environment"`
	Tree        string            `json:"tree,omitempty"`
	Digests     []string          `json:"digests,omitempty"`
	Bundles     []json.RawMessage `json:"bundles,omitempty"`
}

// Answer is one that is believed. Code and Message are not signed: they are for people.
type Answer struct {
	Verdict seal.Verdict
	Signed  []byte
	Code    evidence.Code // the first reason; undecided where the App named none that is known
	Message string
}

// FaultError says that nobody decided.
type FaultError struct{ error }

func (e *FaultError) Unwrap() error { return e.error }

// DisbeliefError says that an answer came and is not believed: that is a refusal.
type DisbeliefError struct{ error }

func (e *DisbeliefError) Unwrap() error { return e.error }

// Ask asks the App. An error that is neither of the two above is a mistake of whoever wrote the workflow.
func (j Job) Ask(ctx context.Context, p Process) (Answer, error) {
	want, err := j.subject(p.Env)
	if err != nil {
		return Answer{}, err
	}
	var got struct {
		Code    string          `json:"code"`
		Message string          `json:"message"`
		Verdict json.RawMessage `json:"verdict"`
	}
	if err := p.Send(ctx, question{1, j.Environment, j.Tree, j.Digests, j.Bundles}, &got); err != nil {
		return Answer{}, &FaultError{fmt.Errorf("the App at %s did not decide, so nothing is deployed: %w", j.Server, err)}
	}
	v, err := j.believe(ctx, got.Verdict, want, p.Now())
	if err != nil {
		return Answer{}, &DisbeliefError{fmt.Errorf("the answer of %s is not believed, so nothing is deployed: %w", j.Server, err)}
	}
	return Answer{Verdict: v, Signed: got.Verdict, Message: got.Message, Code: codeOf(v, got.Code)}, nil
}

// codeOf is the App's word for its first reason, as far as it is one, and fits to what is signed.
func codeOf(v seal.Verdict, name string) evidence.Code {
	approved := v.Outcome == gate.OutcomeApproved.String()
	if name == "" && approved {
		return evidence.CodeTested
	}
	var c evidence.Code
	if c.UnmarshalText([]byte(name)) != nil || !approved && (c == evidence.CodeTested || c == evidence.CodeNotApplicable) {
		return evidence.CodeUndecided
	}
	return c
}

// Fetch gets the bundles of the artifacts from where GitHub keeps them, for a job that brings none itself. What is not
// found there the App will say.
func (j *Job) Fetch(ctx context.Context, get func(ctx context.Context, digest string) ([]json.RawMessage, error)) error {
	if len(j.Bundles) > 0 {
		return nil
	}
	if len(j.Digests) > mostFetched {
		return fmt.Errorf("%d artifacts, of which at most %d are looked up at GitHub: bring their bundles (`gh attestation download`)", len(j.Digests), mostFetched)
	}
	seen := map[string]bool{}
	for _, d := range j.Digests {
		list, err := get(ctx, d)
		if err != nil {
			return &FaultError{fmt.Errorf("nothing is deployed, because GitHub does not say how %s was built: %w", d, err)}
		}
		for _, b := range list {
			if _, err := bounded([]json.RawMessage{b}); err != nil || seen[string(b)] || FitBundles(append(j.Bundles, b)) != nil {
				continue // too large to be one, or beyond what is taken: the newest come first
			}
			seen[string(b)] = true
			j.Bundles = append(j.Bundles, b)
		}
	}
	return nil
}

// Outcome is what an answer does to the job. What is not known approves nothing.
func (a Answer) Outcome() verdict.Outcome {
	var o gate.Outcome
	if err := o.UnmarshalText([]byte(a.Verdict.Outcome)); err != nil {
		return verdict.Undecided
	}
	switch o {
	case gate.OutcomeApproved:
		return verdict.Allow
	case gate.OutcomeRejected:
		return verdict.Block
	case gate.OutcomeWaiting, gate.OutcomeError:
	}
	return verdict.Undecided
}

// subject is what the answer has to be about, by the runner's own word.
func (j Job) subject(env func(string) string) (seal.Subject, error) {
	want := seal.Subject{Server: j.Server, Environment: j.Environment, Job: env("GITHUB_JOB"), Commit: j.Commit, Tree: j.Tree, Digests: j.Digests}
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
func (j Job) believe(ctx context.Context, signed []byte, want seal.Subject, now time.Time) (seal.Verdict, error) {
	v, err := seal.Open(ctx, signed, j.Keys)
	if err != nil {
		return v, err
	}
	want.Installation = v.Subject.Installation
	if strings.HasSuffix(v.Subject.Job, "/"+want.Job) {
		want.Job = v.Subject.Job
	}
	if j.Tree == "" {
		want.Tree = v.Subject.Tree
	}
	return seal.Verify(ctx, signed, j.Keys, want, now)
}
