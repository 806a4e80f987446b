package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// tool runs a command of the program.
func tool(t *testing.T, w *world, args ...string) (code int, out string) {
	t.Helper()
	var text strings.Builder
	code = run(t.Context(), args, variables(w.env), &text, &text)
	return code, text.String()
}

// TestBackupOfAServer: a server is copied while it runs, lost with its disk, and made again elsewhere; it knows what was
// acknowledged before, and its pull requests go on.
func TestBackupOfAServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	_, sha, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "success")
	copied := filepath.Join(t.TempDir(), "copy.backup")
	code, out := tool(t, w, "backup", copied)
	equal(t, "backup: "+out, code, 0)
	if code, out := tool(t, w, "restore", copied); code != 2 || !strings.Contains(out, "stop the server") {
		t.Errorf("a database was put in the place of one in use: %d %s", code, out)
	}
	w.halt()
	w.env["PLATFORM_DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "elsewhere.db")
	code, out = tool(t, w, "restore", copied)
	equal(t, "restore: "+out, code, 0)
	w.start()
	w.swept()
	w.settled()
	if n := len(r.CheckRuns(sha)); n != 1 {
		t.Errorf("%d check runs after the restore: it forgot that there was one", n)
	}
	_, _, run = w.propose(r, "bigger-still", bigger("m5.2xlarge"))
	equal(t, "conclusion after the restore", run.Conclusion, "success")
}

// TestTools: what cannot be done is refused with a reason, and makes nothing.
func TestTools(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	file := filepath.Join(t.TempDir(), "x")
	for _, args := range [][]string{{"backup"}, {"backup", ""}, {"backup", "a", "b"}, {"restore"}, {"serve"}, {"health", "now"}, {"dump", file}} {
		if code, out := tool(t, w, args...); code != 2 || !strings.Contains(out, "platform-app backup FILE") {
			t.Errorf("%q: %d %s", args, code, out)
		}
	}
	w.env["PLATFORM_DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "none.db")
	if code, out := tool(t, w, "backup", file); code != 2 || !strings.Contains(out, "no database to copy") {
		t.Errorf("%d %s", code, out)
	}
	w.env["PLATFORM_DATABASE_URL"] = "postgres://u:canary@127.0.0.1:1/d"
	for _, name := range []string{"backup", "restore"} {
		if code, out := tool(t, w, name, file); code != 2 || !strings.Contains(out, "deploy/postgres/"+name) || strings.Contains(out, "canary") {
			t.Errorf("%d %s", code, out)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was made")
	}
}

// TestHealth: an image has no other way to ask than its own program.
func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.env["PLATFORM_LISTEN"] = freeAddress(t)
	if code, out := tool(t, w, "health"); code != 1 || out == "" {
		t.Errorf("nobody listens: %d %s", code, out)
	}
	w.start()
	_, port, _ := strings.Cut(w.env["PLATFORM_LISTEN"], ":")
	for _, listen := range []string{w.env["PLATFORM_LISTEN"], "0.0.0.0:" + port, ":" + port, "[::]:" + port} {
		w.env["PLATFORM_LISTEN"] = listen
		code, out := tool(t, w, "health")
		equal(t, "health at "+listen+": "+out, code, 0)
	}
}
