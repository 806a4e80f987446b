package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// location is where the data is: a file, or a PostgreSQL.
type location struct {
	file     string
	postgres *pgxpool.Config
}

// parseURL reads a database URL. Its errors never repeat the URL, which may hold a password.
func parseURL(raw string) (location, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	switch scheme {
	case "sqlite":
		file := strings.TrimPrefix(rest, "//")
		if file == "" || strings.HasPrefix(file, ":") {
			return location{}, errors.New("the database URL names no file: write sqlite:platform.db")
		}
		return location{file: file}, nil
	case "postgres", "postgresql":
		config, err := pgxpool.ParseConfig(raw)
		if err != nil {
			return location{}, errors.New("the database URL cannot be read: write postgres://USER:PASSWORD@HOST:PORT/NAME, " +
				"with special characters of the password percent-encoded")
		}
		if u, err := url.Parse(raw); err == nil && !u.Query().Has("pool_max_conns") {
			config.MaxConns = defaultConns
		}
		config.BeforeConnect = freshPassword(raw)
		return location{postgres: config}, nil
	default:
		return location{}, errors.New("the database URL must begin with sqlite: or postgres://")
	}
}

// freshPassword reads the password again for each connection, where the URL names a file of them (passfile=FILE): it can be
// replaced while the server runs.
func freshPassword(raw string) func(context.Context, *pgx.ConnConfig) error {
	return func(_ context.Context, c *pgx.ConnConfig) error {
		if now, err := pgx.ParseConfig(raw); err == nil && now.Password != "" {
			c.Password = now.Password
		}
		return nil
	}
}

// explain says what to check when the database could not be opened.
func (l location) explain(err error) error {
	if l.file != "" {
		if dir := filepath.Dir(l.file); !isDir(dir) {
			return fmt.Errorf("the database %s cannot be opened: the folder %s does not exist", l.file, dir)
		}
		return fmt.Errorf("the database %s cannot be opened: check that the file and its folder can be written, "+
			"and that the disk is not full: %w", l.file, err)
	}
	c := l.postgres.ConnConfig
	return &openError{
		text: fmt.Sprintf("PostgreSQL at %s:%d, database %q, user %q cannot be opened: check that it runs and can be reached "+
			"from here, that database, user and password are right, and that the user may create tables", c.Host, c.Port, c.Database, c.User),
		password: c.Password, cause: err,
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// openError keeps the cause for errors.Is, and the password out of its text.
type openError struct {
	text, password string
	cause          error
}

func (e *openError) Error() string {
	cause := e.cause.Error()
	if e.password != "" {
		cause = strings.ReplaceAll(cause, e.password, "xxxxx")
	}
	return e.text + ": " + cause
}

func (e *openError) Unwrap() error { return e.cause }
