package control

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/org/platform-action/internal/evidence"
)

// held is GitHub while it takes its time about a branch.
type held struct {
	Forge
	asked atomic.Int64
	until chan struct{}
	err   error
}

func (h *held) Branch(ctx context.Context, _ Repository, _ string) (string, error) {
	h.asked.Add(1)
	select {
	case <-h.until:
		return "", h.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// TestTogether: what is asked about the same while an answer is on its way is asked once more, and once for all of them; and
// nothing that differs is taken for the same.
func TestTogether(t *testing.T) {
	t.Parallel()
	type question struct {
		tenant  int64
		version int64
		d       DeploymentRecord
		run     WorkflowRun
	}
	base := question{1, 7, DeploymentRecord{Name: "production", Commit: "c"}, WorkflowRun{Run: evidence.Run{ID: 1, HeadCommit: "c", Workflow: "deploy.yml"}}}
	with := func(change func(*question)) question {
		q := base
		change(&q)
		return q
	}
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		beside []question
		stops  bool // the first one's time is up while the others wait
		err    error
		asked  int64
	}{
		"another run, late":    {beside: []question{with(func(q *question) { q.run.ID = 2 })}, asked: 2},
		"many, late":           {beside: []question{base, base, base, base}, asked: 2},
		"an error":             {beside: []question{base, base}, err: refused, asked: 2},
		"another tenant":       {beside: []question{with(func(q *question) { q.tenant = 2 })}, asked: 2},
		"more evidence":        {beside: []question{with(func(q *question) { q.version = 8 })}, asked: 2},
		"another environment":  {beside: []question{with(func(q *question) { q.d.Name = "staging" })}, asked: 2},
		"another commit":       {beside: []question{with(func(q *question) { q.d.Commit = "e" })}, asked: 2},
		"another head":         {beside: []question{with(func(q *question) { q.run.HeadCommit = "e" })}, asked: 2},
		"another workflow":     {beside: []question{with(func(q *question) { q.run.Workflow = "other.yml" })}, asked: 2},
		"the first one's time": {beside: []question{base}, stops: true, asked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &held{until: make(chan struct{}), err: c.err}
				if h.err == nil {
					h.err = ErrGone // an empty repository: there is nothing more to ask about
				}
				f := &Flow{o: FlowOptions{Forge: h}}
				first, stop := context.WithCancel(t.Context())
				defer stop()
				errs := make([]error, 1+len(c.beside))
				var all sync.WaitGroup
				ask := func(ctx context.Context, i int, q question) {
					all.Go(func() { _, errs[i] = f.together(ctx, Repository{Tenant: Tenant{1, q.tenant}}, q.run, q.d, q.version) })
					synctest.Wait()
				}
				ask(first, 0, base)
				for i, q := range c.beside {
					ask(t.Context(), i+1, q)
				}
				if c.stops {
					stop()
					synctest.Wait()
				}
				close(h.until)
				all.Wait()
				if n := h.asked.Load(); n != c.asked {
					t.Errorf("asked %d times, want %d", n, c.asked)
				}
				for i, err := range errs {
					if want := c.err; i == 0 && c.stops && !errors.Is(err, context.Canceled) || !c.stops && !errors.Is(err, want) || i > 0 && want == nil && err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			})
		})
	}
}
