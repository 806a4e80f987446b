package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/sink"
	"github.com/org/platform-action/internal/store"
)

const (
	drainTime   = 25 * time.Second // below the 30 s that orchestrators give
	answerTime  = 10 * time.Second // GitHub waits no longer for an answer
	maxHeaders  = 64 << 10
	headerTime  = 5 * time.Second
	requestTime = 60 * time.Second // a slow body ends here
	idleTime    = 2 * time.Minute
)

func newLog(c environ.Config, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// serve runs until ctx ends, and then until what it is at is done. It starts without asking GitHub anything.
func serve(ctx context.Context, c environ.Config, sinks []sink.Config, t *tracing, log *slog.Logger) error {
	m := newMetrics()
	m.watch(t, sinks)
	db, err := store.Open(ctx, store.Options{
		URL: c.DatabaseURL, Now: time.Now, Log: log, EncryptionKey: c.EncryptionKey,
		Origin: t.origins(), Sinks: sink.Names(sinks),
		Retention: store.Retention{
			Deliveries: c.Retention.Deliveries, VerdictBodies: c.Retention.Reports, LedgerBodies: c.Retention.Ledger, Uploads: c.Retention.Uploads, Evidence: c.Retention.Evidence,
		},
	})
	if err != nil {
		return fmt.Errorf("the database cannot be used: %w", err)
	}
	defer func() { _ = db.Close() }() //nolint:contextcheck // it ends whatever still runs, whatever became of ctx
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	routes.Handle("GET /readyz", ready(db, log))
	if err := restore(ctx, &c, db); err != nil {
		return err
	}
	if c.Unset() {
		if err := addSetup(routes, c, db, log); err != nil {
			return err
		}
		return listen(ctx, c, log, t.handler(routes), m.handler(db), idle)
	}
	addGone(routes)
	work, err := addApp(routes, c, db, m, t, newPump(c, sinks, db, m, t, log), log)
	if err != nil {
		return err
	}
	return listen(ctx, c, log, t.handler(routes), m.handler(db), work)
}

// ready says whether this replica takes webhooks. Why it does not, the log says: anybody may ask.
func ready(db *store.Store, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := db.Ready(ctx); err != nil {
			log.WarnContext(ctx, "not ready", "error", err.Error())
			http.Error(w, "not ready: the log has the reason", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
}

// listen serves both listeners and works on the queue until ctx ends; then it takes no more and drains.
func listen(ctx context.Context, c environ.Config, log *slog.Logger, routes, metrics http.Handler, work func(context.Context) error) error {
	public, err := net.Listen("tcp", c.Listen) //nolint:noctx // it lives as long as the process
	if err != nil {
		return fmt.Errorf("PLATFORM_LISTEN: %w", err)
	}
	inner, err := net.Listen("tcp", c.MetricsListen) //nolint:noctx // likewise
	if err != nil {
		return errors.Join(fmt.Errorf("PLATFORM_METRICS_LISTEN: %w", err), public.Close())
	}
	server := newServer(recovered(routes, log), log)
	side := newServer(metrics, log)
	failed := make(chan error, 3)
	go func() { failed <- server.Serve(public) }()
	go func() { failed <- side.Serve(inner) }()
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- work(working) }()
	log.InfoContext(ctx, "serving", "address", public.Addr().String(), "metrics", inner.Addr().String(), "version", version)
	var cause error
	select {
	case <-ctx.Done():
		log.InfoContext(ctx, "shutting down: no new webhooks, running tasks end")
	case cause = <-failed:
	case cause = <-done:
		done <- nil
	}
	// Requests and tasks end at the same time: one after the other, they would take twice as long as anybody waits.
	stopWork()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		log.WarnContext(ctx, "a request did not end and was cut off: it was not acknowledged", "error", err.Error())
		cause = errors.Join(cause, server.Close())
	}
	return errors.Join(ignoreClosed(cause), <-done, side.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: 2 * requestTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeaders, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// recovered turns a panic into an answer: it ends one request, never the process, and what it was about is not logged.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		defer func() {
			if p := recover(); p != nil {
				log.ErrorContext(ctx, "a request panicked", "route", r.Pattern, "panic", fmt.Sprintf("%T", p))
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// every asks for tasks at once and then from time to time, until ctx ends.
func every(ctx context.Context, q control.Queue, log *slog.Logger, wait time.Duration, kind control.TaskKind) {
	ticker := time.NewTicker(wait)
	defer ticker.Stop()
	for {
		if err := q.Want(ctx, control.Task{Kind: kind}); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "a regular task could not be asked for", "kind", string(kind), "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
