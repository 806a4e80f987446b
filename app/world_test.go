package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

// patience is how long a test waits for what has to happen; only a failing one ever uses it up.
const patience = 2 * time.Minute

// world is GitHub's stand-in, and the server as a user starts it.
type world struct {
	t    testing.TB
	hub  *githubtest.Server
	env  map[string]string
	url  string // of the server
	log  *journal
	wait time.Duration

	process int // of the server, where it is one of its own
	shops   int // that were added while it runs

	stop context.CancelFunc
	done chan int
}

// newWorld starts GitHub. Nothing of the server runs yet.
func newWorld(t testing.TB, o githubtest.Options) *world {
	t.Helper()
	o.Validate = true
	w := openWorld(t, o)
	w.env["PLATFORM_DATABASE_URL"] = newDatabase(t)
	return w
}

func openWorld(t testing.TB, o githubtest.Options) *world {
	t.Helper()
	hub, err := githubtest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := hub.Start()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, hub: hub, log: &journal{}, wait: patience}
	w.env = map[string]string{
		"PLATFORM_LISTEN": "127.0.0.1:0", "PLATFORM_METRICS_LISTEN": "127.0.0.1:0", "PLATFORM_LOG_FORMAT": "json", "PLATFORM_LOG_LEVEL": "debug",
		"PLATFORM_DATABASE_URL":  "sqlite:" + filepath.Join(t.TempDir(), "platform.db"),
		"PLATFORM_GITHUB_APP_ID": strconv.FormatInt(hub.AppID(), 10), "PLATFORM_GITHUB_PRIVATE_KEY": string(hub.PrivateKeyPEM()),
		"PLATFORM_GITHUB_WEBHOOK_SECRET": hub.WebhookSecret(), "PLATFORM_GITHUB_API_URL": url + "/api/v3",
	}
	t.Cleanup(func() {
		w.halt()
		_ = hub.Close()
		for _, bad := range hub.Invalid() {
			t.Error("GitHub would refuse: " + bad)
		}
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

// start starts the server and waits until it is ready.
func (w *world) start() *world {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.done = stop, make(chan int, 1)
	w.log.forget()
	done := w.done
	go func() { done <- run(ctx, nil, variables(w.env), io.Discard, w.log) }()
	var address string
	w.eventually("the server is ready", func() bool {
		address = w.log.attribute("serving", "address")
		if address == "" {
			return false
		}
		status, _ := w.get("http://" + address + "/readyz")
		return status == http.StatusOK
	})
	w.url = "http://" + address
	return w
}

// halt ends the server as SIGTERM does.
func (w *world) halt() {
	if w.stop == nil {
		return
	}
	w.stop()
	select {
	case <-w.done:
	case <-time.After(patience):
		w.t.Error("the server does not end")
	}
	w.stop = nil
}

func variables(vars map[string]string) []string {
	var out []string
	for name, value := range vars {
		out = append(out, name+"="+value)
	}
	return out
}

func (w *world) eventually(what string, done func() bool) {
	w.t.Helper()
	if !githubtest.Settle(w.wait, done) {
		w.t.Fatalf("it never came about that %s", what)
	}
}

// send delivers an event; anything but 202 fails the test.
func (w *world) send(e githubtest.Event) {
	w.t.Helper()
	if status := w.hub.Send(w.t.Context(), w.url+"/webhooks/github", e); status != http.StatusAccepted {
		w.t.Fatalf("%s %s was answered %d", e.Name, e.Action, status)
	}
}

// check waits for the finished check run of a commit.
func (w *world) check(r *githubtest.Repo, sha string) githubtest.CheckRun {
	w.t.Helper()
	w.eventually("the check of "+sha+" ends", func() bool {
		runs := r.CheckRuns(sha)
		return len(runs) > 0 && runs[0].Status == "completed"
	})
	w.settled()
	return r.CheckRuns(sha)[0]
}

// settled waits until the server has nothing left to do, as its own metrics say: no task that is due, and none running.
func (w *world) settled() {
	w.t.Helper()
	w.eventually("the queue is empty", func() bool {
		m := w.metrics()
		return m[`platform_queue_jobs{state="available"}`] == 0 && m[`platform_queue_jobs{state="running"}`] == 0
	})
}

// swept waits until the first look at everything, after the start, has come as far as the pull requests.
func (w *world) swept() {
	w.t.Helper()
	w.eventually("the first sweep is done", func() bool {
		_, _, list := w.calls()
		return has(list, "200 GET /repos/{owner}/{repo}/pulls")
	})
	w.settled()
}

// metrics scrapes the server.
func (w *world) metrics() map[string]float64 {
	w.t.Helper()
	_, text := w.get("http://" + w.log.attribute("serving", "metrics") + "/metrics")
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if f, err := strconv.ParseFloat(value, 64); ok && err == nil {
			out[name] = f
		}
	}
	return out
}

// get reads a page of the server; status 0: nobody answers.
func (w *world) get(url string) (status int, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(data)
}

// calls splits the requests of the App since the last reset into those that count, and the writes among them.
func (w *world) calls() (counted, writes int, list []string) {
	for _, r := range w.hub.Log() {
		if r.Tenant == 0 {
			continue
		}
		if r.Counted {
			counted++
		}
		if r.Write {
			writes++
		}
		list = append(list, fmt.Sprintf("%d %s", r.Status, r.Operation))
	}
	return counted, writes, list
}

// journal keeps the server's log.
type journal struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(p)
}

// String is all of it.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.String()
}

func (j *journal) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines.Reset()
}

// attribute finds the value of a line's attribute.
func (j *journal) attribute(message, name string) string {
	for line := range strings.Lines(j.String()) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == message {
			text, _ := entry[name].(string)
			return text
		}
	}
	return ""
}

// instance is Terraform source with one server of a size.
func instance(size string) string {
	return fmt.Sprintf("provider \"aws\" {\n  region = \"eu-west-2\"\n}\n\nresource \"aws_instance\" \"web\" {\n  ami           = \"ami-1\"\n  instance_type = %q\n  tags = {\n    owner = \"shop\"\n    cost-center = \"1\"\n  }\n}\n", size)
}

// shop is a repository with Terraform, in an account of its own.
func (w *world) shop(owner string, more map[string]string) (*githubtest.Installation, *githubtest.Repo) {
	i := w.hub.Install(owner)
	r := w.hub.AddRepository(i, "shop")
	files := map[string]string{"infra/main.tf": instance("t3.micro"), "README.md": "# shop\n"}
	maps.Copy(files, more)
	r.Commit("main", files)
	r.SetRole("writer", "write")
	r.SetRole("reader", "read")
	return i, r
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func has(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}

func text(n int64) string { return strconv.FormatInt(n, 10) }
