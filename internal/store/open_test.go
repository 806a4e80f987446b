package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// TestEveryOlderSchema opens a database of each version before, with a row in it.
func TestEveryOlderSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, _ string) {
		kind := filepath.Base(t.Name())
		steps := must[[]fs.DirEntry](t)(migrations.ReadDir("migrations/" + kind))
		for version := range len(steps) + 1 {
			t.Run(fmt.Sprint(version), func(t *testing.T) {
				url := newURL(t, kind)
				older(t, kind, url, int64(version))
				s := open(t, options(url))
				if n := count(t, s, "delivery"); (n == 1) != (version > 0) {
					t.Errorf("%d deliveries", n)
				}
				write(t, s, tenant, "n")
				ok(t, s.Ready(context.Background()))
			})
		}
	})
}

// TestAsIs: looking at a database makes none and migrates none.
func TestAsIs(t *testing.T) {
	onBoth(t, func(t *testing.T, _ string) {
		kind := filepath.Base(t.Name())
		url := newURL(t, kind)
		older(t, kind, url, 1)
		for range 2 {
			if _, err := OpenAsIs(context.Background(), options(url)); !errors.Is(err, ErrOlder) {
				t.Errorf("an older schema: %v", err)
			}
		}
		ok(t, open(t, options(url)).Close())
		s := must[*Store](t)(OpenAsIs(context.Background(), options(url)))
		ok(t, s.Ready(context.Background()))
		ok(t, s.Close())
	})
	file := filepath.Join(t.TempDir(), "none.db")
	if _, err := OpenAsIs(context.Background(), options("sqlite:"+file)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was made")
	}
}

// older makes a database of an earlier version, with one delivery in it if there is a table for it; it says how many.
func older(t *testing.T, kind, url string, version int64) int {
	t.Helper()
	dialect, name, dsn := goose.DialectSQLite3, "sqlite", "file:"+strings.NewReplacer("?", "%3f", "%", "%25").Replace(strings.TrimPrefix(url, "sqlite:"))
	if kind == "postgres" {
		_ = stdlib.GetDefaultDriver()
		dialect, name, dsn = goose.DialectPostgres, "pgx", url
	}
	db := must[*sql.DB](t)(sql.Open(name, dsn))
	defer db.Close() //nolint:errcheck // the test would fail on
	files := must[fs.FS](t)(fs.Sub(migrations, "migrations/"+kind))
	p := must[*goose.Provider](t)(goose.NewProvider(dialect, db, files, goose.WithTableName("schema_version")))
	if version == 0 {
		return 0
	}
	must[[]*goose.MigrationResult](t)(p.UpTo(context.Background(), version))
	_, err := db.ExecContext(context.Background(), `INSERT INTO delivery (id, installation_id, repository_id, event, action, digest, received)
		VALUES ('old', 1, 2, 'push', '', 'd', 3)`)
	ok(t, err)
	return 1
}

func TestNewerSchemaIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, options(url))
		ok(t, s.put(context.Background(), `INSERT INTO schema_version (version_id, is_applied) VALUES ($1, TRUE)`, 9999))
		if _, err := Open(context.Background(), options(url)); err == nil || !strings.Contains(err.Error(), "newer version") {
			t.Errorf("%v", err)
		}
	})
}

func TestManyOpenAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		results := make(chan error, 6)
		for range 6 {
			go func() {
				s, err := Open(context.Background(), options(url))
				if err == nil {
					err = s.Close()
				}
				results <- err
			}()
		}
		for range 6 {
			ok(t, receive(t, results, "an open database"))
		}
	})
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "is-a-folder")
	ok(t, os.Mkdir(file, 0o700))
	for url, want := range map[string]string{
		"":                                      "must begin with sqlite:",
		"mysql://u:hunter2@h/d":                 "must begin with sqlite:",
		"sqlite:":                               "names no file",
		"sqlite::memory:":                       "names no file",
		"sqlite:/nowhere/at/all/x.db":           "/nowhere/at/all does not exist",
		"sqlite:" + file:                        "can be written",
		"postgres://u:hunter2%zz@h:1/d":         "percent-encoded",
		"postgres://u:hunter2@h:notaport/d":     "cannot be read",
		"postgres://u:hunter2@127.0.0.1:1/d":    "PostgreSQL at 127.0.0.1:1",
		"postgres://u:hunter2@host.invalid:5/d": "host.invalid:5",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		o := options(url)
		s, err := Open(ctx, o)
		cancel()
		if err == nil {
			s.Close() //nolint:errcheck // the test has failed
			t.Errorf("%s was opened", url)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
	o := options("sqlite:" + filepath.Join(t.TempDir(), "x.db"))
	o.EncryptionKey = []byte("short")
	if _, err := Open(context.Background(), o); err == nil {
		t.Error("a short key was taken")
	}
	o.EncryptionKey, o.Now = nil, nil
	if _, err := Open(context.Background(), o); err == nil {
		t.Error("opened without a clock")
	}
}

// TestFileIsGone: SQLite goes on writing to a file that was moved away, and what is acknowledged then is lost.
func TestFileIsGone(t *testing.T) {
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "p.db")
	s := open(t, options("sqlite:"+file))
	must[bool](t)(s.Accept(ctx, delivery("before"), nil))
	ok(t, os.Rename(file, file+".away"))
	if _, err := s.Accept(ctx, delivery("lost"), nil); err == nil || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("a delivery was accepted into a file that nobody finds: %v", err)
	}
	if err := s.Ready(ctx); err == nil {
		t.Error("ready without a database")
	}
	ok(t, os.WriteFile(file, nil, 0o600))
	if _, err := s.Accept(ctx, delivery("lost"), nil); err == nil || !strings.Contains(err.Error(), "another file") {
		t.Errorf("a delivery was accepted beside the file: %v", err)
	}
	ok(t, os.Rename(file+".away", file))
	ok(t, s.Ready(ctx))
	if fresh := must[bool](t)(s.Accept(ctx, delivery("lost"), nil)); !fresh {
		t.Error("what was refused counts as known")
	}
}

func TestFileIsPrivate(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.db")
	s := open(t, options("sqlite:"+file))
	ok(t, s.Ready(context.Background()))
	for _, name := range []string{file, file + "-wal"} {
		info, err := os.Stat(name)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %s", name, info.Mode())
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		ok(t, s.db.(*sqliteDB).writer.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s", pragma, got)
		}
	}
	if _, err := s.db.(*sqliteDB).reader.ExecContext(context.Background(), "DELETE FROM delivery"); err == nil {
		t.Error("the read pool writes")
	}
}

func TestBackoffGrows(t *testing.T) {
	t.Parallel()
	for attempt, middle := range map[int]time.Duration{1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 12: 10 * time.Minute, 1000: 10 * time.Minute} {
		got := growing(attempt)
		if got < middle*7/10 || got > middle*13/10 {
			t.Errorf("attempt %d waits %s", attempt, got)
		}
	}
}

func TestPriorities(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		for i := range 111 {
			ok(t, s.Want(ctx, task(fmt.Sprint(i))))
		}
		got := map[int]int{}
		err := s.db.each(ctx, func(row scan) error {
			var priority, n int
			err := row(&priority, &n)
			got[priority] = n
			return err
		}, `SELECT priority, count(*) FROM river_job GROUP BY priority`)
		ok(t, err)
		if got[1] != 11 || got[2] != 90 || got[3] != 10 {
			t.Errorf("jobs by priority: %v", got)
		}
	})
}
