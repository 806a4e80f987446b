// Package control is the only way to get a verdict: it gathers the facts' estimate, asks the policies and the
// limits, and combines what they say into one report.
package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// Source is one plan to judge, with what it is compared to.
type Source struct {
	Name string              // as the user gave it; slash-separated, relative to the repository where possible
	Plan fact.Plan           // what is to be applied
	Base *fact.Plan          // nil: the plan's own before side
	Raw  func() (any, error) // the whole document, for policies written for conftest; nil when there is none

	Prior *Estimated // compared with in place of Base; nil: nothing was estimated before
	Ready *Estimated // the estimate of Plan; nil: Plan is to be priced

	// Infracost writes the estimate for policies written for Infracost; nil when nobody can.
	Infracost func(name string, e fact.Estimate) (any, error)
}

// Request is one question, the same for every surface.
type Request struct {
	Sources []Source
	Limits  fact.Limits
	Params  map[string]any  // policies.params
	Inputs  []verdict.Input // digests of the configuration, the usage file and whatever else was read
	Notes   []verdict.Finding
	Checks  []verdict.Check // what was asked already, beside Notes
}

// Control decides. It is safe for concurrent use.
type Control struct {
	estimator *cost.Estimator
	policies  Policies
	usage     *cost.Usage
	currency  money.Currency
}

// Policies yields the compiled policies when they are first needed, so that they can be compiled while facts are
// gathered. No set and no error means that there are none; the report says so. It may be called more than once.
type Policies func() (Judge, error)

// New makes a control plane. policies may be nil where only estimates are asked for, and the estimator where every
// source brings its estimate in the wanted currency.
func New(estimator *cost.Estimator, policies Policies, usage *cost.Usage, currency money.Currency) *Control {
	return &Control{estimator, policies, usage, currency}
}

// Estimate prices the sources without judging them; every report's verdict says what could not be read.
func (c *Control) Estimate(ctx context.Context, req Request) (render.Report, error) {
	r, _, err := c.gather(ctx, req)
	if err != nil {
		return render.Report{}, err
	}
	return c.finish(r)
}

// Check gathers, asks policies and limits, and combines. The error is a fault of ours, never a verdict.
func (c *Control) Check(ctx context.Context, req Request) (render.Report, error) {
	r, projects, err := c.gather(ctx, req)
	if err != nil {
		return render.Report{}, err
	}
	v := &r.Verdict
	v.Findings = append(v.Findings, cost.Judge(req.Limits, projects)...)
	set, err := c.policySet()
	if err != nil {
		return render.Report{}, err
	}
	if set == nil {
		v.Findings = append(v.Findings, verdict.Finding{
			ID: "no-policies", Title: "No policy was asked", Severity: verdict.Warn,
			Message: "the built-in policies are switched off and no other policy was given: conventions were not checked",
			Fix:     "leave --no-builtin-policies away, or name a policy folder with --policy DIR",
		})
		return c.finish(r)
	}
	v.Inputs = append(v.Inputs, verdict.Input{Kind: "policies", Name: "policies", Digest: set.Digest()})
	r.Policies = set.Digest()
	checks := map[string]*verdict.Check{}
	for i, s := range req.Sources {
		if err := c.policy(ctx, set, req, s, r.Projects[i].Estimate, v, checks); err != nil {
			return render.Report{}, err
		}
	}
	for _, check := range checks {
		v.Checks = append(v.Checks, *check)
	}
	return c.finish(r)
}

func (c *Control) policySet() (Judge, error) {
	if c.policies == nil {
		return nil, nil //nolint:nilnil // no policies is an answer, and the report says so
	}
	return c.policies()
}

// Rules are those that Check asks; none where policies cannot be compiled, which Check says.
func (c *Control) Rules() []policy.Rule {
	set, err := c.policySet()
	if err != nil || set == nil {
		return nil
	}
	return set.Rules()
}

// policy asks the policies about one source and adds what they say.
func (c *Control) policy(ctx context.Context, set Judge, req Request, s Source, e fact.Known[fact.Estimate], v *verdict.Verdict, checks map[string]*verdict.Check) error {
	result, err := set.Evaluate(ctx, c.policyInput(req, s, e))
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // whoever asked has gone: what was not decided is no finding
	}
	positions := map[string]*fact.Resource{}
	for i := range s.Plan.Resources {
		positions[s.Plan.Resources[i].Address] = &s.Plan.Resources[i]
	}
	for _, f := range result.Findings {
		if len(req.Sources) > 1 {
			f.Project = s.Name
		}
		if r := positions[f.Address]; r != nil && f.File == "" {
			f.File, f.Line = r.File, r.Line
		}
		v.Findings = append(v.Findings, f)
	}
	for _, check := range result.Checks {
		key := check.Bundle + "\x00" + check.ID
		if have := checks[key]; have != nil {
			have.Looked += max(check.Looked, 0)
			have.Findings += check.Findings
			continue
		}
		checks[key] = &check
	}
	return nil
}

func (c *Control) policyInput(req Request, s Source, e fact.Known[fact.Estimate]) policy.Input {
	in := policy.Input{Facts: fact.Facts{Plan: fact.Of(s.Plan), Estimate: e, Params: req.Params}, Raw: s.Raw}
	if s.Ready != nil && s.Ready.Alone {
		in.Facts.Plan = fact.Missing[fact.Plan](s.Name + " is an estimate and no plan: give the plan, or leave the built-in policies away with --no-builtin-policies")
	}
	if estimate, ok := e.Get(); ok && s.Infracost != nil {
		in.Infracost = func() (any, error) { return s.Infracost(s.Name, estimate) }
	}
	return in
}

// gather estimates every source and turns what could not be read into findings.
func (c *Control) gather(ctx context.Context, req Request) (render.Report, []cost.Project, error) {
	r := render.Report{Currency: c.currency, Verdict: verdict.Verdict{
		Findings: append([]verdict.Finding{}, req.Notes...), Checks: append([]verdict.Check{}, req.Checks...), Inputs: append([]verdict.Input{}, req.Inputs...),
	}}
	var projects []cost.Project
	addresses := c.estimator.UsageOnly()
	for i, s := range req.Sources {
		if err := ctx.Err(); err != nil {
			return r, nil, err
		}
		e, err := c.estimate(s, i == 0)
		if err != nil {
			return r, nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		projects = append(projects, cost.Project{Path: s.Name, Estimate: e})
		summary := render.Summarise(s.Plan)
		if s.Ready != nil {
			r.Verdict.Findings = append(r.Verdict.Findings, s.Ready.findings()...)
			r.Verdict.Inputs = append(r.Verdict.Inputs, s.Ready.input("estimate"))
		}
		if s.Ready != nil && s.Ready.Alone {
			summary = summaryOf(s.Ready)
		} else {
			r.Verdict.Inputs = append(r.Verdict.Inputs, verdict.Input{Kind: "plan", Name: s.Name, Digest: s.Plan.Digest})
		}
		r.Projects = append(r.Projects, render.Project{Name: s.Name, Plan: summary, Estimate: fact.Of(e)})
		if s.Prior != nil {
			r.Verdict.Findings = append(r.Verdict.Findings, s.Prior.findings()...)
			r.Verdict.Inputs = append(r.Verdict.Inputs, s.Prior.input("base"))
		}
		if s.Base != nil {
			r.Verdict.Inputs = append(r.Verdict.Inputs, verdict.Input{Kind: "base", Name: s.Base.Name, Digest: s.Base.Digest})
		}
		r.Verdict.Findings = append(r.Verdict.Findings, faults(s, len(req.Sources) > 1)...)
		for i := range s.Plan.Resources {
			addresses = append(addresses, s.Plan.Resources[i].Address)
		}
	}
	r.Total = fact.Of(total(projects, c.currency))
	for _, a := range c.usage.Unmatched(addresses) {
		r.Verdict.Findings = append(r.Verdict.Findings, verdict.Finding{
			ID: "usage-unmatched", Title: "Usage for a resource that is not there", Severity: verdict.Warn,
			Message: "the usage file names a resource that no plan has: its quantities count for nothing",
			Address: a, Fix: "correct the address in the usage file, or remove it",
		})
	}
	if c.estimator != nil {
		r.Verdict.Findings = append(r.Verdict.Findings, unknownUsage(c.estimator.UnknownUsage())...)
	}
	if len(projects) > 0 && projects[0].Estimate.BookDigest != "" {
		r.Verdict.Inputs = append(r.Verdict.Inputs, verdict.Input{Kind: "book", Name: "prices", Digest: projects[0].Estimate.BookDigest})
	}
	return r, projects, nil
}

func unknownUsage(list []cost.UnknownUsage) []verdict.Finding {
	var out []verdict.Finding
	for _, u := range list {
		out = append(out, verdict.Finding{
			ID: "usage-unknown", Title: "Usage that the type does not have", Severity: verdict.Warn,
			Message: fmt.Sprintf("the usage key %s is none of %s: it counts for nothing", u.Key, u.Type),
			Address: u.Address, Fix: "the keys of this type are " + strings.Join(u.Known, ", "),
		})
	}
	return out
}

// estimate prices one source. The first of several also takes what stands in the usage file alone.
func (c *Control) estimate(s Source, first bool) (fact.Estimate, error) {
	e := c.estimator
	switch {
	case s.Ready != nil && s.Prior != nil:
		return e.Both(s.Prior.Estimate, s.Ready.Estimate)
	case s.Ready != nil && s.Ready.Estimate.Currency == c.currency:
		return s.Ready.Estimate, nil
	case s.Ready != nil:
		return e.In(s.Ready.Estimate)
	}
	if !first {
		e = e.PlanOnly()
	}
	switch {
	case s.Prior != nil:
		return e.CompareTo(s.Prior.Estimate, s.Plan)
	case s.Base != nil:
		return e.Compare(*s.Base, s.Plan)
	}
	return e.Estimate(s.Plan)
}

func total(projects []cost.Project, currency money.Currency) fact.Change {
	zero := money.Amount{}.In(currency)
	t := fact.Change{Before: zero, After: zero, Delta: zero}
	for _, p := range projects {
		t.Before = t.Before.Add(p.Estimate.Total.Before)
		t.After = t.After.Add(p.Estimate.Total.After)
		t.Delta = t.Delta.Add(p.Estimate.Total.Delta)
	}
	return t
}

// faults are the parts of a plan that could not be read: each leaves the outcome undecided.
func faults(s Source, several bool) []verdict.Finding {
	var out []verdict.Finding
	list := slices.Clip(s.Plan.Faults)
	if s.Plan.Errored {
		list = append(list, fact.Fault{Where: s.Name, Message: "the plan failed part-way, so that what the change costs is not known", Fix: "mend the error and plan again"})
	}
	if s.Base != nil {
		for _, f := range s.Base.Faults {
			list = append(list, fact.Fault{Where: "base: " + f.Where, Message: f.Message, Fix: f.Fix})
		}
		if !s.Base.Complete || s.Base.Errored {
			list = append(list, fact.Fault{Where: "base", Message: "the plan to compare with is not whole (errored, or made with -target), so that the difference is not known", Fix: "make that plan again without -target"})
		}
	}
	for _, f := range list {
		finding := verdict.Finding{
			ID: "plan-fault", Title: "Part of the plan could not be read", Severity: verdict.Undecided,
			Message: f.Where + ": " + f.Message, Fix: f.Fix,
		}
		if several {
			finding.Project = s.Name
		}
		out = append(out, finding)
	}
	return out
}

// finish combines the findings, sorts everything and seals the verdict with its digest.
func (c *Control) finish(r render.Report) (render.Report, error) {
	v := &r.Verdict
	v.Outcome = verdict.Combine(v.Findings)
	v.Sort()
	digest, err := seal(r)
	v.Digest = digest
	return r, err
}

// Explain says why one policy fired on a source, or did not. The request must have exactly one source.
func (c *Control) Explain(ctx context.Context, id string, req Request) (policy.Explanation, error) {
	s := req.Sources[0]
	e, err := c.estimate(s, true)
	if err != nil {
		return policy.Explanation{}, err
	}
	set, err := c.policySet()
	if err != nil {
		return policy.Explanation{}, err
	}
	if set == nil {
		return policy.Explanation{}, fmt.Errorf("there are no policies to explain")
	}
	return set.Explain(ctx, id, c.policyInput(req, s, fact.Of(e)))
}
