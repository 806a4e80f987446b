package store

import (
	"context"
	"sync/atomic"
	"time"
)

const groupSize = 256

// batch is an open transaction, and the work that is asked for in it: settled at its end, all at once.
type batch struct {
	tx
	arrivals []*arrival
	wants    map[taskArgs]want
	jobs     map[taskArgs]time.Time // attempts to place, and when they are due
}

// member is one caller's part of a group. It may be run again, alone, when the group failed.
type member struct {
	ctx   context.Context
	do    func(ctx context.Context, b *batch) error
	state atomic.Int32
	done  chan error
}

const (
	waiting   = iota
	taken     // its transaction has begun: the result is awaited, whatever the caller's context says
	withdrawn // its caller has left; it is not written
)

// committer gathers what callers write at the same time into one transaction. Nothing is delayed for it: a group is
// what came in while the one before was committed.
type committer struct {
	db     database
	settle func(ctx context.Context, b *batch) error
	queue  chan *member
	quit   chan struct{}
	gone   chan struct{}
}

func newCommitter(ctx context.Context, db database, settle func(context.Context, *batch) error) *committer {
	c := &committer{db: db, settle: settle, queue: make(chan *member, groupSize), quit: make(chan struct{}), gone: make(chan struct{})}
	go c.run(ctx)
	return c
}

// write runs do in a transaction: its own, or one with others. An error means that nothing of do was written.
func (c *committer) write(ctx context.Context, do func(ctx context.Context, b *batch) error, grouped bool) error {
	if !grouped {
		return c.commit(ctx, do)
	}
	m := &member{ctx: ctx, do: do, done: make(chan error, 1)}
	select {
	case c.queue <- m:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return ErrClosed
	}
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
		if m.state.CompareAndSwap(waiting, withdrawn) {
			return ctx.Err()
		}
	case <-c.gone:
		if m.state.CompareAndSwap(waiting, withdrawn) {
			return ErrClosed
		}
	}
	return <-m.done
}

// close ends the committer after the group that it is at.
func (c *committer) close() {
	close(c.quit)
	<-c.gone
}

func (c *committer) run(ctx context.Context) {
	defer close(c.gone)
	for {
		select {
		case m := <-c.queue:
			c.group(ctx, c.gather(m))
		case <-c.quit:
			return
		}
	}
}

// gather takes what waits at this moment.
func (c *committer) gather(m *member) []*member {
	var group []*member
	for {
		if m.state.CompareAndSwap(waiting, taken) {
			group = append(group, m)
		}
		if len(group) == groupSize {
			return group
		}
		select {
		case m = <-c.queue:
		default:
			return group
		}
	}
}

// group commits the members together. When that fails each gets a transaction of its own, so that it learns its own
// error and the others do not suffer from it.
func (c *committer) group(ctx context.Context, members []*member) {
	if len(members) == 0 {
		return
	}
	err := c.together(ctx, members)
	for _, m := range members {
		result := err
		if err != nil && len(members) > 1 {
			result = c.together(ctx, []*member{m})
		}
		m.done <- result
	}
}

func (c *committer) together(ctx context.Context, members []*member) error {
	ctx, cancel := context.WithTimeout(ctx, finishTime)
	defer cancel()
	return c.commit(ctx, func(ctx context.Context, b *batch) error {
		for _, m := range members {
			if err := m.run(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// run does the member's part with the values of its own context, but with the group's end: a group is written whole.
func (m *member) run(ctx context.Context, b *batch) error {
	return m.do(borrowed{ctx, m.ctx}, b) //nolint:contextcheck // it is ctx, with values
}

// borrowed is a context with the values of another one.
type borrowed struct {
	context.Context
	values context.Context
}

func (b borrowed) Value(key any) any {
	if v := b.values.Value(key); v != nil {
		return v
	}
	return b.Context.Value(key)
}

func (c *committer) commit(ctx context.Context, do func(context.Context, *batch) error) error {
	return c.db.transact(ctx, func(t tx) error {
		b := &batch{tx: t}
		if err := do(ctx, b); err != nil {
			return err
		}
		return c.settle(ctx, b)
	})
}
