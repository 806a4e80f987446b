package render

import (
	"slices"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// cleaned is the report with every text that may come from a pull request passed through clean: once, before any
// format shortens or escapes it, because half a secret is a secret and an escaped one is no longer recognised. The
// report that was given stays as it is.
func cleaned(r Report, clean func(string) string) Report {
	c := remembering(clean)
	r.Verdict = c.verdict(r.Verdict)
	r.Projects = mapped(r.Projects, c.project)
	if _, ok := r.Total.Get(); !ok {
		r.Total = fact.Missing[fact.Change](clean(r.Total.Why()))
	}
	c.all(&r.Reproduce, &r.Version, &r.Commit, &r.Policies, &r.Link, &r.Files)
	return r
}

// CleanText drops what no person can see and what looks like a secret or like a command to an Actions runner. Invisible characters go first: they could hide
// a secret from the filter and be gone when somebody copies it.
func CleanText(s string) string { return inertCommand(Redact(oneLine(s))) }

type cleaner func(string) string

// remembered is how many texts are kept: units, regions and sources repeat in every line of a large plan.
const remembered = 4096

func remembering(clean func(string) string) cleaner {
	known := map[string]string{}
	return func(s string) string {
		if done, ok := known[s]; ok {
			return done
		}
		done := clean(s)
		if len(known) < remembered {
			known[s] = done
		}
		return done
	}
}

func (c cleaner) all(texts ...*string) {
	for _, t := range texts {
		*t = c(*t)
	}
}

func mapped[T any](list []T, f func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i := range list {
		out[i] = f(list[i])
	}
	return out
}

// same is mapped for values that seldom change: without a change it is the list that was given.
func same[T comparable](list []T, f func(T) T) []T {
	out := list
	for i := range list {
		if x := f(list[i]); x != list[i] {
			if &out[0] == &list[0] {
				out = slices.Clone(list)
			}
			out[i] = x
		}
	}
	return out
}

func (c cleaner) verdict(v verdict.Verdict) verdict.Verdict {
	v.Findings = mapped(v.Findings, func(f verdict.Finding) verdict.Finding {
		c.all(&f.ID, &f.Title, &f.Message, &f.Project, &f.Address, &f.File, &f.Fix, &f.Bundle, &f.Dialect)
		return f
	})
	v.Checks = mapped(v.Checks, func(k verdict.Check) verdict.Check {
		c.all(&k.ID, &k.Title, &k.Area, &k.Bundle)
		return k
	})
	v.Inputs = mapped(v.Inputs, func(i verdict.Input) verdict.Input {
		c.all(&i.Kind, &i.Name, &i.Digest)
		return i
	})
	c.all(&v.Digest)
	return v
}

func (c cleaner) project(p Project) Project {
	c.all(&p.Name, &p.Plan.Tool, &p.Plan.Digest)
	fault := func(f fact.Fault) fact.Fault {
		c.all(&f.Where, &f.Message, &f.Fix)
		return f
	}
	p.Plan.Faults, p.Plan.Notes = mapped(p.Plan.Faults, fault), mapped(p.Plan.Notes, fault)
	if e, ok := p.Estimate.Get(); ok {
		p.Estimate = fact.Of(c.estimate(e))
	} else {
		p.Estimate = fact.Missing[fact.Estimate](c(p.Estimate.Why()))
	}
	return p
}

func (c cleaner) estimate(e fact.Estimate) fact.Estimate {
	c.all(&e.BookDigest, &e.BookAsOf)
	e.Resources = mapped(e.Resources, c.resource)
	e.Unpriced = mapped(e.Unpriced, func(t fact.TypeCount) fact.TypeCount {
		c.all(&t.Type, &t.Why)
		return t
	})
	e.Notes = mapped(e.Notes, c.assumption)
	return e
}

func (c cleaner) assumption(a fact.Assumption) fact.Assumption {
	c.all(&a.What, &a.Value, &a.Why, &a.Source)
	return a
}

func (c cleaner) resource(r fact.ResourceCost) fact.ResourceCost {
	c.all(&r.Address, &r.Previous, &r.Type, &r.Provider, &r.Service, &r.Region, &r.Module, &r.Team, &r.Environment, &r.Rule, &r.Pricing)
	r.Assumptions, r.Attributes = same(r.Assumptions, c.assumption), same(r.Attributes, c.assumption)
	r.Lines = same(r.Lines, func(l fact.LineItem) fact.LineItem {
		c.all(&l.Group, &l.Name, &l.Was, &l.Unit)
		l.Before, l.After = c.quote(l.Before), c.quote(l.After)
		return l
	})
	return r
}

// quote is the quote itself where nothing in it changes, which is nearly always.
func (c cleaner) quote(q *fact.Quote) *fact.Quote {
	if q == nil {
		return nil
	}
	why, price := c(q.Why), c.price(q.Price)
	if why == q.Why && price == q.Price {
		return q
	}
	out := *q
	out.Why, out.Price = why, price
	return &out
}

func (c cleaner) price(p *fact.PriceSource) *fact.PriceSource {
	if p == nil || c(p.Table) == p.Table && c(p.Key) == p.Key && c(p.Region) == p.Region && c(p.AsOf) == p.AsOf &&
		c(p.Source) == p.Source && c(p.Derived) == p.Derived && c(p.Adjusted) == p.Adjusted {
		return p
	}
	out := *p
	c.all(&out.Table, &out.Key, &out.Region, &out.AsOf, &out.Source, &out.Derived, &out.Adjusted)
	return &out
}

// withReason adds the reason that a blocking verdict does not give itself, so that the formats that show reasons
// alone cannot look like a pass.
func withReason(r Report) Report {
	v := r.Verdict
	if r.View == CostView || v.Outcome == verdict.Allow || v.Outcome == verdict.Warn || verdict.Combine(v.Findings) <= verdict.Block {
		return r
	}
	r.Verdict.Findings = append(slices.Clone(v.Findings), verdict.Finding{
		ID: "no-reason", Title: "No reason was given", Severity: min(v.Outcome, verdict.Block),
		Message: "the verdict is " + v.Outcome.String() + " and names no finding that makes it so",
		Fix:     "run the check again; when it stays so, this is a fault of the program",
	})
	return r
}
