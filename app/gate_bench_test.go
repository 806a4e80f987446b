package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gregjones/httpcache"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store"
)

// hasty is the pace of a GitHub without limits: by its clock there is always time for another request.
type hasty struct{ calls atomic.Int64 }

func (h *hasty) now() time.Time {
	return time.Now().Add(time.Duration(h.calls.Add(1)) * 400 * time.Millisecond)
}

// BenchmarkWaiting has 1,000 deployments wait for the tests of one tree; then its evidence arrives, and each is decided, recorded
// in the ledger and answered. The requests are real ones to the stand-in; GitHub's limit on them is not counted.
func BenchmarkWaiting(b *testing.B) {
	waiting := 1000
	if n, err := strconv.Atoi(os.Getenv("PLATFORM_WAITING")); err == nil {
		waiting = n
	}
	for b.Loop() {
		b.StopTimer()
		d := benchDesk(b)
		runs := waits(b, d, waiting)
		d.tested(1, d.tip, 3, 0)
		d.hub.ResetLog()
		b.StartTimer()
		decideAll(b, d, runs)
		b.StopTimer()
		calls := len(d.hub.Log())
		b.ReportMetric(float64(calls)/float64(waiting), "calls/deployment")
		allApproved(b, d, runs)
		b.StartTimer()
	}
}

// TestWaitingTogether: what deployments of one tree share is not what is each one's own.
func TestWaitingTogether(t *testing.T) {
	t.Parallel()
	d := benchDesk(t)
	runs := waits(t, d, 30)
	d.tested(1, d.tip, 3, 0)
	decideAll(t, d, runs)
	allApproved(t, d, runs)
}

// waits has deployments of the desk's tip wait.
func waits(tb testing.TB, d *desk, n int) (runs []int64) {
	tb.Helper()
	for i := range n {
		id := int64(10_000 + i)
		run := deploying(id, d.tip)
		run.Started = d.now
		d.repo.Deploy(run, "production")
		key := control.DeploymentKey{Environment: "production", Run: id, Attempt: 1}
		_, err := d.db.ChangeDeployment(tb.Context(), d.tenant, key, func(r *control.DeploymentRecord) {
			r.Name, r.Commit, r.Asked, r.Wake, r.Outcome = "production", d.tip, d.now, d.now.Add(time.Minute), gate.OutcomeWaiting
		})
		if err != nil {
			tb.Fatal(err)
		}
		runs = append(runs, id)
	}
	return runs
}

// allApproved is that GitHub has one answer of each, which the ledger has too.
func allApproved(tb testing.TB, d *desk, runs []int64) {
	tb.Helper()
	for _, id := range runs {
		if g := d.repo.GateOf(id, "production"); g.State != "approved" || g.Tries != 1 {
			tb.Fatalf("%+v", g)
		}
	}
	if err := d.db.VerifyLedger(tb.Context(), d.tenant); err != nil {
		tb.Error(err)
	}
}

// decideAll decides on all of them, as many at a time as a server does.
func decideAll(b testing.TB, d *desk, runs []int64) {
	b.Helper()
	work := make(chan int64)
	var workers sync.WaitGroup
	for range 100 {
		workers.Go(func() {
			for id := range work {
				for {
					err := d.flow.Handle(b.Context(), control.Task{Tenant: d.tenant, Kind: control.DecideDeployment, Subject: control.DeploymentSubject(id, "production")}, 1)
					if _, later := errors.AsType[*control.Later](err); later {
						continue
					}
					if err != nil {
						b.Error(err)
					}
					break
				}
			}
		})
	}
	for _, id := range runs {
		work <- id
	}
	close(work)
	workers.Wait()
}

// unworked is a queue that nobody works on.
type unworked struct{}

func (unworked) Want(context.Context, ...control.Task) error { return nil }

// benchDesk is a desk whose clock is the real one.
func benchDesk(b testing.TB) *desk {
	b.Helper()
	d := &desk{t: b, now: time.Now().UTC().Truncate(time.Second)}
	var err error
	if d.hub, err = githubtest.New(githubtest.Options{Key: deskKey()}); err != nil {
		b.Fatal(err)
	}
	url, err := d.hub.Start()
	if err != nil {
		b.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	if d.db, err = store.Open(b.Context(), store.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "p.db"), Now: time.Now, Log: logger}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = d.db.Close(), d.hub.Close() })
	forge, err := github.New(github.Options{APIURL: url, AppID: d.hub.AppID(), PrivateKey: deskKey(), Now: (&hasty{}).now, Cache: func(t control.Tenant) httpcache.Cache { return validators{d.db.Cache(t)} }})
	if err != nil {
		b.Fatal(err)
	}
	engine, err := control.NewEngine(nil)
	if err != nil {
		b.Fatal(err)
	}
	d.flow = control.NewFlow(control.FlowOptions{Forge: forge, Records: d.db, Queue: unworked{}, Engine: engine, Now: time.Now, Log: logger})
	i := d.hub.Install("acme")
	d.owner, d.repo = i, d.hub.AddRepository(i, "shop")
	d.tenant = control.Tenant{Installation: i.ID, Repository: d.repo.ID}
	d.tip = d.repo.Commit("main", guardedFiles(""))
	d.do(control.Task{Tenant: d.tenant.Account(), Kind: control.SyncInstallation})
	d.do(control.Task{Tenant: d.tenant, Kind: control.SweepRepository})
	return d
}
