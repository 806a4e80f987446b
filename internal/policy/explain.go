package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// maxSteps and maxValue bound what an explanation shows of one resource.
const (
	maxSteps = 20
	maxValue = 256
)

// Explanation says what one rule made of one input.
type Explanation struct {
	Rule      Rule              `json:"rule"`
	Looked    int               `json:"looked"`            // as in verdict.Check
	Missing   string            `json:"missing,omitempty"` // why the rule could not be decided at all
	Resources []Explained       `json:"resources"`         // those of the types that the rule reads, sorted by address
	Findings  []verdict.Finding `json:"findings"`          // all of the rule's, and what went wrong in its package
}

// Explained is one resource under the rule.
type Explained struct {
	Address string            `json:"address"`
	Type    string            `json:"type"`
	Action  string            `json:"action"`
	Judged  bool              `json:"judged"` // false: the plan does not touch it, or it goes away
	Fired   bool              `json:"fired"`
	Values  map[string]string `json:"values,omitempty"`  // declared attributes after the change, as JSON; long ones as their length
	Stopped []Step            `json:"stopped,omitempty"` // expressions of the rule that did not hold for it
}

// Step is one expression of a policy.
type Step struct {
	File string `json:"file"`
	Row  int    `json:"row"`
	Text string `json:"text"`
}

// Explain evaluates one rule with a trace. An id that no bundle has is an error that names the nearest one.
func (s *Set) Explain(ctx context.Context, id string, in Input) (Explanation, error) {
	u, rule, err := s.find(id)
	if err != nil {
		return Explanation{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	docs, err := s.documents(in)
	if err != nil {
		return Explanation{}, err
	}
	ex := Explanation{Rule: rule, Looked: -1, Resources: []Explained{}, Findings: []verdict.Finding{}}
	if rule.Disabled {
		ex.Missing = "the rule is disabled"
		return ex, nil
	}
	if ex.Missing = u.missing(in.Facts, &docs).why; ex.Missing != "" {
		return ex, nil
	}
	sev, bad := s.engineParams(in.Facts.Params)
	steps := &steps{file: u.file, at: map[string]map[Step]bool{}}
	out := u.run(ctx, &docs, sev, s.timeout.String(), rego.EvalQueryTracer(steps))
	for _, f := range slices.Concat(bad, docs.ours.faults, out.findings) {
		if f.ID == id || strings.HasPrefix(f.ID, "policy-") {
			ex.Findings = append(ex.Findings, f)
		}
	}
	place(ex.Findings, in.Facts)
	for _, c := range u.checks(&out) {
		if c.ID == id {
			ex.Looked = c.Looked
		}
	}
	ex.Resources = s.explained(rule, in.Facts, docs.ours.value, &ex, steps)
	return ex, nil
}

func (s *Set) find(id string) (*unit, Rule, error) {
	var ids []string
	for _, u := range s.units {
		for _, r := range u.rules {
			if r.ID == id {
				return u, r, nil
			}
			ids = append(ids, r.ID)
		}
	}
	hint := "`platform policy list` shows the ids"
	if near := nearest(id, ids); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, Rule{}, fmt.Errorf("policies: no rule has the id %s (%s)", quote(id), hint)
}

// explained lists the resources of the types that the rule reads.
func (s *Set) explained(rule Rule, f fact.Facts, doc ast.Value, ex *Explanation, steps *steps) []Explained {
	types, _ := declared([]Rule{rule})
	out := []Explained{}
	if _, ok := f.Plan.Get(); !ok || rule.Dialect != "" {
		return out
	}
	byType, err := doc.Find(ast.MustParseRef("input.resources")[1:])
	if err != nil {
		return out
	}
	_ = byType.(ast.Object).Iter(func(typ, list *ast.Term) error {
		if !matchesAny(types, string(typ.Value.(ast.String))) {
			return nil
		}
		list.Value.(*ast.Array).Foreach(func(r *ast.Term) { out = append(out, explainOne(rule, r, ex, steps)) })
		return nil
	})
	slices.SortFunc(out, func(a, b Explained) int {
		return cmp.Or(strings.Compare(a.Address, b.Address), strings.Compare(a.Action, b.Action))
	})
	return out
}

func explainOne(rule Rule, r *ast.Term, ex *Explanation, steps *steps) Explained {
	e := Explained{Address: textOf(r, "address"), Type: textOf(r, "type"), Action: textOf(r, "action"), Values: map[string]string{}}
	if j, ok := member(r, "judged").(ast.Boolean); ok {
		e.Judged = bool(j)
	}
	e.Fired = slices.ContainsFunc(ex.Findings, func(f verdict.Finding) bool { return f.ID == rule.ID && f.Address == e.Address })
	after, _ := member(r, "after").(ast.Object)
	unknown, _ := member(r, "unknown").(ast.Object)
	for pattern, attrs := range rule.Reads {
		if !matches(pattern, e.Type) {
			continue
		}
		for _, a := range attrs {
			e.Values[a] = shown(after, unknown, a)
		}
	}
	if !e.Fired {
		e.Stopped = steps.of(e.Address)
	}
	return e
}

// shown is an attribute's value as JSON. Long ones become their length: they may hold what nobody marked as secret.
func shown(after, unknown ast.Object, attr string) string {
	if unknown != nil && unknown.Get(key(attr)) != nil && (after == nil || after.Get(key(attr)) == nil) {
		return "(known after apply)"
	}
	if after == nil || after.Get(key(attr)) == nil {
		return "(not set)"
	}
	v, err := ast.JSON(after.Get(key(attr)).Value)
	if err != nil {
		return "(unreadable)"
	}
	raw, err := json.Marshal(v)
	switch {
	case err != nil:
		return "(unreadable)"
	case len(raw) > maxValue:
		return fmt.Sprintf("(%d characters)", len(raw))
	}
	return string(raw)
}

func member(t *ast.Term, name string) ast.Value {
	if obj, ok := t.Value.(ast.Object); ok {
		if m := obj.Get(key(name)); m != nil {
			return m.Value
		}
	}
	return nil
}

func textOf(t *ast.Term, name string) string {
	s, _ := member(t, name).(ast.String)
	return string(s)
}

// steps is a tracer that notes which expressions of the rule's file did not hold while a resource was at hand.
type steps struct {
	file string
	at   map[string]map[Step]bool
}

func (s *steps) Enabled() bool { return true }

func (s *steps) Config() topdown.TraceConfig { return topdown.TraceConfig{PlugLocalVars: true} }

func (s *steps) TraceEvent(e topdown.Event) {
	if e.Op != topdown.FailOp || e.Location == nil || e.Location.File != s.file || e.Locals == nil {
		return
	}
	step := Step{File: e.Location.File, Row: e.Location.Row, Text: clip(strings.Join(strings.Fields(string(e.Location.Text)), " "), 160)}
	e.Locals.Iter(func(_, v ast.Value) bool {
		t := ast.NewTerm(v)
		address := textOf(t, "address")
		if address == "" || textOf(t, "type") == "" {
			return false
		}
		if s.at[address] == nil {
			s.at[address] = map[Step]bool{}
		}
		if len(s.at[address]) < maxSteps {
			s.at[address][step] = true
		}
		return false
	})
}

func (s *steps) of(address string) []Step {
	var out []Step
	for step := range s.at[address] {
		out = append(out, step)
	}
	slices.SortFunc(out, func(a, b Step) int { return cmp.Or(cmp.Compare(a.Row, b.Row), strings.Compare(a.Text, b.Text)) })
	return out
}
