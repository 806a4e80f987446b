// Package locktest is an App that answers deploying jobs as a test tells it to, and the answers that a job must not
// believe: each program that asks is held to the same ones.
package locktest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

// What a job of App.Env is of, and App answers about.
const (
	Commit = "cccccccccccccccccccccccccccccccccccccccc"
	Tree   = "dddddddddddddddddddddddddddddddddddddddd"
	Digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// Issued is when answers are issued. A job that asks a minute later may believe them.
func Issued() time.Time { return time.Date(2026, 11, 20, 9, 59, 0, 0, time.UTC) }

// Key is one of many signing keys.
func Key(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

// Public is its public half, as openssl writes it.
func Public(n byte) []byte {
	der, err := x509.MarshalPKIXPublicKey(Key(n).Public())
	if err != nil {
		panic(err) // of a key that was made right here
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// App signs a verdict about what a job of Env asks, changed by a test. The zero value approves.
type App struct {
	Signer byte // of Key; 0: 1
	Change func(v *seal.Verdict)
	Status int    // 0: accepted
	Body   string // in place of the answer
	Code   string // of the answer

	mu       sync.Mutex
	audience string
	asked    []map[string]any
	faults   []string
}

// Serve starts it.
func (a *App) Serve() *httptest.Server { return httptest.NewServer(a) }

// Asked are the documents that came.
func (a *App) Asked() []map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// Faults are what no App would have taken.
func (a *App) Faults() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.faults
}

// Env is what a runner sets, with the App at server.
func Env(server, token string) map[string]string {
	return map[string]string{
		"ACTIONS_ID_TOKEN_REQUEST_URL": server + "/token/" + token, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", "GITHUB_REPOSITORY_ID": "2",
		"GITHUB_RUN_ID": "20", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "deploy", "GITHUB_SHA": Commit,
	}
}

// ServeHTTP hands out tokens, and takes questions.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token, ok := strings.CutPrefix(r.URL.Path, "/token/"); ok {
		a.audience = r.URL.Query().Get("audience")
		_ = json.NewEncoder(w).Encode(map[string]string{"value": token})
		return
	}
	if err := a.take(r); err != nil {
		a.faults = append(a.faults, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer := []byte(a.Body)
	if a.Body == "" {
		signed, err := seal.Sign(context.WithoutCancel(r.Context()), Key(max(a.Signer, 1)), a.Verdict("http://"+r.Host))
		if err == nil {
			answer, err = json.Marshal(map[string]any{"outcome": "approved", "basis": "evidence", "code": a.Code, "message": "said \x1b[31mred", "verdict": json.RawMessage(signed)})
		}
		if err != nil {
			a.faults = append(a.faults, err.Error())
		}
	}
	if a.Status == 0 {
		a.Status = http.StatusAccepted
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(answer)
}

func (a *App) take(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if want := "http://" + r.Host + "/gate/" + hex.EncodeToString(sum[:]); r.URL.Path != "/api/v1/gate/decide" || a.audience != want {
		return fmt.Errorf("%s with audience %s, want %s", r.URL.Path, a.audience, want)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return err
	}
	var asked map[string]any
	if err := json.NewDecoder(z).Decode(&asked); err != nil {
		return err
	}
	a.asked = append(a.asked, asked)
	return nil
}

// Verdict is what it says under an address.
func (a *App) Verdict(server string) seal.Verdict {
	v := seal.Verdict{
		Subject: seal.Subject{Server: server, Installation: 1, Repository: 2, Environment: "production", RunID: 20, Attempt: 1, Job: "deploy", Commit: Commit, Tree: Tree,
			Digests: []string{Digest}},
		Outcome: "approved", Basis: "evidence", Decision: "sha256:1", Sequence: 7, Chain: "sha256:2", Issued: Issued(), Expires: Issued().Add(seal.Longest),
	}
	if a.Change != nil {
		a.Change(&v)
	}
	return v
}
