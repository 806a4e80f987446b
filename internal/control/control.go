// Package control is the only way to get a verdict: it gathers the facts' estimate, asks the policies and the
// limits, and combines what they say into one report.
package control

import (
	"context"
	"fmt"
	"log/slog"

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
	pricing, end := step(ctx, "estimate", slog.Int("sources", len(req.Sources)))
	r, projects, err := c.gather(pricing, req)
	end(err)
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
	asking, end := step(ctx, "policy")
	result, err := set.Evaluate(asking, c.policyInput(req, s, e))
	end(err, slog.Int("findings", len(result.Findings)))
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

// findings are what the policies say of facts without a plan.
func (c *Control) findings(ctx context.Context, facts fact.Facts) ([]verdict.Finding, error) {
	set, err := c.policySet()
	if err != nil || set == nil {
		return []verdict.Finding{}, err
	}
	result, err := set.Evaluate(ctx, policy.Input{Facts: facts})
	if err == nil {
		err = ctx.Err() // whoever asked has gone: what was not decided is no finding
	}
	return append([]verdict.Finding{}, result.Findings...), err
}

func (c *Control) policyInput(req Request, s Source, e fact.Known[fact.Estimate]) policy.Input {
	in := policy.Input{Facts: fact.Facts{Plan: fact.Of(s.Plan), Estimate: e, Params: req.Params}, Raw: s.Raw}
	if s.alone() {
		in.Facts.Plan = fact.Missing[fact.Plan](s.Name + " is an estimate and no plan: give the plan, or leave the built-in policies away with --no-builtin-policies")
	}
	if estimate, ok := e.Get(); ok && s.Infracost != nil {
		in.Infracost = func() (any, error) { return s.Infracost(s.Name, estimate) }
	}
	return in
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
