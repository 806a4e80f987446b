package git_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/platform-action/internal/git"
)

// repository makes one with a commit on main and another on a branch, and leaves an uncommitted file.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	do := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	do("init", "-q", "-b", "main")
	write("infra/main.tf", "locals {}\n")
	write("infra/modules/a/b.tf", "\n")
	write("bin/run.sh", "#!/bin/sh\n")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "infra/link.tf")); err != nil {
		t.Fatal(err)
	}
	do("add", "-A")
	do("commit", "-q", "-m", "one")
	do("checkout", "-q", "-b", "branch")
	write("infra/main.tf", "locals { a = 1 }\n")
	do("commit", "-q", "-a", "-m", "two")
	write("infra/new.tf", "")
	return dir
}

func TestTree(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	base, err := git.MergeBase(t.Context(), filepath.Join(dir, "infra"), "main")
	if err != nil || len(base) < 40 {
		t.Fatal(base, err)
	}
	if changed, err := git.Changed(t.Context(), filepath.Join(dir, "infra"), base); err != nil || strings.Join(changed, " ") != "infra/main.tf infra/new.tf" {
		t.Error(changed, err)
	}
	tree, err := git.Open(t.Context(), filepath.Join(dir, "infra"), base)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tree.Close() }()
	for range 3 {
		if b, err := fs.ReadFile(tree, "infra/main.tf"); err != nil || string(b) != "locals {}\n" {
			t.Errorf("%q, %v", b, err)
		}
	}
	if _, err := fs.ReadFile(tree, "infra/new.tf"); err == nil {
		t.Error("a file of the work tree is in the commit")
	}
	if _, err := fs.ReadFile(tree, "infra/link.tf"); err == nil {
		t.Error("a symbolic link was followed")
	}
	if i, err := fs.Lstat(tree, "infra/link.tf"); err != nil || i.Mode()&fs.ModeSymlink == 0 {
		t.Error(i, err)
	}
	for range 2 { // a caller may do with the list what it likes
		entries, err := fs.ReadDir(tree, "infra")
		if err != nil || len(entries) != 3 || entries[0] == nil {
			t.Fatal(entries, err)
		}
		clear(entries)
	}
	if sub, err := fs.Sub(tree, "infra/modules"); err != nil {
		t.Error(err)
	} else if err := fstest.TestFS(sub, "a/b.tf"); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	for ref, want := range map[string]string{
		"nowhere": "git fetch origin nowhere", "--output=x": "is no reference", "": "there is no commit",
	} {
		if _, err := git.MergeBase(t.Context(), dir, ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", ref, err)
		}
	}
	if _, err := git.MergeBase(t.Context(), t.TempDir(), "main"); err == nil {
		t.Error("a folder outside of a repository has a merge base")
	}
}
