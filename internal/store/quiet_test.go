package store

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestQuiet: an outage is said once in a while, not at every poll.
func TestQuiet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := quiet(slog.New(slog.NewTextHandler(&out, nil))).Handler().WithAttrs([]slog.Attr{slog.String("queue", "q")})
	say := func(after time.Duration, message string) {
		ok(t, h.Handle(context.Background(), slog.NewRecord(noon.Add(after), slog.LevelError, message, 0)))
	}
	for i := range 100 {
		say(time.Duration(i)*50*time.Millisecond, "down")
	}
	say(time.Second, "other")
	say(31*time.Second, "down")
	if lines := strings.Count(out.String(), "\n"); lines != 3 {
		t.Errorf("%d lines, want 3:\n%s", lines, out.String())
	}
	if h.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("River's chatter is logged")
	}
}
