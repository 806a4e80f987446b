package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
)

// Stats is how the queue stands.
type Stats struct {
	Jobs      map[string]int // River's jobs by state: available, running, scheduled, completed, …
	OldestDue time.Duration  // age of the task that waits longest for a worker; 0: none waits
	Parked    int            // tasks that an operator must look at
}

// Stats counts the queue.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	if err := s.usable(); err != nil {
		return Stats{}, err
	}
	out := Stats{Jobs: map[string]int{}}
	err := s.db.each(ctx, func(row scan) error {
		var state string
		var n int
		if err := row(&state, &n); err != nil {
			return err
		}
		out.Jobs[state] = n
		return nil
	}, s.db.dialect().depth)
	if err != nil {
		return Stats{}, fmt.Errorf("counting jobs: %w", err)
	}
	if out.Parked, _, err = first(ctx, s.db, whole[int], `SELECT count(*) FROM work WHERE state = 'parked'`); err != nil {
		return Stats{}, fmt.Errorf("counting parked tasks: %w", err)
	}
	// A key's due time is in the past also while it is worked on; with nothing available none of them waits.
	now := s.o.Now()
	oldest, found, err := first(ctx, s.db, whole[int64], `SELECT due FROM work WHERE state = 'queued' AND due <= $1 ORDER BY due LIMIT 1`, micros(now))
	if err != nil {
		return Stats{}, fmt.Errorf("looking for the oldest task: %w", err)
	}
	if found && out.Jobs["available"]+out.Jobs["retryable"]+out.Jobs["scheduled"] > 0 {
		out.OldestDue = max(now.Sub(fromMicros(oldest)), 0)
	}
	return out, nil
}

// ParkedTask is a task that no further attempt will be made at.
type ParkedTask struct {
	ID       int64
	Task     control.Task
	Reason   string
	Attempts int
	At       time.Time
}

// Parked lists parked tasks, oldest first, limit of them.
func (s *Store) Parked(ctx context.Context, limit int) ([]ParkedTask, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return list(ctx, s.db, func(row scan, p *ParkedTask) error {
		var at int64
		t := &p.Task
		err := row(&p.ID, &t.Tenant.Installation, &t.Tenant.Repository, &t.Kind, &t.Subject, (*[]byte)(&t.Input), &p.Reason, &p.Attempts, &at)
		p.At = fromMicros(at)
		return err
	}, `SELECT id, installation_id, repository_id, kind, subject, input, parked_reason, attempts, changed
		FROM work WHERE state = 'parked' ORDER BY id LIMIT $1`, limit)
}

// Revive has a parked task tried again from the first attempt. ErrNoEntry: no parked task has this id.
func (s *Store) Revive(ctx context.Context, id int64) error {
	return s.write(ctx, func(ctx context.Context, b *batch) error {
		key, found, err := first(ctx, b, func(row scan, k *taskArgs) error {
			return row(&k.Installation, &k.Repository, &k.Task, &k.Subject)
		}, `UPDATE work SET state = 'queued', attempts = 0, parked_reason = '', due = $2, changed = $2
			WHERE id = $1 AND state = 'parked' RETURNING installation_id, repository_id, kind, subject`, id, micros(s.o.Now()))
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("parked task %d: %w", id, ErrNoEntry)
		}
		b.place(key, s.o.Now())
		return nil
	})
}

// Collect applies the retention: rows go, but of a verdict only its report does, and of the ledger only the bodies. River removes its jobs itself.
func (s *Store) Collect(ctx context.Context) error {
	now, r := s.o.Now(), s.o.Retention
	old := func(keep time.Duration) int64 { return micros(now.Add(-keep)) }
	return errors.Join(
		s.collect(ctx, expired("delivery", "id", `received < $1`), old(r.Deliveries)),
		s.collect(ctx, expired("work", "id", `state = 'idle' AND changed < $1`), old(r.CompletedJobs)),
		s.collect(ctx, expired("claim", "installation_id, repository_id, claim_key", `claimed < $1`), old(r.Deliveries)),
		s.collect(ctx, expired("document", "installation_id, repository_id, name", `changed < $1 AND (name LIKE 'redelivery/%' OR name LIKE 'fork/%'
			OR name LIKE 'wish/%' OR name LIKE 'group/%')`), old(r.Deliveries)),
		s.collect(ctx, expired("upload", "installation_id, repository_id, head, root", `uploaded < $1`), old(r.Uploads)),
		s.collectEvidence(ctx, old(r.Evidence)),
		s.collectLedger(ctx, old(r.LedgerBodies)),
		s.collect(ctx, expired("cache_entry", "installation_id, repository_id, cache_key", `stored < $1`), old(r.CacheEntries)),
		s.collect(ctx, `UPDATE verdict SET report = $2`+portioned("verdict", "installation_id, repository_id, sequence", `at < $1 AND octet_length(report) > 0`),
			old(r.VerdictBodies), []byte{}),
	)
}

// portion is how many rows one transaction of the retention changes: none holds the writer, or a million locks, for long.
const portion = 1000

// expired deletes a portion of a table's rows that a condition holds of.
func expired(table, key, where string) string {
	return `DELETE FROM ` + table + portioned(table, key, where)
}

// portioned picks them by their key. What has changed since it was picked is asked again whether the condition holds of it.
func portioned(table, key, where string) string {
	return ` WHERE (` + key + `) IN (SELECT ` + key + ` FROM ` + table + ` WHERE ` + where + ` LIMIT ` + strconv.Itoa(portion) + `) AND ` + where
}

// provenAfter is that something was deployed to the same environment on evidence since. Until then a debt is owed, and the
// last such deployment is what the next one is held against, however old they are.
func provenAfter(at string) string {
	table, _, _ := strings.Cut(at, ".")
	return `EXISTS (SELECT 1 FROM deployment later WHERE later.installation_id = ` + table + `.installation_id AND later.repository_id = ` + table +
		`.repository_id AND later.environment = ` + table + `.environment AND later.proven AND later.changed > ` + at + `)`
}

// collectEvidence applies the retention to what is known of tests. A debt stays until it is paid.
func (s *Store) collectEvidence(ctx context.Context, before int64) error {
	const tenant = "installation_id, repository_id, "
	return errors.Join(
		s.collect(ctx, expired("evidence", tenant+"id", `recorded < $1`), before),
		s.collect(ctx, expired("evidence_suite", tenant+"suite, tree, started, id", `recorded < $1`), before),
		s.collect(ctx, expired("evidence_digest", tenant+"digest, started, id", `recorded < $1`), before),
		s.collect(ctx, expired("run_seen", tenant+"run_id, attempt", `seen < $1`), before),
		s.collect(ctx, expired("tested_check", tenant+"head", `updated < $1`), before),
		s.collect(ctx, expired("deployment", tenant+"environment, run_id, attempt", `changed < $1 AND NOT is_open AND (NOT proven OR `+provenAfter("deployment.changed")+`)`), before),
		s.collect(ctx, expired("waiver", tenant+"id", `expires < $1`), before),
		s.collect(ctx, expired("test_debt", tenant+"environment, tree, at", `at < $1 AND `+provenAfter("test_debt.at")), before),
	)
}

// collect repeats a statement while it finds a full portion.
func (s *Store) collect(ctx context.Context, sql string, args ...any) error {
	for {
		changed := int64(0)
		err := s.write(ctx, func(ctx context.Context, b *batch) error {
			var err error
			changed, err = b.exec(ctx, sql, args...)
			return err
		})
		if err != nil {
			return fmt.Errorf("applying the retention: %w", err)
		}
		if changed != portion {
			return nil
		}
	}
}

// Stale lists the repositories with checks that started before the time and have not finished: ids alone.
func (s *Store) Stale(ctx context.Context, before time.Time) ([]control.Tenant, error) {
	return all(ctx, s, func(row scan, t *control.Tenant) error {
		return row(&t.Installation, &t.Repository)
	}, `SELECT DISTINCT installation_id, repository_id FROM check_run WHERE NOT finished AND started < $1
		ORDER BY installation_id, repository_id LIMIT 1000`, micros(before))
}

// Locate finds the installation that a repository belongs to: how whoever speaks of a repository is put in its tenant.
func (s *Store) Locate(ctx context.Context, repository int64) (control.Tenant, bool, error) {
	return get(ctx, s, func(row scan, t *control.Tenant) error {
		return row(&t.Installation, &t.Repository)
	}, `SELECT installation_id, repository_id FROM repository WHERE repository_id = $1 AND NOT gone ORDER BY installation_id DESC LIMIT 1`, repository)
}

// DueDeployments lists the open ones whose time has come, of all tenants: keys alone.
func (s *Store) DueDeployments(ctx context.Context, at time.Time) ([]control.DueDeployment, error) {
	return all(ctx, s, func(row scan, d *control.DueDeployment) error {
		return row(&d.Tenant.Installation, &d.Tenant.Repository, &d.Key.Environment, &d.Key.Run, &d.Key.Attempt)
	}, `SELECT installation_id, repository_id, environment, run_id, attempt FROM deployment WHERE is_open AND wake <= $1 ORDER BY wake LIMIT 1000`, micros(at))
}
