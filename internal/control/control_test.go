package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

const rego = `# METADATA
# title: No large instances
# custom:
#   id: TEAM-001
#   severity: block
#   reads:
#     aws_instance: [instance_type]
package team.large

deny contains result if {
	some r in input.resources.aws_instance
	r.judged
	endswith(r.after.instance_type, "4xlarge")
	result := {"msg": sprintf("%s is large.", [r.address]), "address": r.address}
}
`

func policies(text string) control.Policies {
	return func() (control.Judge, error) {
		return policy.Compile(context.Background(), policy.Options{Bundles: []policy.Bundle{
			{Name: "team", FS: fstest.MapFS{"large.rego": {Data: []byte(text)}}},
		}})
	}
}

func plane(t *testing.T, p control.Policies) *control.Control {
	t.Helper()
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	e, err := cost.New(price.Embedded(), entries, cost.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return control.New(e, p, nil, money.USD)
}

func instance(name, size string) fact.Resource {
	return fact.Resource{Address: "aws_instance." + name, Type: "aws_instance", Name: name, Action: fact.Create,
		After: json.RawMessage(`{"instance_type":"` + size + `"}`)}
}

func source(name string, resources ...fact.Resource) control.Source {
	return control.Source{Name: name, Infracost: infracost.Document, Plan: fact.Plan{Name: name, Digest: "sha256:" + name, Complete: true, Resources: resources}}
}

func withBase(s control.Source, base fact.Plan) control.Source { s.Base = &base; return s }

func deferred(s control.Source) control.Source { s.Plan.Deferred = 2; return s }

func check(t *testing.T, c *control.Control, req control.Request) render.Report {
	t.Helper()
	r, err := c.Check(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ids(r render.Report) []string {
	var out []string
	for _, f := range r.Verdict.Findings {
		out = append(out, f.Severity.String()+" "+f.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestOutcomes is the way from what is found to the one word.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	small, large, odd := instance("a", "t3.micro"), instance("b", "m5.4xlarge"), instance("c", "z9.nano")
	faulty := source("plan.json", small)
	faulty.Plan.Faults = []fact.Fault{{Where: "/resource_changes/7", Message: "is not an object"}}
	limit := func(unknown fact.UnknownRule) fact.Limits {
		amount, err := money.Parse("100", money.USD)
		if err != nil {
			t.Fatal(err)
		}
		return fact.Limits{Block: fact.Threshold{Delta: &amount}, Unknown: unknown}
	}
	for name, c := range map[string]struct {
		policies control.Policies
		req      control.Request
		outcome  verdict.Outcome
		ids      []string
	}{
		"nothing found":         {policies(rego), control.Request{Limits: fact.Limits{Unknown: fact.UnknownWarns}, Sources: []control.Source{source("plan.json", small)}}, verdict.Allow, nil},
		"no sources":            {policies(rego), control.Request{}, verdict.Allow, nil},
		"a policy blocks":       {policies(rego), control.Request{Sources: []control.Source{source("plan.json", small, large)}}, verdict.Block, []string{"block TEAM-001"}},
		"a limit blocks":        {policies(rego), control.Request{Limits: limit(fact.UnknownWarns), Sources: []control.Source{source("plan.json", instance("d", "m5.2xlarge"))}}, verdict.Block, []string{"block LIMIT-001"}},
		"in another project":    {policies(rego), control.Request{Sources: []control.Source{source("a.json", small), source("b.json", large)}}, verdict.Block, []string{"block TEAM-001"}},
		"unknown told":          {policies(rego), control.Request{Limits: limit(fact.UnknownWarns), Sources: []control.Source{source("plan.json", odd)}}, verdict.Warn, []string{"warn cost-unknown"}},
		"unknown blocks":        {policies(rego), control.Request{Limits: limit(fact.UnknownBlocks), Sources: []control.Source{source("plan.json", odd)}}, verdict.Undecided, []string{"undecided LIMIT-001", "undecided cost-unknown"}},
		"a fault of the plan":   {policies(rego), control.Request{Sources: []control.Source{faulty}}, verdict.Undecided, []string{"undecided plan-fault"}},
		"fault and denial":      {policies(rego), control.Request{Sources: []control.Source{faulty, source("b.json", large)}}, verdict.Undecided, []string{"block TEAM-001", "undecided plan-fault"}},
		"a faulty base":         {policies(rego), control.Request{Sources: []control.Source{withBase(source("plan.json", small), faulty.Plan)}}, verdict.Undecided, []string{"undecided plan-fault"}},
		"a base in part":        {policies(rego), control.Request{Sources: []control.Source{withBase(source("plan.json", small), fact.Plan{Name: "b"})}}, verdict.Undecided, []string{"undecided plan-fault"}},
		"put off":               {policies(rego), control.Request{Limits: limit(fact.UnknownBlocks), Sources: []control.Source{deferred(source("plan.json", small))}}, verdict.Undecided, []string{"undecided LIMIT-001", "undecided cost-unknown"}},
		"no policy at all":      {nil, control.Request{Sources: []control.Source{source("plan.json", small)}}, verdict.Warn, []string{"warn no-policies"}},
		"policies without one":  {func() (control.Judge, error) { return nil, nil }, control.Request{}, verdict.Warn, []string{"warn no-policies"}},
		"a note of the request": {policies(rego), control.Request{Notes: []verdict.Finding{{ID: "config-unused", Title: "t", Message: "m", Severity: verdict.Warn}}}, verdict.Warn, []string{"warn config-unused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, plane(t, c.policies), c.req)
			if r.Verdict.Outcome != c.outcome {
				t.Errorf("%s, want %s: %+v", r.Verdict.Outcome, c.outcome, r.Verdict.Findings)
			}
			if diff := cmp.Diff(c.ids, ids(r)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestDigest holds that equal inputs give an equal digest, and that everything that was decided on changes it.
func TestDigest(t *testing.T) {
	t.Parallel()
	request := func() control.Request {
		return control.Request{Sources: []control.Source{source("plan.json", instance("a", "t3.micro"))}, Params: map[string]any{"x": "y"},
			Inputs: []verdict.Input{{Kind: "config", Name: ".github/platform.yml", Digest: "sha256:1"}}}
	}
	whole := check(t, plane(t, policies(rego)), request()).Verdict.Digest
	if again := check(t, plane(t, policies(rego)), request()).Verdict.Digest; again != whole || len(whole) != len("sha256:")+64 {
		t.Errorf("%s, then %s", whole, again)
	}
	seen := map[string]string{whole: "the whole"}
	for name, change := range map[string]func(*control.Request) control.Policies{
		"resource": func(r *control.Request) control.Policies {
			r.Sources[0].Plan.Resources[0] = instance("a", "t3.small")
			return nil
		},
		"plan digest": func(r *control.Request) control.Policies { r.Sources[0].Plan.Digest = "sha256:2"; return nil },
		"name":        func(r *control.Request) control.Policies { r.Sources[0].Name = "other.json"; return nil },
		"input":       func(r *control.Request) control.Policies { r.Inputs[0].Digest = "sha256:2"; return nil },
		"note": func(r *control.Request) control.Policies {
			r.Notes = []verdict.Finding{{ID: "n", Severity: verdict.Warn}}
			return nil
		},
		"policy": func(*control.Request) control.Policies { return policies(rego + "\n# another comment\n") },
		"base":   func(r *control.Request) control.Policies { p := r.Sources[0].Plan; r.Sources[0].Base = &p; return nil },
	} {
		req := request()
		set := change(&req)
		if set == nil {
			set = policies(rego)
		}
		digest := check(t, plane(t, set), req).Verdict.Digest
		if other, twice := seen[digest]; twice {
			t.Errorf("%s gives the digest of %s", name, other)
		}
		seen[digest] = name
	}
}

// TestErrors holds that what is a fault of ours is no verdict.
func TestErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	req := control.Request{Sources: []control.Source{source("plan.json", instance("a", "t3.micro"))}}
	if _, err := plane(t, func() (control.Judge, error) { return nil, broken }).Check(t.Context(), req); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := plane(t, policies(rego)).Check(ctx, req); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := plane(t, nil).Explain(t.Context(), "TEAM-001", req); err == nil {
		t.Error("a rule was explained where there are none")
	}
}

// TestBase compares with another plan instead of the plan's own before side.
func TestBase(t *testing.T) {
	t.Parallel()
	s := source("plan.json", instance("a", "t3.small"))
	base := source("base.json", instance("a", "t3.micro")).Plan
	s.Base = &base
	r := check(t, plane(t, policies(rego)), control.Request{Sources: []control.Source{s}})
	total, ok := r.Total.Get()
	if !ok || total.Before.IsZero() || total.Delta.Cmp(total.After) >= 0 || total.Delta.Sign() <= 0 {
		t.Errorf("%+v", total)
	}
	kinds := []string{}
	for _, in := range r.Verdict.Inputs {
		kinds = append(kinds, in.Kind)
	}
	if !slices.Contains(kinds, "base") || !slices.Contains(kinds, "book") || !slices.Contains(kinds, "policies") {
		t.Errorf("inputs %v", kinds)
	}
}
