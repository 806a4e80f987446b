package main

import (
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	counted "github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/github/githubtest"
)

// TestEvidenceAttacksAtTheDoor: what is no proof before a merge is none before a deployment.
func TestEvidenceAttacksAtTheDoor(t *testing.T) {
	t.Parallel()
	green := counted.Counts{Executed: 3, Passed: 3}
	const another = "another job of a trusted workflow"
	for name, c := range map[string]struct {
		bring func(d *desk) string
		state string
		code  string
	}{
		"every test skipped": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.testedAs(20, c, counted.Counts{Executed: 9, Skipped: 9}, nil)
			return c
		}, code: "only-skipped"},
		"a suite that is missing": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.testedAs(20, c, green, func(r *evidence.Record) { r.Suites[0].Name = "other" })
			return c
		}, code: "no-evidence"},
		"900 tests that became 12": {bring: func(d *desk) string {
			for id := range int64(3) {
				c := d.repo.Commit("main", map[string]string{"a.md": strings.Repeat("text\n", int(id)+1)})
				d.tested(20+id, c, 900, 0)
				d.deploys(30+id, c)
				d.now = d.now.Add(time.Minute)
			}
			c := d.repo.Commit("main", map[string]string{"b.md": "text\n"})
			d.tested(29, c, 12, 0)
			return c
		}, code: "test-count-collapsed"},
		another: {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.testedAs(20, c, green, func(r *evidence.Record) { r.Producer.Job, r.Producer.Needs = "other", nil })
			return c
		}, code: "untrusted-producer"},
		"another workflow": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.testedAs(20, c, green, func(r *evidence.Record) { r.Producer.Workflow = deployPath })
			return c
		}, code: "untrusted-producer"},
		"a fork's run": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.testedAs(20, c, green, func(r *evidence.Record) { r.Producer.HeadRepositoryID = 999_999 })
			return c
		}, code: "untrusted-producer"},
		"a run of pull_request_target": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.testedAs(20, c, green, func(r *evidence.Record) { r.Producer.Event = "pull_request_target" })
			return c
		}, code: "untrusted-producer"},
		"a workflow that the change edits": {bring: func(d *desk) string {
			d.deploys(30, d.tip)
			c := d.repo.Commit("main", map[string]string{ci: ciFile + "# anything is green\n"})
			d.tested(20, c, 3, 0)
			return c
		}, code: "self-attested"},
		"the same tree, tested by another tenant": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			other := d.hub.AddRepository(d.owner, "copy")
			d.do(control.Task{Tenant: d.tenant.Account(), Kind: control.SyncInstallation})
			mine := d.tenant
			d.tenant.Repository = other.ID
			d.tested(20, c, 3, 0)
			d.repo.DeleteRun(20)
			d.tenant = mine
			return c
		}, code: "wrong-tree"},
		"a newer run that recorded nothing": {bring: func(d *desk) string {
			d.repo.AddRun(githubtest.Run{
				ID: 20, Path: ci, HeadSHA: d.tip, Event: "push", Branch: "main", Attempt: 1, Status: "completed", Conclusion: "success", Started: d.now.Add(time.Second),
				Jobs: []githubtest.Job{{ID: 2001, Name: "test", Conclusion: "success"}},
			})
			d.now = d.now.Add(time.Minute)
			return d.tip
		}, code: "superseded"},
		"a green one that came late, of a run before the red one": {bring: func(d *desk) string {
			red := d.now.Add(2 * time.Minute)
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			was := d.now
			d.now = red
			d.tested(20, c, 3, 1)
			d.now = was
			d.tested(21, c, 3, 0) // a higher number, and an earlier start
			d.now = red.Add(time.Minute)
			return c
		}, code: "tests-failed"},
		"a run that begins in the future": {bring: func(d *desk) string {
			c := d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.now = d.now.Add(time.Hour)
			d.tested(20, c, 3, 0)
			d.now = d.now.Add(-time.Hour)
			return c
		}, state: "waiting", code: "undecided"},
		"evidence that is old": {bring: func(d *desk) string {
			d.now = d.now.Add(8 * 24 * time.Hour)
			return d.tip
		}, code: "stale"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, "")
			d.tested(1, d.tip, 3, 0)
			commit := c.bring(d)
			d.ask(50, commit)
			g := d.pass(50, time.Second, time.Second)
			state := c.state
			if state == "" {
				state = "rejected"
			}
			if told := g.Comment + strings.Join(g.Reports, "\n"); g.State != state || !strings.Contains(told, c.code) {
				t.Errorf("want %s and %s, got %+v", state, c.code, g)
			}
		})
	}
}
