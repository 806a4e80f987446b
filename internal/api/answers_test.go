package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
)

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func pack(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// noise does not pack.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return string(out)
}

// checkAnswer compares with what the table wants, and with what every answer has.
func checkAnswer(t *testing.T, e exchange, w *httptest.ResponseRecorder) {
	t.Helper()
	var body struct {
		Error *struct{ Code, Message string }
		Head  string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	code := ""
	if body.Error != nil {
		code = body.Error.Code
	}
	if w.Code != e.status || code != e.code || (body.Error == nil) != (e.status == http.StatusAccepted) || (body.Head == "") != (body.Error != nil) {
		t.Errorf("%d %s, want %d and code %q", w.Code, w.Body, e.status, e.code)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Retry-After": e.wait,
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	challenge := w.Header().Get("WWW-Authenticate")
	if (e.status == http.StatusUnauthorized) != strings.HasPrefix(challenge, "Bearer ") || (e.code == "no-token") != (challenge == `Bearer realm="platform"`) {
		t.Errorf("WWW-Authenticate is %q", challenge)
	}
	if (e.status == http.StatusMethodNotAllowed) != (w.Header().Get("Allow") == "POST") {
		t.Errorf("Allow is %q", w.Header().Get("Allow"))
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(o *Options){
		"no verifier": func(o *Options) { o.Verifier = nil },
		"no receiver": func(o *Options) { o.Receive = nil },
		"no clock":    func(o *Options) { o.Now = nil },
		"no log":      func(o *Options) { o.Log = nil },
		"negative":    func(o *Options) { o.MaxBytes = -1 },
		"huge":        func(o *Options) { o.MaxBytes = 1 << 40 },
	} {
		f := newFixture()
		change(&f.options)
		if _, err := New(f.options); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	f := newFixture()
	f.options.MaxBytes, f.options.Observe = 0, nil
	h, ok := f.handler(t).(*server)
	if !ok || h.MaxBytes != 32<<20 {
		t.Errorf("the default is %d bytes", h.MaxBytes)
	}
}

func TestOtherRoutes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		status       int
		counted      string
	}{
		{http.MethodGet, OpenAPIPath, 200, "openapi served"},
		{http.MethodHead, OpenAPIPath, 200, "openapi served"},
		{http.MethodPost, OpenAPIPath, 405, "openapi bad_request"},
		{http.MethodGet, "/api/v1/", 404, "other not_found"},
		{http.MethodGet, "/api/v1/facts/../x", 404, "other not_found"},
		{http.MethodPost, FactsPath + "/", 404, "other not_found"},
		{http.MethodGet, "/api/v1/%3Cscript%3E", 404, "other not_found"},
	} {
		f := newFixture()
		w := httptest.NewRecorder()
		f.handler(t).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
		if w.Code != c.status || !json.Valid(w.Body.Bytes()) && c.method != http.MethodHead || strings.Contains(w.Body.String(), "<script") {
			t.Errorf("%s %s: %d %.100s, want %d", c.method, c.path, w.Code, w.Body, c.status)
		}
		if diff := cmp.Diff([]string{c.counted}, f.counted); diff != "" {
			t.Errorf("%s %s: -want +got:\n%s", c.method, c.path, diff)
		}
		if f.log.Len() > 0 {
			t.Errorf("%s %s: anybody can fill the log: %s", c.method, c.path, f.log.String())
		}
	}
}

// TestLimit sends more than a repository may; another one is not held up by it.
func TestLimit(t *testing.T) {
	t.Parallel()
	f := newFixture()
	repository := int64(1)
	f.options.Verifier = verifier(func(string, string, string) (control.Run, error) { return control.Run{RepositoryID: repository}, nil })
	h := f.handler(t)
	send := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, upload(t, strings.NewReader(someBody)))
		return w
	}
	for n := range uploadsPerMinute {
		if w := send(); w.Code != http.StatusAccepted {
			t.Fatalf("upload %d: %d", n, w.Code)
		}
	}
	for range 3 { // a refusal costs nothing
		checkAnswer(t, exchange{status: http.StatusTooManyRequests, code: "too-many-uploads", wait: "1"}, send())
	}
	repository = 2
	if w := send(); w.Code != http.StatusAccepted {
		t.Errorf("another repository: %d", w.Code)
	}
	repository = 1
	f.now = f.now.Add(time.Second)
	if w := send(); w.Code != http.StatusAccepted {
		t.Errorf("a second later: %d", w.Code)
	}
	if w := send(); w.Code != http.StatusTooManyRequests {
		t.Errorf("a second later, again: %d", w.Code)
	}
	if len(f.got) != uploadsPerMinute+2 {
		t.Errorf("%d uploads were received", len(f.got))
	}
}

// TestMemory holds all memory in uploads that are being received: the next one is sent away, and comes through later.
func TestMemory(t *testing.T) {
	t.Parallel()
	f := newFixture()
	begun, end := make(chan struct{}), make(chan struct{})
	f.options.Receive = func(context.Context, control.Run, []byte) (control.Receipt, error) {
		begun <- struct{}{}
		<-end
		return control.Receipt{Head: "a"}, nil
	}
	h, ok := f.handler(t).(*server)
	if !ok {
		t.Fatal("another handler")
	}
	h.memory.wait = 20 * time.Millisecond
	big := strings.Repeat("a", 1<<20)
	answers := make(chan int, bodies)
	for range bodies {
		go func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, upload(t, strings.NewReader(big)))
			answers <- w.Code
		}()
		<-begun
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, upload(t, strings.NewReader(big)))
	checkAnswer(t, exchange{status: http.StatusServiceUnavailable, code: "unavailable", wait: "10"}, w)
	close(end)
	for range bodies {
		if status := <-answers; status != http.StatusAccepted {
			t.Errorf("one that was first got %d", status)
		}
	}
	if !allFree(h) {
		t.Error("memory is still held")
	}
}

// stalled promises a body and does not send it.
type stalled struct{ begun, end chan struct{} }

func (s stalled) Read([]byte) (int, error) {
	s.begun <- struct{}{}
	<-s.end
	return 0, io.ErrUnexpectedEOF
}

// TestStalled has many senders promise large bodies: they hold nobody up.
func TestStalled(t *testing.T) {
	t.Parallel()
	f := newFixture()
	h, ok := f.handler(t).(*server)
	if !ok {
		t.Fatal("another handler")
	}
	const senders = 5 * bodies
	body := stalled{make(chan struct{}), make(chan struct{})}
	answers := make(chan int, senders)
	for range senders {
		r := upload(t, body)
		r.ContentLength = 1 << 20
		go func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			answers <- w.Code
		}()
		<-body.begun
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, upload(t, strings.NewReader(strings.Repeat("a", 1<<20))))
	if w.Code != http.StatusAccepted {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	close(body.end)
	for range senders {
		if status := <-answers; status != http.StatusBadRequest {
			t.Errorf("a sender that broke off got %d", status)
		}
	}
	if !allFree(h) {
		t.Error("memory is still held")
	}
}

// TestMessages cuts what a receiver says, and escapes it.
func TestMessages(t *testing.T) {
	t.Parallel()
	f := newFixture()
	unreceived(&control.Refused{Code: "bad-document", Message: "<script>\x1b[31m" + strings.Repeat("ä", 2000)})(f)
	w := httptest.NewRecorder()
	f.handler(t).ServeHTTP(w, upload(t, strings.NewReader(someBody)))
	if w.Body.Len() > 2*maxMessage+100 || strings.ContainsAny(w.Body.String(), "<\x1b") {
		t.Errorf("%d bytes: %s", w.Body.Len(), w.Body)
	}
}
