package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store/storetest"
)

// replicas are processes of the server behind one address, which sends each connection to one that is up.
type replicas struct {
	t     testing.TB
	w     *world
	mu    sync.Mutex
	up    map[string]*exec.Cmd // by address
	logs  map[string]*journal  // likewise
	order []string
	next  int
}

// join starts a process and, once it is ready, lets it be sent connections.
func (r *replicas) join() (address string) {
	r.t.Helper()
	log := &journal{}
	cmd := exec.CommandContext(r.t.Context(), runnable(r.t, serverProgram))
	cmd.Env = append(variables(r.w.env), "PATH="+os.Getenv("PATH"))
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.w.eventually("a replica is ready", func() bool {
		if address = log.attribute("serving", "address"); address == "" {
			return false
		}
		status, _ := r.w.get("http://" + address + "/readyz")
		return status == 200
	})
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if r.t.Failed() {
			r.t.Log(log.String())
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up[address], r.logs[address] = cmd, log
	r.order = append(r.order, address)
	return address
}

// leave ends one as an orchestrator does: no new connections, then SIGTERM. It must end by itself, and well.
func (r *replicas) leave(address string) {
	r.t.Helper()
	r.mu.Lock()
	cmd := r.up[address]
	delete(r.up, address)
	var rest []string
	for _, a := range r.order {
		if a != address {
			rest = append(rest, a)
		}
	}
	r.order = rest
	r.mu.Unlock()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		r.t.Errorf("a replica that was told to end: %v", err)
	}
}

// front is an address that never goes away: of each webhook's connection one replica is the other end.
func (r *replicas) front() string {
	r.t.Helper()
	l, err := new(net.ListenConfig).Listen(r.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.forward(conn)
		}
	}()
	return l.Addr().String()
}

func (r *replicas) forward(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for range 3 { // one that has just gone is not asked twice
		r.mu.Lock()
		if len(r.order) == 0 {
			r.mu.Unlock()
			return
		}
		r.next++
		to := r.order[r.next%len(r.order)]
		r.mu.Unlock()
		back, err := net.Dial("tcp", to) //nolint:noctx // the test's end ends both
		if err == nil {
			relay(conn, back)
			_ = back.Close()
			return
		}
	}
}

// TestRollingRestart replaces both replicas on one PostgreSQL, one at a time, while webhooks come in. Each pull request
// is decided, once in effect, and no delivery has to be asked for again because nobody took it.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	var db storetest.Postgres
	t.Cleanup(db.Stop)
	w := newWorld(t, githubtest.Options{})
	w.env["PLATFORM_DATABASE_URL"], w.env["PLATFORM_LOG_LEVEL"], w.wait = db.Database(t), "info", 4*time.Minute
	_, repo := w.shop("acme", nil)
	r := &replicas{t: t, w: w, up: map[string]*exec.Cmd{}, logs: map[string]*journal{}}
	first := r.join()
	second := r.join()
	url := "http://" + r.front() + "/webhooks/github"
	var shas []string
	var refused int
	open := func(n int) {
		for range n {
			branch := fmt.Sprintf("b-%d", len(shas))
			sha := repo.Commit(branch, map[string]string{branch + ".md": "text\n"})
			number := repo.OpenPull("A change", branch, "main", "writer")
			shas = append(shas, sha)
			if status := w.hub.Send(t.Context(), url, repo.PullEvent("opened", number)); status != 202 {
				refused++
			}
		}
	}
	open(4)
	third := r.join()
	open(4)
	done := make(chan bool)
	go func() { r.leave(first); close(done) }()
	open(4)
	<-done
	fourth := r.join()
	done = make(chan bool)
	go func() { r.leave(second); close(done) }()
	open(4)
	<-done
	open(2)
	for _, sha := range shas {
		w.eventually("the check of "+sha+" ends", func() bool {
			runs := repo.CheckRuns(sha)
			return len(runs) > 0 && runs[0].Status == "completed"
		})
		if runs := repo.CheckRuns(sha); len(runs) != 1 {
			t.Errorf("%d check runs on %s", len(runs), sha)
		}
	}
	if refused > 0 {
		t.Errorf("%d webhooks were not taken while a replica was replaced", refused)
	}
	r.leave(third)
	r.leave(fourth)
	if strings.Contains(w.log.String(), "panic") {
		t.Error("a replica panicked")
	}
}

// relay copies both ways until one side ends.
func relay(a, b net.Conn) {
	done := make(chan bool, 2)
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		done <- true
	}
	go pipe(a, b)
	go pipe(b, a)
	<-done
}
