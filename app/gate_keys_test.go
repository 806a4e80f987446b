package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/renameio/v2"

	"github.com/org/platform-action/internal/gate/seal"
)

// TestKeyReplaced: a signing key is replaced while the server runs. The new one signs; the old one stays published with its end,
// and proves what it signed before it. A file that nobody can read changes nothing.
func TestKeyReplaced(t *testing.T) {
	t.Parallel()
	var first seal.Key
	w, r := gated(t, "", func(w *world) { first = w.withKey() })
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 3, 0)
	file := w.env["PLATFORM_SIGNING_KEY_FILE"]
	write := func(text string) {
		t.Helper()
		if err := renameio.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asks := func(id int64) []byte {
		t.Helper()
		run := locking(id, tip)
		r.AddRun(run)
		status, answer := w.askLock(r, run, lockBody, nil)
		if status != http.StatusAccepted || string(answer["outcome"]) != `"approved"` {
			t.Fatalf("%d %s", status, answer)
		}
		return answer["verdict"]
	}
	published := func() string {
		_, text := w.get(w.env["PLATFORM_PUBLIC_URL"] + "/.well-known/platform-keys.json")
		return text
	}
	old := asks(10)
	text, second := keyFile(t)
	public, err := first.PEM()
	if err != nil {
		t.Fatal(err)
	}
	first.NotAfter = time.Now().UTC().Truncate(time.Second)
	end := first.NotAfter.Format(time.RFC3339)
	write(text + strings.Replace(public, "-----\n", "-----\nNot-After: "+end+"\n\n", 1))
	w.eventually("the new key is shown", func() bool { return strings.Contains(published(), second.ID) })
	if list := published(); strings.Index(list, second.ID) > strings.Index(list, first.ID) || strings.Count(list, `"not_after":"`+end+`"`) != 1 {
		t.Errorf("published: %s", list)
	}
	if _, err := seal.Open(t.Context(), asks(11), []seal.Key{second}); err != nil {
		t.Errorf("by the new key: %v", err)
	}
	if _, err := seal.Open(t.Context(), old, []seal.Key{second, first}); err != nil {
		t.Errorf("by the old one: %v", err)
	}
	write("-----BEGIN PRIVATE KEY-----\n")
	w.eventually("the fault is told", func() bool { published(); return strings.Contains(w.log.String(), "cannot be used") })
	if _, err := seal.Open(t.Context(), asks(12), []seal.Key{second}); err != nil {
		t.Errorf("with a file that is broken: %v", err)
	}
}

// TestRotationAsDocumented runs what docs/operations.md says, twice.
func TestRotationAsDocumented(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is needed: it is what docs/operations.md tells operators to use")
	}
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```sh\n(openssl genpkey -algorithm ed25519 -out next.pem\n.*?)```").FindSubmatch(page)
	if script == nil {
		t.Fatal("docs/operations.md does not say how the key is replaced")
	}
	dir := t.TempDir()
	text, first := keyFile(t)
	if err := os.WriteFile(filepath.Join(dir, "signing.pem"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		shell := exec.CommandContext(t.Context(), "bash", "-euc", string(script[1]))
		shell.Dir = dir
		if out, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		data, err := os.ReadFile(filepath.Join(dir, "signing.pem"))
		if err != nil {
			t.Fatal(err)
		}
		ring, err := seal.ParseRing(data)
		if err != nil || len(ring.Retired) != n+1 || ring.Retired[n].ID != first.ID || time.Since(ring.Retired[0].NotAfter) > time.Minute {
			t.Fatalf("after %d: %+v, %v", n+1, ring, err)
		}
	}
}
