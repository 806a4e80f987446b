package main

import (
	"strings"
	"testing"
	"time"
)

// TestPullsOfInnerCommit: an approval is of what a pull request was merged as. What lies within one, or is older than what is
// deployed and was never deployed itself, goes nowhere by it.
func TestPullsOfInnerCommit(t *testing.T) {
	t.Parallel()
	const alone = "came without a pull request"
	// opens pushes a commit that opens a door, and one that shuts it, of which a pull request is approved.
	opens := func(d *desk) (inner string, number int) {
		inner = d.repo.Commit("feature", map[string]string{"backdoor.md": "open\n"})
		d.tested(900, inner, 3, 0)
		d.repo.Commit("feature", map[string]string{"backdoor.md": "shut\n"})
		number = d.repo.OpenPull("OPS-1: fix", "feature", "main", "writer")
		d.repo.Review(number, "boss", "APPROVED")
		return inner, number
	}
	merges := func(d *desk, number int) string {
		commit := d.repo.Merge(number)
		d.tested(901, commit, 3, 0)
		return commit
	}
	for name, c := range map[string]struct {
		bring func(d *desk, first string) string
		state string
		says  string
	}{
		"once its merge is deployed": {bring: func(d *desk, _ string) string {
			inner, n := opens(d)
			d.deploys(11, merges(d, n))
			return inner
		}, state: "rejected", says: alone},
		"once it is merged, and GitHub tells its pull request": {bring: func(d *desk, _ string) string {
			inner, n := opens(d)
			merges(d, n)
			d.repo.Brought(n, inner)
			return inner
		}, state: "rejected", says: alone},
		"before it is merged": {bring: func(d *desk, _ string) string { inner, _ := opens(d); return inner }, state: "rejected"},
		"older than all that was deployed": {bring: func(d *desk, _ string) string {
			d.tested(900, d.tip, 3, 0)
			return d.tip
		}, state: "rejected", says: alone},
		"what its own pull request brought, once more is deployed": {bring: func(d *desk, _ string) string {
			_, c := d.merged("OPS-1: fix", "boss")
			_, next := d.merged("OPS-2: fix", "boss")
			d.deploys(11, next)
			return c
		}, state: "approved"},
		"what is not the tip any more": {bring: func(d *desk, _ string) string {
			_, c := d.merged("OPS-1: fix", "boss")
			d.merged("nobody approved this")
			return c
		}, state: "approved"},
		"a rollback": {bring: func(d *desk, first string) string {
			_, c := d.merged("OPS-1: fix", "boss")
			d.deploys(11, c)
			return first
		}, state: "approved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, pullRules)
			_, first := d.merged("OPS-0: begin", "boss")
			d.deploys(10, first)
			d.now = d.now.Add(time.Minute)
			commit := c.bring(d, first)
			d.now = d.now.Add(time.Minute)
			d.ask(12, commit)
			g := d.pass(12, time.Second, time.Second)
			if told := g.Comment + strings.Join(g.Reports, "\n"); g.State != c.state || !strings.Contains(told, c.says) {
				t.Errorf("%+v", g)
			}
		})
	}
}
