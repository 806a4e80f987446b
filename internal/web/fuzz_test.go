package web

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
)

// FuzzCookie: whatever a browser sends, only what was sealed under the same key for the same cookie is read.
func FuzzCookie(f *testing.F) {
	s, err := newSeal([]byte(strings.Repeat("k", 32)), "platform-session", true)
	if err != nil {
		f.Fatal(err)
	}
	w, now := httptest.NewRecorder(), time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	if err := s.put(w, map[string]string{"id": "1"}, now.Add(time.Hour), now); err != nil {
		f.Fatal(err)
	}
	f.Add(w.Result().Cookies()[0].Value)
	f.Add("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("eyJhbGciOiJub25lIn0....")
	f.Fuzz(func(t *testing.T, value string) {
		var into map[string]string
		if s.open(value, &into) == nil && into["id"] != "1" { // all that was ever sealed
			t.Errorf("%q was taken for a cookie of ours", value)
		}
	})
}

// FuzzLocal: wherever people come from, signing in leads to a page of this server.
func FuzzLocal(f *testing.F) {
	f.Add("/acme/shop/pull/1?entry=2")
	f.Add("//evil.example")
	f.Add("/\\evil.example")
	f.Add("/%5c%5cevil.example/\t")
	f.Fuzz(func(t *testing.T, next string) {
		to := local(next)
		u, err := url.Parse(to)
		if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") ||
			strings.ContainsFunc(to, unicode.IsControl) {
			t.Errorf("%q leads to %q (%v)", next, to, err)
		}
	})
}
