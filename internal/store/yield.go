package store

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// A delivery that is not acknowledged within ten seconds counts as failed at GitHub, whereas a verdict may come a second
// later. So while deliveries stream in, few tasks begin: the processors are for the inbox.
const (
	yieldCheck  = 10 * time.Millisecond // without a delivery for this long, nothing streams
	yieldChecks = 200                   // of one task at most: work never stands still
)

// inbox tells whether deliveries stream in, and how many tasks run.
type inbox struct {
	arrived, running atomic.Int64
	pause            func(context.Context, time.Duration) bool // defaults to pause; a test says what arrives meanwhile
}

// enter waits for its turn and counts the task; leave ends that.
func (i *inbox) enter(ctx context.Context) (leave func()) {
	few, wait := int64(runtime.GOMAXPROCS(0)), i.pause
	if wait == nil {
		wait = pause
	}
	for range yieldChecks {
		seen := i.arrived.Load()
		if i.running.Load() < few || !wait(ctx, yieldCheck) || i.arrived.Load() == seen {
			break
		}
	}
	i.running.Add(1)
	return func() { i.running.Add(-1) }
}

// pause reports whether the time passed before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}
