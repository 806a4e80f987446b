package policy_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
)

const ruleHead = "# METADATA\n# title: T\n# description: D\n# custom:\n#   id: ORG-1\n#   severity: block\n#   reads: {}\npackage org.rule\n\n"

const helper = `package org.help

import rego.v1

unapproved if some p in input.deployment.pull_requests

reads(d, k) := d[k]

part(k) := input[k]
`

// organisation compiles one rule of an organisation, beside a package of helpers.
func organisation(t *testing.T, body string) *policy.Set {
	t.Helper()
	set, err := policy.Compile(t.Context(), policy.Options{Bundles: []policy.Bundle{{Name: "organisation", FS: fstest.MapFS{
		"rule.rego": {Data: []byte(ruleHead + body + "\n")}, "help.rego": {Data: []byte(helper)},
	}}}})
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if len(set.Rules()) != 1 {
		t.Fatalf("%s: %d rules", body, len(set.Rules()))
	}
	return set
}

// deciding are the facts of a deployment with two suites' evidence.
func deciding(pulls *[]fact.PullRequest, why string) fact.Facts {
	return fact.Facts{
		Plan: fact.Missing[fact.Plan]("a deployment has none"), Estimate: fact.Missing[fact.Estimate]("a deployment has none"),
		Evidence:   fact.Of(fact.Evidence{Environment: "production"}),
		Deployment: fact.Of(fact.Deployment{Environment: "production", PullRequests: pulls, PullsMissing: why}),
	}
}

func evaluated(t *testing.T, set *policy.Set, f fact.Facts) []verdict.Finding {
	t.Helper()
	res, err := set.Evaluate(t.Context(), policy.Input{Facts: f})
	if err != nil {
		t.Fatal(err)
	}
	return res.Findings
}

// reaching are rules of which each denies for a pull request without approval, by all the ways that lead to one.
var reaching = []string{
	`deny contains "x" if { some p in input.deployment.pull_requests; p.approvals < 1 }`,
	`deny contains "x" if input.deployment["pull_requests"][0].approvals == 0`,
	`deny contains "x" if { d := input.deployment; d.pull_requests[_].approvals < 1 }`,
	`deny contains "x" if { d := input.deployment; some k; d[k][_].approvals < 1 }`,
	`deny contains "x" if { some k; input.deployment[k][_].approvals < 1 }`,
	`deny contains "x" if { some k; input[k].pull_requests[_].approvals < 1 }`,
	`deny contains "x" if { i := input; i.deployment.pull_requests[_].approvals < 1 }`,
	`deny contains "x" if { some part in input; some p in part.pull_requests; p.approvals < 1 }`,
	`deny contains "x" if { some part in input; some list in part; some p in list; p.approvals < 1 }`,
	`deny contains "x" if { some p, v; walk(input, [p, v]); p[count(p)-1] == "approvals"; v < 1 }`,
	`deny contains "x" if { walk(input, [_, v]); v.approvals < 1 }`,
	`deny contains "x" if { some k, v in input; walk(v, [_, w]); w.approvals < 1 }`,
	`deny contains "x" if { walk(input.deployment, [_, v]); v.approvals < 1 }`,
	`deny contains "x" if { not input.missing.evidence; count(input.evidence) >= 0; walk(input, [_, v]); v.approvals < 1 }`,
	`deny contains "x" if object.get(input, ["deployment", "pull_requests"], [])[_].approvals < 1`,
	`deny contains "x" if object.get(input.deployment, "pull_requests", [])[_].approvals < 1`,
	`deny contains "x" if object.get(input.deployment, concat("_", ["pull", "requests"]), [])[_].approvals < 1`,
	`deny contains "x" if object.get(input, lower("DEPLOYMENT"), {}).pull_requests[_].approvals < 1`,
	`deny contains "x" if { k := lower("DEPLOYMENT"); input[k].pull_requests[_].approvals < 1 }`,
	`deny contains "x" if json.filter(input, ["deployment/pull_requests"]).deployment.pull_requests[_].approvals < 1`,
	`deny contains "x" if { [v | v := input[_]][_].pull_requests[_].approvals < 1 }`,
	`deny contains "x" if data.org.help.unapproved`,
	`deny contains "x" if data.org.help.reads(input.deployment, "pull_requests")[_].approvals < 1`,
	`deny contains "x" if data.org.help.reads(input, "deployment").pull_requests[_].approvals < 1`,
	`deny contains "x" if data.org.help.part("deployment").pull_requests[_].approvals < 1`,
	"import input.deployment as d\n\n" + `deny contains "x" if d.pull_requests[_].approvals < 1`,
	"import input as i\n\n" + `deny contains "x" if i.deployment.pull_requests[_].approvals < 1`,
	`has[input.deployment.pull_requests[_].approvals].y := 1` + "\n\n" + `deny contains "x" if has[0].y`,
	`deny contains "x" if { json.marshal(input) != ""; contains(json.marshal(input), "\"approvals\":0") }`,
	`deny contains "x" if data.org.help.unapproved with input as {"deployment": object.get(input, "deployment", {})}`,
}

// TestPullRequestsAreNeeded: whatever may look at the pull requests of a deployment is known to, sees them, and is undecided with
// the reason where they cannot be told: it lets nothing pass because it sees nothing.
func TestPullRequestsAreNeeded(t *testing.T) {
	t.Parallel()
	for _, body := range reaching {
		set := organisation(t, body)
		if !set.Rules()[0].PullRequests {
			t.Errorf("%s: is not known to look at them", body)
		}
		if got := evaluated(t, set, deciding(&[]fact.PullRequest{{Number: 1}}, "")); len(got) != 1 || got[0].ID != "ORG-1" || got[0].Severity != verdict.Block {
			t.Errorf("%s: found %+v", body, got)
		}
		got := evaluated(t, set, deciding(nil, "there are more than 20 commits"))
		if len(got) != 1 || got[0].ID != policy.IDMissing || got[0].Severity != verdict.Undecided || !strings.Contains(got[0].Message, "more than 20 commits; not decided: ORG-1") {
			t.Errorf("%s: where they are not known: %+v", body, got)
		}
		if got = evaluated(t, set, deciding(nil, "")); len(got) != 1 || got[0].ID != policy.IDMissing {
			t.Errorf("%s: where nobody says why: %+v", body, got)
		}
	}
}

// TestPullRequestsAreNotNeeded: what names another part of the deployment is decided without them, and GitHub is not asked.
func TestPullRequestsAreNotNeeded(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`deny contains "x" if input["deployment"].environment == "production"`,
		`deny contains "x" if object.get(input.deployment, "debts", 1) == 0`,
		`deny contains "x" if object.get(input, ["deployment", "debts"], 1) == 0`,
		`deny contains "x" if { input.deployment.debts == 0; input.params != "pull_requests" }`,
		`deny contains "x" if input.evidence.environment == "production"`,
	} {
		set := organisation(t, body)
		if set.Rules()[0].PullRequests {
			t.Errorf("%s: is said to look at them", body)
		}
		if got := evaluated(t, set, deciding(nil, "they were not asked for")); len(got) != 1 || got[0].ID != "ORG-1" {
			t.Errorf("%s: found %+v", body, got)
		}
	}
}

// TestPullRequestsAsked: a rule that asks why they are not known says itself what that means; asking input.missing for something
// else says nothing of them.
func TestPullRequestsAsked(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`deny contains input.deployment.pull_requests_missing`,
		`deny contains object.get(input.deployment, "pull_requests_missing", "none")`,
	} {
		set := organisation(t, body)
		if got := evaluated(t, set, deciding(nil, "too many")); !set.Rules()[0].PullRequests || len(got) != 1 || got[0].ID != "ORG-1" || got[0].Message != "too many" {
			t.Errorf("%s: %+v", body, got)
		}
	}
}
