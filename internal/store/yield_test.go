package store

import (
	"context"
	"testing"
	"time"
)

// TestYield: tasks wait for the inbox only while deliveries stream in, and never for ever.
func TestYield(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		running int64
		ctx     context.Context
		arrives int64 // in each pause
		pauses  int
	}{
		"few tasks run":     {0, t.Context(), 1, 0},
		"the server stops":  {1000, ended, 1, 1},
		"deliveries stream": {1000, t.Context(), 1, yieldChecks},
		"nothing comes in":  {1000, t.Context(), 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, pauses := &inbox{}, 0
			i.running.Store(c.running)
			i.pause = func(ctx context.Context, _ time.Duration) bool {
				pauses++
				i.arrived.Add(c.arrives)
				return ctx.Err() == nil
			}
			leave := i.enter(c.ctx)
			if pauses != c.pauses {
				t.Errorf("it entered after %d pauses, want %d", pauses, c.pauses)
			}
			if got := i.running.Load(); got != c.running+1 {
				t.Errorf("%d tasks are counted", got)
			}
			if leave(); i.running.Load() != c.running {
				t.Error("the end of a task is not counted")
			}
		})
	}
}
