package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
)

func bundle(name string, files map[string]string) policy.Bundle {
	fsys := fstest.MapFS{}
	for p, text := range files {
		fsys[p] = &fstest.MapFile{Data: []byte(text)}
	}
	return policy.Bundle{Name: name, FS: fsys}
}

// TestSameResultEveryTime: the result is the same bytes whatever runs beside it and in whatever order.
func TestSameResultEveryTime(t *testing.T) {
	set := compile(t, builtin())
	facts := sample(300)
	want, err := set.Evaluate(t.Context(), policy.Input{Facts: facts})
	if err != nil || len(want.Findings) == 0 {
		t.Fatal(err)
	}
	t.Run("group", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				got, err := set.Evaluate(t.Context(), policy.Input{Facts: facts})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

func TestDigestFollowsTheSources(t *testing.T) {
	a := compile(t, bundle("acme", map[string]string{"a.rego": "package main\n\ndeny contains \"x\"\n"}))
	same := compile(t, bundle("acme", map[string]string{"a.rego": "package main\n\ndeny contains \"x\"\n", "a_test.rego": "package main_test\n"}))
	other := compile(t, bundle("acme", map[string]string{"a.rego": "package main\n\ndeny contains \"y\"\n"}))
	moved := compile(t, bundle("acme", map[string]string{"b.rego": "package main\n\ndeny contains \"x\"\n"}))
	if !strings.HasPrefix(a.Digest(), "sha256:") || a.Digest() != same.Digest() {
		t.Error("tests are no part of what is compiled", a.Digest(), same.Digest())
	}
	if a.Digest() == other.Digest() || a.Digest() == moved.Digest() {
		t.Error("different sources have one digest")
	}
	if got := a.Bundles(); len(got) != 1 || got[0].Name != "acme" || got[0].Digest == a.Digest() {
		t.Errorf("bundles: %+v", got)
	}
}

func TestRulesAreDescribed(t *testing.T) {
	rules := compile(t, builtin()).Rules()
	for i, r := range rules {
		if r.Title == "" || r.Description == "" || r.Area == "" || r.File == "" || r.Line == 0 || len(r.Related) == 0 || r.Severity == verdict.Undecided {
			t.Errorf("%+v is not fully described", r)
		}
		if i > 0 && rules[i-1].ID >= r.ID {
			t.Errorf("%s and %s are not sorted", rules[i-1].ID, r.ID)
		}
	}
}

// TestEveryRuleLooksAtSomething: a rule that never looks at anything in a plan with every type that it reads is dead.
func TestEveryRuleLooksAtSomething(t *testing.T) {
	set := compile(t, builtin())
	plan := fact.Plan{Complete: true, Providers: map[string]fact.Provider{"aws": {Key: "aws"}}, Modules: []fact.ModuleCall{{Address: "module.a", Source: "a/b/c"}},
		Checks: []fact.CheckResult{{Address: "check.a", Status: "pass"}}, Drift: []fact.Resource{{Address: "aws_instance.a", Type: "aws_instance", Action: fact.Update}}}
	seen := map[string]bool{}
	for _, r := range set.Rules() {
		for typ := range r.Reads {
			if !seen[typ] && !strings.HasSuffix(typ, "*") {
				seen[typ] = true
				plan.Resources = append(plan.Resources, fact.Resource{Address: typ + ".a", Type: typ, Action: fact.Create, After: json.RawMessage(`{"tags":{}}`)})
			}
		}
	}
	res, err := set.Evaluate(t.Context(), policy.Input{Facts: fact.Facts{Plan: fact.Of(plan), Estimate: fact.Of(fact.Estimate{Resources: []fact.ResourceCost{{Address: "a.b"}}}),
		Params: map[string]any{"required_tags": []any{"owner"}, "tag_values": map[string]any{"owner": []any{"a"}}, "regions": []any{"eu-west-1"}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range res.Checks {
		if c.Looked <= 0 {
			t.Errorf("%s looked at nothing", c.ID)
		}
	}
	for _, f := range res.Findings {
		if strings.HasPrefix(f.ID, "policy-") {
			t.Errorf("a built-in rule failed: %+v", f)
		}
	}
}

// TestHostileValues gives every declared attribute every wrong shape: no built-in rule may fail on it, because a failed
// rule is undecided for everybody.
func TestHostileValues(t *testing.T) {
	// What is asked is whether a rule fails, not how fast it is on a busy machine.
	set, err := policy.Compile(t.Context(), policy.Options{Bundles: []policy.Bundle{builtin()}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	shapes := []string{`null`, `true`, `5`, `""`, `"x"`, `"{"`, `[]`, `[1]`, `["x"]`, `[[]]`, `[null]`, `[{}]`, `{}`, `{"a":1}`, `"(sensitive value)"`, `[{"a":[{"b":null}]}]`, `1e400`}
	nested := []string{"ip_configuration", "authorized_networks", "value", "access_config", "guest_accelerator", "count", "machine_type", "instance_type",
		"minimum_protocol_version", "http_tokens", "cidr_blocks", "ipv6_cidr_blocks", "from_port", "to_port", "protocol", "access", "direction",
		"source_address_prefix", "destination_port_range", "ports", "actions", "volume_type", "ebs", "key", "propagate_at_launch", "type", "redirect"}
	for _, v := range []string{`5`, `"x"`, `null`, `[5]`, `[null]`, `{}`, `[{"ports":5,"value":5,"authorized_networks":[5],"protocol":5,"volume_type":5}]`} {
		var members []string
		for _, n := range nested {
			members = append(members, fmt.Sprintf("%q:%s", n, v))
		}
		shapes = append(shapes, "[{"+strings.Join(members, ",")+"}]")
	}
	for _, doc := range []string{`{"Statement":5}`, `{"Statement":[5]}`, `{"Statement":[{"Effect":"Allow","Principal":5,"Condition":5,"Action":5,"Resource":5}]}`,
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":5},"Condition":[5],"Action":{},"Resource":{}}}`, `{"Statement":{"Effect":"Allow","Principal":"*","Condition":null}}`, `5`, `null`} {
		quoted, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		shapes = append(shapes, string(quoted))
	}
	for _, shape := range shapes {
		var plan fact.Plan
		for _, r := range set.Rules() {
			for typ, attrs := range r.Reads {
				typ = strings.Replace(typ, "*", "aws_any", 1)
				for _, side := range []string{"after", "unknown"} {
					body := "{"
					for i, a := range attrs {
						if i > 0 {
							body += ","
						}
						body += fmt.Sprintf("%q:%s", a, shape)
					}
					body += "}"
					res := fact.Resource{Address: typ + ".a", Type: typ, Action: fact.Create, After: json.RawMessage(`{}`)}
					if side == "after" {
						res.After = json.RawMessage(body)
					} else {
						res.Unknown = json.RawMessage(body)
					}
					plan.Resources = append(plan.Resources, res)
				}
			}
		}
		res, err := set.Evaluate(t.Context(), policy.Input{Facts: fact.Facts{Plan: fact.Of(plan), Estimate: fact.Of(fact.Estimate{}),
			Params: map[string]any{"required_tags": []any{"owner"}, "tag_values": map[string]any{"a": []any{"x"}}, "regions": []any{"eu-west-1"}, "production_only": false}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Findings {
			if strings.HasPrefix(f.ID, "policy-") {
				t.Errorf("%s: %s %s %s:%d", shape, f.ID, f.Message, f.File, f.Line)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	set := compile(t, builtin())
	plan := fact.Plan{Resources: []fact.Resource{
		{Address: "aws_db_instance.a", Type: "aws_db_instance", Action: fact.Create, After: json.RawMessage(`{"publicly_accessible":true,"password":"hunter2"}`), File: "db.tf", Line: 3},
		{Address: "aws_db_instance.b", Type: "aws_db_instance", Action: fact.Create, After: json.RawMessage(`{"publicly_accessible":false}`)},
		{Address: "aws_db_instance.c", Type: "aws_db_instance", Action: fact.NoOp, After: json.RawMessage(`{"publicly_accessible":true}`)},
		{Address: "aws_s3_bucket.d", Type: "aws_s3_bucket", Action: fact.Create, After: json.RawMessage(`{}`)},
	}}
	in := policy.Input{Facts: fact.Facts{Plan: fact.Of(plan), Estimate: fact.Of(fact.Estimate{})}}
	ex, err := set.Explain(t.Context(), "SEC-002", in)
	if err != nil {
		t.Fatal(err)
	}
	if len(ex.Findings) != 1 || ex.Findings[0].Address != "aws_db_instance.a" || ex.Findings[0].Line != 3 || ex.Looked != 2 {
		t.Errorf("findings %+v, looked %d", ex.Findings, ex.Looked)
	}
	if len(ex.Resources) != 3 {
		t.Fatalf("%+v", ex.Resources)
	}
	a, b, c := ex.Resources[0], ex.Resources[1], ex.Resources[2]
	if !a.Fired || a.Values["publicly_accessible"] != "true" || len(a.Values) != 1 {
		t.Errorf("a: %+v", a)
	}
	if b.Fired || !strings.Contains(fmt.Sprint(b.Stopped), "switch.want") {
		t.Errorf("b does not say which expression stopped the rule: %+v", b)
	}
	if c.Judged || !strings.Contains(fmt.Sprint(c.Stopped), "r.judged") {
		t.Errorf("c is not touched by the plan: %+v", c)
	}
	if raw, _ := json.Marshal(ex); strings.Contains(string(raw), "hunter2") {
		t.Error("an attribute that no rule declares is in the explanation")
	}
	if _, err := set.Explain(t.Context(), "SEC-02", in); err == nil || !strings.Contains(err.Error(), "SEC-002") {
		t.Errorf("an unknown id must name the nearest: %v", err)
	}
	if ex, err := set.Explain(t.Context(), "SEC-002", policy.Input{}); err != nil || ex.Missing == "" || ex.Looked != -1 {
		t.Errorf("missing plan: %+v %v", ex, err)
	}
}

func TestTesterTellsWhatIsNotTested(t *testing.T) {
	tested := bundle("tested", map[string]string{
		"a.rego": "package a\n\ndeny contains \"x\" if input.x\n\nwarn contains \"y\" if input.y\n",
		"a_test.rego": "package a_test\n\nimport data.a\n\ntest_x if count(a.deny) == 1 with input as {\"x\": true}\n\ntest_wrong if count(a.deny) == 5 with input as {}\n\n" +
			"todo_test_later if false\n\ntest_table[n] if {\n\tsome n, v in {\"good\": true, \"bad\": false}\n\tcount(a.deny) == 1 with input as {\"x\": v}\n}\n\ntest_error if 1 / 0 == 1\n"})
	empty := bundle("empty", map[string]string{"a.rego": "package a\n\ndeny contains \"x\" if input.x\n"})
	report, err := policy.Test(t.Context(), []policy.Bundle{tested, empty})
	if err != nil {
		t.Fatal(err)
	}
	if report.Passed() {
		t.Error("a failed test, or no test at all, is no pass")
	}
	if b := report.Bundles[0]; b.Name != "empty" || !b.Empty || len(b.Untested) != 1 || b.Coverage != 0 {
		t.Errorf("empty: %+v", b)
	}
	b := report.Bundles[1]
	got := map[string]string{}
	for _, c := range b.Tests {
		got[strings.TrimPrefix(c.Name, "a_test.")] = c.Outcome.String()
		if c.Row == 0 || c.File != "a_test.rego" {
			t.Errorf("%+v has no place", c)
		}
		if strings.HasSuffix(c.Name, "test_table") && (!strings.Contains(c.Message, "bad") || strings.Contains(c.Message, "good")) {
			t.Errorf("the failed row is not named: %q", c.Message)
		}
	}
	want := map[string]string{"test_x": "pass", "test_wrong": "fail", "todo_test_later": "skip", "test_table": "fail", "test_error": "error"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(b.Untested) != 1 || b.Untested[0] != "conftest:a.warn" || len(b.Uncovered) == 0 {
		t.Errorf("untested %v, uncovered %v", b.Untested, b.Uncovered)
	}
	if _, err := policy.Test(t.Context(), []policy.Bundle{bundle("broken", map[string]string{"a.rego": "package a\n\ndeny contains"})}); !errors.As(err, new(*policy.PolicyError)) {
		t.Errorf("a bundle that does not compile: %v", err)
	}
}

// TestForeignDocumentIsReadOnlyWhenNeeded: a plan document is large, and is made only for the policies that want it.
func TestForeignDocumentIsReadOnlyWhenNeeded(t *testing.T) {
	set := compile(t, builtin())
	never := func() (any, error) { t.Error("read without need"); return nil, nil }
	if _, err := set.Evaluate(t.Context(), policy.Input{Raw: never, Infracost: never}); err != nil {
		t.Fatal(err)
	}
	set = compile(t, bundle("docs", map[string]string{"a.rego": "package main\n\ndeny contains \"x\" if input.a\n"}))
	res, err := set.Evaluate(t.Context(), policy.Input{Raw: func() (any, error) { return nil, errors.New("the file is gone") }})
	if err != nil || len(res.Findings) != 1 || res.Findings[0].Severity != verdict.Undecided || !strings.Contains(res.Findings[0].Message, "gone") {
		t.Errorf("%+v %v", res, err)
	}
}
