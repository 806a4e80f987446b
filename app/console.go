package main

import (
	"log/slog"

	"riverqueue.com/riverui"
	"riverqueue.com/riverui/uiendpoints"

	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/web"
)

// newConsole is River's own page about the queue. It asks nobody who they are: the pages do, before it is reached.
func newConsole(db *store.Store, log *slog.Logger) (*riverui.Handler, error) {
	var endpoints uiendpoints.Bundle
	if postgres, sqlite := db.River(); postgres != nil {
		endpoints = riverui.NewEndpoints(postgres, nil)
	} else {
		endpoints = riverui.NewEndpoints(sqlite, nil)
	}
	return riverui.NewHandler(&riverui.HandlerOpts{Endpoints: endpoints, Logger: log, Prefix: web.JobsPath})
}
