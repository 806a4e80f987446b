package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github/githubtest"
)

// cutOff decides once, and takes its time away when it is stuck. It reports that it was.
func (d *desk) cutOff(id int64, stuck func() bool) bool {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- d.flow.Handle(ctx, control.Task{Tenant: d.tenant, Kind: control.DecideDeployment, Subject: control.DeploymentSubject(id, "production")}, 1)
	}()
	hangs, ended := false, false
	githubtest.Settle(patience, func() bool {
		hangs = stuck()
		select {
		case err := <-done:
			ended = true
			done <- err
		default:
		}
		return hangs || ended
	})
	cancel()
	select {
	case err := <-done:
		if hangs && err == nil && !ended {
			d.t.Errorf("run %d: it was cut off, and says that all is done", id)
		}
	case <-time.After(patience):
		d.t.Fatalf("run %d: it does not end when its time is over", id)
	}
	return hangs
}

// TestGateSlowGitHub: whichever request to GitHub is not answered in time, one answer arrives later, and the ledger had it
// before.
func TestGateSlowGitHub(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.tested(1, d.tip, 3, 0)
	steps := 0
	for ; steps < 40; steps++ {
		id := int64(10 + steps)
		d.ask(id, d.tip)
		d.hub.ResetLog()
		d.hub.Fault(githubtest.Fault{Skip: steps, Delay: time.Hour})
		hung := d.cutOff(id, func() bool { return len(d.hub.Log()) > steps })
		g := d.pass(id, 30*time.Minute, 20*time.Second)
		if g.State != "approved" || g.Tries != 1 {
			t.Errorf("at request %d: %+v", steps, g)
		}
		d.proved(g)
		if !hung {
			break
		}
	}
	if t.Logf("%d requests, each of them not answered in time once", steps); steps < 5 || steps == 40 {
		t.Errorf("%d requests hung", steps)
	}
}

// TestGateSlowStore: the same for the calls of the store.
func TestGateSlowStore(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.tested(1, d.tip, 3, 0)
	steps := 0
	for ; steps < 40; steps++ {
		id := int64(10 + steps)
		d.ask(id, d.tip)
		hung := make(chan struct{})
		d.broken.at, d.broken.calls, d.broken.hung = steps, 0, hung
		stuck := d.cutOff(id, func() bool {
			select {
			case <-hung:
				return true
			default:
				return false
			}
		})
		d.broken.at, d.broken.hung = -1, nil
		g := d.pass(id, 30*time.Minute, 20*time.Second)
		if g.State != "approved" || g.Tries != 1 {
			t.Errorf("at call %d: %+v", steps, g)
		}
		d.proved(g)
		if !stuck {
			break
		}
	}
	if t.Logf("%d calls, each of them too slow once", steps); steps < 5 || steps == 40 {
		t.Errorf("%d calls hung", steps)
	}
}

// TestLockWithoutKeys: while the issuer of tokens is down or slow, a job that asks is answered by keys that are known already,
// or told to come back; nothing is approved for a token that nobody can verify.
func TestLockWithoutKeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		hang   bool
	}{"down": {status: http.StatusServiceUnavailable}, "slow": {hang: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := gated(t, "", keyed)
			tip := r.Head("main")
			w.testedOn(r, 1, tip, 3, 0)
			run := locking(10, tip)
			r.AddRun(run)
			w.hub.BreakKeys(c.status, c.hang)
			if status, answer := w.askLock(r, run, lockBody, nil); status != http.StatusAccepted || string(answer["outcome"]) != `"approved"` {
				t.Errorf("with keys that are known: %d %s", status, answer)
			}
			w.halt()
			w.start() // it has read no keys yet
			w.settled()
			w.hub.ResetLog()
			status, answer := w.askLock(r, run, lockBody, nil)
			if status != http.StatusServiceUnavailable || answer["verdict"] != nil || answer["outcome"] != nil {
				t.Errorf("with keys that nobody knows: %d %s", status, answer)
			}
			if n, _, list := w.calls(); n != 0 {
				t.Errorf("GitHub was asked for a token that was not verified: %v", list)
			}
			if rule := deploying(11, tip); !t.Failed() { // the rule needs no token
				w.send(r.Deploy(rule, "production"))
				w.gate(r, 11, "approved")
			}
		})
	}
}
