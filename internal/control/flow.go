package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/org/platform-action/internal/fact"
)

// FlowOptions are what the pull request flow stands on.
type FlowOptions struct {
	Forge      Forge
	Records    Records
	Queue      Queue
	Engine     *Engine
	Now        Clock
	Log        *slog.Logger
	PolicyRepo string                                    // name of the policy repository in each account; defaults to .github
	WebURL     string                                    // of the forge, for links to files; defaults to https://github.com
	PageURL    string                                    // where the pages are, for links to them; empty: nobody can sign in to them
	Version    string                                    // of the program
	Infracost  func(string, fact.Estimate) (any, error)  // for policies written for Infracost; nil: nobody can
	Decided    func(outcome string, after time.Duration) // told each published verdict, for metrics; nil: nobody
	Gate       func(outcome, basis string)               // told each answer about a deployment, for metrics; nil: nobody
	Lost       func()                                    // told each delivery that failed again and again, for metrics; nil: nobody
	Allowed    func(account int64) bool                  // accounts that are served; nil: all
	Prove      Prover                                    // of artifacts that are deployed by digest; nil: none is
	Signer     Signer                                    // of what is answered to jobs; zero: nothing is answered to them
	MaxAge     time.Duration                             // of a check in progress before the watchdog ends it; defaults to 10 min
}

// Flow does the tasks that webhooks and timers ask for: it reads the present state, decides, records and publishes. It
// is safe for concurrent use; the queue works on one task of a key at a time.
type Flow struct {
	o       FlowOptions
	cpu     chan struct{}                         // evaluations at a time: more would only take memory
	refused *expirable.LRU[string, struct{}]      // tenant and person who may not write
	pace    *expirable.LRU[string, *rate.Limiter] // of each tenant and person
	asked   singleflight.Group                    // about deployments of one commit
	turns   turns                                 // of gathering for them
}

const (
	// refusedFor is how long somebody's missing right to write is believed.
	refusedFor = 5 * time.Minute
	// A person's wishes beyond wishesAtOnce wait for their turn: each may cost an evaluation.
	wishesAtOnce = 10
	wishEvery    = 6 * time.Second
)

// NewFlow makes a flow.
func NewFlow(o FlowOptions) *Flow {
	if o.PolicyRepo == "" {
		o.PolicyRepo = ".github"
	}
	if o.WebURL == "" {
		o.WebURL = "https://github.com"
	}
	if o.Decided == nil {
		o.Decided = func(string, time.Duration) {}
	}
	if o.Lost == nil {
		o.Lost = func() {}
	}
	if o.Gate == nil {
		o.Gate = func(string, string) {}
	}
	if o.Allowed == nil {
		o.Allowed = func(int64) bool { return true }
	}
	if o.MaxAge == 0 {
		o.MaxAge = 10 * time.Minute
	}
	return &Flow{
		o: o, cpu: make(chan struct{}, runtime.GOMAXPROCS(0)),
		refused: expirable.NewLRU[string, struct{}](10_000, nil, refusedFor),
		pace:    expirable.NewLRU[string, *rate.Limiter](10_000, nil, time.Hour),
	}
}

// taskKey finds the task that a context belongs to.
type taskKey struct{}

// log names the task in each line.
func (f *Flow) log(ctx context.Context) *slog.Logger {
	if t, ok := ctx.Value(taskKey{}).(Task); ok {
		return f.o.Log.With(t.LogAttrs()...)
	}
	return f.o.Log
}

// Handle is the queue's Handler.
func (f *Flow) Handle(ctx context.Context, t Task, attempt int) error {
	err := f.handle(context.WithValue(ctx, taskKey{}, t), t, attempt)
	var later *Later
	var parked *Parked
	switch {
	case err == nil, errors.As(err, &later), errors.As(err, &parked):
	case ctx.Err() != nil:
	default:
		f.o.Log.With(t.LogAttrs()...).WarnContext(ctx, "a task failed", "attempt", attempt, "error", err.Error())
	}
	return err
}

func (f *Flow) handle(ctx context.Context, t Task, attempt int) error {
	switch t.Kind {
	case EvaluateHead:
		return f.within(ctx, t.Tenant, func(ctx context.Context, r Repository) error {
			return f.shown(ctx, r, t.Subject, attempt, f.head(ctx, r, t.Subject))
		})
	case EvaluateGroup:
		return f.within(ctx, t.Tenant, func(ctx context.Context, r Repository) error {
			return f.shown(ctx, r, t.Subject, attempt, f.group(ctx, r, t))
		})
	case SweepRepository:
		return f.within(ctx, t.Tenant, f.sweepRepository)
	case ReadBranch:
		return f.within(ctx, t.Tenant, f.readBranch)
	case SyncInstallation:
		return f.syncInstallation(ctx, t.Tenant.Account())
	case AnswerCommand:
		return f.answer(ctx, t, f.command)
	case AnswerButton:
		return f.answer(ctx, t, f.button)
	case RestoreComment:
		return f.answer(ctx, t, f.restoreComment)
	case FetchDeliveries:
		return f.fetchDeliveries(ctx)
	case SweepEverything:
		return f.sweepEverything(ctx)
	case EndStale:
		return f.endStale(ctx)
	case LookAtRun:
		return f.answer(ctx, t, f.lookAtRun)
	case EvaluateTested:
		return f.answer(ctx, t, f.tested)
	case WakeTested:
		return f.o.Queue.Want(ctx, Task{Tenant: t.Tenant, Kind: EvaluateTested, Subject: t.Subject, Input: t.Input})
	case DecideDeployment:
		return f.answer(ctx, t, f.decideDeployment)
	case WakeDeployment:
		return f.o.Queue.Want(ctx, Task{Tenant: t.Tenant, Kind: DecideDeployment, Subject: t.Subject})
	case WakeDeployments:
		return f.wakeWaiting(ctx, t)
	case SettleDeployment:
		return f.answer(ctx, t, f.settleDeployment)
	case FindDeployments:
		return f.within(ctx, t.Tenant, f.findDeployments)
	case EndDeployments:
		return f.wakeDue(ctx)
	case CollectGarbage, TellSink, WakeSinks: // others do these
	}
	return &Parked{Reason: fmt.Sprintf("this version does not know tasks of the kind %.40q", t.Kind)}
}

// shownAfter is the attempt after which people must see that something is at work and does not succeed.
const shownAfter = 3

// shown sees to it that there is a check where evaluating fails again and again, before it came as far as one: the
// watchdog ends it, and nobody waits for what is never said.
func (f *Flow) shown(ctx context.Context, r Repository, head string, attempt int, failed error) error {
	var later *Later
	var parked *Parked
	if failed == nil || attempt < shownAfter || ctx.Err() != nil || errors.Is(failed, ErrMoved) || errors.As(failed, &later) || errors.As(failed, &parked) {
		return failed
	}
	c, err := f.check(ctx, r, head)
	if err == nil {
		err = f.progress(ctx, r, &c)
	}
	if err != nil {
		f.log(ctx).WarnContext(ctx, "a check could not be shown", "error", err.Error())
	}
	return failed
}

// answer runs what a person or a merge queue asked for.
func (f *Flow) answer(ctx context.Context, t Task, do func(context.Context, Repository, Task) error) error {
	return f.within(ctx, t.Tenant, func(ctx context.Context, r Repository) error { return do(ctx, r, t) })
}

// within finds the repository by its id and does something with it. A repository that was renamed is looked up anew;
// one that is gone ends the task, because nothing can be published there any more.
func (f *Flow) within(ctx context.Context, t Tenant, do func(context.Context, Repository) error) error {
	r, known, err := f.o.Records.Repository(ctx, t)
	if err != nil {
		return err
	}
	if !known || r.Gone {
		if r, err = f.resolve(ctx, t); errors.Is(err, ErrGone) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if !f.o.Allowed(r.AccountID) {
		return nil
	}
	err = do(ctx, r)
	if !errors.Is(err, ErrMoved) && !errors.Is(err, ErrGone) {
		return err
	}
	fresh, resolving := f.resolve(ctx, t)
	switch {
	case errors.Is(resolving, ErrGone):
		return nil
	case resolving != nil:
		return resolving
	case fresh.Owner == r.Owner && fresh.Name == r.Name:
		return err // it is something in the repository that is not there
	}
	return do(ctx, fresh)
}

// resolve asks by the id, and remembers the answer.
func (f *Flow) resolve(ctx context.Context, t Tenant) (Repository, error) {
	r, err := f.o.Forge.Resolve(ctx, t)
	if errors.Is(err, ErrGone) {
		had, known, reading := f.o.Records.Repository(ctx, t)
		if reading != nil {
			return r, reading
		}
		if known && !had.Gone {
			had.Gone = true
			if saving := f.o.Records.SaveRepository(ctx, had); saving != nil {
				return r, saving
			}
		}
		f.log(ctx).InfoContext(ctx, "the repository is gone or no longer ours to see")
		return r, err
	}
	if err != nil {
		return r, err
	}
	return r, f.o.Records.SaveRepository(ctx, r)
}

// evaluating waits for a core. Many tasks may wait for GitHub at a time, few should hold parsed source.
func (f *Flow) evaluating(ctx context.Context, do func() error) error {
	select {
	case f.cpu <- struct{}{}:
		defer func() { <-f.cpu }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}
