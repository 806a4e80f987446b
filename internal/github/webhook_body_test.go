package github_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/org/platform-action/internal/github"
)

// endless is a body without end that counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func (e *endless) Close() error { return nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (f failing) Close() error { return nil }

func TestWebhookTooLarge(t *testing.T) {
	t.Parallel()
	for _, announced := range []int64{26_300_000, -1} {
		e, src := newEndpoint(t, nil), &endless{}
		r := delivery("push", "d-1", nil)
		r.Body, r.ContentLength = src, announced
		if w := e.send(r); w.Code != 413 || e.observed[0] != " too_large" {
			t.Errorf("announced %d: %d %s", announced, w.Code, e.observed)
		}
		if announced > 0 && src.read > 0 || src.read > 25<<20+1 {
			t.Errorf("announced %d: %d bytes were read", announced, src.read)
		}
	}
	// The largest body that GitHub sends is read, whether it says how large it is or not.
	body := append(opened(), bytes.Repeat([]byte(" "), 25<<20-len(opened()))...)
	for _, announced := range []int64{25 << 20, -1} {
		e := newEndpoint(t, nil)
		r := delivery("pull_request", "d-1", body)
		r.ContentLength = announced
		if w := e.send(r); w.Code != 202 || len(e.inbox.deliveries) != 1 {
			t.Errorf("announced %d: %d %s", announced, w.Code, w.Body)
		}
	}
}

func TestWebhookBrokenBody(t *testing.T) {
	t.Parallel()
	for err, status := range map[error]int{io.ErrUnexpectedEOF: 400, os.ErrDeadlineExceeded: 408} {
		e := newEndpoint(t, nil)
		r := delivery("pull_request", "d-1", opened())
		r.Body = failing{err}
		if w := e.send(r); w.Code != status || e.observed[0] != " bad_request" {
			t.Errorf("%v: %d %s", err, w.Code, e.observed)
		}
	}
}

// A flood of large bodies is turned away; small ones go on being read, and memory comes back.
func TestWebhookFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t, func(o *github.WebhookOptions) { o.MaxMemory = 26 << 20 })
		src, sink := io.Pipe()
		slow := delivery("push", "d-1", nil)
		slow.Body, slow.ContentLength = src, -1
		first := make(chan *httptest.ResponseRecorder)
		go func() { first <- e.send(slow) }()
		if _, err := sink.Write(make([]byte, 9<<20)); err != nil { // it holds 16 MiB now
			t.Fatal(err)
		}
		began := time.Now()
		flood := delivery("push", "d-2", nil)
		flood.Body, flood.ContentLength = &endless{}, -1
		w := e.send(flood)
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || e.observed[0] != " unavailable" {
			t.Errorf("%d %s", w.Code, e.observed)
		}
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("waited %s", waited)
		}
		if w := e.send(delivery("pull_request", "d-3", opened())); w.Code != 202 {
			t.Errorf("a small one: %d", w.Code)
		}
		_ = sink.CloseWithError(io.ErrUnexpectedEOF)
		if w := <-first; w.Code != 400 {
			t.Errorf("the slow one: %d", w.Code)
		}
		large := append(opened(), bytes.Repeat([]byte(" "), 24<<20)...)
		if w := e.send(delivery("pull_request", "d-4", large)); w.Code != 202 {
			t.Errorf("afterwards: %d", w.Code)
		}
	})
}

func TestWebhookBodies(t *testing.T) {
	t.Parallel()
	change := func(from, to string) string { return strings.Replace(string(opened()), from, to, 1) }
	for name, c := range map[string]struct{ event, body, text string }{
		"empty":                 {"pull_request", "", "not a JSON object"},
		"null":                  {"pull_request", "null", "not a JSON object"},
		"array":                 {"ping", "[]", "not a JSON object"},
		"cut off":               {"pull_request", change(`}}}`, `}`), "not valid JSON"},
		"two documents":         {"pull_request", string(opened()) + "{}", "not valid JSON"},
		"duplicate key":         {"pull_request", change(`"number":2`, `"number":2,"number":3`), "same key twice"},
		"duplicate by escape":   {"pull_request", change(`"number":2`, `"number":2,"n\u0075mber":3`), "same key twice"},
		"duplicate unread":      {"pull_request", change(`"number":2`, `"number":2,"x":{"y":1,"y":2}`), "same key twice"},
		"duplicate, other":      {"novelty", `{"x":[{"y":1,"y":2}]}`, "same key twice"},
		"bad UTF-8":             {"pull_request", change(`"T"`, "\"\xff\""), "not valid JSON in UTF-8"},
		"half a surrogate":      {"pull_request", change(`"T"`, `"\ud800"`), "not valid JSON in UTF-8"},
		"deep":                  {"pull_request", change(`"T"`, strings.Repeat("[", 60)+strings.Repeat("]", 60)), "deeper than 50"},
		"deep, other":           {"novelty", `{"x":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`, "deeper than 50"},
		"number as text":        {"pull_request", change(`"number":2`, `"number":"2"`), "type"},
		"fraction":              {"pull_request", change(`"number":2`, `"number":2.5`), "type"},
		"too large a number":    {"pull_request", change(`"number":2`, `"number":92233720368547758080`), "type"},
		"number of 33 bits":     {"pull_request", change(`"number":2`, `"number":4294967298`), "not that of the event"},
		"capital key":           {"pull_request", change(`"number":2`, `"Number":2`), "not that of the event"},
		"short commit":          {"pull_request", change(sha, "0123"), "head.sha"},
		"capital commit":        {"pull_request", change(sha, strings.ToUpper(sha)), "head.sha"},
		"branch with NUL":       {"pull_request", change(`"ref":"main"`, `"ref":"ma\u0000in"`), "base.ref"},
		"long branch":           {"pull_request", change(`"ref":"main"`, `"ref":"`+strings.Repeat("m", 301)+`"`), "base.ref"},
		"no time":               {"pull_request", change(`"updated_at":"2026-01-02T03:00:00Z",`, ""), "updated_at"},
		"no state":              {"pull_request", change(`"state":"open"`, `"state":"maybe"`), "state"},
		"commits as object":     {"push", string(of(pushBody("refs/heads/main", `"commits":{}`))), "type"},
		"commit as text":        {"push", string(of(pushBody("refs/heads/main", `"commits":["x"]`))), "type"},
		"commits cut off":       {"push", string(of(pushBody("refs/heads/main", `"commits":[{"id":"x"}`))), "not valid JSON"},
		"commit twice":          {"push", string(of(pushBody("refs/heads/main", `"commits":[{"id":"x","id":"y"}]`))), "same key twice"},
		"no commits":            {"push", string(of(pushBody("refs/heads/main", `"commits":null`))), "not that of the event"},
		"as push":               {"push", string(opened()), "not that of the event"},
		"as check_run":          {"check_run", string(opened()), "not that of the event"},
		"as check_suite":        {"check_suite", string(opened()), "not that of the event"},
		"as merge_group":        {"merge_group", string(opened()), "not that of the event"},
		"as issue_comment":      {"issue_comment", string(opened()), "not that of the event"},
		"as installation":       {"installation", string(opened()), "not that of the event"},
		"as repositories":       {"installation_repositories", string(opened()), "not that of the event"},
		"as target":             {"installation_target", string(opened()), "not that of the event"},
		"as repository":         {"repository", string(opened()), "not that of the event"},
		"a label as repository": {"repository", string(of(`"action":"deleted","label":{"id":1}`)), "not that of the event"},
		"a review":              {"pull_request", change(`"number":2,`, ""), "not that of the event"},
	} {
		e := newEndpoint(t, nil)
		w := e.send(delivery(c.event, "d-1", []byte(c.body)))
		if w.Code != 400 || !strings.Contains(w.Body.String(), c.text) || !strings.HasSuffix(e.observed[0], " bad_request") {
			t.Errorf("%s: %d %s%s", name, w.Code, w.Body, e.observed)
		}
		if len(e.inbox.deliveries) > 0 {
			t.Errorf("%s was stored", name)
		}
		if !strings.Contains(e.log.String(), c.text) {
			t.Errorf("%s: the log does not say why:\n%s", name, e.log)
		}
	}
}
