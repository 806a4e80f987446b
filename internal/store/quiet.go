package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quiet is River's log at the level of what an operator acts on. While the database is down River says so at every
// poll, which is many times a second: of each message one line a while is enough.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(&atLeast{log.Handler(), slog.LevelWarn, &repeated{last: map[string]time.Time{}}})
}

const (
	repeatAfter = 30 * time.Second
	maxMessages = 1000 // that are remembered: they are texts of River's, and few
)

type repeated struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// again reports a message that stood in the log just now.
func (r *repeated) again(message string, at time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, known := r.last[message]; known && at.Sub(last) < repeatAfter {
		return true
	}
	if len(r.last) >= maxMessages {
		clear(r.last)
	}
	r.last[message] = at
	return false
}

type atLeast struct {
	slog.Handler

	level slog.Level
	said  *repeated
}

func (h *atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

func (h *atLeast) Handle(ctx context.Context, r slog.Record) error {
	if h.said.again(r.Message, r.Time) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h *atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &atLeast{h.Handler.WithAttrs(attrs), h.level, h.said}
}

func (h *atLeast) WithGroup(name string) slog.Handler {
	return &atLeast{h.Handler.WithGroup(name), h.level, h.said}
}
