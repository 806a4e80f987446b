package git_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/git"
)

// checkout makes a repository with one commit and gives a function that runs git in it.
func checkout(t *testing.T) (string, func(args ...string) string) {
	t.Helper()
	dir := t.TempDir()
	do := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	do("init", "-q", "-b", "main")
	put(t, dir, "a.txt", "one\n")
	put(t, dir, "b.txt", "one\n")
	do("add", ".")
	do("commit", "-qm", "one")
	return dir, do
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	dir, do := checkout(t)
	want := git.State{Commit: do("rev-parse", "HEAD"), Tree: do("rev-parse", "HEAD^{tree}")}
	see := func(what string, changed ...string) {
		t.Helper()
		got, err := git.Head(t.Context(), dir)
		want.Changed = changed
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", what, err, diff)
		}
	}
	see("clean")
	put(t, dir, "junit.xml", "<testsuite/>")
	see("a file that git does not know")
	put(t, dir, "a.txt", "two\n")
	see("changed", "a.txt")
	do("update-index", "--assume-unchanged", "a.txt")
	see("hidden by --assume-unchanged", "a.txt")
	do("update-index", "--no-assume-unchanged", "a.txt")
	do("update-index", "--skip-worktree", "a.txt")
	see("hidden by --skip-worktree", "a.txt")
	do("update-index", "--no-skip-worktree", "a.txt")
	do("checkout", "-q", "a.txt")
	see("clean again")
	do("update-index", "--skip-worktree", "b.txt")
	if err := os.Remove(filepath.Join(dir, "b.txt")); err != nil {
		t.Fatal(err)
	}
	see("removed, and hidden by --skip-worktree", "b.txt")
	do("config", "core.sparseCheckout", "true")
	see("left out by a sparse checkout")
	do("config", "core.sparseCheckout", "false")
	see("removed, and hidden: there is no sparse checkout", "b.txt")
	do("config", "extensions.worktreeConfig", "true")
	do("config", "--worktree", "core.sparseCheckout", "true")
	do("config", "--unset", "core.sparseCheckout")
	see("left out by a sparse checkout of this work tree")
	do("config", "--worktree", "--unset", "core.sparseCheckout")
	do("update-index", "--no-skip-worktree", "b.txt")
	see("removed", "b.txt")
	do("checkout", "-q", "b.txt")
	do("rm", "-q", "--cached", "a.txt")
	see("removed from the index", "a.txt")
}

// TestHeadOfHostile tries what a repository can do to the one who asks it: another commit in the place of HEAD's, a
// hook, a monitor.
func TestHeadOfHostile(t *testing.T) {
	t.Parallel()
	dir, do := checkout(t)
	want := git.State{Commit: do("rev-parse", "HEAD"), Tree: do("rev-parse", "HEAD^{tree}")}
	put(t, dir, "a.txt", "evil\n")
	do("commit", "-qam", "evil")
	evil := do("rev-parse", "HEAD")
	do("reset", "-q", "--hard", want.Commit)
	do("replace", want.Commit, evil)
	if do("rev-parse", "HEAD^{tree}") == want.Tree {
		t.Fatal("git replace does not replace here: this test shows nothing")
	}
	put(t, dir, ".git/ran.sh", "#!/bin/sh\ntouch \""+dir+"/.git/ran\"\n")
	do("config", "core.fsmonitor", filepath.Join(dir, ".git/ran.sh"))
	put(t, dir, ".git/hooks/post-index-change", "#!/bin/sh\ntouch \""+dir+"/.git/ran\"\n")
	got, err := git.Head(t.Context(), dir)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := os.Stat(filepath.Join(dir, ".git/ran")); err == nil {
		t.Error("something of the repository was run")
	}
	if tree, err := git.TreeOf(t.Context(), dir, want.Commit); err != nil || tree != want.Tree {
		t.Errorf("tree %s, %v", tree, err)
	}
}

func TestHeadIgnoresEnvironment(t *testing.T) { //nolint:paralleltest // it sets variables
	dir, do := checkout(t)
	commit := do("rev-parse", "HEAD")
	other, _ := checkout(t)
	put(t, other, "a.txt", "another\n")
	t.Setenv("GIT_DIR", filepath.Join(other, ".git"))
	t.Setenv("GIT_WORK_TREE", other)
	got, err := git.Head(t.Context(), dir)
	if err != nil || got.Commit != commit || len(got.Changed) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHeadOfNone(t *testing.T) {
	t.Parallel()
	if _, err := git.Head(t.Context(), t.TempDir()); !errors.Is(err, git.ErrNoRepository) {
		t.Error(err)
	}
}

// TestHeadOfDeaf: a repository can tell git to look less closely at its files.
func TestHeadOfDeaf(t *testing.T) {
	t.Parallel()
	dir, do := checkout(t)
	old := time.Now().Add(-time.Hour)
	age := func(name string) {
		t.Helper()
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	age("a.txt")
	do("update-index", "--refresh")
	put(t, dir, "new", "two\n") // as long as what was there, and as old: another file in its place
	age("new")
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "a.txt")); err != nil {
		t.Fatal(err)
	}
	do("config", "core.trustctime", "false")
	do("config", "core.checkStat", "minimal")
	if do("status", "--porcelain") != "" {
		t.Fatal("git sees the change all the same: this test shows nothing")
	}
	changed(t, dir, "a.txt")
}

// TestHeadOfSubmodule: a commit of a submodule that is not the one of the tree is a change, whatever is ignored.
func TestHeadOfSubmodule(t *testing.T) {
	t.Parallel()
	dir, do := checkout(t)
	other, _ := checkout(t)
	do("-c", "protocol.file.allow=always", "submodule", "add", "-q", other, "lib")
	do("commit", "-qm", "with a submodule")
	changed(t, dir)
	do("-C", "lib", "commit", "-q", "--allow-empty", "-m", "another")
	do("config", "diff.ignoreSubmodules", "all")
	do("config", "submodule.lib.ignore", "all")
	if do("status", "--porcelain") != "" {
		t.Fatal("git sees the change all the same: this test shows nothing")
	}
	changed(t, dir, "lib")
}

// TestHeadWritesNothing: whoever asks leaves the index as it is, so that no hook has a reason to run.
func TestHeadWritesNothing(t *testing.T) {
	t.Parallel()
	dir, do := checkout(t)
	index := filepath.Join(dir, ".git/index")
	before, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a.txt"), old, old); err != nil {
		t.Fatal(err)
	}
	changed(t, dir)
	if after, err := os.ReadFile(index); err != nil || string(after) != string(before) {
		t.Errorf("the index was written: %v", err)
	}
	do("status")
	if after, err := os.ReadFile(index); err != nil || string(after) == string(before) {
		t.Fatalf("git has nothing to write: this test shows nothing (%v)", err)
	}
}

func changed(t *testing.T, dir string, want ...string) {
	t.Helper()
	got, err := git.Head(t.Context(), dir)
	if diff := cmp.Diff(want, got.Changed); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
