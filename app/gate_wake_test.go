package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github/githubtest"
)

// TestWakes: each event that may change what a waiting deployment waits for has it decided anew at once, though what it waits
// for told nobody.
func TestWakes(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	for name, event := range map[string]func(r *githubtest.Repo, tests githubtest.Run) githubtest.Event{
		"a workflow run ends": func(r *githubtest.Repo, tests githubtest.Run) githubtest.Event {
			return r.WorkflowRunEvent("completed", tests.ID)
		},
		"a check run ends": func(r *githubtest.Repo, tests githubtest.Run) githubtest.Event { return r.JobEvent(tests.HeadSHA) },
		"a reviewer lets it through": func(r *githubtest.Repo, _ githubtest.Run) githubtest.Event {
			return r.DeploymentReviewEvent("approved", 10, "boss")
		},
		"a reviewer holds it back": func(r *githubtest.Repo, _ githubtest.Run) githubtest.Event {
			return r.DeploymentReviewEvent("rejected", 10, "boss")
		},
	} {
		r, _ := w.nextGated("")
		commit := r.Commit("main", map[string]string{"new.md": "text\n"})
		tests := recorded(5, "push", commit, commit)
		tests.Branch, tests.Ref = "main", "refs/heads/main"
		r.AddRun(tests)
		w.send(r.Deploy(deploying(10, commit), "production"))
		w.says(r, 10, "tests-running")
		tests.Status, tests.Conclusion = "completed", "success"
		for i := range tests.Jobs {
			tests.Jobs[i].Status, tests.Jobs[i].Conclusion = "completed", "success"
		}
		r.AddRun(tests) // it recorded nothing, and nobody says so
		w.settled()
		if g := r.GateOf(10, "production"); g.State != "waiting" {
			t.Errorf("%s: before it: %+v", name, g)
		}
		w.send(event(r, tests))
		if !githubtest.Settle(w.wait, func() bool { return r.GateOf(10, "production").State != "waiting" }) {
			t.Errorf("%s wakes nobody: %+v", name, r.GateOf(10, "production"))
			continue
		}
		if g := r.GateOf(10, "production"); g.State != "rejected" || g.Tries != 1 {
			t.Errorf("%s: %+v", name, g)
		}
	}
}

// TestEvidenceWakesItsOwn: of many that wait, the tests of a tree have those decided anew that they are about, and no question
// is asked about the others.
func TestEvidenceWakesItsOwn(t *testing.T) {
	t.Parallel()
	w, r := gated(t, "")
	runs := map[int64]githubtest.Run{}
	for id := int64(10); id < 14; id++ {
		commit := r.Commit("main", map[string]string{"new.md": fmt.Sprint(id)})
		tests := recorded(id-5, "push", commit, commit)
		tests.Branch, tests.Ref = "main", "refs/heads/main"
		r.AddRun(tests)
		runs[id] = tests
		w.send(r.Deploy(deploying(id, commit), "production"))
		w.says(r, id, "tests-running")
	}
	w.hub.ResetLog()
	w.accepted(r, runs[11], document(runs[11].HeadSHA, "", junit(3, 0, 0)))
	w.gate(r, 11, "approved")
	for _, request := range w.hub.Log() {
		for _, other := range []string{"/actions/runs/10", "/actions/runs/12", "/actions/runs/13"} {
			if strings.HasSuffix(request.Path, other) {
				t.Errorf("asked about another deployment: %s", request.Path)
			}
		}
	}
}

// TestWakesByTheClock: the end of a freeze, of an outage and of GitHub's patience is seen by itself: nothing but the queue's own
// timers is at work.
func TestWakesByTheClock(t *testing.T) {
	t.Parallel()
	begin := time.Now().UTC().Truncate(time.Minute)
	end := begin.Add(3 * time.Hour)
	const stamp = "2006-01-02T15:04"
	frozen := "    freeze: [{name: holidays, from: '" + begin.Add(-time.Hour).Format(stamp) + "', until: '" + end.Format(stamp) + "'}]\n"
	for name, c := range map[string]struct {
		more  string
		begin func(d *desk)
		at    time.Duration // after the beginning; what is decided within a minute of it is in time
		state string
	}{
		"a freeze ends": {more: frozen, at: 3 * time.Hour, state: "approved"},
		"an outage ends": {
			begin: func(d *desk) {
				d.hub.Fault(githubtest.Fault{Path: "/actions/runs/1/jobs", Status: http.StatusBadGateway, Times: 8})
			}, at: 12 * time.Minute, state: "approved",
		},
		"an outage does not end": {
			begin: func(d *desk) {
				d.hub.Fault(githubtest.Fault{Path: "/actions/runs/1/jobs", Status: http.StatusBadGateway, Times: 100_000})
			},
			at: 31 * time.Minute, state: "rejected",
		},
		"nothing ever comes": {begin: func(d *desk) {
			d.repo.AddRun(githubtest.Run{
				ID: 2, Path: ci, HeadSHA: d.tip, Event: "push", Branch: "main", Attempt: 1, Status: "in_progress", Started: d.now.Add(time.Second),
				Jobs: []githubtest.Job{{ID: 201, Name: "test", Status: "in_progress"}},
			})
		}, at: 30*24*time.Hour + 10*time.Minute, state: "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, c.more)
			start := d.now
			d.tested(1, d.tip, 3, 0)
			if c.begin != nil {
				c.begin(d)
			}
			d.ask(10, d.tip)
			d.wanted = []control.Task{{Tenant: d.tenant, Kind: control.DecideDeployment, Subject: control.DeploymentSubject(10, "production")}}
			step := 20 * time.Second
			if c.at > 24*time.Hour {
				step = time.Hour
				d.tested(3, d.tip, 3, 0)
			}
			for d.work(); d.repo.GateOf(10, "production").State == "waiting" && d.now.Before(start.Add(c.at+time.Hour)); d.work() {
				d.now = d.now.Add(step)
			}
			g := d.repo.GateOf(10, "production")
			took := d.now.Sub(start)
			if g.State != c.state || took > c.at+max(time.Minute, step) {
				t.Errorf("after %s: %+v", took, g)
			}
			if len(g.Reports) == 0 || len(g.Reports) > 10 {
				t.Errorf("%d reports", len(g.Reports))
			}
			d.proved(g)
		})
	}
}

// TestWaiverWakes: a waiver that is approved while a deployment waits is heard at once.
func TestWaiverWakes(t *testing.T) {
	t.Parallel()
	begin := time.Now().UTC()
	const stamp = "2006-01-02T15:04"
	d := newDesk(t, approvers+"    freeze: [{name: holidays, from: '"+begin.Add(-time.Hour).Format(stamp)+"', until: '"+begin.Add(24*time.Hour).Format(stamp)+"'}]\n")
	d.tip = d.repo.Commit("main", map[string]string{"new.md": "text\n"})
	d.tested(1, d.tip, 3, 0)
	d.repo.Commit("talk", map[string]string{"talk.md": "text\n"})
	n := d.repo.OpenPull("A change", "talk", "main", "writer")
	d.ask(10, d.tip)
	if err := d.try(10); err != nil {
		t.Fatal(err)
	}
	if g := d.repo.GateOf(10, "production"); g.State != "waiting" || !strings.Contains(strings.Join(g.Reports, ""), "frozen") {
		t.Fatalf("%+v", g)
	}
	id := requestID(t, d.say(n, "writer", "/platform waive production "+d.tip+" reason the shop is down until 1h"))
	d.work()
	if g := d.repo.GateOf(10, "production"); g.State != "waiting" {
		t.Errorf("a request let it through: %+v", g)
	}
	d.say(n, "boss", "/platform waive approve "+id)
	d.work()
	if g := d.repo.GateOf(10, "production"); g.State != "approved" || !strings.Contains(g.Comment, "waiver") {
		t.Errorf("%+v", g)
	}
}
