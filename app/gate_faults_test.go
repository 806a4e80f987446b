package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestGateFaultsAtGitHub: whichever request to GitHub is lost, before or after it had its effect, one answer arrives, and
// the ledger had it before.
func TestGateFaultsAtGitHub(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]githubtest.Fault{
		"no answer": {Close: true}, "no answer to what was done": {AfterEffect: true}, "answer 502": {Status: http.StatusBadGateway},
		"answer 403 for the rate": {Status: http.StatusForbidden, Header: http.Header{"Retry-After": {"30"}}},
	} {
		d := newDesk(t, "")
		d.tested(1, d.tip, 3, 0)
		steps := 0
		for ; steps < 40; steps++ {
			id := int64(10 + steps)
			d.ask(id, d.tip)
			fault.Skip = steps
			d.hub.ResetLog()
			d.hub.Fault(fault)
			g := d.pass(id, 30*time.Minute, 20*time.Second)
			if g.State != "approved" || g.Tries != 1 {
				t.Errorf("%s at request %d: %+v", name, steps, g)
			}
			d.proved(g)
			if len(d.hub.Log()) <= steps { // it came through without meeting the fault
				break
			}
		}
		t.Logf("%s: %d requests, each of them lost once", name, steps)
		if steps < 5 || steps == 40 {
			t.Errorf("%s: %d requests were lost", name, steps)
		}
	}
}

// TestGateFaultsInStore: whichever call of the store fails, before or after it had its effect, one answer arrives, and the
// ledger had it before.
func TestGateFaultsInStore(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		d := newDesk(t, "")
		d.tested(1, d.tip, 3, 0)
		steps := 0
		for ; steps < 40; steps++ {
			id := int64(10 + steps)
			d.ask(id, d.tip)
			d.broken.at, d.broken.calls, d.broken.after = steps, 0, after
			g := d.pass(id, 30*time.Minute, 20*time.Second)
			if g.State != "approved" || g.Tries != 1 {
				t.Errorf("at call %d, after its effect %t: %+v", steps, after, g)
			}
			d.proved(g)
			if d.broken.calls <= steps {
				break
			}
		}
		t.Logf("after their effect %t: %d calls, each of them failed once", after, steps)
		if steps < 5 || steps == 40 {
			t.Errorf("%d calls failed", steps)
		}
	}
}

// TestDecideBy: what cannot be read never approves, and ends in a rejection that names it.
func TestDecideBy(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.tested(1, d.tip, 3, 0)
	d.ask(10, d.tip)
	d.hub.Fault(githubtest.Fault{Path: "/actions/runs/1/jobs", Status: http.StatusInternalServerError, Times: 100_000})
	if g := d.pass(10, 29*time.Minute, 20*time.Second); g.State != "waiting" || len(g.Reports) == 0 || len(g.Reports) > 10 || !strings.Contains(g.Reports[0], "Undecided") {
		t.Errorf("%+v", g)
	}
	g := d.pass(10, 5*time.Minute, 20*time.Second)
	if g.State != "rejected" || !strings.Contains(g.Comment, "listing the jobs") || !strings.Contains(g.Comment, "could not be decided") {
		t.Errorf("%+v", g)
	}
	d.proved(g)
}

// TestOutageThatEnds: while GitHub cannot be reached at all nothing can be told; once it can, the present state decides.
func TestOutageThatEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.tested(1, d.tip, 3, 0)
	d.ask(10, d.tip)
	d.hub.Down(true)
	if g := d.pass(10, 3*time.Hour, 5*time.Minute); g.State != "waiting" {
		t.Errorf("%+v", g)
	}
	d.hub.Down(false)
	g := d.pass(10, time.Minute, 20*time.Second)
	if g.State != "approved" {
		t.Errorf("%+v", g)
	}
	d.proved(g)
}

// TestLostTimers: a deployment whose timer was lost is found by the watchdog.
func TestLostTimers(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.tested(1, d.tip, 3, 0)
	d.repo.AddRun(githubtest.Run{
		ID: 2, Path: ci, HeadSHA: d.tip, Event: "push", Branch: "main", Attempt: 1, Status: "in_progress", Started: d.now.Add(time.Second),
		Jobs: []githubtest.Job{{ID: 201, Name: "test", Status: "in_progress"}},
	})
	d.ask(10, d.tip)
	if err := d.try(10); err != nil {
		t.Fatal(err)
	}
	due := func() int {
		list, err := d.db.DueDeployments(t.Context(), d.now)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n := due(); n != 0 {
		t.Errorf("%d are due at once", n)
	}
	d.now = d.now.Add(10 * time.Minute)
	if n := due(); n != 1 {
		t.Errorf("%d are due after ten minutes: %+v", n, d.repo.GateOf(10, "production"))
	}
}
