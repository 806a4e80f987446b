package main

import (
	"strings"
	"testing"
	"time"
)

// TestPullsOfFirstDeployment: the first deployment on evidence looks at the pull request of its own commit, as docs/gate.md says.
// What was observed before it is no deployment on evidence: neither is it where a list begins, nor does it vouch for its own commit.
func TestPullsOfFirstDeployment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bring func(d *desk) string
		state string
	}{
		"an approved one": {func(d *desk) string { _, c := d.merged("OPS-1: fix", "boss"); return c }, "approved"},
		"one that nobody approved": {func(d *desk) string {
			d.merged("OPS-1: fix", "boss")
			_, c := d.merged("OPS-2: fix")
			return c
		}, "rejected"},
		"an approved one after one that nobody approved": {func(d *desk) string {
			d.merged("OPS-1: fix")
			_, c := d.merged("OPS-2: fix", "boss")
			return c
		}, "approved"},
		"one that nobody approved, and that was observed": {func(d *desk) string {
			_, c := d.merged("OPS-1: fix")
			d.observed(c)
			return c
		}, "rejected"},
		"one that nobody approved, of the tree that was observed": {func(d *desk) string {
			_, c := d.merged("OPS-1: fix")
			d.observed(c)
			d.repo.Commit("main", map[string]string{"direct.md": "text\n"})
			c = d.repo.Commit("main", map[string]string{"direct.md": ""})
			d.tested(2, c, 3, 0)
			return c
		}, "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, pullRules)
			commit := c.bring(d)
			d.ask(20, commit)
			if g := d.pass(20, time.Second, time.Second); g.State != c.state || c.state == "rejected" && !strings.Contains(g.Comment, "DEPLOY-00") {
				t.Errorf("%+v", g)
			}
		})
	}
}

// observed deploys a commit while nothing is asked, until the day is over.
func (d *desk) observed(commit string) {
	d.t.Helper()
	d.organisation("version: 1\nobserve: {production: " + d.now.Format(time.DateOnly) + "}\n")
	d.deploys(10, commit)
	if g := d.repo.GateOf(10, "production"); !strings.Contains(g.Comment, "OBSERVE") {
		d.t.Fatalf("%+v", g)
	}
	d.now = d.now.Add(25 * time.Hour)
}
