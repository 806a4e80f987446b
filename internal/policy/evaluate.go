package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sync/errgroup"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// documents are the inputs of one evaluation, per dialect. A nil value is missing, with the reason beside it.
type documents struct {
	ours                  document
	conftest, infracost   ast.Value
	conftestY, infracostY error
}

// Evaluate runs every enabled rule. The error is a fault of this program only: what a policy or a fact does wrong is a
// finding of severity Undecided.
func (s *Set) Evaluate(ctx context.Context, in Input) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var res Result
	sev, bad := s.engineParams(in.Facts.Params)
	res.Findings = append(slices.Clone(s.faults), bad...)
	docs, err := s.documents(in)
	if err != nil {
		return Result{}, err
	}
	res.Findings = append(res.Findings, docs.ours.faults...)
	outcomes := make([]outcome, len(s.units))
	skipped := map[lack][]string{} // → rule ids
	var group errgroup.Group
	group.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	enabled, active := 0, 0
	for i, u := range s.units {
		if !u.enabled() {
			continue
		}
		if enabled++; u.leftOut(in.Facts) {
			continue
		}
		active++
		if why := u.missing(in.Facts, &docs); why != (lack{}) {
			skipped[why] = append(skipped[why], u.ids()...)
			outcomes[i].looked = -1
			continue
		}
		group.Go(func() error {
			outcomes[i] = u.run(ctx, &docs, sev, s.timeout.String())
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Result{}, err
	}
	for i, u := range s.units {
		if u.leftOut(in.Facts) {
			continue
		}
		res.Findings = append(res.Findings, outcomes[i].findings...)
		res.Checks = append(res.Checks, u.checks(&outcomes[i])...)
	}
	res.Findings = append(res.Findings, missingFindings(skipped)...)
	if active == 0 && len(s.faults) == 0 {
		res.Findings = append(res.Findings, noneFinding(enabled, in.Facts)...)
	}
	place(res.Findings, in.Facts)
	sortResult(&res)
	return res, nil
}

func (s *Set) documents(in Input) (documents, error) {
	var d documents
	if s.wants.ours {
		doc, err := s.document(in.Facts)
		if err != nil {
			return d, fmt.Errorf("policies: the estimate has no JSON form: %w", err)
		}
		d.ours = doc
	}
	if s.wants.conftest {
		d.conftest, d.conftestY = foreign(in.Raw)
	}
	if s.wants.infracost {
		d.infracost, d.infracostY = foreign(in.Infracost)
	}
	return d, nil
}

func (u *unit) ids() []string {
	var ids []string
	for _, r := range u.rules {
		if !r.Disabled {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// outcome is what one unit gave.
type outcome struct {
	findings []verdict.Finding
	looked   int               // -1: cannot be told
	counts   map[string]counts // set when looked follows from the types that a rule reads
}

func (u *unit) run(ctx context.Context, docs *documents, sev severities, limit string, opts ...rego.EvalOption) (out outcome) {
	// A panic inside OPA on a hostile policy must not take the other verdicts of a server with it.
	defer func() {
		if p := recover(); p != nil {
			out.findings = append(out.findings, u.broken("package "+u.pkg+" broke the policy engine", "report the policy"))
		}
	}()
	input := u.input(docs)
	excepted, faults := u.exceptions(ctx, input, limit)
	out.findings = append(out.findings, faults...)
	for i := range u.entries {
		e := &u.entries[i]
		if e.rule >= 0 && u.rules[e.rule].Disabled {
			continue
		}
		t, fault := u.eval(ctx, &e.query, e.name, input, limit, opts...)
		if fault != nil {
			out.findings = append(out.findings, *fault)
			continue
		}
		found := u.results(e, t, sev)
		if suffix := ruleSuffix(e.name); slices.Contains(excepted, suffix) {
			for j := range found {
				found[j].Severity = max(found[j].Severity, verdict.Allow)
				found[j].Message = "(excepted by the bundle) " + found[j].Message
			}
		}
		out.findings = append(out.findings, found...)
	}
	u.look(ctx, &out, docs, limit)
	return out
}

func (u *unit) input(docs *documents) ast.Value {
	switch u.dialect {
	case DialectConftest:
		return docs.conftest
	case DialectInfracost:
		return docs.infracost
	}
	return docs.ours.value
}

// eval runs one prepared query and returns its value; an undefined one is a fault.
func (u *unit) eval(ctx context.Context, q *rego.PreparedEvalQuery, name string, input ast.Value, limit string, opts ...rego.EvalOption) (*ast.Term, *verdict.Finding) {
	if ctx.Err() != nil {
		return nil, u.stopped(ctx, name, limit)
	}
	rs, err := q.Eval(ctx, append(opts, rego.EvalParsedInput(input))...)
	switch {
	case err != nil && (topdown.IsCancel(err) || ctx.Err() != nil):
		return nil, u.stopped(ctx, name, limit)
	case err != nil:
		f := u.broken("rule "+u.pkg+"."+name+" failed: "+evalMessage(err), "mend the rule; it decided nothing")
		if e := new(topdown.Error); errors.As(err, &e) && e.Location != nil {
			f.File, f.Line = e.Location.File, e.Location.Row
		}
		return nil, &f
	case len(rs) != 1 || len(rs[0].Expressions) != 1:
		f := u.broken("rule "+u.pkg+"."+name+" is undefined, so that its result cannot be judged", "write `"+name+" contains …`")
		return nil, &f
	}
	t, ok := rs[0].Expressions[0].Value.(*ast.Term)
	if !ok {
		f := u.broken("rule "+u.pkg+"."+name+" has no value", "write `"+name+" contains …`")
		return nil, &f
	}
	return t, nil
}

func (u *unit) stopped(ctx context.Context, name, limit string) *verdict.Finding {
	why := "was cancelled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		why = "did not end within " + limit
	}
	f := u.broken("rule "+u.pkg+"."+name+" was not decided: the evaluation "+why, "make the slow rule look at fewer resources, or remove it")
	f.ID, f.Title = IDTimeout, "A policy ran out of time"
	return &f
}

// evalMessage is an evaluation error without the values in it: builtin errors quote their operands, which may be secrets.
func evalMessage(err error) string {
	var e *topdown.Error
	if !errors.As(err, &e) {
		return "the engine gave an error"
	}
	word := map[string]string{topdown.BuiltinErr: "a builtin failed", topdown.TypeErr: "a value has the wrong type",
		topdown.ConflictErr: "two definitions give different values", topdown.WithMergeErr: "a with clause cannot be merged"}[e.Code]
	if e.Location == nil || len(e.Location.Text) == 0 {
		return orElse(word, e.Code)
	}
	return orElse(word, e.Code) + " in `" + clip(strings.Join(strings.Fields(string(e.Location.Text)), " "), 120) + "`"
}

// checks says what each rule of the unit looked at.
func (u *unit) checks(o *outcome) []verdict.Check {
	var out []verdict.Check
	for _, r := range u.rules {
		if r.Disabled {
			continue
		}
		c := verdict.Check{ID: r.ID, Title: r.Title, Area: r.Area, Bundle: r.Bundle, Looked: o.looked}
		if o.counts != nil {
			c.Looked = u.seen(r, o.counts)
		}
		for _, f := range o.findings {
			if f.ID == r.ID && f.Severity != verdict.Allow {
				c.Findings++
			}
		}
		out = append(out, c)
	}
	return out
}

// place adds file and line to findings whose address the plan knows.
func place(findings []verdict.Finding, f fact.Facts) {
	plan, ok := f.Plan.Get()
	if !ok || len(findings) == 0 {
		return
	}
	at := make(map[string]*fact.Resource, len(findings))
	for _, fi := range findings {
		if fi.Address != "" {
			at[fi.Address] = nil
		}
	}
	for i := range plan.Resources {
		if _, ok := at[plan.Resources[i].Address]; ok && plan.Resources[i].Line > 0 {
			at[plan.Resources[i].Address] = &plan.Resources[i]
		}
	}
	for i := range findings {
		if r := at[findings[i].Address]; r != nil && findings[i].File == "" {
			findings[i].File, findings[i].Line = r.File, r.Line
		}
	}
}

func sortResult(r *Result) {
	slices.SortFunc(r.Findings, func(a, b verdict.Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Address, b.Address),
			cmp.Compare(a.Message, b.Message), cmp.Compare(a.Bundle, b.Bundle), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Fix, b.Fix))
	})
	r.Findings = slices.Compact(r.Findings)
	slices.SortFunc(r.Checks, func(a, b verdict.Check) int {
		return cmp.Or(cmp.Compare(a.Bundle, b.Bundle), cmp.Compare(a.ID, b.ID))
	})
}
