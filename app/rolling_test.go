package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store/storetest"
)

// replicas are processes of the server behind one address, which sends each request to one that is up.
type replicas struct {
	t     testing.TB
	w     *world
	mu    sync.Mutex
	up    map[string]*replica // by address
	order []string
	next  int
}

type replica struct {
	cmd  *exec.Cmd
	log  *journal
	to   *httputil.ReverseProxy
	open sync.WaitGroup // requests that were sent there
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
	to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	to.Transport = &http.Transport{DisableKeepAlives: true}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up[address] = &replica{cmd: cmd, log: log, to: to}
	r.order = append(r.order, address)
	return address
}

// leave ends one as an orchestrator does: no new requests, and SIGTERM once those that were sent there are answered. Late
// webhooks, which come by another way, are at work then, and are answered as well. It must end by itself, and well.
func (r *replicas) leave(address string, late ...githubtest.Event) {
	r.t.Helper()
	r.mu.Lock()
	one := r.up[address]
	delete(r.up, address)
	r.order = slices.DeleteFunc(r.order, func(a string) bool { return a == address })
	r.mu.Unlock()
	one.open.Wait()
	var finish []func() int
	for _, e := range late {
		finish = append(finish, r.begin(address, e))
	}
	if err := one.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Error(err)
	}
	r.w.eventually("the replica stops", func() bool { return strings.Contains(one.log.String(), "shutting down") })
	for _, f := range finish {
		if status := f(); status != http.StatusAccepted {
			r.t.Errorf("a webhook that was at work on SIGTERM: %d", status)
		}
	}
	if err := one.cmd.Wait(); err != nil {
		r.t.Errorf("a replica that was told to end: %v", err)
	}
}

// begin sends a webhook's head, and its body not before finish: in between the server waits for it.
func (r *replicas) begin(address string, e githubtest.Event) (finish func() int) {
	r.t.Helper()
	body, held := io.Pipe()
	reading := make(chan struct{})
	ctx := httptrace.WithClientTrace(r.t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/webhooks/github", body)
	if err != nil {
		r.t.Error(err)
		return func() int { return 0 }
	}
	r.w.hub.Address(req, e)
	req.ContentLength = int64(len(e.Body))
	req.Header.Set("Expect", "100-continue")
	answer := make(chan int, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}}
		resp, err := client.Do(req)
		if err != nil {
			answer <- 0
			return
		}
		_ = resp.Body.Close()
		answer <- resp.StatusCode
	}()
	select {
	case <-reading:
	case status := <-answer:
		r.t.Errorf("a webhook was answered with %d before its body came", status)
		return func() int { return status }
	}
	return func() int {
		_, _ = held.Write(e.Body)
		_ = held.Close()
		return <-answer
	}
}

// front is an address that never goes away: each request is answered by one of the replicas.
func (r *replicas) front() string {
	r.t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		if len(r.order) == 0 {
			r.mu.Unlock()
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		r.next++
		one := r.up[r.order[r.next%len(r.order)]]
		one.open.Add(1)
		r.mu.Unlock()
		defer one.open.Done()
		one.to.ServeHTTP(w, req)
	}))
	r.t.Cleanup(front.Close)
	return front.URL
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
	r := &replicas{t: t, w: w, up: map[string]*replica{}}
	first := r.join()
	second := r.join()
	hooks := r.front() + "/webhooks/github"
	var shas []string
	var refused int
	event := func() githubtest.Event {
		branch := fmt.Sprintf("b-%d", len(shas))
		shas = append(shas, repo.Commit(branch, map[string]string{branch + ".md": "text\n"}))
		return repo.PullEvent("opened", repo.OpenPull("A change", branch, "main", "writer"))
	}
	open := func(n int) {
		for range n {
			if status := w.hub.Send(t.Context(), hooks, event()); status != 202 {
				refused++
			}
		}
	}
	open(4)
	third := r.join()
	open(4)
	late := event()
	done := make(chan bool)
	go func() { defer close(done); r.leave(first, late) }()
	open(4)
	<-done
	fourth := r.join()
	late = event()
	done = make(chan bool)
	go func() { defer close(done); r.leave(second, late) }()
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
	r.leave(third, event())
	r.leave(fourth, event())
	if strings.Contains(w.log.String(), "panic") {
		t.Error("a replica panicked")
	}
}
