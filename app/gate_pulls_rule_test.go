package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// reviewedBy is an organisation's rule with this body.
func reviewedBy(body string) map[string]string {
	return map[string]string{"policies/reviewed.rego": "# METADATA\n# title: Reviewed\n# description: Each pull request was approved.\n# custom:\n#   id: ACME-001\n" +
		"#   severity: block\n#   reads: {}\npackage acme.reviewed\n\nimport rego.v1\n\ndeny contains \"nobody approved it\" if {\n\t" + body + "\n}\n"}
}

// TestPullsOfOwnRule: an organisation's rule about pull requests is asked with them, by whatever way it reaches them, and is
// undecided with the reason where they cannot be told: 21 commits hide none of them.
func TestPullsOfOwnRule(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"by name":      "some p in input.deployment.pull_requests\n\tp.approvals < 1",
		"by an alias":  "d := input.deployment\n\tsome k\n\td[k][_].approvals < 1",
		"by walking":   "walk(input, [_, v])\n\tv.approvals < 1",
		"by iterating": "some part in input\n\tsome p in part.pull_requests\n\tp.approvals < 1",
	} {
		for _, more := range []int{0, 20} {
			t.Run(fmt.Sprintf("%s, %d more", name, more), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, "policies:\n  params: {deploy_min_approvals: 0}\n")
				d.centrally(reviewedBy(body))
				_, first := d.merged("begin", "boss")
				d.deploys(10, first)
				d.now = d.now.Add(time.Minute)
				_, commit := d.merged("nobody approved this")
				for range more {
					_, commit = d.merged("fix", "boss")
				}
				d.ask(11, commit)
				g := d.pass(11, time.Second, time.Second)
				told := g.Comment + strings.Join(g.Reports, "\n")
				state, says := "rejected", []string{"ACME-001", "nobody approved it"}
				if more > 0 {
					state, says = "waiting", []string{"policy-missing-fact", "more than 20 commits since the last deployment", "not decided: ACME-001", "deploy fewer commits at once"}
				}
				for _, want := range says {
					if !strings.Contains(told, want) {
						t.Errorf("does not say %q", want)
					}
				}
				if g.State != state || t.Failed() {
					t.Errorf("%+v", g)
				}
				if more == 0 {
					return
				}
				if g = d.pass(11, 35*time.Minute, time.Minute); g.State != "rejected" || !strings.Contains(g.Comment, "could not be decided") {
					t.Errorf("in the end: %+v", g)
				}
			})
		}
	}
}

// TestOwnRulesAtTheDoor: an organisation's rules are asked about a deployment in the process of their own; those about plans say
// nothing of it.
func TestOwnRulesAtTheDoor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, state string }{
		"about a deployment":  {`input.deployment.environment == "production"`, "rejected"},
		"about its evidence":  {"some s in input.evidence.suites\n\ts.executed < 100", "rejected"},
		"about another":       {`input.deployment.environment == "staging"`, "approved"},
		"about plans":         {"some r in input.resources.aws_instance\n\tr.judged", "approved"},
		"about what there is": {"walk(input, [_, v])\n\tv == \"nowhere\"", "approved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, "")
			rule := reviewedBy(c.body)
			rule["policies/reviewed.rego"] = strings.Replace(rule["policies/reviewed.rego"], "reads: {}", "reads: {aws_instance: [tags]}", 1)
			d.centrally(rule)
			d.tested(1, d.tip, 3, 0)
			d.ask(10, d.tip)
			g := d.pass(10, time.Second, time.Second)
			if g.State != c.state || strings.Contains(g.Comment, "ACME-001") != (c.state == "rejected") || strings.Contains(g.Comment, "No policy was evaluated") {
				t.Errorf("%+v", g)
			}
		})
	}
}
