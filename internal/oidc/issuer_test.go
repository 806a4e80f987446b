package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
)

const (
	home = "https://platform.example.org"
	body = `{"version":1}`
)

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// signers are made once: each takes a tenth of a second.
var signers = sync.OnceValue(func() map[string]*rsa.PrivateKey {
	out := map[string]*rsa.PrivateKey{}
	for id, bits := range map[string]int{"one": 2048, "two": 2048, "weak": 1024} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		out[id] = key
	}
	return out
})

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// standIn is an issuer whose tokens another library makes than the one that verifies them.
type standIn struct {
	url   string
	clock *clock

	mu     sync.Mutex
	keys   []string                                          // ids of those that are listed
	answer func(w http.ResponseWriter, r *http.Request) bool // in place of the keys; false: as usual
	asked  int
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{keys: []string{"one"}, clock: &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *standIn) set(change func(s *standIn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *standIn) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *standIn) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	keys, answer := s.keys, s.answer
	s.mu.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	if r.URL.Path != "/.well-known/jwks" {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(keySet(keys...))
}

// keySet lists the public halves of keys.
func keySet(ids ...string) []byte {
	set := jwk.NewSet()
	for _, id := range ids {
		key, err := jwk.Import(signers()[id].Public())
		if err != nil {
			panic(err)
		}
		for name, value := range map[string]any{jwk.KeyIDKey: id, jwk.AlgorithmKey: jwa.RS256(), jwk.KeyUsageKey: "sig"} {
			if err := key.Set(name, value); err != nil {
				panic(err)
			}
		}
		if err := set.AddKey(key); err != nil {
			panic(err)
		}
	}
	out, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	return out
}

func (s *standIn) verifier(t *testing.T) *Verifier {
	t.Helper()
	v, err := New(Options{Issuers: []Issuer{{URL: s.url}}, Audience: home, Now: s.clock.Now, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// claims are those of a good token for the body, with some changed; nil leaves one away.
func (s *standIn) claims(t *testing.T, changes map[string]any) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/claims.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	now := s.clock.Now().Unix()
	maps.Copy(all, map[string]any{"iss": s.url, "aud": AudienceOf(home, Facts, digestOf(body)), "nbf": now - 600, "iat": now, "exp": now + 300})
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// token is a good one, with some claims changed.
func (s *standIn) token(t *testing.T, changes map[string]any) string {
	t.Helper()
	return sign(t, s.claims(t, changes), jwa.RS256(), signers()["one"], map[string]any{"kid": "one", "typ": "JWT"})
}

func sign(t *testing.T, payload []byte, alg jwa.SignatureAlgorithm, key any, header map[string]any) string {
	t.Helper()
	h := jws.NewHeaders()
	for name, value := range header {
		if err := h.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	out, err := jws.Sign(payload, jws.WithKey(alg, key, jws.WithProtectedHeaders(h)))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// refused makes sure that a token was refused with a code, by an error that does not give it away.
func refused(t *testing.T, err error, token string, want Code) {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.Code != want {
		t.Fatalf("%v (%T), want a refusal %s", err, err, want)
	}
	silent(t, err.Error(), token)
}

// silent makes sure that no part of a token is in a text.
func silent(t *testing.T, text, token string) {
	t.Helper()
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 8 && strings.Contains(text, part[:8]) {
			t.Errorf("%q gives the token away", text)
		}
	}
}
