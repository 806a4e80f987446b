package store

import (
	"context"
	"testing"
)

// TestYield: tasks wait for the inbox only while deliveries stream in, and never for ever.
func TestYield(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		running int64
		ctx     context.Context
		waits   bool
	}{
		"few tasks run":     {0, t.Context(), false},
		"the server stops":  {1000, ended, false},
		"deliveries stream": {1000, t.Context(), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := &inbox{}
			i.running.Store(c.running)
			over, streamed := make(chan struct{}), make(chan bool)
			go func() {
				for {
					select {
					case <-over:
						streamed <- true
						return
					default:
						i.arrived.Add(1)
					}
				}
			}()
			for i.arrived.Load() == 0 {
			}
			before := i.arrived.Load()
			leave := i.enter(c.ctx)
			if n := i.arrived.Load() - before; c.waits && n < 1000 {
				t.Errorf("it entered after %d deliveries", n)
			}
			close(over)
			<-streamed
			if got := i.running.Load(); got != c.running+1 {
				t.Errorf("%d tasks are counted", got)
			}
			if leave(); i.running.Load() != c.running {
				t.Error("the end of a task is not counted")
			}
		})
	}
	quiet := &inbox{}
	quiet.running.Store(1000)
	quiet.enter(t.Context())() // ends, because nothing comes in
}
