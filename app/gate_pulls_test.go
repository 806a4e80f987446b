package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

const pullRules = "policies:\n  params:\n    deploy_min_approvals: 1\n    deploy_ticket: \"^OPS-[0-9]+: \"\n"

// merged opens, approves and merges a pull request, and is the tested commit that it came with.
func (d *desk) merged(title string, approver ...string) (number int, commit string) {
	d.t.Helper()
	d.merges++
	branch := fmt.Sprintf("change-%d", d.merges)
	d.repo.Commit(branch, map[string]string{branch + ".md": "text\n"})
	number = d.repo.OpenPull(title, branch, "main", "writer")
	for _, login := range approver {
		d.repo.Review(number, login, "APPROVED")
	}
	commit = d.repo.Merge(number)
	d.tested(int64(1000+d.merges), commit, 3, 0)
	return number, commit
}

// called is what was asked of GitHub since the log was emptied.
func (d *desk) called() (list []string) {
	for _, r := range d.hub.Log() {
		list = append(list, fmt.Sprintf("%d %s", r.Status, r.Operation))
	}
	return list
}

// deploys asks for a commit's deployment and lets its job end well.
func (d *desk) deploys(id int64, commit string) {
	d.t.Helper()
	d.ask(id, commit)
	if g := d.pass(id, time.Second, time.Second); g.State != "approved" {
		d.t.Fatalf("%+v", g)
	}
	d.finished(id)
}

// TestPullsOfDeployment: rules see every pull request since the last deployment, and what came without one.
func TestPullsOfDeployment(t *testing.T) {
	t.Parallel()
	const hostile = "OPS-1` </td><script>alert(1)</script> \x1b[31m\u202e | **fix** @acme/all"
	for name, c := range map[string]struct {
		bring  func(d *desk) string
		state  string
		says   []string
		hidden string
	}{
		"as it should be": {bring: func(d *desk) string { _, c := d.merged("OPS-1: fix", "boss"); return c }, state: "approved"},
		"two of them":     {bring: func(d *desk) string { d.merged("OPS-1: fix", "boss"); _, c := d.merged("OPS-2: fix", "boss"); return c }, state: "approved"},
		"no approval":     {bring: func(d *desk) string { _, c := d.merged("OPS-1: fix"); return c }, state: "rejected", says: []string{"DEPLOY-001", "has 0 of 1"}},
		"its author's own": {
			bring: func(d *desk) string { _, c := d.merged("OPS-1: fix", "writer"); return c }, state: "rejected", says: []string{"DEPLOY-001", "has 0 of 1"},
		},
		"a stranger's": {
			bring: func(d *desk) string { _, c := d.merged("OPS-1: fix", "stranger"); return c }, state: "rejected", says: []string{"DEPLOY-001", "has 0 of 1"},
		},
		"an approval of an earlier head": {bring: func(d *desk) string {
			d.repo.Commit("late", map[string]string{"late.md": "1\n"})
			n := d.repo.OpenPull("OPS-1: fix", "late", "main", "writer")
			d.repo.Review(n, "boss", "APPROVED")
			d.repo.Commit("late", map[string]string{"late.md": "2\n"})
			c := d.repo.Merge(n)
			d.tested(1, c, 3, 0)
			return c
		}, state: "rejected", says: []string{"DEPLOY-001"}},
		"no ticket": {bring: func(d *desk) string { _, c := d.merged("fix", "boss"); return c }, state: "rejected", says: []string{"DEPLOY-002", "names no ticket"}},
		"a hostile title": {
			bring: func(d *desk) string { _, c := d.merged(hostile, "boss"); return c }, state: "rejected", says: []string{"DEPLOY-002"}, hidden: "script",
		},
		"an earlier one that nobody approved": {
			bring: func(d *desk) string { d.merged("OPS-1: fix"); _, c := d.merged("OPS-2: fix", "boss"); return c }, state: "rejected", says: []string{"DEPLOY-001"},
		},
		"another one of the same commit": {bring: func(d *desk) string {
			other, _ := d.merged("fix", "boss")
			_, c := d.merged("OPS-2: fix", "boss")
			d.repo.Brought(other, c)
			return c
		}, state: "rejected", says: []string{"DEPLOY-002"}},
		"none at all": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"direct.md": "text\n"})
			d.tested(1, c, 3, 0)
			return c
		}, state: "rejected", says: []string{"DEPLOY-00", "came without a pull request"}},
		"one that is open": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"direct.md": "text\n"})
			d.repo.Review(d.repo.OpenPull("OPS-1: fix", "main", "main", "other"), "boss", "APPROVED")
			d.tested(1, c, 3, 0)
			return c
		}, state: "rejected", says: []string{"came without a pull request"}},
		"more than a page": {bring: func(d *desk) string {
			_, c := d.merged("OPS-1: fix", "boss")
			for range 100 {
				n, _ := d.merged("OPS-1: fix", "boss")
				d.repo.Brought(n, c)
			}
			return c
		}, state: "waiting", says: []string{"more pull requests than GitHub tells"}},
		"too many commits": {bring: func(d *desk) string {
			c := ""
			for range 21 {
				_, c = d.merged("OPS-1: fix", "boss")
			}
			return c
		}, state: "waiting", says: []string{"more than 20 commits"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, pullRules)
			_, first := d.merged("OPS-0: begin", "boss")
			d.deploys(10, first)
			d.now = d.now.Add(time.Minute)
			commit := c.bring(d)
			d.ask(11, commit)
			g := d.pass(11, time.Second, time.Second)
			told := g.Comment + strings.Join(g.Reports, "\n")
			for _, want := range c.says {
				if !strings.Contains(told, want) {
					t.Errorf("does not say %q", want)
				}
			}
			if g.State != c.state || c.hidden != "" && strings.Contains(told, c.hidden) || t.Failed() {
				t.Errorf("%+v", g)
			}
		})
	}
}

// TestPullsNotAsked: where no rule looks at them, GitHub is not asked for pull requests.
func TestPullsNotAsked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "policies:\n  params: {deploy_min_approvals: 1, deploy_ticket: \"^OPS\"}\n  disable: [DEPLOY-001, DEPLOY-002]\n")
	_, commit := d.merged("fix")
	d.hub.ResetLog()
	d.deploys(10, commit)
	if list := d.called(); has(list, "/pulls") {
		t.Errorf("asked: %s", strings.Join(list, "\n"))
	}
}

// TestPullsFaults: what cannot be read of pull requests never approves, and each request may be lost once.
func TestPullsFaults(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/pulls", "/reviews", "/permission"} {
		d := newDesk(t, pullRules)
		_, commit := d.merged("OPS-1: fix", "boss")
		d.ask(10, commit)
		d.hub.Fault(githubtest.Fault{Method: "GET", Path: path, Status: 502, Times: 100_000})
		if g := d.pass(10, 29*time.Minute, 20*time.Second); g.State != "waiting" {
			t.Errorf("%s: %+v", path, g)
		}
		if g := d.pass(10, 5*time.Minute, 20*time.Second); g.State != "rejected" || !strings.Contains(g.Comment, "could not be decided") {
			t.Errorf("%s: %+v", path, g)
		}
	}
}

// TestPullCalls: with the rules that look at them, the second deployment of a server that hears of everything still asks
// GitHub no more than 8 times.
func TestPullCalls(t *testing.T) {
	t.Parallel()
	w, r := gated(t, pullRules)
	r.SetRole("boss", "write")
	for i := range int64(2) {
		branch := fmt.Sprintf("change-%d", i)
		r.Commit(branch, map[string]string{branch + ".md": "text\n"})
		n := r.OpenPull("OPS-1: fix", branch, "main", "writer")
		r.Review(n, "boss", "APPROVED")
		before := r.Head("main")
		commit := r.Merge(n)
		w.send(r.PushEvent("main", before, "writer", branch+".md"))
		w.settled()
		w.testedOn(r, 1+i, commit, 3, 0)
		w.hub.ResetLog()
		run := deploying(10+i, commit)
		w.send(r.Deploy(run, "production"))
		g := w.gate(r, 10+i, "approved")
		counted, writes, list := w.calls()
		t.Log(counted, "counted calls for a deployment whose pull request is looked at")
		if counted > 8 || writes != 1 || !has(list, "/reviews") {
			t.Errorf("%d counted calls and %d writes, want 8 at most and 1, for %+v:\n%s", counted, writes, g, strings.Join(list, "\n"))
		}
		w.deployed(r, run, "success")
	}
}
