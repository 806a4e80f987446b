package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// desk is the set-up of a server, with a clock that the test moves.
type desk struct {
	t     *testing.T
	pages http.Handler
	now   time.Time
	log   strings.Builder
	made  Made
	asked int // how often GitHub was
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, made: Made{ID: 7, Page: "https://github.com/apps/x"}, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	pages, err := NewSetup(SetupOptions{
		PublicURL: "https://platform.example", WebURL: "https://github.com", Token: "TOKEN", Manifest: map[string]string{"name": `</script>"'`},
		Permissions: []Permission{{"checks", "write", "to publish"}}, Now: func() time.Time { return d.now },
		Log: slog.New(slog.NewTextHandler(&d.log, nil)),
		Make: func(_ context.Context, code string) (Made, error) {
			d.asked++
			if code != "good" {
				return Made{}, errors.New("GitHub answered 404")
			}
			return d.made, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.pages = pages
	return d
}

func (d *desk) get(path string, status int) string {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.pages.ServeHTTP(w, httptest.NewRequestWithContext(d.t.Context(), http.MethodGet, path, http.NoBody))
	if w.Code != status {
		d.t.Errorf("%s: status %d, want %d", path, w.Code, status)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		d.t.Errorf("%s: headers %v", path, w.Header())
	}
	if strings.Contains(w.Body.String(), "<script") {
		d.t.Errorf("%s holds a script", path)
	}
	return w.Body.String()
}

func (d *desk) state() string {
	d.t.Helper()
	_, rest, _ := strings.Cut(d.get("/setup?token=TOKEN", http.StatusOK), "new?state=")
	state, _, _ := strings.Cut(rest, `"`)
	if len(state) < 20 {
		d.t.Fatalf("no state: %q", state)
	}
	return state
}

// TestToken: only who read the log sees the form.
func TestToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, q := range []string{"", "?token=", "?token=token", "?token=TOKENS", "?token=TOKE"} {
		if body := d.get("/setup"+q, http.StatusNotFound); strings.Contains(body, "<form") || strings.Contains(body, "TOKEN") {
			t.Errorf("%s: %s", q, body)
		}
	}
}

// TestOwner: the owner chooses where at GitHub the form leads, and nothing else.
func TestOwner(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if body := d.get("/setup?token=TOKEN&owner=acme-1", http.StatusOK); !strings.Contains(body, "https://github.com/organizations/acme-1/settings/apps/new?state=") {
		t.Error(body)
	}
	for _, owner := range []string{"a/b", "../x", `"><script>`, "-a", strings.Repeat("a", 40), "javascript:x", "ä"} {
		if body := d.get("/setup?token=TOKEN&owner="+url.QueryEscape(owner), http.StatusBadRequest); strings.Contains(body, "<form") {
			t.Errorf("%q: %s", owner, body)
		}
	}
}

// TestState: an answer counts if this server asked for it, once, and within ten minutes.
func TestState(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.get("/setup/callback?code=good", http.StatusForbidden)
	d.get("/setup/callback?code=good&state=STATE", http.StatusForbidden)
	state := d.state()
	d.now = d.now.Add(proposalTime + time.Second)
	d.get("/setup/callback?code=good&state="+state, http.StatusForbidden)
	if d.asked != 0 {
		t.Errorf("GitHub was asked %d times", d.asked)
	}
	state = d.state()
	d.get("/setup/callback?code=bad&state="+state, http.StatusBadGateway)
	d.get("/setup/callback?code=good&state="+state, http.StatusForbidden)
	d.get("/setup/callback?code=good&state="+d.state(), http.StatusOK)
	d.get("/setup?token=TOKEN", http.StatusGone)
	d.get("/setup/callback?code=good&state="+state, http.StatusGone)
}

// TestShown: what is to be kept elsewhere is shown as it is, on this page and nowhere else.
func TestShown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.made.Variables, d.made.Note = [][2]string{{"NAME", `canary<b>\n`}}, "The database did not take them."
	body := d.get("/setup/callback?code=good&state="+d.state(), http.StatusOK)
	if !strings.Contains(body, `NAME=canary&lt;b&gt;\n`) || !strings.Contains(body, d.made.Note) || !strings.Contains(body, "https://github.com/apps/x/installations/new") {
		t.Error(body)
	}
	if strings.Contains(d.log.String(), "canary") {
		t.Error(d.log.String())
	}
}

// TestFlood: opening the page for ever does not fill the memory.
func TestFlood(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range maxProposals {
		d.state()
	}
	d.get("/setup?token=TOKEN", http.StatusTooManyRequests)
	d.now = d.now.Add(proposalTime + time.Second)
	d.state()
}
