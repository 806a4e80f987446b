package github

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/org/platform-action/internal/control"
)

// TestCrowd: of many tasks of one installation that has nothing left of its minute, each comes to its end: two reads and a write
// of each are seven points, of nine a second. Without Begin they ask for what they have read again and again, and none ends.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const crowd = 100 // as many as a server works on at a time
	for name, c := range map[string]struct {
		begin func(context.Context) context.Context
		ends  bool
	}{
		"each a task":          {Begin, true},
		"calls of no one task": {func(ctx context.Context) context.Context { return ctx }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := spentBudget(t)
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
				defer stop()
				var ended, calls atomic.Int64
				began := time.Now()
				var wg sync.WaitGroup
				for range crowd {
					wg.Go(func() {
						for ctx.Err() == nil && !endsOnce(c.begin(ctx), b, &calls) {
						}
						if ctx.Err() == nil {
							ended.Add(1)
						}
					})
				}
				wg.Wait()
				took := time.Since(began)
				t.Logf("%d ended after %s, with %d calls for %d that are needed", ended.Load(), took, calls.Load(), 3*crowd)
				if c.ends != (ended.Load() == crowd) || c.ends && took > 4*time.Minute {
					t.Errorf("%d of %d ended after %s", ended.Load(), crowd, took)
				}
			})
		})
	}
}

// endsOnce tries a task: two reads and a write. One that is refused waits as it was told, and begins anew.
func endsOnce(ctx context.Context, b *budget, calls *atomic.Int64) bool {
	for _, method := range []string{http.MethodGet, http.MethodGet, http.MethodPost} {
		err := b.admit(ctx, time.Now(), method, false)
		if later, ok := errors.AsType[*control.Later](err); ok {
			time.Sleep(later.After)
			return false
		}
		if err != nil {
			return false
		}
		calls.Add(1)
		time.Sleep(5 * time.Millisecond) // GitHub answers
	}
	return true
}

// spentBudget is that of an installation that has just used up its share of the minute.
func spentBudget(t *testing.T) *budget {
	t.Helper()
	budgets, err := lru.New[int64, *budget](1)
	if err != nil {
		t.Fatal(err)
	}
	b := (&App{budgets: budgets}).budget(1)
	b.hasty.AllowN(time.Now(), b.hasty.Burst())
	b.points.AllowN(time.Now(), b.hasty.Burst())
	return b
}
