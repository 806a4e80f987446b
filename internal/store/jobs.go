package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/org/platform-action/internal/control"
)

// taskArgs name a task in River: one job of them lives at a time. A job is one attempt; whatever comes after it, a
// further attempt or a newer delivery, is a new job. So a worker that was given up can only ever end its own attempt.
type taskArgs struct {
	Installation int64  `json:"installation" river:"unique"`
	Repository   int64  `json:"repository" river:"unique"`
	Task         string `json:"task" river:"unique"`
	Subject      string `json:"subject" river:"unique"`
}

// Kind is River's name for all our jobs.
func (taskArgs) Kind() string { return "task" }

func argsOf(t control.Task) taskArgs {
	return taskArgs{t.Tenant.Installation, t.Tenant.Repository, string(t.Kind), t.Subject}
}

func (a taskArgs) task() control.Task {
	return control.Task{Tenant: control.Tenant{Installation: a.Installation, Repository: a.Repository}, Kind: control.TaskKind(a.Task), Subject: a.Subject}
}

func (a taskArgs) compare(b taskArgs) int {
	return cmp.Or(cmp.Compare(a.Installation, b.Installation), cmp.Compare(a.Repository, b.Repository),
		cmp.Compare(a.Task, b.Task), cmp.Compare(a.Subject, b.Subject))
}

// want is what was asked of a key.
type want struct {
	input          []byte
	due, notBefore time.Time // notBefore is zero where it is not in the future
	origin         string
}

// placed is what River made of a job that was to be inserted.
type placed struct {
	id       int64
	existing bool // another one of its key lives
	state    rivertype.JobState
	due      time.Time
}

func placements(results []*rivertype.JobInsertResult) []placed {
	out := make([]placed, len(results))
	for i, r := range results {
		out[i] = placed{r.Job.ID, r.UniqueSkippedAsDuplicate, r.Job.State, r.Job.ScheduledAt}
	}
	return out
}

const (
	fetchCooldown = 10 * time.Millisecond

	// River moves scheduled jobs every 5 s; a shorter wait is written as available from then on, as River does itself.
	shortWait = 5 * time.Second

	// Attempts are ours to count. River's own counter is used only when the end of one could not be written.
	riverAttempts = 1000

	// River rescues a stuck job under its old id, which a late worker could then end: we are faster, with a new one.
	riverRescue = time.Hour
)

func (s *Store) riverConfig() *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{s: s})
	return &river.Config{
		ID:                          s.replica,
		Logger:                      quiet(s.log),
		Workers:                     workers,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: s.o.Workers}},
		FetchCooldown:               fetchCooldown,
		JobTimeout:                  s.o.JobTimeout,
		RescueStuckJobsAfter:        s.o.JobTimeout + riverRescue,
		MaxAttempts:                 riverAttempts,
		RetryPolicy:                 retries{s},
		CompletedJobRetentionPeriod: s.o.Retention.CompletedJobs,
		CancelledJobRetentionPeriod: s.o.Retention.CompletedJobs,
		DiscardedJobRetentionPeriod: s.o.Retention.CompletedJobs,
	}
}

// retries is used by River when the end of an attempt could not be written.
type retries struct{ s *Store }

func (r retries) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(r.s.o.Backoff(max(job.Attempt, 1))) //nolint:forbidigo // River compares with the machine's clock
}

// settle writes what the batch wants, in the order of keys: two replicas that lock the same rows do not cross.
func (s *Store) settle(ctx context.Context, b *batch) error {
	if err := s.arrive(ctx, b); err != nil {
		return err
	}
	backlog := backlogs{}
	keys := slices.SortedFunc(maps.Keys(b.wants), taskArgs.compare)
	for _, key := range keys {
		if err := backlog.look(ctx, b, key.Installation); err != nil {
			return err
		}
	}
	for part := range portions(keys) {
		if err := s.upsert(ctx, b, part); err != nil {
			return err
		}
	}
	return s.insert(ctx, b, backlog)
}

// place notes an attempt that is to be made; of two for one key, the earlier time counts.
func (b *batch) place(key taskArgs, due time.Time) {
	if b.jobs == nil {
		b.jobs = map[taskArgs]time.Time{}
	}
	if had, again := b.jobs[key]; !again || due.Before(had) {
		b.jobs[key] = due
	}
}

const wantColumns = 9

// upsert makes the keys' rows say what is wanted. What waits for its time is pulled forward by a newer wish, unless it
// waits for a rate limit.
func (s *Store) upsert(ctx context.Context, b *batch, keys []taskArgs) error {
	now := micros(s.o.Now())
	args := make([]any, 0, len(keys)*wantColumns)
	for _, key := range keys {
		w := b.wants[key]
		args = append(args, key.Installation, key.Repository, key.Task, key.Subject, filled(w.input), micros(w.notBefore), micros(w.due), now, w.origin)
	}
	return b.each(ctx, func(row scan) error {
		var key taskArgs
		var due int64
		var enqueue bool
		err := row(&key.Installation, &key.Repository, &key.Task, &key.Subject, &due, &enqueue)
		if enqueue {
			b.place(key, fromMicros(due))
		}
		return err
	}, `INSERT INTO work (installation_id, repository_id, kind, subject, input, not_before, due, changed, origin)
		VALUES `+tuples(len(keys), wantColumns)+`
		ON CONFLICT (installation_id, repository_id, kind, subject) DO UPDATE SET
			generation = work.generation + 1, input = excluded.input, not_before = excluded.not_before, changed = excluded.changed, origin = excluded.origin,
			enqueue = work.state <> 'queued' OR (excluded.due < work.due AND NOT work.held),
			due = CASE WHEN work.state = 'queued' AND (work.held OR work.due <= excluded.due) THEN work.due ELSE excluded.due END,
			held = work.held AND work.state = 'queued', attempts = 0, parked_reason = '', state = 'queued'
		RETURNING installation_id, repository_id, kind, subject, due, enqueue`, args...)
}

func (s *Store) insert(ctx context.Context, b *batch, backlog backlogs) error {
	keys := slices.SortedFunc(maps.Keys(b.jobs), taskArgs.compare)
	if len(keys) == 0 {
		return nil
	}
	now := s.o.Now()
	jobs := make([]river.InsertManyParams, len(keys))
	for i, key := range keys {
		if err := backlog.look(ctx, b, key.Installation); err != nil {
			return err
		}
		o := &river.InsertOpts{Priority: backlog.priority(key.Installation), UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: living()}}
		if due := b.jobs[key]; due.After(now) {
			o.ScheduledAt = due
		}
		jobs[i] = river.InsertManyParams{Args: key, InsertOpts: o}
	}
	made, err := b.insertJobs(ctx, jobs)
	if err != nil {
		return err
	}
	for i, p := range made {
		if err := s.forward(ctx, b, p, b.jobs[keys[i]], now); err != nil {
			return err
		}
	}
	return nil
}

// forward makes a job that waits due at another time.
func (s *Store) forward(ctx context.Context, b *batch, p placed, due, now time.Time) error {
	wait := due.Sub(now)
	late := p.existing && p.state != rivertype.JobStateRunning && p.due.Sub(due) > time.Millisecond
	short := !p.existing && wait > 0 && wait <= shortWait
	if !late && !short {
		return nil
	}
	state := `'available'`
	if wait > shortWait {
		state = `'scheduled'`
	}
	_, err := b.exec(ctx, `UPDATE river_job SET state = `+state+`, scheduled_at = $2
		WHERE id = $1 AND state IN ('available', 'scheduled', 'retryable')`, p.id, s.db.dialect().stamp(due))
	return err
}

// living are the states of a job that is still to be done.
func living() []rivertype.JobState {
	return []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled}
}

// backlogs are how many tasks of an installation are unfinished: the more, the lower the priority of the next one, so
// that one busy installation does not hold up the others. What waits for a sink of events counts for nothing: a dead one
// must not make verdicts wait.
type backlogs map[int64]int

const longBacklog = 1000

func (l backlogs) look(ctx context.Context, q querier, installation int64) error {
	if _, known := l[installation]; known {
		return nil
	}
	n, _, err := first(ctx, q, whole[int], `SELECT count(*) FROM (SELECT 1 FROM work WHERE installation_id = $1 AND state = 'queued'
		AND kind <> 'events' LIMIT 1001) AS few`, installation)
	l[installation] = n
	return err
}

func (l backlogs) priority(installation int64) int {
	n := l[installation]
	l[installation]++
	switch {
	case n <= 10:
		return 1
	case n <= 100:
		return 2
	case n <= longBacklog:
		return 3
	default:
		return 4
	}
}
