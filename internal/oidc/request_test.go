package oidc

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func env(address, secret string) func(string) string {
	return func(name string) string {
		return map[string]string{requestURL: address, requestToken: secret}[name]
	}
}

// TestRequest asks a runner's stand-in for a token, and has the verifier believe it.
func TestRequest(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	runner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer runner-secret" || r.URL.Query().Get("api-version") != "2.0" || r.URL.Path != "/token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": s.token(t, map[string]any{"aud": r.URL.Query().Get("audience")})})
	}))
	t.Cleanup(runner.Close)
	token, err := Request(t.Context(), nil, env(runner.URL+"/token?api-version=2.0", "runner-secret"), AudienceOf(home, Facts, digestOf(body)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.verifier(t).Verify(t.Context(), token, Facts, digestOf(body)); err != nil {
		t.Error(err)
	}
}

func TestRequestFails(t *testing.T) {
	t.Parallel()
	const secret, address, token = "runner-canary", "/canary-path", "eyJjYW5hcnk.eyJjYW5hcnk"
	answers := map[string]http.HandlerFunc{
		"status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"page":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>"+token) },
		"empty":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) },
		"no token": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"value":"`+token+`"}`)
		},
		"type": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"value":["`+token+`"]}`) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == address {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
				return
			}
			t.Error("the redirect was followed")
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"value":"`+strings.Repeat("a", 1<<20)+`"}`)
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"value":"`+token)
		},
		"hung up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runner := httptest.NewServer(answer)
			t.Cleanup(runner.Close)
			got, err := Request(t.Context(), runner.Client(), env(runner.URL+address, secret), home)
			if err == nil {
				t.Fatalf("no error, and the token %q", got)
			}
			for _, leak := range []string{secret, address, token} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("%q holds %q", err, leak)
				}
			}
		})
	}
	for name, c := range map[string]struct{ address, secret, say string }{
		"no variables": {"", "", "id-token: write"},
		"no token":     {"https://runner.example.org", "", "id-token: write"},
		"http":         {"http://runner.example.org/x", secret, "not an https address"},
		"no address":   {"::", secret, "not an https address"},
	} {
		if _, err := Request(t.Context(), nil, env(c.address, c.secret), home); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v does not say %q", name, err, c.say)
		}
	}
}
