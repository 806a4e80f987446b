package main

import (
	"cmp"
	"log/slog"
	"strings"
	"time"

	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/sink"
	"github.com/org/platform-action/internal/store"
)

// newPump tells events to the sinks; nil: there are none.
func newPump(c environ.Config, sinks []sink.Config, db *store.Store, m *metrics, t *tracing, log *slog.Logger) *sink.Pump {
	if len(sinks) == 0 {
		return nil
	}
	return sink.New(sink.Options{
		Wrap: t.transport, Sinks: sinks, Records: db, Queue: db, Now: time.Now, Log: log, Observe: m.event,
		Places: sink.Places{Source: cmp.Or(strings.TrimSuffix(c.PublicURL, "/"), "/platform"), Pages: pageURL(c), Web: c.WebURL()},
	})
}
