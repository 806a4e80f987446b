package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Options say where the data is and how the queue behaves. URL and Now are required; zero values of the others are
// their defaults.
type Options struct {
	URL           string           // sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/NAME
	Now           func() time.Time // the clock of records and of when a task is due
	Log           *slog.Logger     // defaults to none
	EncryptionKey []byte           // of credentials: 32 bytes; without one PutSecret refuses

	Workers     int                             // tasks at a time; defaults to 100
	Heartbeat   time.Duration                   // defaults to 5 s; a replica that missed three is dead
	MaxAttempts int                             // failures before a task is parked; defaults to 10
	Backoff     func(attempt int) time.Duration // wait after a failure, from attempt 1; defaults to 2 s … 10 min
	JobTimeout  time.Duration                   // of one attempt; defaults to 3 min
	Retention   Retention

	// Origin names what a context belongs to, so that a task that is wanted there is known to come from it; nil: nothing.
	Origin func(context.Context) string
	// Sinks are the names of those that are told what the ledger gets: each entry asks for a task of each. None: no task.
	Sinks []string
}

// Retention says how long things are kept. Zero values are the defaults.
type Retention struct {
	Deliveries    time.Duration // ids of webhooks; defaults to 14 days, longer than GitHub redelivers
	VerdictBodies time.Duration // reports; defaults to 400 days. Their digests stay for good
	LedgerBodies  time.Duration // what the ledger's entries say; defaults to 400 days. The entries and their digests stay for good
	Uploads       time.Duration // defaults to 14 days
	Evidence      time.Duration // records of tests and what is known of runs; defaults to 400 days, longer than any of them may count
	CompletedJobs time.Duration // defaults to 1 day
	CacheEntries  time.Duration // defaults to 7 days
}

const (
	day = 24 * time.Hour

	firstWait  = 2 * time.Second
	longWait   = 10 * time.Minute
	missed     = 3           // heartbeats that a dead replica has missed
	rescue     = time.Minute // beyond JobTimeout: then an attempt is given up, although its replica lives
	keySize    = 32
	finishTime = 30 * time.Second // for what must still be written when a task's own time is over
)

func (o Options) complete() (Options, error) {
	if o.Now == nil {
		return o, errors.New("the store needs a clock: set Options.Now")
	}
	if n := len(o.EncryptionKey); n != 0 && n != keySize {
		return o, errors.New("the encryption key must have 32 bytes")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Origin == nil {
		o.Origin = func(context.Context) string { return "" }
	}
	if o.Backoff == nil {
		o.Backoff = growing
	}
	o.Workers = orDefault(o.Workers, 100)
	o.MaxAttempts = orDefault(o.MaxAttempts, 10)
	o.Heartbeat = orDefault(o.Heartbeat, 5*time.Second)
	o.JobTimeout = orDefault(o.JobTimeout, 3*time.Minute)
	r := &o.Retention
	r.Deliveries = orDefault(r.Deliveries, 14*day)
	r.VerdictBodies = orDefault(r.VerdictBodies, 400*day)
	r.LedgerBodies = orDefault(r.LedgerBodies, 400*day)
	r.Uploads = orDefault(r.Uploads, 14*day)
	r.Evidence = orDefault(r.Evidence, 400*day)
	r.CompletedJobs = orDefault(r.CompletedJobs, day)
	r.CacheEntries = orDefault(r.CacheEntries, 7*day)
	return o, nil
}

func orDefault[T int | time.Duration](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

// growing is the default wait after the attempt-th failure: doubled each time, up to ten minutes, a fifth more or less.
func growing(attempt int) time.Duration {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier, b.RandomizationFactor = firstWait, longWait, 2, 0.2
	wait := b.NextBackOff()
	for range min(attempt, 20) - 1 {
		wait = b.NextBackOff()
	}
	return wait
}
