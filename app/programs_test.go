package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/store"
)

// scratch is a folder for all tests of the package; TestMain removes it.
type scratch struct {
	once sync.Once
	dir  string
	err  error
}

func (s *scratch) folder() (string, error) {
	s.once.Do(func() { s.dir, s.err = os.MkdirTemp("", "platform-app-test-") })
	return s.dir, s.err
}

func (s *scratch) remove() {
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // it is a temporary folder
	}
}

var shared scratch //nolint:gochecknoglobals // what is in it is made once and never changed

// The programs that tests run as processes of their own, each built once. They have no race detector, even where the tests
// do: what it finds in a process goes to that process's log and exit code, and a server that is killed leaves neither. The
// server's own code is under the detector in all tests that run it in their own process, and these are nearly all.
var (
	serverProgram = program("server", ".")
	actionProgram = program("action", "../action")
	cliProgram    = program("platform", "../cmd/platform")
)

// program builds with the flags of `make build`, so that its cache serves here too.
func program(name, source string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		dir, err := shared.folder()
		if err != nil {
			return "", err
		}
		binary := filepath.Join(dir, name)
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, source) //nolint:noctx // no one test owns it
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", source, err, out)
		}
		return binary, nil
	})
}

func runnable(t testing.TB, program func() (string, error)) string {
	t.Helper()
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// migrated is an empty SQLite database of the present schema: making that anew took a tenth of a test's time.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := shared.folder()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "migrated.db")
	db, err := store.Open(context.Background(), store.Options{URL: "sqlite:" + file, Now: time.Now})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	if left, err := filepath.Glob(file + "-*"); err != nil || len(left) > 0 {
		return nil, fmt.Errorf("the schema is not all in one file: %s, %w", strings.Join(left, ", "), err)
	}
	return os.ReadFile(file)
})

// newDatabase is the URL of a database of the test's own, as a server left it that started and had nothing to do.
func newDatabase(t testing.TB) string {
	t.Helper()
	data, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "platform.db")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}
