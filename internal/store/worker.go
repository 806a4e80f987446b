package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/org/platform-action/internal/control"
)

// worker does one attempt at a task.
type worker struct {
	river.WorkerDefaults[taskArgs]
	s *Store
}

// Work reads what is wanted now, does it, and ends the attempt. An error means that the end could not be written: then
// River tries the job again.
func (w *worker) Work(ctx context.Context, job *river.Job[taskArgs]) error {
	defer w.s.inbox.enter(ctx)()
	row, found, err := w.s.look(ctx, w.s.db, job.Args, "")
	if err != nil {
		return fmt.Errorf("reading the task: %w", err)
	}
	e := ending{how: stale}
	if found && row.state == "queued" {
		task := control.Task{
			Tenant: control.Tenant{Installation: job.Args.Installation, Repository: job.Args.Repository},
			Kind:   control.TaskKind(job.Args.Task), Subject: job.Args.Subject, Input: row.input, NotBefore: row.notBefore,
			Origin: row.origin,
		}
		e = w.s.judge(ctx, row.attempts+1, w.s.handle(ctx, task, row.attempts+1))
	}
	return w.s.finish(ctx, job, row.generation, e)
}

// handle calls the handler; a panic is its error.
func (s *Store) handle(ctx context.Context, t control.Task, attempt int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.ErrorContext(ctx, "a task panicked", "kind", string(t.Kind), "tenant", t.Tenant.String(), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	h := s.handler.Load()
	if h == nil {
		return errors.New("no handler: the store was not started")
	}
	return (*h)(ctx, t, attempt)
}

// ending is how an attempt ended.
type ending struct {
	how    how
	wait   time.Duration // again, later
	reason string        // parked
}

type how uint8

const (
	stale  how = iota // nothing was wanted
	done              // as wanted
	again             // failed: counts as an attempt
	later             // refused until a time; a newer delivery waits as well
	parked            // for good
	cut               // the server stops: counts for nothing
)

func (s *Store) judge(ctx context.Context, attempt int, err error) ending {
	if err == nil {
		return ending{how: done}
	}
	if wait, ok := errors.AsType[*control.Later](err); ok {
		return ending{how: later, wait: max(wait.After, 0)}
	}
	if p, ok := errors.AsType[*control.Parked](err); ok {
		return ending{how: parked, reason: p.Reason}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ending{how: cut}
	}
	if attempt >= s.o.MaxAttempts {
		return ending{how: parked, reason: fmt.Sprintf("after %d attempts: %s", attempt, err)}
	}
	return ending{how: again, wait: s.o.Backoff(attempt)}
}

// row is what the store has of a key.
type workRow struct {
	generation int64
	input      []byte
	notBefore  time.Time
	state      string
	attempts   int
	origin     string
}

func (s *Store) look(ctx context.Context, q querier, key taskArgs, lock string) (workRow, bool, error) {
	return first(ctx, q, func(row scan, w *workRow) error {
		var notBefore int64
		err := row(&w.generation, &w.input, &notBefore, &w.state, &w.attempts, &w.origin)
		w.notBefore = fromMicros(notBefore)
		return err
	}, `SELECT generation, input, not_before, state, attempts, origin FROM work
		WHERE installation_id = $1 AND repository_id = $2 AND kind = $3 AND subject = $4`+lock,
		key.Installation, key.Repository, key.Task, key.Subject)
}

// finish ends the attempt in one transaction with what follows from it. Where the attempt was given up meanwhile and
// another one made, nothing is written.
func (s *Store) finish(ctx context.Context, job *river.Job[taskArgs], generation int64, e ending) error {
	// The task's own time may be over; what was done must be written all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	ours := false
	err := s.commits.write(ctx, func(ctx context.Context, b *batch) error {
		ours = true
		if err := s.conclude(ctx, b, job.Args, generation, e); err != nil {
			return err
		}
		n, err := b.exec(ctx, s.db.dialect().finish, job.ID)
		if ours = err != nil || n == 1; !ours {
			return errNotOurs // what was concluded is rolled back
		}
		return err
	}, s.db.grouped())
	if err != nil && ours {
		s.log.ErrorContext(ctx, "the end of a task could not be written; it will be done again", "kind", job.Args.Task, "job", job.ID, "error", err)
		return fmt.Errorf("ending the task: %w", err)
	}
	if ours && e.how == parked {
		s.log.With(job.Args.task().LogAttrs()...).ErrorContext(ctx, "a task was parked: it is not tried again by itself", "reason", printable(e.reason))
	}
	if !ours {
		s.log.WarnContext(ctx, "a task ended after it was given up; its result does not count", "kind", job.Args.Task, "job", job.ID)
	}
	return nil
}

var errNotOurs = errors.New("the attempt was given up")

// conclude writes what becomes of the key. What was wanted while the attempt ran is done next: at once, unless a rate
// limit says when.
func (s *Store) conclude(ctx context.Context, b *batch, key taskArgs, generation int64, e ending) error {
	now := s.o.Now()
	if e.how == done { // no "state" here: PostgreSQL would take the index of everything that is queued
		n, err := b.exec(ctx, `UPDATE work SET state = 'idle', done_generation = generation, attempts = 0, held = FALSE, input = $6, origin = '', changed = $7
			WHERE installation_id = $1 AND repository_id = $2 AND kind = $3 AND subject = $4 AND generation = $5`,
			key.Installation, key.Repository, key.Task, key.Subject, generation, []byte{}, micros(now))
		if err != nil || n == 1 {
			return err
		}
	}
	row, found, err := s.look(ctx, b, key, s.db.dialect().lock)
	if err != nil || !found || row.state != "queued" || e.how == stale {
		return err
	}
	newer := row.generation != generation
	switch {
	case e.how == later:
		return s.again(ctx, b, key, now.Add(e.wait), row.attempts, true)
	case newer && row.notBefore.After(now):
		return s.again(ctx, b, key, row.notBefore, row.attempts, false)
	case newer || e.how == cut:
		return s.again(ctx, b, key, now, row.attempts, false)
	case e.how == again:
		return s.again(ctx, b, key, now.Add(e.wait), row.attempts+1, false)
	default:
		return s.park(ctx, b, key, e.reason, row.attempts+1)
	}
}

func (s *Store) again(ctx context.Context, b *batch, key taskArgs, due time.Time, attempts int, held bool) error {
	_, err := b.exec(ctx, `UPDATE work SET due = $5, attempts = $6, held = $7, changed = $8
		WHERE installation_id = $1 AND repository_id = $2 AND kind = $3 AND subject = $4`,
		key.Installation, key.Repository, key.Task, key.Subject, micros(due), attempts, held, micros(s.o.Now()))
	b.place(key, due)
	return err
}

func (s *Store) park(ctx context.Context, b *batch, key taskArgs, reason string, attempts int) error {
	_, err := b.exec(ctx, `UPDATE work SET state = 'parked', parked_reason = $5, attempts = $6, held = FALSE, changed = $7
		WHERE installation_id = $1 AND repository_id = $2 AND kind = $3 AND subject = $4`,
		key.Installation, key.Repository, key.Task, key.Subject, printable(reason), attempts, micros(s.o.Now()))
	return err
}

const maxReason = 2000

// printable is what PostgreSQL can store and a page can show.
func printable(reason string) string {
	reason = strings.ReplaceAll(strings.ToValidUTF8(reason, "?"), "\x00", "?")
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
	return reason
}
