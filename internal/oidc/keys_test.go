package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwa"

	"github.com/org/platform-action/internal/control"
)

func down(w http.ResponseWriter, _ *http.Request) bool {
	w.WriteHeader(http.StatusBadGateway)
	return true
}

// verify tries a good token of a key.
func (s *standIn) verify(t *testing.T, v *Verifier, key string) error {
	t.Helper()
	token := sign(t, s.claims(t, nil), jwa.RS256(), signers()[key], map[string]any{"kid": key})
	_, err := v.Verify(t.Context(), token, Facts, digestOf(body))
	if err != nil {
		silent(t, err.Error(), token)
	}
	return err
}

func (s *standIn) want(t *testing.T, v *Verifier, key string, code Code, requests int) {
	t.Helper()
	err := s.verify(t, v, key)
	var got Code
	if r, ok := errors.AsType[*Refusal](err); ok {
		got = r.Code
	} else if err != nil {
		t.Fatalf("key %s: %v", key, err)
	}
	if got != code {
		t.Errorf("key %s: %q, want %q", key, got, code)
	}
	if n := s.requests(); n != requests {
		t.Errorf("the keys were asked for %d times, want %d", n, requests)
	}
}

// wantUnavailable wants an answer that says when to come back.
func wantUnavailable(t *testing.T, err error, after time.Duration) {
	t.Helper()
	later, ok := errors.AsType[*control.Later](err)
	if !errors.Is(err, ErrUnavailable) || !ok {
		t.Fatalf("%v, want ErrUnavailable with a time", err)
	}
	if _, refused := errors.AsType[*Refusal](err); refused {
		t.Errorf("%v is a refusal too", err)
	}
	if later.After != after {
		t.Errorf("again in %s, want %s", later.After, after)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	s.want(t, v, "one", "", 1)
	s.want(t, v, "two", UnknownKey, 1) // the list is of just now
	s.set(func(s *standIn) { s.keys = []string{"one", "two"} })
	s.clock.pass(59 * time.Second)
	s.want(t, v, "two", UnknownKey, 1)
	s.clock.pass(time.Second)
	s.want(t, v, "two", "", 2)
	s.want(t, v, "one", "", 2)
	s.set(func(s *standIn) { s.keys = []string{"two"} })
	s.clock.pass(24*time.Hour - time.Second)
	s.want(t, v, "one", "", 2)
	s.clock.pass(time.Second)
	s.want(t, v, "one", UnknownKey, 3) // withdrawn
	s.want(t, v, "two", "", 3)
}

// TestFlood sends tokens of many unknown keys: the issuer must not feel them.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	var all sync.WaitGroup
	for n := range 40 {
		token := sign(t, s.claims(t, nil), jwa.RS256(), signers()["two"], map[string]any{"kid": fmt.Sprint("made-up-", n)})
		all.Go(func() {
			_, err := v.Verify(t.Context(), token, Facts, digestOf(body))
			refused(t, err, token, UnknownKey)
		})
	}
	all.Wait()
	s.want(t, v, "one", "", 1)
}

func TestIssuerDown(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	s.set(func(s *standIn) { s.answer = down })
	wantUnavailable(t, s.verify(t, v, "one"), time.Minute) // nothing is cached
	s.clock.pass(20 * time.Second)
	wantUnavailable(t, s.verify(t, v, "one"), 40*time.Second)
	s.set(func(s *standIn) { s.answer = nil })
	s.clock.pass(40 * time.Second)
	s.want(t, v, "one", "", 2)

	s.set(func(s *standIn) { s.answer = down })
	s.clock.pass(time.Hour)
	s.want(t, v, "one", "", 2)                             // cached
	wantUnavailable(t, s.verify(t, v, "two"), time.Minute) // not cached
	s.want(t, v, "one", "", 3)
	s.clock.pass(3 * 24 * time.Hour)
	s.want(t, v, "one", "", 4) // old, and still the best that is known
	s.want(t, v, "one", "", 4)
	s.clock.pass(4 * 24 * time.Hour)
	wantUnavailable(t, s.verify(t, v, "one"), time.Minute) // too old
	s.set(func(s *standIn) { s.answer = nil })
	s.clock.pass(time.Minute)
	s.want(t, v, "one", "", 6)
}

func TestClockSetBack(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	s.want(t, v, "one", "", 1)
	s.clock.pass(-48 * time.Hour)
	s.set(func(s *standIn) { s.keys = []string{"two"} })
	s.want(t, v, "one", UnknownKey, 2) // what was read in the future is not fresh for two days more
}

// TestBadAnswers are of issuers that do not answer with their keys: nobody is refused for that.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	write := func(text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, text); return true }
	}
	private, err := json.Marshal(map[string]any{"keys": []any{map[string]string{"kty": "oct", "kid": "one", "k": "c2VjcmV0", "alg": "HS256"}}})
	if err != nil {
		t.Fatal(err)
	}
	entry := strings.TrimSuffix(strings.TrimPrefix(string(keySet("one")), `{"keys":[`), `]}`)
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request) bool
		why    string
	}{
		"an error":          {down, "status 502"},
		"a page":            {write("<html>maintenance</html>"), "no set of keys"},
		"nothing":           {write(""), "no set of keys"},
		"no keys":           {write(`{"keys":[]}`), "no key that could sign"},
		"a weak key":        {write(string(keySet("weak"))), "no key that could sign"},
		"a symmetric key":   {write(string(private)), "no key that could sign"},
		"one id twice":      {write(`{"keys":[` + entry + `,` + entry + `]}`), "no key that could sign"},
		"for encryption":    {write(strings.Replace(string(keySet("one")), `"sig"`, `"enc"`, 1)), "no key that could sign"},
		"another algorithm": {write(strings.Replace(string(keySet("one")), `RS256`, `RS512`, 1)), "no key that could sign"},
		"too many keys":     {write(`{"keys":[` + strings.Repeat("{},", maxKeys) + entry + `]}`), "101 keys"},
		"two mebibytes":     {write(`{"keys":[` + entry + `],"x":"` + strings.Repeat("x", 2<<20) + `"}`), "more than 1048576 bytes"},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(keySet("one")[:20])
			return true
		}, "broke off"},
		"sent elsewhere": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/.well-known/jwks" {
				_, _ = w.Write(keySet("one"))
				return true
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return true
		}, "status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStandIn(t)
			s.set(func(s *standIn) { s.answer = c.answer })
			err := s.verify(t, s.verifier(t), "one")
			wantUnavailable(t, err, time.Minute)
			if !strings.Contains(err.Error(), c.why) {
				t.Errorf("%q does not say %q", err, c.why)
			}
		})
	}
}

// TestOddKeys lists keys that cannot be read beside one that can.
func TestOddKeys(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	s.set(func(s *standIn) {
		s.answer = func(w http.ResponseWriter, _ *http.Request) bool {
			odd := `{"keys":[5,{},{"kty":"new","kid":"x"},{"kty":"RSA","kid":"y","n":"!","e":"AQAB"},`
			_, _ = io.WriteString(w, strings.Replace(string(keySet("one")), `{"keys":[`, odd, 1))
			return true
		}
	})
	s.want(t, s.verifier(t), "one", "", 1)
}

// TestSlowIssuer asks an issuer that never answers: the wait has an end, and those who wait go when they like.
func TestSlowIssuer(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	asked, answered := make(chan struct{}), make(chan struct{})
	s.set(func(s *standIn) {
		s.answer = func(_ http.ResponseWriter, r *http.Request) bool {
			close(asked)
			<-r.Context().Done()
			close(answered)
			return true
		}
	})
	v, err := New(Options{Issuers: []Issuer{{URL: s.url}}, Audience: home, Now: s.clock.Now, Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	token := s.token(t, nil)
	go func() {
		_, err := v.Verify(ctx, token, Facts, digestOf(body))
		left <- err
	}()
	<-asked
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("whoever left got %v", err)
	}
	wantUnavailable(t, s.verify(t, v, "one"), time.Minute)
	<-answered
	if n := s.requests(); n != 1 {
		t.Errorf("the keys were asked for %d times, want once", n)
	}
}

// TestLeaving makes sure that a request for keys outlives whoever began it.
func TestLeaving(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	asked, answer := make(chan struct{}), make(chan struct{})
	s.set(func(s *standIn) {
		s.answer = func(http.ResponseWriter, *http.Request) bool {
			close(asked)
			<-answer
			return false
		}
	})
	v := s.verifier(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	token := s.token(t, nil)
	go func() {
		_, err := v.Verify(ctx, token, Facts, digestOf(body))
		left <- err
	}()
	<-asked
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("whoever left got %v", err)
	}
	stays := make(chan error, 1)
	go func() {
		_, err := v.Verify(t.Context(), token, Facts, digestOf(body))
		stays <- err
	}()
	close(answer)
	if diff := cmp.Diff(nil, <-stays); diff != "" {
		t.Error(diff)
	}
	if n := s.requests(); n != 1 {
		t.Errorf("the keys were asked for %d times, want once", n)
	}
}
