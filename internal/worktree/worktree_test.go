package worktree

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// checkout is a work tree of git with some of each kind of file.
type checkout struct {
	t   *testing.T
	dir string
}

func (c checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %s", args, out)
	}
	return strings.TrimSpace(string(out))
}

func (c checkout) write(name, text string) {
	c.t.Helper()
	name = filepath.Join(c.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
		c.t.Fatal(err)
	}
}

func (c checkout) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{t, t.TempDir()}
	c.git("init", "-q")
	for _, name := range []string{"a", "a.b/c", "a-b", "aa/b/c/d", "empty", "name with spaces", "üñï", strings.Repeat("long/", 20) + "name"} {
		c.write(name, "content of "+name+"\n")
	}
	c.write("run", "#!/bin/sh\n")
	c.must(os.Chmod(filepath.Join(c.dir, "run"), 0o755))
	c.must(os.Symlink("a.b/c", filepath.Join(c.dir, "link")))
	c.must(os.Symlink("/nowhere", filepath.Join(c.dir, "out")))
	c.write(".gitattributes", "*.bat text eol=crlf\n")
	c.write("start.bat", "one\ntwo\n")
	c.git("add", ".")
	c.git("commit", "-qm", "one")
	c.must(os.Remove(filepath.Join(c.dir, "start.bat")))
	c.git("checkout", "-q", "--", "start.bat")
	return c
}

func (c checkout) tree() string { return c.git("rev-parse", "HEAD^{tree}") }

// TestTree: the tree is the one that git names, by every form of the index.
func TestTree(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	if data, err := os.ReadFile(filepath.Join(c.dir, "start.bat")); err != nil || string(data) != "one\r\ntwo\r\n" {
		t.Fatalf("git converts nothing: %q, %v", data, err)
	}
	for _, version := range []string{"2", "4", "2"} {
		c.git("update-index", "--index-version", version)
		if s, err := Read(c.dir); err != nil || s.Tree != c.tree() || len(s.Changed) > 0 {
			t.Errorf("version %s: %+v, %v; want %s", version, s, err, c.tree())
		}
	}
	c.write("not tracked", "x")
	if s, err := Read(c.dir); err != nil || s.Tree != c.tree() {
		t.Errorf("not tracked: %+v, %v", s, err)
	}
	other := filepath.Join(t.TempDir(), "other")
	c.git("worktree", "add", "-q", other)
	if s, err := Read(other); err != nil || s.Tree != c.tree() {
		t.Errorf("another work tree: %+v, %v", s, err)
	}
	c.git("sparse-checkout", "set", "--no-cone", "/a*", "!/aa")
	if _, err := os.Stat(filepath.Join(c.dir, "run")); err == nil {
		t.Fatal("the checkout is not sparse")
	}
	if s, err := Read(c.dir); err != nil || s.Tree != c.tree() {
		t.Errorf("sparse: %+v, %v; want %s", s, err, c.tree())
	}
	c.write("aa/b/c/d", "left out, and there all the same\n")
	if s, err := Read(c.dir); err != nil || !slices.Equal(s.Changed, []string{"aa/b/c/d"}) || s.Tree != "" {
		t.Errorf("sparse, and there: %+v, %v", s, err)
	}
}

// TestPointer: a file of Git LFS is the one that its pointer names.
func TestPointer(t *testing.T) {
	t.Parallel()
	c := checkout{t, t.TempDir()}
	c.git("init", "-q")
	c.write("large", "version https://git-lfs.github.com/spec/v1\noid sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\nsize 1\n")
	c.git("add", ".")
	c.git("commit", "-qm", "one")
	c.write("large", "x")
	if s, err := Read(c.dir); err != nil || s.Tree != c.tree() {
		t.Errorf("%+v, %v", s, err)
	}
	c.write("large", "y")
	if s, err := Read(c.dir); err != nil || len(s.Changed) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestChanged: whatever git is told to overlook, a file that differs is seen.
func TestChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c checkout) string{
		"edited": func(c checkout) string { c.write("a", "other\n"); return "a" },
		"same size and time": func(c checkout) string {
			at := filepath.Join(c.dir, "a")
			info, err := os.Stat(at)
			c.must(err)
			c.write("a", "Content of a\n")
			c.must(os.Chtimes(at, info.ModTime(), info.ModTime()))
			return "a"
		},
		"assumed unchanged": func(c checkout) string {
			c.git("update-index", "--assume-unchanged", "a")
			c.write("a", "other\n")
			return "a"
		},
		"skipped": func(c checkout) string {
			c.git("update-index", "--skip-worktree", "a")
			c.write("a", "other\n")
			return "a"
		},
		"removed":           func(c checkout) string { c.must(os.Remove(filepath.Join(c.dir, "a"))); return "a" },
		"executable":        func(c checkout) string { c.must(os.Chmod(filepath.Join(c.dir, "a"), 0o755)); return "a" },
		"no longer":         func(c checkout) string { c.must(os.Chmod(filepath.Join(c.dir, "run"), 0o644)); return "run" },
		"another link":      func(c checkout) string { return c.link("link", "a") },
		"a link for a file": func(c checkout) string { return c.link("a", "a.b/c") },
		"a file for a link": func(c checkout) string {
			c.must(os.Remove(filepath.Join(c.dir, "link")))
			c.write("link", "a.b/c")
			return "link"
		},
		"a link for a folder": func(c checkout) string {
			c.must(os.Rename(filepath.Join(c.dir, "a.b"), filepath.Join(c.dir, "elsewhere")))
			c.must(os.Symlink("elsewhere", filepath.Join(c.dir, "a.b")))
			return "a.b/c"
		},
		"a folder for a file": func(c checkout) string {
			c.must(os.Remove(filepath.Join(c.dir, "a")))
			c.write("a/x", "")
			return "a"
		},
	} {
		c := newCheckout(t)
		want := change(c)
		if s, err := Read(c.dir); err != nil || !slices.Equal(s.Changed, []string{want}) || s.Tree != "" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func (c checkout) link(name, to string) string {
	c.t.Helper()
	c.must(os.Remove(filepath.Join(c.dir, name)))
	c.must(os.Symlink(to, filepath.Join(c.dir, name)))
	return name
}

// TestStaged: what is added is another tree than the commit's, which whoever knows the commit's sees.
func TestStaged(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	before := c.tree()
	c.write("a", "other\n")
	c.git("add", "a")
	if s, err := Read(c.dir); err != nil || s.Tree == before || s.Tree != c.git("write-tree") {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestSubmodule: one that was left out is as it should be, and of one that was checked out nobody can tell.
func TestSubmodule(t *testing.T) {
	t.Parallel()
	inner, c := newCheckout(t), newCheckout(t)
	c.git("submodule", "--quiet", "add", inner.dir, "inner")
	c.git("commit", "-qm", "two")
	if s, err := Read(c.dir); err != nil || !slices.Equal(s.Changed, []string{"inner"}) {
		t.Errorf("%+v, %v", s, err)
	}
	c.git("submodule", "--quiet", "deinit", "--all")
	if s, err := Read(c.dir); err != nil || s.Tree != c.tree() {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestNoCheckout: what is none, or is not understood, is an error and no tree.
func TestNoCheckout(t *testing.T) {
	t.Parallel()
	if _, err := Read(t.TempDir()); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	for name, change := range map[string]func(c checkout){
		"no index":     func(c checkout) { c.must(os.Remove(filepath.Join(c.dir, ".git", "index"))) },
		"empty index":  func(c checkout) { c.write(".git/index", "") },
		"leads away":   func(c checkout) { c.must(os.RemoveAll(filepath.Join(c.dir, ".git"))); c.write(".git", "x") },
		"nowhere":      func(c checkout) { c.must(os.RemoveAll(filepath.Join(c.dir, ".git"))); c.write(".git", "gitdir: gone") },
		"split":        func(c checkout) { c.git("update-index", "--split-index") },
		"sparse index": func(c checkout) { c.git("sparse-checkout", "set", "--cone", "--sparse-index", "a.b") },
		"to be added":  func(c checkout) { c.write("new", "x"); c.git("add", "--intent-to-add", "new") },
		"a merge": func(c checkout) {
			c.git("update-index", "--force-remove", "a")
			cmd := exec.CommandContext(c.t.Context(), "git", "update-index", "--index-info")
			cmd.Dir, cmd.Stdin = c.dir, strings.NewReader("100644 "+c.git("rev-parse", "HEAD:a")+" 1\ta\n")
			c.must(cmd.Run())
		},
		"damaged": func(c checkout) {
			data, err := os.ReadFile(filepath.Join(c.dir, ".git/index"))
			c.must(err)
			data[len(data)/2] ^= 1
			c.must(os.WriteFile(filepath.Join(c.dir, ".git/index"), data, 0o600))
		},
	} {
		c := newCheckout(t)
		change(c)
		if s, err := Read(c.dir); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// indexOf writes an index of version 2.
func indexOf(names ...string) []byte {
	out := binary.BigEndian.AppendUint32(append([]byte("DIRC"), 0, 0, 0, 2), uint32(len(names)))
	for _, name := range names {
		e := make([]byte, fixedSize)
		binary.BigEndian.PutUint32(e[24:], modeRegular)
		binary.BigEndian.PutUint16(e[flagsAt:], uint16(min(len(name), 0xfff)))
		e = append(e, name...)
		out = append(out, append(e, make([]byte, 8-len(e)%8)...)...)
	}
	sum := sha1.Sum(out)
	return append(out, sum[:]...)
}

// TestNames: no name leads out of the folder, or into git's own.
func TestNames(t *testing.T) {
	t.Parallel()
	if list, err := parseIndex(indexOf("a", "b/c")); err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, bad := range [][]string{{"../a"}, {"/a"}, {"a/../b"}, {"."}, {""}, {".git/config"}, {"a/.GIT/x"}, {"b", "a"}, {"a", "a"}, {"a//b"}, {strings.Repeat("a/", 3000) + "a"}} {
		if list, err := parseIndex(indexOf(bad...)); err == nil {
			t.Errorf("%.40q: %d", bad, len(list))
		}
	}
	list, err := parseIndex(indexOf("a", "a.b", "a/c"))
	if err != nil {
		t.Fatal(err)
	}
	if tree, err := treeOf(list); err == nil {
		t.Errorf("a file that is a folder: %s", tree)
	}
}

// FuzzIndex: whatever is taken for an index has sorted names that stay in the folder, and a tree.
func FuzzIndex(f *testing.F) {
	f.Add(indexOf())
	f.Add(indexOf("a", "b/c"))
	f.Add(indexOf("../a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > sha1.Size { // else every input ends at the checksum
			sum := sha1.Sum(data[:len(data)-sha1.Size])
			copy(data[len(data)-sha1.Size:], sum[:])
		}
		list, err := parseIndex(data)
		if err != nil {
			return
		}
		for i, e := range list {
			if !filepath.IsLocal(e.name) || i > 0 && list[i-1].name >= e.name {
				t.Errorf("%q", e.name)
			}
		}
		if tree, err := treeOf(list); err == nil {
			if raw, err := hex.DecodeString(tree); err != nil || len(raw) != sha1.Size {
				t.Error(fmt.Sprint(tree, err))
			}
		}
	})
}
