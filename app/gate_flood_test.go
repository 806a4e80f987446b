package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// flood reports deployments that no run of ours made, as anybody may who has the right to deployments.
func (d *desk) flood(n int, sha string) {
	d.t.Helper()
	for range n {
		id := d.repo.AddDeployment(sha, "production", "writer")
		d.repo.DeploymentStatusEvent(id, "success", 0, "writer")
		in, err := json.Marshal(control.DeploymentInput{Environment: "production"})
		if err != nil {
			d.t.Fatal(err)
		}
		d.now = d.now.Add(2 * time.Second)
		d.do(control.Task{Tenant: d.tenant, Kind: control.SettleDeployment, Subject: strconv.FormatInt(id, 10), Input: in})
	}
}

// TestForgedHistory: however many deployments somebody reports, what was approved on evidence last is what others are held
// against: which pull requests a deployment brings, and whether it changes what decides what tests say.
func TestForgedHistory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules string
		bring func(d *desk) string
		says  string
	}{
		"a pull request that nobody approved": {pullRules, func(d *desk) string {
			d.merged("OPS-1: nobody approved this")
			_, commit := d.merged("OPS-2: fix", "boss")
			return commit
		}, "policy-blocked"},
		"a workflow that was pushed": {"", func(d *desk) string {
			commit := d.repo.Commit("main", map[string]string{".github/workflows/extra.yml": "on: push\njobs: {}\n"})
			d.tested(1, commit, 3, 0)
			return commit
		}, "self-attested"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, c.rules)
			_, first := d.merged("OPS-0: begin", "boss")
			d.deploys(10, first)
			d.now = d.now.Add(time.Minute)
			d.flood(201, first)
			d.ask(11, c.bring(d))
			if g := d.pass(11, time.Second, time.Second); g.State != "rejected" || !strings.Contains(g.Comment, c.says) {
				t.Errorf("%+v", g)
			}
		})
	}
}

// TestProductionInCapitals: the names of production are those of environments, in any case.
func TestProductionInCapitals(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "policies:\n  params:\n    deploy_min_approvals: 1\n    production_names: [Production]\n")
	commit := d.repo.Commit("main", map[string]string{"direct.md": "x\n"})
	d.tested(1, commit, 3, 0)
	d.ask(10, commit)
	if g := d.pass(10, time.Second, time.Second); g.State != "rejected" || !strings.Contains(g.Comment, "DEPLOY-001") {
		t.Errorf("%+v", g)
	}
}

// TestRuleWithoutMetadata: an organisation's rule about a deployment that says nothing of itself is a fault, and not a rule that
// nobody asks.
func TestRuleWithoutMetadata(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.centrally(map[string]string{"policies/reviewed.rego": "package acme.reviewed\n\nimport rego.v1\n\ndeny contains \"no\" if input.deployment.environment == \"production\"\n"})
	d.tested(1, d.tip, 3, 0)
	d.ask(10, d.tip)
	if g := d.pass(10, time.Second, time.Second); g.State == "approved" {
		t.Errorf("%+v", g)
	}
}
