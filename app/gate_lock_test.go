package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/github/githubtest"
)

// withKey gives the server a signing key, and returns what a verifier pins.
func (w *world) withKey() seal.Key {
	w.t.Helper()
	text, pinned := keyFile(w.t)
	file := filepath.Join(w.t.TempDir(), "signing.pem")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.env["PLATFORM_SIGNING_KEY_FILE"] = file
	return pinned
}

// keyed gives the server a signing key that nobody pins.
func keyed(w *world) { w.withKey() }

// keyFile is a new signing key as an operator keeps it, and what a verifier pins.
func keyFile(t testing.TB) (text string, pinned seal.Key) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), seal.NewKey(public)
}

// askLock asks from within a deploying job, whose token's claims may be changed.
func (w *world) askLock(r *githubtest.Repo, run githubtest.Run, body string, changes map[string]any) (status int, answer map[string]json.RawMessage) {
	w.t.Helper()
	sum := sha256.Sum256([]byte(body))
	claims := r.Claims(run.ID, run.Jobs[0].ID, w.env["PLATFORM_PUBLIC_URL"]+"/gate/"+hex.EncodeToString(sum[:]))
	claims["environment"] = "production"
	maps.Copy(claims, changes)
	token, err := w.hub.IDToken(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	status, text := w.post("/api/v1/gate/decide", token, []byte(body))
	if err := json.Unmarshal(text, &answer); err != nil {
		w.t.Fatalf("%d %s", status, text)
	}
	return status, answer
}

func locking(id int64, commit string) githubtest.Run {
	run := deploying(id, commit)
	run.Status, run.Jobs[0].Status, run.Ref = "in_progress", "in_progress", "refs/heads/main"
	return run
}

const lockBody = `{"version":1,"environment":"production"}`

// TestSecondLock: a deploying job asks for itself; the signed answer holds for it alone.
func TestSecondLock(t *testing.T) {
	t.Parallel()
	var pinned seal.Key
	w, r := gated(t, "", func(w *world) { pinned = w.withKey() })
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 3, 0)
	run := locking(10, tip)
	r.AddRun(run)
	status, answer := w.askLock(r, run, lockBody, nil)
	if status != http.StatusAccepted || string(answer["outcome"]) != `"approved"` {
		t.Fatalf("%d %s", status, answer)
	}
	want := seal.Subject{
		Server: w.env["PLATFORM_PUBLIC_URL"], Installation: r.Installation(), Repository: r.ID, Environment: "production", RunID: 10, Attempt: 1,
		Job: "deploy", Commit: tip, Tree: r.Tree(tip), Digests: []string{},
	}
	v, err := seal.Verify(t.Context(), answer["verdict"], []seal.Key{pinned}, want, time.Now())
	if err != nil || v.Outcome != "approved" || v.Basis != "evidence" || v.Sequence == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	want.Job = "other"
	if _, err := seal.Verify(t.Context(), answer["verdict"], []seal.Key{pinned}, want, time.Now()); !errors.Is(err, seal.ErrSubject) {
		t.Errorf("another job may use it: %v", err)
	}
	if _, keys := w.get(w.env["PLATFORM_PUBLIC_URL"] + "/.well-known/platform-keys.json"); !strings.Contains(keys, pinned.ID) {
		t.Errorf("the key is not shown: %s", keys)
	}

	untested := r.Commit("main", map[string]string{"new.md": "text\n"})
	bad := locking(11, untested)
	r.AddRun(bad)
	if status, answer = w.askLock(r, bad, lockBody, nil); status != http.StatusAccepted || string(answer["outcome"]) != `"rejected"` || string(answer["code"]) != `"wrong-tree"` {
		t.Errorf("untested: %d %s", status, answer)
	}
	w.lockAttacks(r, run)
}

// lockAttacks are questions of jobs that may not ask, or that contradict what GitHub says.
func (w *world) lockAttacks(r *githubtest.Repo, run githubtest.Run) {
	w.t.Helper()
	for name, c := range map[string]struct {
		body    string
		changes map[string]any
		status  int
		text    string
	}{
		"a job in no environment":      {changes: map[string]any{"environment": ""}, status: 403, text: "wrong-environment"},
		"a job in another environment": {changes: map[string]any{"environment": "staging"}, status: 403, text: "wrong-environment"},
		"another case":                 {changes: map[string]any{"environment": "Production"}, status: 403, text: "wrong-environment"},
		"another commit":               {changes: map[string]any{"sha": strings.Repeat("0", 40)}, status: 403, text: "wrong-head"},
		"another attempt":              {changes: map[string]any{"run_attempt": "2"}, status: 403, text: "run-ended"},
		"a job that is nowhere":        {changes: map[string]any{"check_run_id": "9"}, status: 403, text: "unknown-job"},
		"another purpose":              {changes: map[string]any{"aud": w.audience([]byte(lockBody))}, status: 401, text: "wrong-audience"},
		"another tree":                 {body: `{"version":1,"environment":"production","tree":"` + strings.Repeat("1", 40) + `"}`, status: 403, text: "wrong-tree"},
		"a tag for a digest":           {body: `{"version":1,"environment":"production","digests":["shop:latest"]}`, status: 202, text: "wrong-digest"},
		"a digest without provenance":  {body: `{"version":1,"environment":"production","digests":["sha256:` + strings.Repeat("a", 64) + `"]}`, status: 202, text: "error"},
		"an unknown member":            {body: `{"version":1,"environment":"production","outcome":"approved"}`, status: 422, text: "bad-document"},
		"nothing":                      {body: `{}`, status: 422, text: "bad-document"},
		"a token that was used":        {changes: map[string]any{"jti": "once"}, status: 409, text: "token-used"},
	} {
		body := c.body
		if body == "" {
			body = lockBody
		}
		if c.text == "token-used" {
			w.askLock(r, run, body, c.changes)
		}
		status, answer := w.askLock(r, run, body, c.changes)
		text, err := json.Marshal(answer)
		if err != nil {
			w.t.Fatal(err)
		}
		if status != c.status || !strings.Contains(string(text), c.text) || strings.Contains(string(answer["outcome"]), "approved") {
			w.t.Errorf("%s: %d %s", name, status, text)
		}
	}
}

// TestNoKey: a server without a signing key answers no job.
func TestNoKey(t *testing.T) {
	t.Parallel()
	w, r := gated(t, "")
	run := locking(10, r.Head("main"))
	r.AddRun(run)
	if status, answer := w.askLock(r, run, lockBody, nil); status != http.StatusForbidden || !strings.Contains(string(answer["error"]), "no-signing-key") {
		t.Errorf("%d %s", status, answer)
	}
}
