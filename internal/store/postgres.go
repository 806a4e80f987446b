package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

const (
	defaultConns = 20
	postgresPoll = 50 * time.Millisecond // LISTEN wakes sooner; this is for servers behind a pooler that swallows it

	// A server that does not answer is told to the operator while the process still starts.
	connectTime = 10 * time.Second
)

type postgresDB struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
}

func openPostgres(ctx context.Context, l location, s *Store) (database, client, error) {
	if l.postgres.ConnConfig.ConnectTimeout == 0 {
		l.postgres.ConnConfig.ConnectTimeout = connectTime
	}
	pool, err := pgxpool.NewWithConfig(ctx, l.postgres)
	if err != nil {
		return nil, nil, err
	}
	db := &postgresDB{pool: pool}
	driver := riverpgxv5.New(pool)
	if err := migratePostgres(ctx, pool, driver, s); err != nil {
		return nil, nil, errors.Join(err, db.close())
	}
	config := s.riverConfig()
	config.FetchPollInterval = postgresPoll
	if db.client, err = river.NewClient(driver, config); err != nil {
		return nil, nil, errors.Join(err, db.close())
	}
	return db, db.client, nil
}

// grouped: only Accept and Want are committed in groups, in the order of their keys; other transactions run beside each
// other, and PostgreSQL groups their commits itself.
func (db *postgresDB) grouped() bool { return false }

func (db *postgresDB) close() error {
	db.pool.Close()
	return nil
}

func (db *postgresDB) dialect() dialect {
	return dialect{
		now:   "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
		lock:  " FOR UPDATE",
		stamp: func(t time.Time) any { return t.UTC() },
		lost: `SELECT j.id, j.args::text FROM river_job j
			WHERE j.state = 'running' AND (j.attempted_at < now() - make_interval(secs => $2::double precision) OR NOT EXISTS (
				SELECT 1 FROM replica r WHERE r.id = j.attempted_by[cardinality(j.attempted_by)] AND r.heartbeat >= $1))
			LIMIT 1000`,
		discard: `UPDATE river_job SET state = 'discarded', finalized_at = now() WHERE id = $1 AND state = 'running'`,
		finish:  `UPDATE river_job SET state = 'completed', finalized_at = now() WHERE id = $1 AND state = 'running'`,
		depth:   `SELECT state::text, count(*) FROM river_job GROUP BY state`,
		size:    `SELECT pg_database_size(current_database())`,
		// One look into an index for each: as a join, PostgreSQL reads every verdict of the repository, once it plans for any tenant.
		current: `CROSS JOIN LATERAL (SELECT w.* FROM verdict w WHERE w.installation_id = t.column1 AND w.repository_id = t.column2
			AND w.number = p.number AND w.head = p.head ORDER BY w.sequence DESC LIMIT 1) v`,
		listed: func(since, limit string) string {
			return `CROSS JOIN LATERAL (SELECT l.* FROM pull_verdict l WHERE l.installation_id = t.column1 AND l.repository_id = t.column2 AND l.at >= ` + since + `
				ORDER BY l.at DESC, l.sequence DESC LIMIT ` + limit + `) v`
		},
	}
}

func (db *postgresDB) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := db.pool.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (db *postgresDB) each(ctx context.Context, row func(scan) error, query string, args ...any) error {
	rows, err := db.pool.Query(ctx, query, args...)
	return postgresEach(rows, err, row)
}

// contended are the errors of transactions that met each other; they are worth another try.
func contended(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

const contentions = 5

func (db *postgresDB) transact(ctx context.Context, do func(tx) error) error {
	var err error
	for range contentions {
		err = pgx.BeginFunc(ctx, db.pool, func(t pgx.Tx) error { return do(&postgresTx{t, db.client}) })
		if !contended(err) {
			return err
		}
	}
	return err
}

type postgresTx struct {
	tx     pgx.Tx
	client *river.Client[pgx.Tx]
}

func (t *postgresTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (t *postgresTx) each(ctx context.Context, row func(scan) error, query string, args ...any) error {
	rows, err := t.tx.Query(ctx, query, args...)
	return postgresEach(rows, err, row)
}

func (t *postgresTx) insertJobs(ctx context.Context, jobs []river.InsertManyParams) ([]placed, error) {
	results, err := t.client.InsertManyTx(ctx, t.tx, jobs)
	return placements(results), err
}

func postgresEach(rows pgx.Rows, err error, row func(scan) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
	}
	return rows.Err()
}
