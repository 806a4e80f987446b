// Package git reads commits of the repository around a folder, by the git program: the tree of a commit as a file
// system, without touching the work tree.
package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxFiles bounds the tree of a commit.
const maxFiles = 500_000

// MergeBase is the commit that the work tree's HEAD and ref have in common: what a pull request is compared with.
func MergeBase(ctx context.Context, dir, ref string) (string, error) {
	if strings.HasPrefix(ref, "-") {
		return "", fmt.Errorf("%q is no reference", ref)
	}
	out, err := run(ctx, dir, "merge-base", "--end-of-options", ref, "HEAD")
	if err == nil {
		return strings.TrimSpace(out), nil
	}
	if _, missing := run(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}"); missing != nil {
		return "", fmt.Errorf("there is no commit %q here: fetch it, for example with: git fetch origin %s", ref, path.Base(ref))
	}
	return "", fmt.Errorf("%q and HEAD have no commit in common here: fetch more history, for example with: git fetch --unshallow", ref)
}

// Changed lists the files that differ between a commit and the work tree, those that git does not know yet among them;
// paths are relative to the repository.
func Changed(ctx context.Context, dir, commit string) ([]string, error) {
	root, err := run(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	root = strings.TrimSpace(root)
	var out []string
	for _, args := range [][]string{
		{"diff", "--name-only", "-z", "--no-renames", "--end-of-options", commit, "--"},
		{"ls-files", "--others", "--exclude-standard", "-z"},
	} {
		list, err := run(ctx, root, args...)
		if err != nil {
			return nil, err
		}
		for name := range strings.SplitSeq(list, "\x00") {
			if name != "" {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func run(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var errText bytes.Buffer
	cmd.Stderr = &errText
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("git is not on the PATH: install it, or compare with a folder by --base DIR")
	}
	if err != nil {
		return "", fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(errText.String()))
	}
	return string(out), nil
}

// Tree is the file system of one commit. Files are read from git's object store when they are opened; symbolic links
// are links, and submodules are empty irregular files. It must be closed.
type Tree struct {
	dirs  map[string][]fs.DirEntry
	files map[string]*node

	mu    sync.Mutex
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	close context.CancelFunc
}

// node is one entry of the tree.
type node struct {
	name string
	mode fs.FileMode
	size int64
	id   string
}

// Open lists the tree of a commit of the repository around dir.
func Open(ctx context.Context, dir, commit string) (*Tree, error) {
	list, err := run(ctx, dir, "ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", commit)
	if err != nil {
		return nil, err
	}
	t := &Tree{dirs: map[string][]fs.DirEntry{".": nil}, files: map[string]*node{}}
	for line := range strings.SplitSeq(list, "\x00") {
		head, name, ok := strings.Cut(line, "\t")
		fields := strings.Fields(head)
		if !ok || len(fields) != 4 || !fs.ValidPath(name) {
			continue
		}
		if len(t.files) >= maxFiles {
			return nil, fmt.Errorf("the commit has more than %d files", maxFiles)
		}
		size, _ := strconv.ParseInt(fields[3], 10, 64) // "-" of a submodule is no size
		t.add(&node{name: name, mode: modeOf(fields[0]), size: size, id: fields[2]})
	}
	for d := range t.dirs {
		slices.SortFunc(t.dirs[d], func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	ctx, t.close = context.WithCancel(ctx)
	t.cmd = exec.CommandContext(ctx, "git", "cat-file", "--batch")
	t.cmd.Dir = dir
	t.cmd.WaitDelay = time.Second
	if t.in, err = t.cmd.StdinPipe(); err == nil {
		var out io.ReadCloser
		if out, err = t.cmd.StdoutPipe(); err == nil {
			t.out = bufio.NewReaderSize(out, 1<<16)
			err = t.cmd.Start()
		}
	}
	if err != nil {
		t.close()
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	return t, nil
}

// Close ends the git process behind the tree.
func (t *Tree) Close() error {
	_ = t.in.Close()
	t.close()
	_ = t.cmd.Wait() // it was told to end
	return nil
}

func modeOf(octal string) fs.FileMode {
	switch octal {
	case "120000":
		return fs.ModeSymlink | 0o777
	case "160000":
		return fs.ModeIrregular
	case "100755":
		return 0o755
	}
	return 0o644
}

func (t *Tree) add(n *node) {
	t.files[n.name] = n
	t.insert(n.name, n)
}

// insert adds an entry to its folder, and the folder to its own.
func (t *Tree) insert(name string, n *node) {
	parent := path.Dir(name)
	_, known := t.dirs[parent]
	t.dirs[parent] = append(t.dirs[parent], fs.FileInfoToDirEntry(info{n}))
	if !known {
		t.insert(parent, &node{name: parent, mode: fs.ModeDir | 0o755})
	}
}

type info struct{ n *node }

func (i info) Name() string       { return path.Base(i.n.name) }
func (i info) Size() int64        { return i.n.size }
func (i info) Mode() fs.FileMode  { return i.n.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.n.mode.IsDir() }
func (i info) Sys() any           { return nil }

// Open implements fs.FS.
func (t *Tree) Open(name string) (fs.File, error) {
	if entries, ok := t.dirs[name]; ok {
		return &folder{&node{name: name, mode: fs.ModeDir | 0o755}, slices.Clone(entries)}, nil
	}
	n, ok := t.files[name]
	if !ok || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if !n.mode.IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("no regular file")}
	}
	data, err := t.blob(n.id)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &file{n, bytes.NewReader(data)}, nil
}

// Lstat implements fs.ReadLinkFS, so that a link is seen as one.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	if _, ok := t.dirs[name]; ok {
		return info{&node{name: name, mode: fs.ModeDir | 0o755}}, nil
	}
	if n, ok := t.files[name]; ok {
		return info{n}, nil
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

// ReadLink implements fs.ReadLinkFS; links are never followed here.
func (t *Tree) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: errors.New("links are not followed")}
}

// blob reads one object from the running git process.
func (t *Tree) blob(id string) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := io.WriteString(t.in, id+"\n"); err != nil {
		return nil, err
	}
	head, err := t.out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(head)
	if len(fields) != 3 || fields[1] != "blob" {
		return nil, fmt.Errorf("git has no such file: %.80s", strings.TrimSpace(head))
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(t.out, data); err != nil {
		return nil, err
	}
	_, err = t.out.ReadByte() // the line end after each object
	return data, err
}

type file struct {
	n *node
	*bytes.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return info{f.n}, nil }
func (f *file) Close() error               { return nil }

type folder struct {
	n    *node
	left []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return info{f.n}, nil }
func (f *folder) Close() error               { return nil }
func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.n.name, Err: errors.New("is a folder")}
}

// ReadDir implements fs.ReadDirFile.
func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		out := f.left
		f.left = nil
		return out, nil
	}
	if len(f.left) == 0 {
		return nil, io.EOF
	}
	out := f.left[:min(n, len(f.left))]
	f.left = f.left[len(out):]
	return out, nil
}
