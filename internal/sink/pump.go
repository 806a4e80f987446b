package sink

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/org/platform-action/internal/control"
)

// Records is what the pump needs of the store.
type Records interface {
	Repository(ctx context.Context, t control.Tenant) (control.Repository, bool, error)
	Ledger(ctx context.Context, t control.Tenant, after int64, limit int) ([]control.LedgerEntry, error)
	SinkCursor(ctx context.Context, t control.Tenant, sink string) (sequence int64, failures int, known bool, err error)
	SaveSinkCursor(ctx context.Context, t control.Tenant, sink string, sequence int64, failures int) error
	SinkBehind(ctx context.Context, sink string, limit int) ([]control.Tenant, error)
}

// Options are what a pump stands on.
type Options struct {
	Sinks   []Config
	Records Records
	Queue   control.Queue
	Places  Places
	Now     control.Clock
	Log     *slog.Logger
	Observe func(sink, outcome string)                            // told each delivery, for metrics; nil: nobody
	Wrap    func(http.RoundTripper) http.RoundTripper             // around the way out, for traces; nil: nothing
	Timeout time.Duration                                         // of one delivery; defaults to 10 s
	Wait    func(failures int, asked time.Duration) time.Duration // after so many failures in a row; defaults to 5 s … 10 min
}

const (
	atOnce   = 4 // deliveries to one sink: a slow one takes no more of the server's workers
	portion  = 100
	turn     = time.Minute // that one task takes at most; what is left is asked for anew
	noPlace  = 2 * time.Second
	firstGap = 5 * time.Second
	longGap  = 10 * time.Minute
	behindAt = 1000 // repositories that are woken at a time
)

// Pump does the tasks of sinks. It is safe for concurrent use.
type Pump struct {
	o     Options
	sinks map[string]*line
}

// line is one sink, with what this process knows of it.
type line struct {
	client   *client
	config   Config
	places   chan struct{}
	mu       sync.Mutex
	failures int       // in a row, over all repositories
	shut     time.Time // until then nobody tries: a dead sink costs one delivery at a time
}

// New makes a pump.
func New(o Options) *Pump {
	if o.Observe == nil {
		o.Observe = func(string, string) {}
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Wait == nil {
		o.Wait = growing
	}
	p := &Pump{o: o, sinks: map[string]*line{}}
	for _, c := range o.Sinks {
		p.sinks[c.Name] = &line{client: newClient(c, o.Now, o.Timeout, o.Wrap), config: c, places: make(chan struct{}, atOnce)}
	}
	return p
}

// Names are those of the sinks.
func Names(sinks []Config) []string {
	var out []string
	for _, c := range sinks {
		out = append(out, c.Name)
	}
	return out
}

// Wake asks for a task for each repository of which a sink has not been told everything: after a start, and where a task
// was parked by somebody.
func (p *Pump) Wake(ctx context.Context) error {
	for _, c := range p.o.Sinks {
		late, err := p.o.Records.SinkBehind(ctx, c.Name, behindAt)
		if err != nil {
			return err
		}
		var tasks []control.Task
		for _, t := range late {
			tasks = append(tasks, control.Task{Tenant: t, Kind: control.TellSink, Subject: c.Name})
		}
		if err := p.o.Queue.Want(ctx, tasks...); err != nil {
			return err
		}
	}
	return nil
}

// Tell brings one sink to the end of a repository's ledger. It never fails for the sink's sake: then it asks for a later
// time, so that no task is parked and nothing is left out.
func (p *Pump) Tell(ctx context.Context, t control.Task) error {
	l := p.sinks[t.Subject]
	if l == nil {
		return nil // it is configured no more; what it was told is remembered
	}
	if wait := l.closed(p.o.Now()); wait > 0 {
		return &control.Later{After: scattered(wait), Reason: "the sink " + t.Subject + " did not answer lately"}
	}
	select {
	case l.places <- struct{}{}:
		defer func() { <-l.places }()
	default:
		return &control.Later{After: scattered(noPlace), Reason: "the sink " + t.Subject + " is busy"}
	}
	at, failures, known, err := p.o.Records.SinkCursor(ctx, t.Tenant, t.Subject)
	if err != nil || !known {
		return err
	}
	r, _, err := p.o.Records.Repository(ctx, t.Tenant)
	if err != nil {
		return err
	}
	end := p.o.Now().Add(turn)
	for {
		entries, err := p.o.Records.Ledger(ctx, t.Tenant, at, portion)
		if err != nil || len(entries) == 0 {
			return err
		}
		if at, failures, err = p.tellAll(ctx, l, r, t, entries, at, failures, end); err != nil {
			return err
		}
		if !p.o.Now().Before(end) {
			return &control.Later{Reason: "there is more for the sink " + t.Subject}
		}
	}
}

// tellAll tells a portion of entries in their order, and remembers after each which it was.
func (p *Pump) tellAll(ctx context.Context, l *line, r control.Repository, t control.Task, entries []control.LedgerEntry, at int64, failures int, end time.Time) (int64, int, error) {
	saved := at
	for _, e := range entries {
		if !p.o.Now().Before(end) {
			break
		}
		kind, _ := kindOf(e.Kind)
		if kind == "" || len(l.config.Kinds) > 0 && !slices.Contains(l.config.Kinds, kind) {
			at = e.Sequence
			continue
		}
		if err := p.tell(ctx, l, r, t.Tenant, e); err != nil {
			if ctx.Err() != nil {
				return at, failures, ctx.Err() // the server stops: that says nothing of the sink
			}
			return at, failures, p.later(ctx, l, t, at, failures+1, err)
		}
		at, failures = e.Sequence, 0
		l.works()
		if err := p.o.Records.SaveSinkCursor(ctx, t.Tenant, t.Subject, at, 0); err != nil {
			return at, failures, err
		}
		saved = at
	}
	if saved != at {
		return at, failures, p.o.Records.SaveSinkCursor(ctx, t.Tenant, t.Subject, at, failures)
	}
	return at, failures, nil
}

func (p *Pump) tell(ctx context.Context, l *line, r control.Repository, t control.Tenant, e control.LedgerEntry) error {
	made, err := eventOf(p.o.Places, r, t, e)
	if err != nil {
		p.o.Observe(l.config.Name, "unreadable")
		return err
	}
	body, err := json.Marshal(made)
	if err != nil {
		return err
	}
	err = l.client.post(ctx, made.ID(), body)
	outcome := "accepted"
	if refused, ok := errors.AsType[*refusal](err); ok {
		outcome = refused.outcome
	}
	if ctx.Err() == nil {
		p.o.Observe(l.config.Name, outcome)
	}
	return err
}

// later is when an event that was not taken is tried again; until then nothing else goes to this sink either.
func (p *Pump) later(ctx context.Context, l *line, t control.Task, at int64, failures int, cause error) error {
	var asked time.Duration
	if refused, ok := errors.AsType[*refusal](cause); ok {
		asked = refused.wait
	}
	wait := p.o.Wait(failures, asked)
	l.fails(p.o.Now(), p.o.Wait, asked)
	p.o.Log.With(t.LogAttrs()...).WarnContext(ctx, "a sink did not take an event", "sink", t.Subject, "entry", at+1, "failures", failures, "again", wait, "error", cause.Error())
	if err := p.o.Records.SaveSinkCursor(ctx, t.Tenant, t.Subject, at, failures); err != nil {
		return err
	}
	return &control.Later{After: wait, Reason: "the sink " + t.Subject + " did not take an event"}
}

// closed is how long nobody tries.
func (l *line) closed(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shut.Sub(now)
}

func (l *line) works() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures, l.shut = 0, time.Time{}
}

// fails shuts the sink for all repositories once several deliveries in a row have failed: one refused event is that
// repository's alone.
func (l *line) fails(now time.Time, wait func(int, time.Duration) time.Duration, asked time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures++
	if l.failures >= shutAfter || asked > 0 {
		l.shut = now.Add(wait(l.failures-shutAfter+1, asked))
	}
}

// shutAfter is how many deliveries in a row fail before a sink counts as dead.
const shutAfter = 3

// growing doubles the wait with each failure; a sink's own wish counts where it is longer.
func growing(failures int, asked time.Duration) time.Duration {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier, b.RandomizationFactor = firstGap, longGap, 2, 0.2
	wait := b.NextBackOff()
	for range min(max(failures, 1), 20) - 1 {
		wait = b.NextBackOff()
	}
	return max(wait, asked)
}

// scattered keeps all repositories from coming back in one moment.
func scattered(wait time.Duration) time.Duration {
	return wait + rand.N(wait/2+time.Millisecond) //nolint:gosec // nobody gains by guessing it
}
