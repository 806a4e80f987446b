package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// migrations only go forward: an older server on a newer schema must be refused, not helped.
//
//go:embed migrations
var migrations embed.FS

// lockKey is taken while a PostgreSQL is migrated, so that replicas which start together do it once.
const lockKey = 0x706c6174666f726d

// sqliteTries: two processes that open one new file at the same moment can find each other's half-made schema at every step
// of it, and each step that fails has been made by the other. There are more tries than steps, River's and ours.
const sqliteTries = 30

func migrateSQLite(ctx context.Context, db *sql.DB, driver riverdriver.Driver[*sql.Tx], s *Store) error {
	if s.asIs {
		return s.migrateOurs(ctx, db, goose.DialectSQLite3, "migrations/sqlite", false)
	}
	var err error
	for range sqliteTries {
		if err = migrateRiver(ctx, driver, s.log); err == nil {
			err = s.migrateOurs(ctx, db, goose.DialectSQLite3, "migrations/sqlite", true)
		}
		if err == nil || errors.Is(err, errNewer) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func migratePostgres(ctx context.Context, pool *pgxpool.Pool, driver riverdriver.Driver[pgx.Tx], s *Store) (err error) {
	if s.asIs {
		db := stdlib.OpenDBFromPool(pool)
		return errors.Join(s.migrateOurs(ctx, db, goose.DialectPostgres, "migrations/postgres", false), db.Close())
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// The lock is the session's, and the session ends here, whatever happens.
	defer func() { err = errors.Join(err, conn.Hijack().Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(lockKey)); err != nil {
		return fmt.Errorf("waiting for another replica that migrates: %w", err)
	}
	if err := migrateRiver(ctx, driver, s.log); err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	// Replicas of the version before work meanwhile: a step that deadlocks with them is undone whole, and tried again.
	_, err = backoff.Retry(ctx, func() (bool, error) {
		err := s.migrateOurs(ctx, db, goose.DialectPostgres, "migrations/postgres", true)
		if err != nil && !contended(err) {
			err = backoff.Permanent(err)
		}
		return err == nil, err
	}, backoff.WithMaxElapsedTime(contendedFor))
	return errors.Join(err, db.Close())
}

// contendedFor bounds how long a migration gives way to others.
const contendedFor = 2 * time.Minute

func migrateRiver[T any](ctx context.Context, driver riverdriver.Driver[T], log *slog.Logger) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet(log)})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the queue: %w", err)
	}
	return nil
}

var errNewer = errors.New("the database was written by a newer version of platform: start that version, or restore a backup")

// ErrOlder is OpenAsIs's: the schema is one of an earlier version.
var ErrOlder = errors.New("the database's schema is older than this version: the server brings it up to date when it starts")

func (s *Store) migrateOurs(ctx context.Context, db *sql.DB, dialect goose.Dialect, dir string, apply bool) error {
	files, err := fs.Sub(s.schema, dir)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true), goose.WithTableName("schema_version"),
		goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	has, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if has > known {
		return fmt.Errorf("%w (its schema is %d, this version knows %d)", errNewer, has, known)
	}
	if !apply {
		if has < known {
			return fmt.Errorf("%w (its schema is %d, this version has %d)", ErrOlder, has, known)
		}
		return nil
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	if len(done) > 0 {
		s.log.InfoContext(ctx, "the schema was brought up to date", "from", has, "to", known)
	}
	return nil
}
