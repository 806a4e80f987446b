package store

import (
	"context"
	"time"

	"github.com/org/platform-action/internal/control"
)

const behind = ` FROM event_cursor c JOIN ledger_head h ON h.installation_id = c.installation_id AND h.repository_id = c.repository_id
	WHERE c.sink = $1 AND h.sequence > c.sequence`

// SinkBehind lists the repositories of which a sink has not been told everything: ids alone, those first that wait longest.
func (s *Store) SinkBehind(ctx context.Context, sink string, limit int) ([]control.Tenant, error) {
	return all(ctx, s, func(row scan, t *control.Tenant) error { return row(&t.Installation, &t.Repository) },
		`SELECT c.installation_id, c.repository_id`+behind+` ORDER BY c.changed, c.installation_id, c.repository_id LIMIT $2`, sink, limit)
}

// Lag is how much a sink has not been told.
type Lag struct {
	Entries int
	Oldest  time.Duration // age of the oldest of them
}

// SinkLag counts what a sink has not been told, over all repositories.
func (s *Store) SinkLag(ctx context.Context, sink string) (Lag, error) {
	now := s.o.Now()
	lag, _, err := get(ctx, s, func(row scan, l *Lag) error {
		var oldest int64
		err := row(&l.Entries, &oldest)
		if l.Entries > 0 {
			l.Oldest = max(now.Sub(fromMicros(oldest)), 0)
		}
		return err
	}, `SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT), CAST(COALESCE(MIN(at), 0) AS BIGINT) FROM (SELECT h.sequence - c.sequence AS n,
		(SELECT l.at FROM ledger l WHERE l.installation_id = c.installation_id AND l.repository_id = c.repository_id AND l.sequence = c.sequence + 1) AS at`+behind+`) AS late`, sink)
	return lag, err
}

// GateStats is how deployments stand that wait for an answer.
type GateStats struct {
	Waiting int
	Oldest  time.Duration // age of the one that waits longest
}

// GateStats counts the deployments that wait, over all repositories.
func (s *Store) GateStats(ctx context.Context) (GateStats, error) {
	now := s.o.Now()
	stats, _, err := get(ctx, s, func(row scan, g *GateStats) error {
		var oldest int64
		err := row(&g.Waiting, &oldest)
		if g.Waiting > 0 {
			g.Oldest = max(now.Sub(fromMicros(oldest)), 0)
		}
		return err
	}, `SELECT COUNT(*), CAST(COALESCE(MIN(changed), 0) AS BIGINT) FROM deployment WHERE is_open`)
	return stats, err
}

// Size is how many bytes the database takes.
func (s *Store) Size(ctx context.Context) (int64, error) {
	size, _, err := get(ctx, s, whole[int64], s.db.dialect().size)
	return size, err
}
