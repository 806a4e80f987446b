package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// gather estimates every source and turns what could not be read into findings.
func (c *Control) gather(ctx context.Context, req Request) (render.Report, []cost.Project, error) {
	r := render.Report{Currency: c.currency, Verdict: verdict.Verdict{
		Findings: append([]verdict.Finding{}, req.Notes...), Checks: append([]verdict.Check{}, req.Checks...), Inputs: append([]verdict.Input{}, req.Inputs...),
	}}
	var projects []cost.Project
	for i, s := range req.Sources {
		if err := ctx.Err(); err != nil {
			return r, nil, err
		}
		e, err := c.estimate(s, i == 0)
		if err != nil {
			return r, nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		projects = append(projects, cost.Project{Path: s.Name, Estimate: e})
		r.Projects = append(r.Projects, render.Project{Name: s.Name, Plan: s.summary(), Estimate: fact.Of(e)})
		r.Verdict.Inputs = append(r.Verdict.Inputs, s.inputs()...)
		r.Verdict.Findings = append(r.Verdict.Findings, s.findings(len(req.Sources) > 1)...)
	}
	r.Total = fact.Of(total(projects, c.currency))
	r.Verdict.Findings = append(r.Verdict.Findings, c.usageFindings(req.Sources)...)
	if len(projects) > 0 && projects[0].Estimate.BookDigest != "" {
		r.Verdict.Inputs = append(r.Verdict.Inputs, verdict.Input{Kind: "book", Name: "prices", Digest: projects[0].Estimate.BookDigest})
	}
	return r, projects, nil
}

// alone reports an estimate that stands for a plan that nobody has.
func (s Source) alone() bool { return s.Ready != nil && s.Ready.Alone }

func (s Source) summary() render.PlanSummary {
	if s.alone() {
		return summaryOf(s.Ready)
	}
	return render.Summarise(s.Plan)
}

// inputs are the digests of what the source was read from.
func (s Source) inputs() []verdict.Input {
	var out []verdict.Input
	if s.Ready != nil {
		out = append(out, s.Ready.input("estimate"))
	}
	if !s.alone() {
		out = append(out, verdict.Input{Kind: "plan", Name: s.Name, Digest: s.Plan.Digest})
	}
	if s.Prior != nil {
		out = append(out, s.Prior.input("base"))
	}
	if s.Base != nil {
		out = append(out, verdict.Input{Kind: "base", Name: s.Base.Name, Digest: s.Base.Digest})
	}
	return out
}

// findings are what is wrong with the source; several says that it is one of more.
func (s Source) findings(several bool) []verdict.Finding {
	var out []verdict.Finding
	for _, e := range []*Estimated{s.Ready, s.Prior} {
		if e != nil {
			out = append(out, e.findings()...)
		}
	}
	return append(out, faults(s, several)...)
}

// usageFindings tell what of the usage file counts for nothing.
func (c *Control) usageFindings(sources []Source) []verdict.Finding {
	addresses := c.estimator.UsageOnly()
	for _, s := range sources {
		for i := range s.Plan.Resources {
			addresses = append(addresses, s.Plan.Resources[i].Address)
		}
	}
	var out []verdict.Finding
	for _, a := range c.usage.Unmatched(addresses) {
		out = append(out, verdict.Finding{
			ID: "usage-unmatched", Title: "Usage for a resource that is not there", Severity: verdict.Warn,
			Message: "the usage file names a resource that no plan has: its quantities count for nothing",
			Address: a, Fix: "correct the address in the usage file, or remove it",
		})
	}
	if c.estimator != nil {
		out = append(out, unknownUsage(c.estimator.UnknownUsage())...)
	}
	return out
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
