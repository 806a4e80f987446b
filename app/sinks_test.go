package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// heard is what a sink was told.
type heard struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		Outcome   string `json:"outcome"`
		Link      string `json:"link"`
		Sequence  int64  `json:"sequence"`
		Succeeded *bool  `json:"succeeded"`
	} `json:"data"`
}

// audience is a sink.
type audience struct {
	mu     sync.Mutex
	told   []heard
	before func() // each answer; nil: nothing
}

// ServeHTTP implements http.Handler.
func (a *audience) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var h heard
	if json.Unmarshal(body, &h) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	a.told = append(a.told, h)
	before := a.before
	a.before = nil
	a.mu.Unlock()
	if before != nil {
		before()
	}
}

func (a *audience) all() []heard {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.told)
}

func (a *audience) has(t string, outcome string) bool {
	return slices.ContainsFunc(a.all(), func(h heard) bool { return h.Type == "platform."+t+".v1" && h.Data.Outcome == outcome })
}

// sinks configures a sink for a world.
func (w *world) sinks(t *testing.T) *audience {
	t.Helper()
	a := &audience{}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"secret": strings.Repeat("s", 32), "sinks.yaml": "sinks:\n  - {name: audit, url: \"" + server.URL + "\", secret_file: secret, network: loopback}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.env["PLATFORM_EVENT_SINKS_FILE"] = filepath.Join(dir, "sinks.yaml")
	return a
}

// TestSinks tells a sink of verdicts and deployments, each once, in the ledger's order.
func TestSinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	_, r := w.shop("acme", guardedFiles(""))
	a := w.sinks(t)
	w.start()
	w.swept()
	r.Commit("b", bigger("m5.large"))
	w.send(r.PullEvent("opened", r.OpenPull("A change", "b", "main", "writer")))
	w.eventually("the sink hears of the verdict", func() bool { return a.has("verdict.recorded", "allow") || a.has("verdict.recorded", "warn") })
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 3, 0)
	w.send(r.Deploy(deploying(10, tip), "production"))
	w.gate(r, 10, "approved")
	w.eventually("the sink hears of the deployment", func() bool { return a.has("deployment.decided", "approved") })
	w.deployed(r, deploying(10, tip), "success")
	w.eventually("the sink hears of its end", func() bool { return a.has("deployment.ended", "approved") })
	for _, h := range a.all() {
		if h.Type == "platform.deployment.ended.v1" && (h.Data.Succeeded == nil || !*h.Data.Succeeded) {
			t.Errorf("%+v", h)
		}
	}
	seen := map[string]bool{}
	last := int64(0)
	for _, h := range a.all() {
		if seen[h.ID] || h.Data.Sequence <= last || h.Data.Link == "" {
			t.Errorf("%+v after entry %d", h, last)
		}
		seen[h.ID], last = true, h.Data.Sequence
	}
	m := w.metrics()
	if m[`platform_sink_deliveries_total{outcome="accepted",sink="audit"}`] == 0 || m[`platform_sink_behind_entries{sink="audit"}`] != 0 {
		t.Errorf("metrics: %v", m)
	}
}

// TestSinkKill ends the server with kill -9 while a sink has an event and its answer has not come: it comes again, as itself.
func TestSinkKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	a := w.sinks(t)
	kill := w.spawn()
	dead := make(chan struct{})
	a.before = func() { kill(); close(dead) } // nothing was told before
	sha := r.Commit("b", bigger("m5.large"))
	w.hub.Send(t.Context(), w.url+"/webhooks/github", r.PullEvent("opened", r.OpenPull("A change", "b", "main", "writer")))
	<-dead
	again := w.spawn()
	defer again()
	w.check(r, sha)
	w.eventually("the event comes again", func() bool { return len(a.all()) > 1 })
	if all := a.all(); all[0].ID != all[1].ID || all[0].Type != all[1].Type {
		t.Errorf("%+v, then %+v", all[0], all[1])
	}
}

// TestSinkSettings refuses to start with a file that is wrong, a line for each fault.
func TestSinkSettings(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sinks.yaml")
	if err := os.WriteFile(file, []byte("sinks:\n  - {name: a, url: \"http://example.com/\", secret_file: s}\n  - {name: b, url: \"https://example.com/\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	code := run(t.Context(), nil, []string{"PLATFORM_EVENT_SINKS_FILE=" + file}, io.Discard, &out)
	if code != 2 || strings.Count(out.String(), "configuration: PLATFORM_EVENT_SINKS_FILE: ") != 2 {
		t.Errorf("code %d: %s", code, out.String())
	}
}
