package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestLocal: after signing in people come to a page of ours, whatever the address says.
func TestLocal(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/acme/shop/pull/1?entry=2": "/acme/shop/pull/1?entry=2", "/": "/", "": "/", "acme": "/", "//evil.example": "/", "/\\evil.example": "/",
		"https://evil.example/": "/", "javascript:alert(1)": "/", "/%2f%2fevil.example": "/", "/a\r\nSet-Cookie: x=y": "/", "/sign-in?next=/": "/", "/sign-out": "/",
		"/" + strings.Repeat("a", 2000): "/", "/a#b": "/a#b", "\t/a": "/", "http:/a": "/",
	} {
		if got := local(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// TestCookies: a cookie counts as what it was made as, unchanged, under its own key, and until its time.
func TestCookies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.hostile("plain")
	good := h.cookie("ada")
	if !good.HttpOnly || !good.Secure || good.SameSite != http.SameSiteLaxMode || good.Path != "/" || good.Domain != "" || !strings.HasPrefix(good.Name, "__Host-") {
		t.Errorf("%+v", good)
	}
	if strings.Contains(good.Value, "ghu_") || h.get("/acme/shop/pull/1", good).Code != http.StatusOK {
		t.Fatal("the cookie is readable, or does not count")
	}
	other, err := newSeal([]byte(strings.Repeat("x", 32)), "platform-session", true)
	if err != nil {
		t.Fatal(err)
	}
	journeys, err := newSeal([]byte(strings.Repeat("k", 32)), "platform-sign-in", true)
	if err != nil {
		t.Fatal(err)
	}
	made := func(s seal, v any) *http.Cookie {
		w := httptest.NewRecorder()
		if err := s.put(w, v, h.now.Add(time.Hour), h.now); err != nil {
			t.Fatal(err)
		}
		c := w.Result().Cookies()[0]
		c.Name = good.Name
		return c
	}
	var s session
	own, err := newSeal([]byte(strings.Repeat("k", 32)), "platform-session", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := own.open(good.Value, &s); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]*http.Cookie{
		"another key": made(other, s), "another kind": made(journeys, s), "empty": {Name: good.Name}, "changed": {Name: good.Name, Value: good.Value[:len(good.Value)-2] + "AA"},
		"cut": {Name: good.Name, Value: good.Value[:len(good.Value)/2]}, "no JWE": {Name: good.Name, Value: "a.b.c.d.e"}, "large": {Name: good.Name, Value: strings.Repeat("a", 9000)},
		"nobody": made(own, session{ID: "x", Token: "y", Until: h.now.Add(time.Hour)}), "without the prefix": {Name: "platform-session", Value: good.Value},
	} {
		if page := h.get("/acme/shop/pull/1", c); page.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", what, page.Code)
		}
	}
	h.now = h.now.Add(2 * time.Hour)
	if page := h.get("/acme/shop/pull/1", good); page.Code != http.StatusSeeOther {
		t.Errorf("after its time: %d", page.Code)
	}
}

// TestBelieved: GitHub's word on who may see what counts for a minute.
func TestBelieved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.hostile("plain")
	who := h.cookie("ada")
	for _, c := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}} {
		h.now = h.now.Add(c.after)
		h.get("/acme/shop/pull/1", who)
		if h.lookups != c.asked {
			t.Errorf("%s later GitHub was asked %d times, want %d", c.after, h.lookups, c.asked)
		}
	}
}

// TestSignIn: GitHub's answer counts once, within ten minutes, for the browser that was sent there.
func TestSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	begin := func() (*http.Cookie, string) {
		w := h.get("/sign-in?next=/acme/shop")
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return w.Result().Cookies()[0], to.Query().Get("state")
	}
	c, state := begin()
	if w := h.get("/sign-in/callback?code=good&state="+state, c); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/acme/shop" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Location"))
	}
	_, foreign := begin()
	if w := h.get("/sign-in/callback?code=good&state="+foreign, c); w.Code != http.StatusForbidden {
		t.Errorf("another browser's state: %d", w.Code)
	}
	if w := h.get("/sign-in/callback?code=bad&state="+state, c); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String()+h.log.String(), "ghu_") {
		t.Errorf("a code that GitHub does not take: %d", w.Code)
	}
	if w := h.get("/sign-in/callback?state="+state, c); w.Code != http.StatusBadRequest {
		t.Errorf("no code: %d", w.Code)
	}
	h.now = h.now.Add(journeyTime)
	if w := h.get("/sign-in/callback?code=good&state="+state, c); w.Code != http.StatusForbidden {
		t.Errorf("after ten minutes: %d", w.Code)
	}
}
