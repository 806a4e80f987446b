package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCarefulRunsNoHook asks git for a hook by its name: no command that is used today runs one, and the next that does
// must not.
func TestCarefulRunsNoHook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	if err := os.MkdirAll(filepath.Join(dir, ".git/hooks"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".git/hooks/post-index-change"), []byte("#!/bin/sh\ntouch \""+ran+"\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := careful(t.Context(), dir, "hook", "run", "--ignore-missing", "post-index-change"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the repository's hook was run")
	}
	git("hook", "run", "post-index-change")
	if _, err := os.Stat(ran); err != nil {
		t.Fatalf("the hook does not run at all, so that this test shows nothing: %v", err)
	}
}
