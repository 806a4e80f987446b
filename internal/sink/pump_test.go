package sink_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/sink"
	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/verdict"
)

// listener is a sink as others run it: it answers as it is told, and keeps what it took.
type listener struct {
	t      *testing.T
	url    string
	secret string

	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request) bool // false: it has answered, and did not take the event
	taken  []string                                          // ids, in order
	tries  int
	signed int // signatures of the last delivery that fit
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{t: t, secret: "first-secret-of-at-least-24-bytes"}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// ServeHTTP implements http.Handler.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		l.t.Error(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries++
	mac := hmac.New(sha256.New, []byte(l.secret))
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	all := strings.Fields(r.Header.Get("webhook-signature"))
	if l.signed = len(all); !slices.Contains(all, want) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if l.answer != nil && !l.answer(w, r) {
		return
	}
	var e struct {
		ID   string `json:"id"`
		Spec string `json:"specversion"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Spec != "1.0" || e.ID != r.Header.Get("webhook-id") || r.Header.Get("Content-Type") != "application/cloudevents+json; charset=UTF-8" {
		l.t.Errorf("no CloudEvent: %v %s %v", err, body, r.Header)
	}
	l.taken = append(l.taken, e.ID)
	w.WriteHeader(http.StatusNoContent)
}

func (l *listener) answers(with func(w http.ResponseWriter, r *http.Request) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = with
}

func (l *listener) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.taken)
}

func (l *listener) tried() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tries
}

// plant is a store with a pump.
type plant struct {
	t      *testing.T
	db     *store.Store
	pump   *sink.Pump
	secret string // file
	mu     sync.Mutex
	now    time.Time
	seen   []string // outcomes
	log    strings.Builder
}

func (p *plant) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *plant) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func newPlant(t *testing.T, l *listener, change func(*sink.Config)) *plant {
	t.Helper()
	p := &plant{t: t, now: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC), secret: filepath.Join(t.TempDir(), "secret")}
	p.write(l.secret + "\n")
	c := sink.Config{Name: "audit", URL: l.url + "/in?token=CANARY", SecretFile: p.secret, Network: sink.Loopback}
	if change != nil {
		change(&c)
	}
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "db"), Now: p.clock, Sinks: []string{"audit"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p.db = db
	p.pump = sink.New(sink.Options{
		Sinks: []sink.Config{c}, Records: db, Queue: db, Now: p.clock, Log: slog.New(slog.NewTextHandler(&p.log, nil)), Timeout: time.Second,
		Places: sink.Places{Source: "https://platform.example.com", Web: "https://github.com"},
		Observe: func(_, outcome string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.seen = append(p.seen, outcome)
		},
		Wait: func(failures int, asked time.Duration) time.Duration {
			return max(asked, time.Duration(failures)*time.Second)
		},
	})
	return p
}

func (p *plant) write(secret string) {
	p.t.Helper()
	if err := os.WriteFile(p.secret, []byte(secret), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// record appends verdicts to a repository's ledger.
func (p *plant) record(repository int64, heads ...string) {
	p.t.Helper()
	for _, h := range heads {
		_, err := p.db.Record(p.t.Context(), control.Tenant{Installation: 1, Repository: repository}, control.VerdictRecord{
			Number: 1, Head: h, Outcome: verdict.Allow, Digest: "sha256:" + h, Report: json.RawMessage(`{}`), At: p.clock(),
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// tell does the task once. wait is what it asks for; 0: it is done.
func (p *plant) tell(repository int64) time.Duration {
	p.t.Helper()
	err := p.pump.Tell(p.t.Context(), control.Task{Tenant: control.Tenant{Installation: 1, Repository: repository}, Kind: control.TellSink, Subject: "audit"})
	if later, ok := errors.AsType[*control.Later](err); ok {
		return max(later.After, time.Nanosecond)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return 0
}

func status(code int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(code); return false }
}

func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestOrder refuses and takes events in turn: they arrive in the ledger's order, and none is left out.
func TestOrder(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := newPlant(t, l, nil)
	p.record(7, "a", "b", "c", "d")
	refusals := []func(http.ResponseWriter, *http.Request) bool{
		status(http.StatusInternalServerError), status(http.StatusNotFound),
		func(w http.ResponseWriter, _ *http.Request) bool { // it leads elsewhere, and nobody goes there
			w.Header().Set("Location", l.url+"/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return false
		},
		func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false }, // it never answers
		func(w http.ResponseWriter, _ *http.Request) bool { // it answers without an end
			w.WriteHeader(http.StatusBadGateway)
			for range 10_000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return false
				}
			}
			t.Error("all of an endless answer was read")
			return false
		},
		func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-Large", strings.Repeat("x", 1<<20))
			w.WriteHeader(http.StatusOK)
			return false
		},
	}
	for i, refuse := range refusals {
		l.answers(refuse)
		before := l.tried()
		if wait := p.tell(7); wait == 0 {
			t.Errorf("refusal %d: the task has ended", i)
		}
		if n := l.tried() - before; n != 1 {
			t.Errorf("refusal %d: tried %d times", i, n)
		}
		p.pass(time.Hour)
	}
	wants(t, l.ids())
	times := 0
	l.answers(func(w http.ResponseWriter, _ *http.Request) bool { // every second one
		if times++; times%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return false
		}
		return true
	})
	for p.tell(7) > 0 {
		p.pass(time.Hour)
	}
	wants(t, l.ids(), "1-7-1", "1-7-2", "1-7-3", "1-7-4")
	lag, err := p.db.SinkLag(t.Context(), "audit")
	if err != nil || lag.Entries != 0 {
		t.Errorf("lag %+v, %v", lag, err)
	}
	for _, want := range []string{"5xx", "4xx", "3xx", "timeout", "unreachable", "accepted"} {
		if !slices.Contains(p.seen, want) {
			t.Errorf("no delivery was counted as %s: %v", want, p.seen)
		}
	}
	if strings.Contains(p.log.String(), "CANARY") || !strings.Contains(p.log.String(), "did not take an event") {
		t.Errorf("the log: %s", p.log.String())
	}
}

// TestCrash takes an event and loses the answer, as a server does that is killed: it comes again under the same id.
func TestCrash(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := newPlant(t, l, nil)
	p.record(7, "a", "b")
	ctx, kill := context.WithCancel(t.Context())
	first := true
	l.answers(func(http.ResponseWriter, *http.Request) bool {
		if first {
			first = false
			kill()
		}
		return true
	})
	err := p.pump.Tell(ctx, control.Task{Tenant: control.Tenant{Installation: 1, Repository: 7}, Kind: control.TellSink, Subject: "audit"})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for p.tell(7) > 0 {
		p.pass(time.Hour)
	}
	wants(t, l.ids(), "1-7-1", "1-7-1", "1-7-2")
}

// TestRotation replaces the secret while the server runs; a file that is no secret sends nothing.
func TestRotation(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := newPlant(t, l, nil)
	p.record(7, "a")
	p.tell(7)
	next := "second-secret-of-at-least-24-bytes"
	p.write(next + "\n" + l.secret + "\n")
	p.record(7, "b")
	p.tell(7)
	if l.signed != 2 {
		t.Errorf("%d signatures while two secrets hold", l.signed)
	}
	l.mu.Lock()
	l.secret = next
	l.mu.Unlock()
	p.record(7, "c")
	p.tell(7)
	p.write(next + "\n")
	p.record(7, "d")
	p.tell(7)
	wants(t, l.ids(), "1-7-1", "1-7-2", "1-7-3", "1-7-4")
	p.write("")
	p.record(7, "e")
	before := l.tried()
	if p.tell(7) == 0 || l.tried() != before {
		t.Error("something was sent without a signature")
	}
	p.write(next + "\n")
	p.pass(time.Hour)
	p.tell(7)
	wants(t, l.ids(), "1-7-1", "1-7-2", "1-7-3", "1-7-4", "1-7-5")
}

// TestDead has many repositories whose sink is down: after a few deliveries nobody tries until its time, and then one.
func TestDead(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := newPlant(t, l, nil)
	l.answers(status(http.StatusInternalServerError))
	for r := range int64(50) {
		p.record(r+1, "a")
	}
	for r := range int64(50) {
		if p.tell(r+1) == 0 {
			t.Fatal("a dead sink took an event")
		}
	}
	if n := l.tried(); n > 3 {
		t.Errorf("a dead sink was tried %d times at once", n)
	}
	l.answers(nil)
	late, err := p.db.SinkBehind(t.Context(), "audit", 100)
	if err != nil || len(late) != 50 {
		t.Errorf("%d repositories are behind, %v", len(late), err)
	}
	p.pass(time.Hour)
	for r := range int64(50) {
		p.tell(r + 1)
	}
	if n := len(l.ids()); n != 50 {
		t.Errorf("%d events arrived", n)
	}
	if err := p.pump.Wake(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAsked waits as long as the sink says, and no longer than an hour.
func TestAsked(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := newPlant(t, l, nil)
	p.record(7, "a")
	for _, c := range []struct {
		says string
		want time.Duration
	}{{"120", 2 * time.Minute}, {"99999999999", time.Hour}, {"-1", 3 * time.Second}, {"soon", 4 * time.Second}} {
		l.answers(func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", c.says)
			w.WriteHeader(http.StatusTooManyRequests)
			return false
		})
		if got := p.tell(7); got != c.want {
			t.Errorf("%s: waits %s, want %s", c.says, got, c.want)
		}
		p.pass(2 * time.Hour)
	}
}

// TestAddress is refused where the name leads to another network than the configured one.
func TestAddress(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := newPlant(t, l, func(c *sink.Config) {
		c.URL, c.Network = strings.Replace(c.URL, "127.0.0.1", "localhost", 1), sink.Private
	})
	p.record(7, "a")
	if p.tell(7) == 0 || l.tried() != 0 {
		t.Error("a name that leads to this machine was called")
	}
	wants(t, p.seen, "forbidden_address")
}

// TestKinds tells what was asked for alone, and moves past the rest.
func TestKinds(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := newPlant(t, l, func(c *sink.Config) { c.Kinds = []string{"waiver"} })
	p.record(7, "a", "b")
	if p.tell(7) != 0 {
		t.Error("the task has not ended")
	}
	wants(t, l.ids())
	if late, err := p.db.SinkBehind(t.Context(), "audit", 10); err != nil || len(late) != 0 {
		t.Errorf("%v behind, %v", late, err)
	}
}
