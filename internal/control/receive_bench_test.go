package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/store"
)

// runs is a forge on which every run is at work, and no answer takes any time.
type runs struct{ control.Forge }

var head = strings.Repeat("a", 40)

func (runs) WorkflowRun(_ context.Context, _ control.Repository, id int64) (control.WorkflowRun, error) {
	return control.WorkflowRun{Run: evidence.Run{
		RepositoryID: tenant.Repository, ID: id, Attempt: 1, Workflow: ".github/workflows/ci.yml", Event: "push", HeadCommit: head,
		HeadRepositoryID: tenant.Repository, Started: noon, Status: evidence.StatusRunning,
	}}, nil
}

func (runs) Job(_ context.Context, _ control.Repository, id int64) (control.WorkflowJob, error) {
	return control.WorkflowJob{ID: id, RunID: id, Attempt: 1, Shown: "record", Status: evidence.StatusRunning}, nil
}

func (runs) Commit(context.Context, control.Repository, string) (control.Commit, error) {
	return control.Commit{SHA: head, Tree: strings.Repeat("b", 40)}, nil
}

func (runs) File(context.Context, control.Repository, string, string) ([]byte, bool, error) {
	return []byte("jobs:\n  test: {}\n  record: {needs: test}\n"), true, nil
}

// BenchmarkReceiveEvidence takes uploads of a report with a hundred tests, as many at a time as a busy server has, on
// SQLite with durable writes. What GitHub takes to answer comes on top.
func BenchmarkReceiveEvidence(b *testing.B) {
	for _, atOnce := range []int{1, 32} {
		b.Run(fmt.Sprint(atOnce), func(b *testing.B) {
			ctx := context.Background()
			now := time.Now
			db, err := store.Open(ctx, store.Options{URL: "sqlite:" + b.TempDir() + "/p.db", Now: now})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			if err := db.SaveRepository(ctx, repository); err != nil {
				b.Fatal(err)
			}
			flow := control.NewFlow(control.FlowOptions{Forge: runs{}, Records: db, Queue: db, Now: now, Log: slog.New(slog.DiscardHandler)})
			cases := strings.Repeat(`<testcase classname="c" name="t"/>`, 100)
			body, err := json.Marshal(report.Document{Version: 1, Commit: head, Suites: []report.DocumentSuite{{
				Name: "unit", Reports: []report.DocumentReport{{Name: "a.xml", Content: []byte("<testsuite name='s'>" + cases + "</testsuite>")}},
			}}})
			if err != nil {
				b.Fatal(err)
			}
			flight := make(chan struct{}, atOnce)
			var wg sync.WaitGroup
			b.ResetTimer()
			from := now()
			for i := range b.N {
				flight <- struct{}{}
				wg.Go(func() {
					defer func() { <-flight }()
					id := int64(i + 1)
					_, err := flow.ReceiveEvidence(ctx, control.Run{
						RepositoryID: tenant.Repository, OwnerID: repository.AccountID, ID: id, Attempt: 1, CheckRunID: id, SHA: head, Event: "push",
						Ref: "refs/heads/main", WorkflowRef: "o/r/.github/workflows/ci.yml@refs/heads/main", WorkflowSHA: head, RunnerKind: "github-hosted",
						TokenID: fmt.Sprint(i),
					}, body)
					if err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/time.Since(from).Seconds(), "uploads/s")
		})
	}
}
