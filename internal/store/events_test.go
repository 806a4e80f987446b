package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// TestSinkCursors asks for a task of each sink with each entry, moves a sink forward alone, and counts what it was not told.
func TestSinkCursors(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		o.Sinks, o.Origin = []string{"audit", "bus"}, func(context.Context) string { return "00-trace" }
		s := open(t, o)
		if _, _, known, err := s.SinkCursor(ctx, tenant, "audit"); known || err != nil {
			t.Error("a sink knows a repository without an entry", err)
		}
		d := deployed(1, "sha256:1")
		must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, ruling(d, 0)))
		must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, others[0], ruling(d, 0)))
		for _, sink := range o.Sinks {
			if at, failures, known, err := s.SinkCursor(ctx, tenant, sink); at != 0 || failures != 0 || !known || err != nil {
				t.Errorf("%s: %d %d %t %v", sink, at, failures, known, err)
			}
			row, found, err := s.look(ctx, s.db, taskArgs{tenant.Installation, tenant.Repository, string(control.TellSink), sink}, "")
			if err != nil || !found || row.state != "queued" || row.origin != "00-trace" {
				t.Errorf("the task of %s: %+v %v", sink, row, err)
			}
		}
		if lag := must[Lag](t)(s.SinkLag(ctx, "audit")); lag.Entries != 2 || lag.Oldest < 0 {
			t.Errorf("lag %+v", lag)
		}
		ok(t, s.SaveSinkCursor(ctx, tenant, "audit", 1, 0))
		ok(t, s.SaveSinkCursor(ctx, tenant, "audit", 0, 3)) // late, and back: it does not count
		if at, failures, _, err := s.SinkCursor(ctx, tenant, "audit"); at != 1 || failures != 0 || err != nil {
			t.Errorf("at %d after %d failures, %v", at, failures, err)
		}
		for sink, want := range map[string]int{"audit": 1, "bus": 2, "none": 0} {
			behind := must[[]control.Tenant](t)(s.SinkBehind(ctx, sink, 10))
			if lag := must[Lag](t)(s.SinkLag(ctx, sink)); len(behind) != want || lag.Entries != want {
				t.Errorf("%s: %v behind, lag %+v", sink, behind, lag)
			}
		}
		if size := must[int64](t)(s.Size(ctx)); size < 4096 {
			t.Errorf("%d bytes", size)
		}
	})
}

// TestEndDeployment writes the end of one that went ahead to the ledger: once, and not before GitHub has the answer.
func TestEndDeployment(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		d := deployed(1, "sha256:1")
		must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, ruling(d, 0)))
		if g := must[GateStats](t)(s.GateStats(ctx)); g.Waiting != 1 || g.Oldest < 0 {
			t.Errorf("waiting: %+v", g)
		}
		end := func() error { return s.EndDeployment(ctx, tenant, d.DeploymentKey, true, noon.Add(time.Hour)) }
		entries := func() int { return len(must[[]control.LedgerEntry](t)(s.Ledger(ctx, tenant, 0, 10))) }
		ok(t, end()) // GitHub has no answer yet
		if n := entries(); n != 1 {
			t.Errorf("%d entries before the answer", n)
		}
		must[control.DeploymentRecord](t)(s.ChangeDeployment(ctx, tenant, d.DeploymentKey, func(d *control.DeploymentRecord) { d.Stage = control.StageAnswered }))
		ok(t, errors.Join(end(), end()))
		got, _, err := s.Deployment(ctx, tenant, d.DeploymentKey)
		if n := entries(); n != 2 || err != nil || !got.Settled || !got.Succeeded || !got.Ended.Equal(noon.Add(time.Hour)) {
			t.Errorf("%d entries, %+v, %v", n, got, err)
		}
		ok(t, s.VerifyLedger(ctx, tenant))
	})
}
