package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/sandbox"
	"github.com/org/platform-action/internal/verdict"
)

// TestMain lets the test binary be the process in the sandbox.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "--sandbox" {
		if err := sandbox.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const ours = `# METADATA
# title: Small servers
# custom:
#   id: ACME-001
#   severity: block
#   reads:
#     aws_instance: [instance_type, secret]
package acme.size

deny contains {"address": r.address, "msg": sprintf("%s, %v a month of %v", [r.after.instance_type, input.estimate.total.after, input.params.most])} if {
	some r in input.resources.aws_instance
	r.judged
	input.estimate.total.after > input.params.most
}
`

const tests = `# METADATA
# title: Tests of today
# custom:
#   id: ACME-002
#   severity: block
package acme.tests

deny contains sprintf("%s ran %d, %d hours ago", [s.name, s.executed, s.age_hours]) if {
	some s in input.evidence.suites
	s.age_hours > input.params.most
}
`

const conftest = "package main\n\nimport rego.v1\n\ndeny contains msg if {\n\tsome c in input.resource_changes\n\tmsg := sprintf(\"%s %v\", [c.address, c.size])\n}\n"

const infracost = "package infracost\n\nimport rego.v1\n\ndeny contains out if {\n\tout := {\"msg\": sprintf(\"costs %s\", [input.totalMonthlyCost]), \"failed\": to_number(input.totalMonthlyCost) > 1}\n}\n"

func bundles(files map[string]string) []policy.Bundle {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return []policy.Bundle{{Name: "organisation", FS: fsys}}
}

func input() policy.Input {
	amount := func(v int64) money.Amount { return money.New(decimal.NewFromInt(v), money.USD) }
	rate := amount(0)
	return policy.Input{
		Facts: fact.Facts{
			Plan: fact.Of(fact.Plan{Name: "infra", Complete: true, Resources: []fact.Resource{{
				Address: "aws_instance.web", Type: "aws_instance", Name: "web", Action: fact.Create, After: json.RawMessage(`{"instance_type":"m5.large","n":12345678901234567890}`), File: "infra/main.tf", Line: 3,
			}}}),
			Estimate: fact.Of(fact.Estimate{Currency: money.USD, Total: fact.Change{Before: amount(0), After: amount(72), Delta: amount(72)}, Resources: []fact.ResourceCost{{
				Address: "aws_instance.web", Type: "aws_instance", Monthly: fact.Change{Before: amount(0), After: amount(72), Delta: amount(72)},
				Lines: []fact.LineItem{{Name: "hours", Unit: "h", After: &fact.Quote{Basis: fact.Priced, Rate: &rate, Monthly: &rate}}},
			}}}),
			Evidence: fact.Of(fact.Evidence{Outcome: "tested", Suites: []fact.SuiteEvidence{{Name: "e2e", Code: "no-evidence"},
				{Name: "unit", Tested: true, Code: "tested", SuiteRecord: &fact.SuiteRecord{Executed: 9, Passed: 9, AgeHours: 6}}}}),
			Params: map[string]any{"most": int64(5)},
		},
		Raw: func() (any, error) {
			return map[string]any{"resource_changes": []any{map[string]any{"address": "aws_instance.web", "size": json.Number("1e3")}}}, nil
		},
		Infracost: func() (any, error) { return map[string]any{"totalMonthlyCost": "72"}, nil },
	}
}

func judge(t *testing.T, b []policy.Bundle, disabled ...string) control.Judge {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	j, err := sandbox.New(program, []string{"--sandbox"}, 2).Judge(t.Context(), b, disabled)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestSame: a process of its own finds what this one would.
func TestSame(t *testing.T) {
	t.Parallel()
	b := bundles(map[string]string{"size.rego": ours, "tests.rego": tests, "main.rego": conftest, "cost.rego": infracost, "size_test.rego": "package acme.size_test\n", "README.md": "text"})
	inside, err := policy.Compile(t.Context(), policy.Options{Bundles: b})
	if err != nil {
		t.Fatal(err)
	}
	outside := judge(t, b)
	if diff := cmp.Diff(inside.Rules(), outside.Rules(), cmpopts.EquateEmpty()) + cmp.Diff(inside.Bundles(), outside.Bundles()) + cmp.Diff(inside.Digest(), outside.Digest()); diff != "" {
		t.Error(diff)
	}
	missing := policy.Input{Facts: fact.Facts{Plan: fact.Missing[fact.Plan]("no plan"), Estimate: fact.Missing[fact.Estimate]("no prices")},
		Raw: func() (any, error) { return nil, errors.New("no document") }}
	for name, in := range map[string]policy.Input{"known": input(), "missing": missing} {
		want, err := inside.Evaluate(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := outside.Evaluate(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if name == "known" && len(want.Findings) != 4 {
			t.Errorf("%d findings: %+v", len(want.Findings), want.Findings)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); name == "known" && diff != "" {
			t.Error(diff)
		}
		if name == "missing" && len(got.Findings) == 0 {
			t.Error("missing facts are no finding")
		}
	}
	want, err := inside.Explain(t.Context(), "ACME-001", input())
	if err != nil {
		t.Fatal(err)
	}
	got, err := outside.Explain(t.Context(), "ACME-001", input())
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// groups says what is in each group of the input, by its sum.
const groups = `# METADATA
# title: What there is
# custom:
#   id: ACME-003
#   severity: block
package acme.groups

deny contains sprintf("%s is %s", [name, crypto.sha256(json.marshal(part))]) if some name, part in input
`

// TestEveryFact: each group of facts arrives in the other process as it is here, or the reason why it is missing. A new group
// fails this test until it is brought there.
func TestEveryFact(t *testing.T) {
	t.Parallel()
	b := bundles(map[string]string{"groups.rego": groups})
	inside, err := policy.Compile(t.Context(), policy.Options{Bundles: b})
	if err != nil {
		t.Fatal(err)
	}
	outside := judge(t, b)
	whole := input()
	whole.Facts.Deployment = fact.Of(fact.Deployment{
		Environment: "production", Commit: "c", Tree: "t", Digests: []string{"sha256:d"}, RunID: 1 << 60, Attempt: 2, Workflow: "w", Jobs: []string{"j"}, At: "a",
		Rollback: true, Debts: 3, PullRequests: &[]fact.PullRequest{{Number: 7, Title: "<b>\u202e", Author: "ada", Approvals: 2, Commit: "c"}}, PullsMissing: "m",
	})
	for field, value := range reflect.ValueOf(whole.Facts).Fields() {
		if value.IsZero() {
			t.Errorf("%s is not brought there", field.Name)
		}
	}
	none, unknown := whole, whole
	none.Facts.Deployment = fact.Of(fact.Deployment{PullRequests: &[]fact.PullRequest{}})
	unknown.Facts.Deployment = fact.Of(fact.Deployment{PullsMissing: "too many commits"})
	reasons := input()
	reasons.Facts.Evidence, reasons.Facts.Deployment = fact.Missing[fact.Evidence]("no evidence"), fact.Missing[fact.Deployment]("no deployment")
	for name, c := range map[string]struct {
		in       policy.Input
		findings int
	}{"whole": {whole, 7}, "no pull requests": {none, 7}, "unknown pull requests": {unknown, 1}, "reasons": {reasons, 5}} {
		want, err := inside.Evaluate(t.Context(), c.in)
		if err != nil {
			t.Fatal(err)
		}
		if len(want.Findings) != c.findings {
			t.Errorf("%s: %d findings: %+v", name, len(want.Findings), want.Findings)
		}
		got, err := outside.Evaluate(t.Context(), c.in)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// TestGreedy: policies that take too much are undecided, and this process goes on.
func TestGreedy(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"memory": "deny contains \"x\" if count(numbers.range(1, 2000000000)) == 1",
		"time":   "deny contains \"x\" if count([1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a + b == 0]) == 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := judge(t, bundles(map[string]string{"a.rego": "package main\n\nimport rego.v1\n\n" + body + "\n"})).Evaluate(t.Context(), input())
			if err != nil || len(res.Findings) != 1 || res.Findings[0].Severity != verdict.Undecided {
				t.Fatalf("%v %+v", err, res.Findings)
			}
			t.Log(res.Findings[0].Message)
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := sandbox.New(program, []string{"--sandbox"}, 1)
	for name, text := range map[string]string{"syntax": "package main\n\ndeny {{{", "network": "package main\n\nimport rego.v1\n\ndeny contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"})\n"} {
		_, err := s.Judge(t.Context(), bundles(map[string]string{"a.rego": text}), nil)
		if theirs, ok := errors.AsType[*policy.PolicyError](err); !ok || !strings.Contains(theirs.Error(), "a.rego") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = sandbox.New("/nonexistent", nil, 1).Judge(t.Context(), bundles(map[string]string{"a.rego": ours}), nil)
	if _, theirs := errors.AsType[*policy.PolicyError](err); err == nil || theirs {
		t.Errorf("a program that is not there: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Judge(ended, bundles(map[string]string{"a.rego": ours}), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}
