package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
)

// errElsewhere: PostgreSQL has tools of its own, which know more of it than we do.
var errElsewhere = errors.New("PostgreSQL is backed up and restored by pg_dump and pg_restore: use deploy/postgres/backup and deploy/postgres/restore")

// Backup copies a SQLite database into a new file while a server works on it: all that was acknowledged before the call
// is in it. The file is there whole or not at all, is looked through before it gets its name, and nobody else can read it.
func Backup(ctx context.Context, databaseURL, file string) error {
	source, err := sqliteFile(databaseURL)
	if err != nil {
		return err
	}
	if _, err := os.Stat(source); err != nil {
		return fmt.Errorf("there is no database to copy: %w", err)
	}
	return written(file, func(partial string) error {
		db, err := sql.Open("sqlite", dataSource(source)+"?mode=rw&_pragma=busy_timeout(10000)")
		if err != nil {
			return err
		}
		// A reader among others: the server writes on meanwhile.
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", partial)
		if err := errors.Join(err, db.Close()); err != nil {
			return fmt.Errorf("copying the database %s: %w", source, err)
		}
		return sound(ctx, partial)
	})
}

// Restore makes the database from a backup. It takes no database's place: what is there is moved away first, with the
// files beside it, which belong to the old one and would be read into the new.
func Restore(ctx context.Context, databaseURL, backup string) error {
	target, err := sqliteFile(databaseURL)
	if err != nil {
		return err
	}
	for _, beside := range []string{"", "-wal", "-shm", "-journal"} {
		if _, err := os.Lstat(target + beside); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there: stop the server, and move %s, %s-wal and %s-shm away first", target+beside, target, target, target)
		}
	}
	for _, beside := range []string{"-wal", "-journal"} {
		if info, err := os.Lstat(backup + beside); err == nil && info.Size() > 0 {
			return fmt.Errorf("%s is there: %s is a copy of a database at work, and what stands in that file would be lost. Let sqlite3 open the copy and run PRAGMA wal_checkpoint(TRUNCATE), or restore what platform-app backup made", backup+beside, backup)
		}
	}
	if err := sound(ctx, backup); err != nil {
		return err
	}
	return written(target, func(partial string) error { return copyFile(backup, partial) })
}

func sqliteFile(databaseURL string) (string, error) {
	l, err := parseURL(databaseURL)
	if err != nil {
		return "", err
	}
	if l.file == "" {
		return "", errElsewhere
	}
	return l.file, nil
}

func dataSource(file string) string { return "file:" + (&url.URL{Path: file}).EscapedPath() }

// written lets fill write a private file beside the one that is to be, and gives it that name once it is on the disk.
func written(file string, fill func(partial string) error) (err error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: nothing is overwritten; name a new file", file)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // 0600
	if err != nil {
		return err
	}
	partial := f.Name()
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(partial))
		}
	}()
	if err := errors.Join(f.Close(), fill(partial), synced(partial)); err != nil {
		return err
	}
	if err := os.Rename(partial, file); err != nil {
		return err
	}
	return synced(filepath.Dir(file))
}

func synced(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// sound says that a file is a whole database of ours, of no later version. It is opened as what nobody else changes:
// nothing is written beside it.
func sound(ctx context.Context, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return fmt.Errorf("%s is empty: it is no backup", file)
	}
	db, err := sql.Open("sqlite", dataSource(file)+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	var faults []string
	err = sqliteEach(ctx, db, func(row scan) error {
		var line string
		err := row(&line)
		faults = append(faults, line)
		return err
	}, "PRAGMA integrity_check(5)", nil)
	if err != nil {
		return fmt.Errorf("%s is no database: %w", file, err)
	}
	if text := strings.Join(faults, "; "); text != "ok" {
		return fmt.Errorf("%s is damaged: %.300s", file, text)
	}
	var version int64
	if err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM schema_version WHERE is_applied").Scan(&version); err != nil {
		return fmt.Errorf("%s is a database, and none of ours: %w", file, err)
	}
	known, err := newestSchema("migrations/sqlite")
	if err != nil {
		return err
	}
	if version > known {
		return fmt.Errorf("%s: %w (its schema is %d, this version knows %d)", file, errNewer, version, known)
	}
	return nil
}

// newestSchema is the version that the migrations lead to.
func newestSchema(dir string) (int64, error) {
	entries, err := fs.ReadDir(migrations, dir)
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, e := range entries {
		n, err := goose.NumericComponent(e.Name())
		if err != nil {
			return 0, err
		}
		newest = max(newest, n)
	}
	return newest, nil
}
