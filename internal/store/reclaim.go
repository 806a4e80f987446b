package store

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// writeBeat says in the database that this replica lives, by the database's clock: those of hosts differ.
func (s *Store) writeBeat(ctx context.Context) error {
	pid := os.Getpid()
	return s.commits.write(ctx, func(ctx context.Context, b *batch) error {
		_, err := b.exec(ctx, `INSERT INTO replica (id, host, pid, started, heartbeat) VALUES ($1, $2, $3, $4, `+s.db.dialect().now+`)
			ON CONFLICT (id) DO UPDATE SET heartbeat = excluded.heartbeat`, s.replica, hostName(), pid, processStart(pid))
		return err
	}, s.db.grouped())
}

type neighbour struct {
	id      string
	pid     int
	started int64
}

// buryDead removes the replicas of this host whose process is gone, so that their tasks need not wait for a heartbeat.
func (s *Store) buryDead(ctx context.Context) error {
	all, err := list(ctx, s.db, func(row scan, n *neighbour) error { return row(&n.id, &n.pid, &n.started) },
		`SELECT id, pid, started FROM replica WHERE host = $1 AND id <> $2`, hostName(), s.replica)
	if err != nil {
		return err
	}
	for _, n := range all {
		if alive(n.pid, n.started) {
			continue
		}
		err := s.write(ctx, func(ctx context.Context, b *batch) error {
			_, err := b.exec(ctx, `DELETE FROM replica WHERE id = $1`, n.id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type lostJob struct {
	id  int64
	key taskArgs
}

// reclaim gives up the attempts of replicas that are dead or unknown, and those that last too long, and makes new ones.
func (s *Store) reclaim(ctx context.Context) error {
	d := s.db.dialect()
	now, _, err := first(ctx, s.db, whole[int64], `SELECT `+d.now)
	if err != nil {
		return err
	}
	oldest := now - (missed * s.o.Heartbeat).Microseconds()
	lost, err := list(ctx, s.db, func(row scan, j *lostJob) error {
		var args string
		if err := row(&j.id, &args); err != nil {
			return err
		}
		return json.Unmarshal([]byte(args), &j.key)
	}, d.lost, oldest, fmt.Sprintf("%.3f", (s.o.JobTimeout+rescue).Seconds()))
	if err != nil {
		return err
	}
	slices.SortFunc(lost, func(a, b lostJob) int { return a.key.compare(b.key) }) // replicas that lock many lock in one order
	for portion := range slices.Chunk(lost, groupSize) {
		if err := s.giveUp(ctx, portion); err != nil {
			return err
		}
	}
	return s.write(ctx, func(ctx context.Context, b *batch) error {
		_, err := b.exec(ctx, `DELETE FROM replica WHERE heartbeat < $1`, oldest-time.Hour.Microseconds())
		return err
	})
}

// giveUp ends lost attempts and makes the next ones.
func (s *Store) giveUp(ctx context.Context, lost []lostJob) error {
	var given []lostJob
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		given = nil
		for _, j := range lost {
			ours, err := s.takeOver(ctx, b, j)
			if err != nil {
				return err
			}
			if ours {
				given = append(given, j)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, j := range given {
		s.log.WarnContext(ctx, "a task was taken over: its worker is gone or does not end", "kind", j.key.Task, "job", j.id)
	}
	return nil
}

// takeOver counts the lost attempt: a task that kills its server must come to an end.
func (s *Store) takeOver(ctx context.Context, b *batch, j lostJob) (bool, error) {
	d := s.db.dialect()
	row, found, err := s.look(ctx, b, j.key, d.lock)
	if err != nil {
		return false, err
	}
	n, err := b.exec(ctx, d.discard, j.id)
	if err != nil || n == 0 || !found || row.state != "queued" {
		return false, err // somebody else was faster
	}
	attempts := row.attempts + 1
	if attempts >= s.o.MaxAttempts {
		return true, s.park(ctx, b, j.key, fmt.Sprintf("its server died or it did not end, in attempt %d", attempts), attempts)
	}
	return true, s.again(ctx, b, j.key, s.o.Now(), attempts, false)
}

const strays = 100 // looked at in one heartbeat

// restart makes jobs for tasks that are long due. There should be none without one: where it lives, nothing happens.
func (s *Store) restart(ctx context.Context) error {
	overdue := s.o.Now().Add(-s.o.JobTimeout - 2*rescue)
	type stray struct {
		key taskArgs
		due int64
	}
	found, err := list(ctx, s.db, func(row scan, f *stray) error {
		return row(&f.key.Installation, &f.key.Repository, &f.key.Task, &f.key.Subject, &f.due)
	}, `SELECT installation_id, repository_id, kind, subject, due FROM work WHERE state = 'queued' AND due < $1 ORDER BY due LIMIT $2`,
		micros(overdue), strays)
	if err != nil || len(found) == 0 {
		return err
	}
	return s.write(ctx, func(ctx context.Context, b *batch) error {
		for _, f := range found {
			row, there, err := s.look(ctx, b, f.key, s.db.dialect().lock)
			if err != nil {
				return err
			}
			if there && row.state == "queued" {
				b.place(f.key, fromMicros(f.due))
			}
		}
		return nil
	})
}
