package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

const (
	readConns = 8

	// One connection writes: SQLite allows one writer, and a query on the same handle inside a transaction would wait
	// for itself. synchronous=FULL, because GitHub does not send again what we accepted.
	sqlitePragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)"
	sqliteWrite   = sqlitePragmas + "&_txlock=immediate"
	sqliteRead    = sqlitePragmas + "&_pragma=query_only(1)"

	sqliteTime = "2006-01-02 15:04:05.000" // River's own form: others do not compare
	sqlitePoll = 20 * time.Millisecond
)

type sqliteDB struct {
	reader, writer *sql.DB
	client         *river.Client[*sql.Tx]
	file           string
	opened         os.FileInfo // what the file was
}

func openSQLite(ctx context.Context, l location, s *Store) (database, client, error) {
	// SQLite would make a file that everybody can read.
	mode := os.O_RDWR | os.O_CREATE
	if s.asIs {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(l.file, mode, 0o600)
	if err != nil {
		return nil, nil, err
	}
	opened, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, nil, err
	}
	name := "file:" + (&url.URL{Path: l.file}).EscapedPath()
	db := &sqliteDB{file: l.file, opened: opened}
	if db.writer, err = openStatements(name + "?" + sqliteWrite); err != nil {
		return nil, nil, err
	}
	db.writer.SetMaxOpenConns(1)
	if db.reader, err = openStatements(name + "?" + sqliteRead); err != nil {
		return nil, nil, errors.Join(err, db.close())
	}
	db.reader.SetMaxOpenConns(readConns)
	db.reader.SetMaxIdleConns(readConns)
	driver := riversqlite.New(db.writer)
	if err := migrateSQLite(ctx, db.writer, driver, s); err != nil {
		return nil, nil, errors.Join(err, db.close())
	}
	config := s.riverConfig()
	config.PollOnly, config.FetchPollInterval = true, sqlitePoll // its listener polls too, every 50 ms
	if db.client, err = river.NewClient(driver, config); err != nil {
		return nil, nil, errors.Join(err, db.close())
	}
	return db, db.client, nil
}

func (db *sqliteDB) grouped() bool { return true }

func (db *sqliteDB) close() error {
	err := db.writer.Close()
	if db.reader != nil {
		err = errors.Join(err, db.reader.Close())
	}
	return err
}

func (db *sqliteDB) dialect() dialect {
	return dialect{
		now:   "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
		stamp: func(t time.Time) any { return t.UTC().Format(sqliteTime) },
		lost: `SELECT j.id, json(j.args) FROM river_job j
			WHERE j.state = 'running' AND (j.attempted_at < datetime('now', 'subsec', '-' || $2 || ' seconds') OR NOT EXISTS (
				SELECT 1 FROM replica r WHERE r.id = json_extract(j.attempted_by, '$[#-1]') AND r.heartbeat >= $1))
			LIMIT 1000`,
		discard: `UPDATE river_job SET state = 'discarded', finalized_at = datetime('now', 'subsec')
			WHERE id = $1 AND state = 'running'`,
		finish: `UPDATE river_job SET state = 'completed', finalized_at = datetime('now', 'subsec')
			WHERE id = $1 AND state = 'running'`,
		depth: `SELECT state, count(*) FROM river_job GROUP BY state`,
		size:  `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`,
		current: `CROSS JOIN verdict v ON v.installation_id = t.column1 AND v.repository_id = t.column2 AND v.head = p.head AND v.number = p.number
			AND NOT EXISTS (SELECT 1 FROM verdict w WHERE w.installation_id = v.installation_id AND w.repository_id = v.repository_id
				AND w.head = v.head AND w.number = v.number AND w.sequence > v.sequence)`,
		listed: func(since, _ string) string {
			return `CROSS JOIN pull_verdict v ON v.installation_id = t.column1 AND v.repository_id = t.column2 AND v.at >= ` + since
		},
	}
}

func (db *sqliteDB) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return sqliteExec(ctx, db.writer, query, args)
}

func (db *sqliteDB) each(ctx context.Context, row func(scan) error, query string, args ...any) error {
	return sqliteEach(ctx, db.reader, row, query, args)
}

func (db *sqliteDB) transact(ctx context.Context, do func(tx) error) error {
	t, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := do(&sqliteTx{t, db.client}); err != nil {
		return err
	}
	if err := db.there(); err != nil {
		return err
	}
	return t.Commit()
}

// there makes sure that the file is where the next start will look for it: SQLite goes on writing to one that was
// deleted or moved, and what it acknowledges is lost.
func (db *sqliteDB) there() error {
	now, err := os.Stat(db.file)
	if err != nil {
		return fmt.Errorf("the database file is gone; put it back, or start the server again: %w", err)
	}
	if !os.SameFile(now, db.opened) {
		return fmt.Errorf("another file has taken the place of the database %s; start the server again", db.file)
	}
	return nil
}

type sqliteTx struct {
	tx     *sql.Tx
	client *river.Client[*sql.Tx]
}

func (t *sqliteTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return sqliteExec(ctx, t.tx, query, args)
}

func (t *sqliteTx) each(ctx context.Context, row func(scan) error, query string, args ...any) error {
	return sqliteEach(ctx, t.tx, row, query, args)
}

func (t *sqliteTx) insertJobs(ctx context.Context, jobs []river.InsertManyParams) ([]placed, error) {
	results, err := t.client.InsertManyTx(ctx, t.tx, jobs)
	return placements(results), err
}

// sqlHandle is a *sql.DB or a *sql.Tx.
type sqlHandle interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func sqliteExec(ctx context.Context, h sqlHandle, query string, args []any) (int64, error) {
	result, err := h.ExecContext(ctx, numbered(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func sqliteEach(ctx context.Context, h sqlHandle, row func(scan) error, query string, args []any) error {
	rows, err := h.QueryContext(ctx, numbered(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what went wrong
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
	}
	return rows.Err()
}

// numbered turns $1 into SQLite's ?1; a $ that no digit follows stays.
func numbered(query string) string {
	var b strings.Builder
	b.Grow(len(query))
	for i := range len(query) {
		c := query[i]
		if c == '$' && i+1 < len(query) && query[i+1] >= '1' && query[i+1] <= '9' {
			c = '?'
		}
		b.WriteByte(c)
	}
	return b.String()
}
