package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/store"
)

// usage is what the program understands beside running as the server.
const usage = `platform-app              serve, configured by the environment
platform-app backup FILE  copy the SQLite database into a new file, while a server works on it
platform-app restore FILE make the SQLite database from such a file, while none does
platform-app health       ask the server on this machine whether it is ready: exit code 0 or 1
platform-app --version
See docs/operations.md`

var errUsage = errors.New(usage)

// keep runs backup and restore. They need to know where the database is, and no credentials.
func keep(ctx context.Context, args, variables []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "health" {
		return health(ctx, variables, stderr)
	}
	err := errUsage
	if len(args) == 2 && args[1] != "" {
		var at string
		if at, _, err = environ.Places(variables); err == nil {
			err = kept(ctx, args[0], at, args[1], stdout)
		}
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	return 0
}

func kept(ctx context.Context, what, databaseURL, file string, stdout io.Writer) error {
	switch what {
	case "backup":
		if err := store.Backup(ctx, databaseURL, file); err != nil {
			return fmt.Errorf("no backup was made: %w", err)
		}
		_, _ = fmt.Fprintf(stdout, "the database was copied to %s, and the copy looked through\n", file)
	case "restore":
		if err := store.Restore(ctx, databaseURL, file); err != nil {
			return fmt.Errorf("nothing was restored: %w", err)
		}
		_, _ = fmt.Fprintf(stdout, "the database was made from %s: start the server\n", file)
	default:
		return errUsage
	}
	return nil
}
