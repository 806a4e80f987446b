// Package storetest starts one throwaway PostgreSQL for the tests of a package, with an empty database for each that asks.
package storetest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Postgres is a server that starts when it is first needed. Its owner stops it.
type Postgres struct {
	Settings []string // NAME=VALUE of the server, before it starts; none: its own defaults

	once sync.Once
	dir  string
	port int
	err  error
	next atomic.Int64
}

// command runs a program of PostgreSQL, which refuses root.
func (p *Postgres) command(name string, args ...string) error {
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

func (p *Postgres) start() {
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
	p.port = l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it listens on tcp
	if p.err = l.Close(); p.err != nil {
		return
	}
	data := filepath.Join(p.dir, "data")
	if p.err = p.command("initdb", "-D", data, "-U", "postgres", "-A", "trust"); p.err != nil {
		return
	}
	if p.err = p.askPassword(filepath.Join(data, "pg_hba.conf")); p.err != nil {
		return
	}
	settings := append([]string{"listen_addresses=127.0.0.1", "max_connections=400"}, p.Settings...)
	options := fmt.Sprintf("-p %d -k %s -c %s", p.port, p.dir, strings.Join(settings, " -c "))
	p.err = p.command("pg_ctl", "-D", data, "-o", options, "-l", filepath.Join(p.dir, "log"), "-w", "start")
}

// Guarded is the role that is asked for its password; everybody else is let in.
const Guarded = "guarded"

func (p *Postgres) askPassword(file string) error {
	rules, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte("host all "+Guarded+" 127.0.0.1/32 scram-sha-256\n"), rules...), 0o600)
}

// Process is the server's, of which those that serve connections are children; 0: it was not started.
func (p *Postgres) Process() int {
	data, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(data), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	return pid
}

// Stop ends the server, if it was ever started.
func (p *Postgres) Stop() {
	if p.dir == "" {
		return
	}
	if err := p.command("pg_ctl", "-D", filepath.Join(p.dir, "data"), "-m", "immediate", "stop"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(p.dir) //nolint:errcheck // it is a temporary folder
}

// Database makes an empty database and gives its URL. Where there is no PostgreSQL the test is skipped, loudly, or fails
// if PLATFORM_TEST_REQUIRE_POSTGRES is 1.
func (p *Postgres) Database(t testing.TB) string {
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
