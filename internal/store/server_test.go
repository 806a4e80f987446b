package store

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/store/storetest"
)

// childVar makes the test binary a server of its own, which a test kills.
const childVar = "PLATFORM_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(childVar); url != "" {
		child(url)
		return
	}
	code := m.Run()
	server.Stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// server is one throwaway PostgreSQL for the whole run.
var server storetest.Postgres

// onBoth runs the test on each database, beside the others.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Parallel()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, newURL(t, kind))
		})
	}
}

func newURL(t testing.TB, kind string) string {
	t.Helper()
	if kind == "sqlite" {
		return "sqlite:" + filepath.Join(t.TempDir(), "a?b %41.db")
	}
	return server.Database(t)
}

// options of a store that is quick to find the dead and to try again.
func options(url string) Options {
	return Options{
		URL: url, Now: time.Now, Heartbeat: 500 * time.Millisecond, MaxAttempts: 3,
		Backoff:       func(int) time.Duration { return 20 * time.Millisecond },
		EncryptionKey: []byte(strings.Repeat("k", keySize)),
	}
}

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func start(t testing.TB, s *Store, h control.Handler) {
	t.Helper()
	if err := s.Start(context.Background(), h); err != nil {
		t.Fatal(err)
	}
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for: " + what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("waited in vain for: " + what)
		panic("unreachable")
	}
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var tenant = control.Tenant{Installation: 7, Repository: 70}

func task(subject string) control.Task {
	return control.Task{Tenant: tenant, Kind: control.EvaluateHead, Subject: subject}
}

func delivery(id string) control.Delivery {
	return control.Delivery{ID: id, Event: "push", Tenant: tenant, Digest: "sha256:" + id, Received: time.Now()}
}

// idle waits until every task is done or parked.
func idle(t testing.TB, s *Store) {
	t.Helper()
	eventually(t, "all tasks done", func() bool {
		n, _, err := first(context.Background(), s.db, whole[int], `SELECT count(*) FROM work WHERE state = 'queued'`)
		ok(t, err)
		return n == 0
	})
}

// recorder is a log that tests look into.
type recorder struct {
	mu  sync.Mutex
	out strings.Builder
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

func (r *recorder) log() *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }
