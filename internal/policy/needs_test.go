package policy_test

import (
	"testing"
	"testing/fstest"

	"github.com/org/platform-action/internal/policy"
)

// TestPullRequestsAreNeeded: whatever may look at the pull requests of a deployment is known to, and what looks at another
// part of it is not.
func TestPullRequestsAreNeeded(t *testing.T) {
	t.Parallel()
	const head = "# METADATA\n# title: T\n# description: D\n# custom:\n#   id: ORG-1\n#   severity: block\n#   reads: {}\npackage org.rule\n\nimport rego.v1\n\n"
	for body, want := range map[string]bool{
		`deny contains "x" if some p in input.deployment.pull_requests`:             true,
		`deny contains "x" if input.deployment["pull_requests"][0].approvals == 0`:  true,
		`deny contains "x" if count(object.get(input.deployment, "jobs", [])) == 0`: true,
		`deny contains "x" if { d := input.deployment; d.debts > 0 }`:               true,
		`deny contains "x" if { some k; input.deployment[k] == 1 }`:                 true,
		`deny contains "x" if input["deployment"].commit == input.deployment.tree`:  false,
		`deny contains "x" if input.deployment.debts > 0`:                           false,
		`deny contains "x" if input.params.pull_requests == 1`:                      true, // too many are asked about, never too few
		`deny contains "x" if input.params.a == 1`:                                  false,
		`deny contains "x" if data.org.help.unapproved`:                             true,
	} {
		set, err := policy.Compile(t.Context(), policy.Options{Bundles: []policy.Bundle{{Name: "organisation", FS: fstest.MapFS{
			"rule.rego": {Data: []byte(head + body + "\n")},
			"help.rego": {Data: []byte("package org.help\n\nimport rego.v1\n\nunapproved if some p in input.deployment.pull_requests\n")},
		}}}})
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		for _, r := range set.Rules() {
			if r.PullRequests != want {
				t.Errorf("%s: %t, want %t", body, r.PullRequests, want)
			}
		}
		if len(set.Rules()) == 0 {
			t.Errorf("%s: no rule", body)
		}
	}
}
