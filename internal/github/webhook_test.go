package github_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
)

const (
	secret = "It's a Secret to Everybody"
	appID  = 4711
	sha    = "0123456789abcdef0123456789abcdef01234567"
	older  = "89abcdef0123456789abcdef0123456789abcdef"
)

// inbox keeps what it is given.
type inbox struct {
	mu         sync.Mutex
	deliveries []control.Delivery
	tasks      [][]control.Task
	err        error
	panics     any
	stuck      bool // until the caller gives up
}

func (i *inbox) Accept(ctx context.Context, d control.Delivery, tasks []control.Task) (bool, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.panics != nil {
		panic(i.panics)
	}
	if i.stuck {
		<-ctx.Done()
		return false, ctx.Err()
	}
	if i.err != nil {
		return false, i.err
	}
	for _, had := range i.deliveries {
		if had.ID == d.ID {
			return false, nil
		}
	}
	i.deliveries, i.tasks = append(i.deliveries, d), append(i.tasks, tasks)
	return true, nil
}

// endpoint is a webhook endpoint with everything around it.
type endpoint struct {
	http.Handler
	inbox    *inbox
	log      *bytes.Buffer
	observed []string // event and outcome
}

func newEndpoint(t testing.TB, change func(*github.WebhookOptions)) *endpoint {
	t.Helper()
	e := &endpoint{inbox: &inbox{}, log: &bytes.Buffer{}}
	o := github.WebhookOptions{
		Secrets: []string{secret}, Inbox: e.inbox, AppID: appID, Log: slog.New(slog.NewJSONHandler(e.log, nil)),
		Now:     func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Observe: func(event, outcome string) { e.observed = append(e.observed, event+" "+outcome) },
	}
	if change != nil {
		change(&o)
	}
	h, err := github.NewWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	e.Handler = h
	return e
}

func sign(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// delivery is a request as GitHub sends it.
func delivery(event, id string, body []byte) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/webhooks/github", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", id)
	r.Header.Set("X-Hub-Signature-256", sign(secret, body))
	return r
}

func (e *endpoint) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

// of makes a body of an installed repository.
func of(members string) []byte {
	return []byte(`{"installation":{"id":7},"repository":{"id":100,"name":"infra","default_branch":"main","owner":{"id":31}},` +
		`"sender":{"id":5,"login":"ada","type":"User"},` + members + `}`)
}

func opened() []byte {
	return of(`"action":"opened","number":2,"pull_request":{"state":"open","updated_at":"2026-01-02T03:00:00Z","title":"T","head":{"sha":"` +
		sha + `","ref":"f"},"base":{"ref":"main"}}`)
}

func TestWebhookHeaders(t *testing.T) {
	t.Parallel()
	weak := hmac.New(sha1.New, []byte(secret))
	weak.Write(opened())
	cases := []struct {
		name    string
		change  func(*http.Request)
		status  int
		outcome string
		text    string
	}{
		{"good", func(*http.Request) {}, 202, "pull_request accepted", "accepted"},
		{"capital digits", func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", "sha256="+strings.ToUpper(sign(secret, opened())[7:]))
		}, 202, "pull_request accepted", "accepted"},
		{"get", func(r *http.Request) { r.Method = http.MethodGet }, 405, " bad_request", "POST"},
		{"gzip", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415, " bad_request", "without Content-Encoding"},
		{"identity", func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") }, 202, "pull_request accepted", "accepted"},
		{"form", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415, " bad_request", "application/json at GitHub"},
		{"text", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, " bad_request", "application/json"},
		{"no type", func(r *http.Request) { r.Header.Del("Content-Type") }, 415, " bad_request", "application/json"},
		{"charset", func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 202, "pull_request accepted", "accepted"},
		{"no signature", func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") }, 401, " bad_signature", "X-Hub-Signature-256 is missing"},
		{"sha1 only", func(r *http.Request) {
			r.Header.Del("X-Hub-Signature-256")
			r.Header.Set("X-Hub-Signature", "sha1="+hex.EncodeToString(weak.Sum(nil)))
		}, 401, " bad_signature", "SHA-1"},
		{"sha1 in its place", func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", "sha1="+hex.EncodeToString(weak.Sum(nil)))
		}, 401, " bad_signature", "not sha256="},
		{"short", func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", sign(secret, opened())[:70]) }, 401, " bad_signature", "64 hex"},
		{"not hexadecimal", func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("x", 64))
		}, 401, " bad_signature", "64 hex"},
		{"two", func(r *http.Request) { r.Header.Add("X-Hub-Signature-256", sign(secret, opened())) }, 401, " bad_signature", "64 hex"},
		{"wrong secret", func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", sign("other", opened())) }, 401, " bad_signature", "does not fit"},
		{"empty secret", func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", sign("", opened())) }, 401, " bad_signature", "does not fit"},
		{"other body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")); r.ContentLength = 2 }, 401, " bad_signature", "does not fit"},
		{"no delivery", func(r *http.Request) { r.Header.Del("X-GitHub-Delivery") }, 400, " bad_request", "X-GitHub-Delivery"},
		{"odd delivery", func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", "a\tb") }, 400, " bad_request", "X-GitHub-Delivery"},
		{"long delivery", func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", strings.Repeat("a", 129)) }, 400, " bad_request", "X-GitHub-Delivery"},
		{"no event", func(r *http.Request) { r.Header.Del("X-GitHub-Event") }, 400, " bad_request", "X-GitHub-Event"},
		{"odd event", func(r *http.Request) { r.Header.Set("X-GitHub-Event", "Pull-Request") }, 400, " bad_request", "X-GitHub-Event"},
		{"unknown event", func(r *http.Request) { r.Header.Set("X-GitHub-Event", "novelty") }, 202, "other ignored", "ignored"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEndpoint(t, nil)
			r := delivery("pull_request", "d-1", opened())
			c.change(r)
			w := e.send(r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.text) {
				t.Errorf("%d %q, not %d %q", w.Code, w.Body, c.status, c.text)
			}
			if len(e.observed) != 1 || e.observed[0] != c.outcome {
				t.Errorf("observed %q, not %q", e.observed, c.outcome)
			}
			if stored := len(e.inbox.deliveries) == 1; stored != strings.HasSuffix(c.outcome, "accepted") {
				t.Errorf("stored %d deliveries", len(e.inbox.deliveries))
			}
			if lines := strings.Count(e.log.String(), "\n"); lines != 1 {
				t.Errorf("%d lines in the log:\n%s", lines, e.log)
			}
			if c.status == 405 && w.Header().Get("Allow") != "POST" {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestWebhookSecrets(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, func(o *github.WebhookOptions) { o.Secrets = []string{"new", secret} })
	for i, key := range []string{"new", secret, "newer"} {
		r := delivery("pull_request", fmt.Sprintf("d-%d", i), opened())
		r.Header.Set("X-Hub-Signature-256", sign(key, opened()))
		if w := e.send(r); (w.Code == 202) != (i < 2) {
			t.Errorf("signed with %q: %d", key, w.Code)
		}
	}
	good := github.WebhookOptions{Secrets: []string{secret}, Inbox: &inbox{}, AppID: appID, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Time{} }}
	for name, change := range map[string]func(*github.WebhookOptions){
		"no secret":    func(o *github.WebhookOptions) { o.Secrets = nil },
		"empty secret": func(o *github.WebhookOptions) { o.Secrets = []string{secret, ""} },
		"blank secret": func(o *github.WebhookOptions) { o.Secrets = []string{" \n"} },
		"no inbox":     func(o *github.WebhookOptions) { o.Inbox = nil },
		"no App":       func(o *github.WebhookOptions) { o.AppID = 0 },
		"no clock":     func(o *github.WebhookOptions) { o.Now = nil },
		"no log":       func(o *github.WebhookOptions) { o.Log = nil },
		"no memory":    func(o *github.WebhookOptions) { o.MaxMemory = 25 << 20 },
	} {
		o := good
		change(&o)
		if _, err := github.NewWebhook(o); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := github.NewWebhook(good); err != nil {
		t.Error(err)
	}
}

func TestWebhookAllowed(t *testing.T) {
	t.Parallel()
	account := `{"action":"created","installation":{"id":7,"account":{"id":%d}},"sender":{"id":5}}`
	target := `{"action":"renamed","account":{"id":%d},"installation":{"id":7},"changes":{"login":{"from":"x"}}}`
	for _, c := range []struct {
		event, body, outcome string
	}{
		{"pull_request", string(opened()), "accepted"},
		{"pull_request", strings.Replace(string(opened()), `{"id":31}`, `{"id":32}`, 1), "refused_account"},
		{"pull_request", strings.Replace(string(opened()), `{"id":31}`, `{}`, 1), "refused_account"},
		{"installation", fmt.Sprintf(account, 31), "accepted"},
		{"installation", fmt.Sprintf(account, 32), "refused_account"},
		{"installation_target", fmt.Sprintf(target, 31), "accepted"},
		{"installation_target", fmt.Sprintf(target, 32), "refused_account"},
	} {
		e := newEndpoint(t, func(o *github.WebhookOptions) { o.Allowed = []int64{30, 31} })
		if w := e.send(delivery(c.event, "d-1", []byte(c.body))); w.Code != 202 || e.observed[0] != c.event+" "+c.outcome {
			t.Errorf("%s: %d %s", c.body, w.Code, e.observed)
		}
		if (len(e.inbox.deliveries) == 1) != (c.outcome == "accepted") {
			t.Errorf("%s: stored %d", c.body, len(e.inbox.deliveries))
		}
	}
}
