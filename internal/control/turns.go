package control

import (
	"context"
	"sync"
)

// turns lets one at a time do what has a name.
type turns struct {
	mu    sync.Mutex
	names map[string]*turn
}

type turn struct {
	one  chan struct{}
	want int // who has it or waits for it
}

// take waits until it is one's turn, or ctx ends.
func (t *turns) take(ctx context.Context, name string) (end func(), err error) {
	t.mu.Lock()
	if t.names == nil {
		t.names = map[string]*turn{}
	}
	at := t.names[name]
	if at == nil {
		at = &turn{one: make(chan struct{}, 1)}
		t.names[name] = at
	}
	at.want++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if at.want--; at.want == 0 {
			delete(t.names, name)
		}
	}
	select {
	case at.one <- struct{}{}:
		return func() { <-at.one; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
