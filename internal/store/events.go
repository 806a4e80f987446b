package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/control"
)

// originated names what the tasks come from, where they do not say so themselves.
func (s *Store) originated(ctx context.Context, tasks []control.Task) []control.Task {
	origin := s.o.Origin(ctx)
	if origin == "" || len(origin) > maxName {
		return tasks
	}
	tasks = slices.Clone(tasks)
	for i := range tasks {
		if tasks[i].Origin == "" {
			tasks[i].Origin = origin
		}
	}
	return tasks
}

// announce asks for the sinks to be told of an entry, in the transaction that writes it: the ledger is their outbox, and
// neither can be without the other. A sink that is new to a repository begins with the entry that is its first.
func (s *Store) announce(ctx context.Context, b *batch, t control.Tenant, sequence int64) error {
	if len(s.o.Sinks) == 0 {
		return nil
	}
	var tasks []control.Task
	for _, sink := range s.o.Sinks {
		_, err := b.exec(ctx, `INSERT INTO event_cursor (sink, installation_id, repository_id, sequence, changed) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (sink, installation_id, repository_id) DO NOTHING`, sink, t.Installation, t.Repository, sequence-1, micros(s.o.Now()))
		if err != nil {
			return err
		}
		tasks = append(tasks, control.Task{Tenant: t, Kind: control.TellSink, Subject: sink})
	}
	s.want(b, s.originated(ctx, tasks))
	return nil
}

// SinkCursor reads how far a sink is in a repository's ledger, and how often it failed in a row; false: it was never told
// anything of this repository.
func (s *Store) SinkCursor(ctx context.Context, t control.Tenant, sink string) (sequence int64, failures int, known bool, err error) {
	type cursor struct {
		sequence int64
		failures int
	}
	c, known, err := get(ctx, s, func(row scan, c *cursor) error { return row(&c.sequence, &c.failures) },
		`SELECT sequence, failures FROM event_cursor WHERE sink = $1 AND installation_id = $2 AND repository_id = $3`, sink, t.Installation, t.Repository)
	return c.sequence, c.failures, known, err
}

// SaveSinkCursor moves a sink forward, never back, and notes failures in a row.
func (s *Store) SaveSinkCursor(ctx context.Context, t control.Tenant, sink string, sequence int64, failures int) error {
	err := s.put(ctx, `UPDATE event_cursor SET sequence = $4, failures = $5, changed = $6
		WHERE sink = $1 AND installation_id = $2 AND repository_id = $3 AND sequence <= $4`,
		sink, t.Installation, t.Repository, sequence, failures, micros(s.o.Now()))
	if err != nil {
		return fmt.Errorf("remembering how far a sink is: %w", err)
	}
	return nil
}
