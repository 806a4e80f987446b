package main

import (
	"strings"
	"testing"
	"time"
)

const week = 7 * 24 * time.Hour

// TestRollbackIsNoLaundry: a rollback lifts freshness alone, and only for a tree that went there on evidence. What went there
// on a waiver, or while nothing was asked, was never proven.
func TestRollbackIsNoLaundry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first func(d *desk) string // brings a tree there whose tests were green once, and are too old
		state string
	}{
		"on evidence": {first: func(d *desk) string {
			d.tested(1, d.tip, 3, 0)
			d.deploys(10, d.tip)
			return d.tip
		}, state: "approved"},
		"while nothing was asked": {first: func(d *desk) string {
			d.organisation("version: 1\nobserve: {production: " + d.now.Format(time.DateOnly) + "}\n")
			d.deploys(10, d.tip) // no tests yet
			if g := d.repo.GateOf(10, "production"); !strings.Contains(g.Comment, "OBSERVE") {
				d.t.Errorf("%+v", g)
			}
			d.tested(1, d.tip, 3, 0)
			return d.tip
		}, state: "rejected"},
		"on a waiver": {first: func(d *desk) string {
			d.repo.Commit("talk", map[string]string{"talk.md": "text\n"})
			n := d.repo.OpenPull("A change", "talk", "main", "writer")
			d.repo.Author(d.tip, "writer")
			parent := d.tip
			d.tip = d.repo.Commit("main", map[string]string{"urgent.md": "text\n"})
			id := requestID(d.t, d.say(n, "writer", "/platform waive production "+d.tip+" reason the site is down until 1h"))
			if got := d.say(n, "boss", "/platform waive approve "+id); !strings.Contains(got, "holds until") {
				d.t.Fatal(got)
			}
			d.deploys(10, d.tip)
			if g := d.repo.GateOf(10, "production"); !strings.Contains(g.Comment, "waiver") {
				d.t.Errorf("%+v of %s", g, parent)
			}
			d.tested(1, d.tip, 3, 0) // its debt is paid
			return d.tip
		}, state: "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, approvers)
			old := c.first(d)
			d.now = d.now.Add(25 * time.Hour) // the last day of observing is over
			next := d.repo.Commit("main", map[string]string{"next.md": "text\n"})
			d.tested(2, next, 3, 0)
			d.deploys(11, next)
			d.now = d.now.Add(week)
			d.ask(12, old)
			if g := d.pass(12, time.Second, time.Second); g.State != c.state || c.state == "rejected" && !strings.Contains(g.Comment, "stale") {
				t.Errorf("%+v", g)
			}
		})
	}
}

// TestHeldUntilLater: a reviewer may hold a job back after the gate has approved it. The job asks again before it deploys, and
// what has changed meanwhile counts.
func TestHeldUntilLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(d *desk)
		outcome   string
		code      string
	}{
		"nothing happens": {meanwhile: func(d *desk) { d.now = d.now.Add(30 * time.Minute) }, outcome: "approved"},
		"a freeze begins": {meanwhile: func(d *desk) { d.now = d.now.Add(90 * time.Minute) }, outcome: "waiting", code: "frozen"},
		"a test fails": {meanwhile: func(d *desk) {
			d.now = d.now.Add(time.Minute)
			d.tested(2, d.tip, 3, 1)
		}, outcome: "rejected", code: "tests-failed"},
		"its evidence grows old":          {meanwhile: func(d *desk) { d.now = d.now.Add(week + time.Hour) }, outcome: "rejected", code: "stale"},
		"the run of its tests is deleted": {meanwhile: func(d *desk) { d.repo.DeleteRun(1) }, outcome: "rejected", code: "evidence-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now().UTC().Add(time.Hour)
			d := newDesk(t, "    freeze: [{name: holidays, from: '"+begin.Format("2006-01-02T15:04")+"', until: '"+begin.Add(4*24*time.Hour).Format("2006-01-02T15:04")+"'}]\n")
			d.tested(1, d.tip, 3, 0)
			d.ask(10, d.tip)
			if g := d.pass(10, time.Second, time.Second); g.State != "approved" {
				t.Fatalf("%+v", g)
			}
			c.meanwhile(d)
			if got := d.locks(10, lockBody); got.Outcome != c.outcome || got.Code != c.code && c.code != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}
