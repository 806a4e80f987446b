// Package sandbox asks policies that others wrote, each time in a fresh process whose memory and time are bounded: what
// they do wrong is a finding that blocks, and ends nothing else.
package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
)

const (
	// patience covers the start, compiling and the policies' own deadline.
	patience   = policy.DefaultTimeout + 10*time.Second
	maxAnswer  = 32 << 20
	maxSources = 16 << 20 // of one bundle; the engine has its own, lower bound
)

// Sandbox starts the processes. It is safe for concurrent use.
type Sandbox struct {
	program string
	args    []string
	places  chan struct{} // each holds one process
}

// New makes a sandbox whose processes are program with args: they must end in Serve. At most atOnce run at a time.
func New(program string, args []string, atOnce int) *Sandbox {
	return &Sandbox{program: program, args: args, places: make(chan struct{}, max(atOnce, 1))}
}

// request is all that a process is given: it has no environment, no arguments of ours and no files.
type request struct {
	Bundles  []bundle  `json:"bundles"`
	Disabled []string  `json:"disabled"`
	Question *question `json:"question,omitempty"` // nil: what rules there are
}

type bundle struct {
	Name  string            `json:"name"`
	Files map[string][]byte `json:"files"`
}

type question struct {
	Explain     string         `json:"explain,omitempty"` // a rule's id; empty: evaluate all
	Plan        *fact.Plan     `json:"plan,omitempty"`
	PlanWhy     string         `json:"plan_why,omitempty"`
	Estimate    *fact.Estimate `json:"estimate,omitempty"`
	EstimateWhy string         `json:"estimate_why,omitempty"`
	Evidence    *fact.Evidence `json:"evidence,omitempty"`
	EvidenceWhy string         `json:"evidence_why,omitempty"`

	Deployment    *fact.Deployment `json:"deployment,omitempty"`
	DeploymentWhy string           `json:"deployment_why,omitempty"`

	Params       map[string]any  `json:"params,omitempty"`
	Raw          json.RawMessage `json:"raw,omitempty"`
	RawWhy       string          `json:"raw_why,omitempty"`
	Infracost    json.RawMessage `json:"infracost,omitempty"`
	InfracostWhy string          `json:"infracost_why,omitempty"`
}

type answer struct {
	Faults      []policy.Fault        `json:"faults,omitempty"` // the bundles do not compile
	Fault       string                `json:"fault,omitempty"`
	Rules       []policy.Rule         `json:"rules,omitempty"`
	Bundles     []policy.BundleDigest `json:"bundles,omitempty"`
	Result      policy.Result         `json:"result"`
	Explanation policy.Explanation    `json:"explanation"`
}

// Judge compiles the bundles. A *policy.PolicyError is a fault of theirs.
func (s *Sandbox) Judge(ctx context.Context, bundles []policy.Bundle, disabled []string) (control.Judge, error) {
	r := request{Disabled: disabled}
	for _, b := range bundles {
		files, err := sources(b.FS)
		if err != nil {
			return nil, fmt.Errorf("policies %s: %w", b.Name, err)
		}
		r.Bundles = append(r.Bundles, bundle{b.Name, files})
	}
	a, err := s.ask(ctx, r)
	if died := (*diedError)(nil); errors.As(err, &died) {
		return nil, &policy.PolicyError{Faults: []policy.Fault{{Bundle: bundles[0].Name, Message: died.Error(), Fix: "make the policies smaller"}}}
	}
	if err != nil {
		return nil, err
	}
	return &judge{sandbox: s, request: r, rules: a.Rules, bundles: a.Bundles}, nil
}

// sources reads what a bundle is made of.
func sources(fsys fs.FS) (map[string][]byte, error) {
	out, total := map[string][]byte{}, 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !part(name) {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if total += len(data); err == nil && total > maxSources {
			return &policy.PolicyError{Faults: []policy.Fault{{File: name, Message: fmt.Sprintf("the policies have more than %d MiB", maxSources>>20), Fix: "make them smaller"}}}
		}
		out[name] = data
		return err
	})
	return out, err
}

func part(name string) bool {
	for _, ending := range []string{".rego", ".json", ".yaml", ".yml"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

// diedError says that a process ended without an answer.
type diedError struct{ why string }

func (e *diedError) Error() string { return e.why }

// ask starts a process, gives it the request and reads its answer.
func (s *Sandbox) ask(ctx context.Context, r request) (answer, error) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	in, err := json.Marshal(r)
	if err != nil {
		return answer{}, fmt.Errorf("sandbox: the question has no JSON form: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(bounded, s.program, s.args...)
	out := &capped{left: maxAnswer}
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.WaitDelay = []string{}, bytes.NewReader(in), out, time.Second
	if err := cmd.Start(); err != nil {
		return answer{}, fmt.Errorf("sandbox: %w", err)
	}
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return answer{}, ctx.Err()
	case bounded.Err() != nil:
		return answer{}, &diedError{fmt.Sprintf("the policies did not end within %s", patience)}
	case err != nil:
		return answer{}, &diedError{"the policies ended their process: they take more memory or time than one evaluation may"}
	case out.over:
		return answer{}, &diedError{"the policies' findings are larger than one evaluation may have"}
	}
	var a answer
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		return answer{}, fmt.Errorf("sandbox: the answer cannot be read: %w", err)
	}
	if len(a.Faults) > 0 {
		return answer{}, &policy.PolicyError{Faults: a.Faults}
	}
	if a.Fault != "" {
		return answer{}, fmt.Errorf("sandbox: %s", a.Fault)
	}
	return a, nil
}

// capped keeps what fits and says whether there was more.
type capped struct {
	bytes.Buffer
	left int
	over bool
}

// Write implements io.Writer.
func (c *capped) Write(p []byte) (int, error) {
	if len(p) > c.left {
		c.over = true
		return 0, io.ErrShortWrite
	}
	c.left -= len(p)
	return c.Buffer.Write(p)
}

// judge is one set of bundles. It keeps their sources, no process.
type judge struct {
	sandbox *Sandbox
	request request
	rules   []policy.Rule
	bundles []policy.BundleDigest
}

// Rules lists every rule.
func (j *judge) Rules() []policy.Rule { return j.rules }

// Bundles lists the digest of each bundle.
func (j *judge) Bundles() []policy.BundleDigest { return j.bundles }

// Digest is that of all bundles.
func (j *judge) Digest() string { return policy.DigestOf(j.bundles) }

// Evaluate runs every enabled rule. Policies that end their process are undecided.
func (j *judge) Evaluate(ctx context.Context, in policy.Input) (policy.Result, error) {
	r := j.request
	r.Question = j.question(in)
	a, err := j.sandbox.ask(ctx, r)
	if died := (*diedError)(nil); errors.As(err, &died) {
		return policy.Result{Findings: []verdict.Finding{{
			ID: policy.IDError, Title: "Policies could not be evaluated", Severity: verdict.Undecided, Bundle: j.bundles[0].Name,
			Message: died.Error(), Fix: "make the policies cheaper; platform policy test shows how long each takes",
		}}}, nil
	}
	return a.Result, err
}

// Explain evaluates one rule with a trace.
func (j *judge) Explain(ctx context.Context, id string, in policy.Input) (policy.Explanation, error) {
	r := j.request
	r.Question = j.question(in)
	r.Question.Explain = id
	a, err := j.sandbox.ask(ctx, r)
	return a.Explanation, err
}

// question carries the input; the documents of other dialects only where a rule reads them.
func (j *judge) question(in policy.Input) *question {
	q := &question{Params: in.Facts.Params, PlanWhy: in.Facts.Plan.Why(), EstimateWhy: in.Facts.Estimate.Why(), EvidenceWhy: in.Facts.Evidence.Why(),
		DeploymentWhy: in.Facts.Deployment.Why()}
	if p, ok := in.Facts.Plan.Get(); ok {
		q.Plan = &p
	}
	if e, ok := in.Facts.Estimate.Get(); ok {
		q.Estimate = &e
	}
	if e, ok := in.Facts.Evidence.Get(); ok {
		q.Evidence = &e
	}
	if d, ok := in.Facts.Deployment.Get(); ok {
		q.Deployment = &d
	}
	dialects := map[string]bool{}
	for _, r := range j.rules {
		dialects[r.Dialect] = true
	}
	if dialects[policy.DialectConftest] {
		q.Raw, q.RawWhy = document(in.Raw)
	}
	if dialects[policy.DialectInfracost] {
		q.Infracost, q.InfracostWhy = document(in.Infracost)
	}
	return q
}

func document(read func() (any, error)) (data json.RawMessage, why string) {
	if read == nil {
		return nil, "it was not gathered"
	}
	v, err := read()
	if err != nil {
		return nil, err.Error()
	}
	if data, err = json.Marshal(v); err != nil {
		return nil, err.Error()
	}
	return data, ""
}
