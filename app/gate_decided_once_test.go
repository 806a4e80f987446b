package main

import (
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
)

const digestBody = `{"version":1,"environment":"production","digests":["` + image + `"],"bundles":[{}]}`

// beginsWithImage begins a deploying run of the tip whose image is proven to be built from it.
func (d *desk) beginsWithImage(id int64) {
	run := deploying(id, d.tip)
	run.Started = d.now
	d.repo.AddRun(run)
	d.builds(d.tip)
}

// builds lets every bundle prove that the deploying workflow built the image from a commit.
func (d *desk) builds(commit string) {
	d.built = control.Built{Digests: []string{image}, How: evidence.Provenance{
		RepositoryID: d.repo.ID, Commit: commit, Workflow: deployPath, WorkflowCommit: commit, Event: "push", Ref: "refs/heads/main", Runner: "github-hosted",
	}}
}

// decisions are the entries of the ledger about deployments.
func (d *desk) decisions() (list []string) {
	d.t.Helper()
	entries, err := d.db.Ledger(d.t.Context(), d.tenant, 0, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Kind, "deployment") {
			list = append(list, e.Kind+" "+string(e.Body))
		}
	}
	return list
}

// hours let everything come that could decide a deployment anew: timers, the watchdog, more evidence, a sweep.
func (d *desk) hours(id int64) {
	d.t.Helper()
	account := d.tenant.Account()
	for n := range 6 {
		for _, t := range []control.Task{
			{Tenant: d.tenant, Kind: control.WakeDeployments, Subject: d.tip}, {Tenant: account, Kind: control.EndDeployments},
			{Tenant: d.tenant, Kind: control.FindDeployments}, {Tenant: d.tenant, Kind: control.SweepRepository},
		} {
			d.do(t)
		}
		d.work()
		d.pass(id, time.Minute, 20*time.Second)
		d.tested(int64(500+n), d.tip, 3, 0)
		d.now = d.now.Add(20 * time.Minute)
	}
}

// TestDigestsDecidedOnce: what a job was told of its artifacts is not decided anew without what proves them, whatever wakes it:
// the job alone brings that, and asks again by itself.
func TestDigestsDecidedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(d *desk)
		after  func(d *desk)
		told   string
	}{
		"approved": {before: func(d *desk) { d.tested(1, d.tip, 3, 0) }, told: "approved"},
		"rejected": {told: "rejected"},
		"waiting": {before: func(d *desk) {
			tests := recorded(5, "push", d.tip, d.tip)
			tests.Branch, tests.Ref = "main", "refs/heads/main"
			d.repo.AddRun(tests)
		}, told: "waiting"},
		"approved, and the environment's rule asks as well": {
			before: func(d *desk) { d.tested(1, d.tip, 3, 0) }, after: func(d *desk) { d.ask(10, d.tip) }, told: "approved",
		},
		"after the environment's rule has asked": {before: func(d *desk) {
			d.tested(1, d.tip, 3, 0)
			d.ask(10, d.tip)
			if g := d.pass(10, time.Second, time.Second); g.State != "approved" {
				d.t.Fatalf("%+v", g)
			}
		}, told: "approved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, "")
			d.beginsWithImage(10)
			if c.before != nil {
				c.before(d)
			}
			if got := d.locks(10, digestBody); got.Outcome != c.told || got.Code == "wrong-digest" {
				t.Fatalf("told %+v", got)
			}
			told := d.decisions()
			if c.after != nil {
				c.after(d)
			}
			d.hours(10)
			if now := d.decisions(); len(now) != len(told) || strings.Contains(strings.Join(now, "\n"), "wrong-digest") {
				t.Errorf("the ledger had %d entries of it, and has\n%s", len(told), strings.Join(now, "\n"))
			}
		})
	}
}

// TestDigestsWithoutProof: a record of artifacts that is open all the same, as an accident may leave one, is undecided until it
// ends: nobody has seen that the artifacts are not proven, and nothing is approved of them.
func TestDigestsWithoutProof(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.tested(1, d.tip, 3, 0)
	d.beginsWithImage(10)
	if got := d.locks(10, digestBody); got.Outcome != "approved" {
		t.Fatalf("told %+v", got)
	}
	key := control.DeploymentKey{Environment: "production", Run: 10, Attempt: 1}
	if _, err := d.db.ChangeDeployment(t.Context(), d.tenant, key, func(r *control.DeploymentRecord) {
		r.Stage, r.Asked, r.Wake = control.StageOpen, d.now, d.now
	}); err != nil {
		t.Fatal(err)
	}
	d.hours(10)
	list := d.decisions()
	all := strings.Join(list[1:], "\n")
	if len(list) < 2 || strings.Contains(all, "wrong-digest") || strings.Contains(all, `"outcome":"approved"`) || !strings.Contains(all, "brings it when it asks") {
		t.Errorf("the ledger says\n%s", strings.Join(list, "\n"))
	}
	if got := d.locks(10, digestBody); got.Outcome != "approved" {
		t.Errorf("the job asks again, and is told %+v", got)
	}
}
