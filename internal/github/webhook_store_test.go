package github_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWebhookStore(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, nil)
	e.inbox.err = errors.New("no space left")
	w := e.send(delivery("pull_request", "d-1", opened()))
	if w.Code != 503 || w.Header().Get("Retry-After") != "10" {
		t.Errorf("store down: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	e.inbox.err = nil
	other := bytes.Replace(opened(), []byte(`"number":2`), []byte(`"number":3`), 1)
	for _, body := range [][]byte{opened(), opened(), other} {
		if w := e.send(delivery("pull_request", "d-1", body)); w.Code != 202 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	want := "pull_request unavailable, pull_request accepted, pull_request duplicate, pull_request duplicate"
	if got := strings.Join(e.observed, ", "); got != want {
		t.Errorf("observed %s\nnot %s", got, want)
	}
	sum := sha256.Sum256(opened())
	if d := e.inbox.deliveries[0]; d.Digest != "sha256:"+hex.EncodeToString(sum[:]) || d.Received.Year() != 2026 {
		t.Errorf("%+v", d)
	}
}

func TestWebhookPanic(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, nil)
	server := httptest.NewServer(e)
	defer server.Close()
	post := func(id string) int {
		r := delivery("pull_request", id, opened())
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, bytes.NewReader(opened()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = r.Header
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode
	}
	e.inbox.panics = "canary-of-the-body"
	if code := post("d-1"); code != 500 {
		t.Errorf("panic: %d", code)
	}
	e.inbox.panics = nil
	if code := post("d-2"); code != 202 {
		t.Errorf("after the panic: %d", code)
	}
	server.Close() // both lines are written
	if log := e.log.String(); !strings.Contains(log, "panic") || strings.Contains(log, "canary") {
		t.Errorf("log:\n%s", log)
	}
}

// GitHub waits ten seconds: a store that takes longer is given up before, so that the delivery counts as failed.
func TestWebhookSlowStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t, nil)
		e.inbox.stuck = true
		began := time.Now()
		if w := e.send(delivery("pull_request", "d-1", opened())); w.Code != 503 || time.Since(began) != 8*time.Second {
			t.Errorf("%d after %s", w.Code, time.Since(began))
		}
	})
}
