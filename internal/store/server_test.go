package store

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/org/platform-action/internal/control"
)

// childVar makes the test binary a server of its own, which a test kills.
const childVar = "PLATFORM_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(childVar); url != "" {
		child(url)
		return
	}
	code := m.Run()
	server.stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// server is one throwaway PostgreSQL for the whole run.
var server postgresServer

type postgresServer struct {
	once sync.Once
	dir  string
	port int
	err  error
	next atomic.Int64
}

// command runs a program of PostgreSQL, which refuses root.
func (p *postgresServer) command(name string, args ...string) error {
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "postgres", "--", name}, args...)
		name = "runuser"
	}
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func (p *postgresServer) start() {
	if p.dir, p.err = os.MkdirTemp("", "platform-store-"); p.err != nil {
		return
	}
	if os.Geteuid() == 0 {
		if out, err := exec.CommandContext(context.Background(), "chown", "postgres", p.dir).CombinedOutput(); err != nil {
			p.err = fmt.Errorf("chown: %w\n%s", err, out)
			return
		}
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		p.err = err
		return
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	if p.err = l.Close(); p.err != nil {
		return
	}
	data := filepath.Join(p.dir, "data")
	if p.err = p.command("initdb", "-D", data, "-U", "postgres", "-A", "trust"); p.err != nil {
		return
	}
	options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c max_connections=400", p.port, p.dir)
	p.err = p.command("pg_ctl", "-D", data, "-o", options, "-l", filepath.Join(p.dir, "log"), "-w", "start")
}

func (p *postgresServer) stop() {
	if p.dir == "" {
		return
	}
	if err := p.command("pg_ctl", "-D", filepath.Join(p.dir, "data"), "-m", "immediate", "stop"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(p.dir) //nolint:errcheck // it is a temporary folder
}

// database makes an empty database and gives its URL.
func (p *postgresServer) database(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("initdb"); err != nil {
		if os.Getenv("PLATFORM_TEST_REQUIRE_POSTGRES") == "1" {
			t.Fatal("PostgreSQL is required, but there is no initdb in PATH")
		}
		t.Skip("NOT TESTED ON POSTGRESQL: there is no initdb in PATH")
	}
	p.once.Do(p.start)
	if p.err != nil {
		t.Fatal(p.err)
	}
	name := "t" + strconv.FormatInt(p.next.Add(1), 10)
	url := fmt.Sprintf("postgres://postgres:hunter2@127.0.0.1:%d/", p.port)
	conn, err := pgx.Connect(context.Background(), url+"postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing was written
	if _, err := conn.Exec(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return url + name
}

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
	return server.database(t)
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
