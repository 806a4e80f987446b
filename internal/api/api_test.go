package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/oidc"
)

const (
	someToken = "eyJoZWFkZXItY2FuYXJ5.eyJjbGFpbXMtY2FuYXJ5.c2lnbmF0dXJlLWNhbmFyeQ"
	someBody  = `{"version":1,"root":"infra","note":"body-canary"}`
)

// verifier answers in the place of GitHub.
type verifier func(token, purpose, digest string) (control.Run, error)

func (v verifier) Verify(_ context.Context, token, purpose, digest string) (control.Run, error) {
	return v(token, purpose, digest)
}

// fixture is a server, and what it was asked and said.
type fixture struct {
	options Options
	log     lockedBuffer
	mu      sync.Mutex
	counted []string
	got     []string // bodies
	now     time.Time
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func newFixture() *fixture {
	f := &fixture{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	f.options = Options{
		Verifier: verifier(func(string, string, string) (control.Run, error) { return control.Run{RepositoryID: 74, ID: 9}, nil }),
		Receive: func(_ context.Context, _ control.Run, body []byte) (control.Receipt, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.got = append(f.got, string(body))
			return control.Receipt{Trusted: true, Head: strings.Repeat("a", 40), Root: "infra", Digest: "sha256:" + strings.Repeat("b", 64)}, nil
		},
		Evidence: func(_ context.Context, _ control.Run, body []byte) (control.EvidenceReceipt, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.got = append(f.got, string(body))
			return control.EvidenceReceipt{Record: "sha256:" + strings.Repeat("c", 64), Suites: []control.SuiteReceipt{{Name: "unit"}}}, nil
		},
		Now:      func() time.Time { return f.now },
		MaxBytes: 1 << 20,
		Observe: func(route, outcome string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.counted = append(f.counted, route+" "+outcome)
		},
	}
	f.options.Log = slog.New(slog.NewJSONHandler(&f.log, nil))
	return f
}

func (f *fixture) handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := New(f.options)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func upload(t *testing.T, body io.Reader) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, FactsPath, body)
	r.Header.Set("Authorization", "Bearer "+someToken)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// exchange is one request and what must come of it.
type exchange struct {
	name    string
	request func(t *testing.T) *http.Request // nil: a good upload
	change  func(f *fixture)
	status  int
	code    string
	counted string
	wait    string // Retry-After
}

func with(name, value string) func(t *testing.T) *http.Request {
	return func(t *testing.T) *http.Request {
		r := upload(t, strings.NewReader(someBody))
		r.Header[http.CanonicalHeaderKey(name)] = nil
		if value != "" {
			r.Header.Set(name, value)
		}
		return r
	}
}

func twice(name, value string) func(t *testing.T) *http.Request {
	return func(t *testing.T) *http.Request {
		r := upload(t, strings.NewReader(someBody))
		r.Header[http.CanonicalHeaderKey(name)] = []string{value, value}
		return r
	}
}

func fromReader(body io.Reader) func(t *testing.T) *http.Request {
	return func(t *testing.T) *http.Request { return upload(t, body) }
}

func packed(data []byte) func(t *testing.T) *http.Request {
	return func(t *testing.T) *http.Request {
		r := upload(t, bytes.NewReader(data))
		r.Header.Set("Content-Encoding", "gzip")
		return r
	}
}

func unverified(err error) func(*fixture) {
	return func(f *fixture) {
		f.options.Verifier = verifier(func(string, string, string) (control.Run, error) { return control.Run{}, err })
	}
}

func unreceived(err error) func(*fixture) {
	return func(f *fixture) {
		f.options.Receive = func(context.Context, control.Run, []byte) (control.Receipt, error) { return control.Receipt{}, err }
	}
}

func exchanges() []exchange {
	later := fmt.Errorf("%w: %w", oidc.ErrUnavailable, &control.Later{After: 41500 * time.Millisecond, Reason: "the issuer is down"})
	return append(headerExchanges(), []exchange{
		{name: "good", status: 202, counted: "facts accepted"},
		{name: "good, packed", request: packed(pack(someBody)), status: 202, counted: "facts accepted"},
		{name: "good, not packed", request: with("Content-Encoding", "identity"), status: 202, counted: "facts accepted"},
		{name: "chunks", request: fromReader(iotest.OneByteReader(strings.NewReader(someBody))), status: 202, counted: "facts accepted"},
		{name: "as long as allowed", request: fromReader(strings.NewReader(strings.Repeat("a", 1<<20))), status: 202, counted: "facts accepted"},
		{name: "too long", request: fromReader(strings.NewReader(strings.Repeat("a", 1<<20+1))), status: 413, code: "too-large", counted: "facts too_large"},
		{name: "too long by its own word", request: func(t *testing.T) *http.Request {
			r := upload(t, iotest.ErrReader(io.ErrUnexpectedEOF)) // it is not read
			r.ContentLength = 1<<20 + 1
			return r
		}, status: 413, code: "too-large", counted: "facts too_large"},
		{name: "too long, length not told", request: fromReader(io.LimitReader(zeros{}, 1<<20+1)), status: 413, code: "too-large", counted: "facts too_large"},
		{name: "broken off", request: fromReader(iotest.ErrReader(io.ErrUnexpectedEOF)), status: 400, code: "broken-off", counted: "facts bad_request"},
		{name: "too slow", request: fromReader(iotest.ErrReader(os.ErrDeadlineExceeded)), status: 408, code: "too-slow", counted: "facts bad_request"},
		{name: "not packed as told", request: packed([]byte(someBody)), status: 400, code: "bad-encoding", counted: "facts bad_request"},
		{name: "packed and cut", request: packed(pack(someBody)[:20]), status: 400, code: "bad-encoding", counted: "facts bad_request"},
		{name: "something behind", request: packed(append(pack(someBody), 'x')), status: 400, code: "bad-encoding", counted: "facts bad_request"},
		{name: "two packed members", request: packed(append(pack(someBody), pack(someBody)...)), status: 400, code: "bad-encoding", counted: "facts bad_request"},
		{name: "bomb", request: packed(pack(strings.Repeat("a", 1<<20))), status: 400, code: "bad-encoding", counted: "facts bad_request"},
		{name: "too large unpacked", request: packed(pack(noise(1<<19) + strings.Repeat("a", 1<<20))), status: 413, code: "too-large", counted: "facts too_large"},
		{name: "token refused", change: unverified(&oidc.Refusal{Code: oidc.Expired, Message: "ask again"}), status: 401, code: "expired", counted: "facts bad_token"},
		{name: "issuer down", change: unverified(later), status: 503, code: "unavailable", counted: "facts unavailable", wait: "42"},
		{name: "sender left", change: unverified(context.Canceled), status: 503, code: "unavailable", counted: "facts unavailable", wait: "10"},
		{name: "verifier broken", change: unverified(errors.New("quotes " + someToken)), status: 500, code: "fault", counted: "facts failed"},
		{name: "invalid", change: unreceived(&control.Refused{Code: "bad-document", Message: "no"}), status: 422, code: "bad-document", counted: "facts invalid"},
		{name: "forbidden", change: unreceived(&control.Refused{Kind: control.Forbidden, Code: "run-ended", Message: "no"}), status: 403, code: "run-ended", counted: "facts forbidden"},
		{name: "not ours", change: unreceived(&control.Refused{Kind: control.NotFound, Code: "unknown-repository"}), status: 404, code: "unknown-repository", counted: "facts not_found"},
		{name: "replayed", change: unreceived(&control.Refused{Kind: control.Replayed, Code: "token-used"}), status: 409, code: "token-used", counted: "facts replayed"},
		{name: "a new kind", change: unreceived(&control.Refused{Kind: 200, Code: "x"}), status: 500, code: "fault", counted: "facts failed"},
		{name: "GitHub's limit", change: unreceived(&control.Later{After: 3 * time.Minute, Reason: "quota"}), status: 503, code: "unavailable", counted: "facts unavailable", wait: "180"},
		{name: "out of time", change: unreceived(fmt.Errorf("run: %w", context.DeadlineExceeded)), status: 503, code: "unavailable", counted: "facts unavailable", wait: "10"},
		{name: "database broken", change: unreceived(errors.New("disk full")), status: 500, code: "fault", counted: "facts failed"},
		{name: "panic", change: func(f *fixture) {
			f.options.Receive = func(_ context.Context, _ control.Run, body []byte) (control.Receipt, error) { panic(string(body)) }
		}, status: 500, code: "fault", counted: "facts failed"},
	}...)
}

func headerExchanges() []exchange {
	return []exchange{
		{name: "wrong method", request: func(t *testing.T) *http.Request {
			return httptest.NewRequestWithContext(t.Context(), http.MethodGet, FactsPath, nil)
		}, status: 405, code: "wrong-method", counted: "facts bad_request"},
		{name: "no token", request: with("Authorization", ""), status: 401, code: "no-token", counted: "facts bad_token"},
		{name: "two tokens", request: twice("Authorization", "Bearer "+someToken), status: 401, code: "malformed-token", counted: "facts bad_token"},
		{name: "password", request: with("Authorization", "Basic "+someToken), status: 401, code: "malformed-token", counted: "facts bad_token"},
		{name: "installation token", request: with("Authorization", "Bearer ghs_abc"), status: 401, code: "malformed-token", counted: "facts bad_token"},
		{name: "two parts", request: with("Authorization", "Bearer a.b"), status: 401, code: "malformed-token", counted: "facts bad_token"},
		{name: "no signature", request: with("Authorization", "Bearer a.b."), status: 401, code: "malformed-token", counted: "facts bad_token"},
		{name: "other letters", request: with("Authorization", "Bearer a.b.c="), status: 401, code: "malformed-token", counted: "facts bad_token"},
		{name: "long token", request: with("Authorization", "Bearer a.b."+strings.Repeat("c", maxToken)), status: 401, code: "malformed-token", counted: "facts bad_token"},
		{name: "scheme in small letters", request: with("Authorization", "bearer "+someToken), status: 202, counted: "facts accepted"},
		{name: "no type", request: with("Content-Type", ""), status: 415, code: "wrong-type", counted: "facts bad_request"},
		{name: "form", request: with("Content-Type", "application/x-www-form-urlencoded"), status: 415, code: "wrong-type", counted: "facts bad_request"},
		{name: "type with charset", request: with("Content-Type", "application/json; charset=utf-8"), status: 202, counted: "facts accepted"},
		{name: "brotli", request: with("Content-Encoding", "br"), status: 415, code: "wrong-encoding", counted: "facts bad_request"},
		{name: "packed twice", request: twice("Content-Encoding", "gzip"), status: 415, code: "wrong-encoding", counted: "facts bad_request"},
		{name: "packed twice in a line", request: with("Content-Encoding", "gzip, gzip"), status: 415, code: "wrong-encoding", counted: "facts bad_request"},
	}
}

// TestExchanges sends every request of the table. Nothing of the token or the body is in an answer or in the log.
func TestExchanges(t *testing.T) {
	t.Parallel()
	for _, e := range exchanges() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			if e.change != nil {
				e.change(f)
			}
			request := e.request
			if request == nil {
				request = func(t *testing.T) *http.Request { return upload(t, strings.NewReader(someBody)) }
			}
			w := httptest.NewRecorder()
			h := f.handler(t)
			h.ServeHTTP(w, request(t))
			checkAnswer(t, e, w)
			if diff := cmp.Diff([]string{e.counted}, f.counted); diff != "" {
				t.Errorf("counted: -want +got:\n%s", diff)
			}
			for _, secret := range append(strings.Split(someToken, "."), "body-canary") {
				if strings.Contains(w.Body.String(), secret) || strings.Contains(f.log.String(), secret) {
					t.Errorf("%q is in the answer or the log:\n%s\n%s", secret, w.Body, f.log.String())
				}
			}
			if !allFree(h) {
				t.Error("memory is still held")
			}
		})
	}
}

func allFree(h http.Handler) bool {
	s, ok := h.(*server)
	return ok && s.memory.free.TryAcquire(bodies*(s.MaxBytes+firstPart))
}

// TestOrder makes sure that a body is read only for a token that could be one, and verified by what was sent.
func TestOrder(t *testing.T) {
	t.Parallel()
	f := newFixture()
	w := httptest.NewRecorder()
	r := upload(t, iotest.ErrReader(errors.New("the body was read")))
	r.Header.Set("Authorization", "Bearer nothing")
	f.handler(t).ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("status %d", w.Code)
	}

	sent := pack(someBody)
	sum := sha256.Sum256(sent)
	var got []string
	f.options.Verifier = verifier(func(token, purpose, digest string) (control.Run, error) {
		got = append(got, token, purpose, digest)
		return control.Run{RepositoryID: 1}, nil
	})
	w = httptest.NewRecorder()
	f.handler(t).ServeHTTP(w, packed(sent)(t))
	if diff := cmp.Diff([]string{someToken, "facts", hex.EncodeToString(sum[:])}, got); diff != "" {
		t.Errorf("verified: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{someBody}, f.got); diff != "" {
		t.Errorf("received: -want +got:\n%s", diff)
	}
}
