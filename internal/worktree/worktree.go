// Package worktree tells which tree is checked out from the bytes of the files alone, where there is no git program: a
// file counts as what it is, whatever git was told of it.
package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNone means that nothing is checked out.
var ErrNone = errors.New("no checkout is here")

// State is what is checked out.
type State struct {
	Tree    string   // id of the tree that the files make up; empty where some changed
	Changed []string // tracked files that are not what git's index says of them; sorted
}

const (
	maxIndex   = 256 << 20
	maxPointer = 4096 // of .git where it is a file
)

// Read reads the state of the folder. Every tracked file is read whole: neither times nor flags of the index are believed.
// Files that are not tracked are no part of a tree.
func Read(dir string) (State, error) {
	gitDir, err := gitFolder(dir)
	if err != nil {
		return State{}, err
	}
	data, err := readBounded(filepath.Join(gitDir, "index"), maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, errors.New("git's index is not there: check out with actions/checkout, with files")
	}
	if err != nil {
		return State{}, err
	}
	entries, err := parseIndex(data)
	if err != nil {
		return State{}, fmt.Errorf("git's index cannot be read: %w; ask with `platform gate decide`, which has git read it", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return State{}, err
	}
	defer func() { _ = root.Close() }()
	common := commonFolder(gitDir)
	l := looker{root: root, folders: map[string]bool{".": true}, attributes: newAttributes(root, common, entries)}
	leaves := sparse(gitDir, common)
	var s State
	for _, e := range entries {
		e.skipped = e.skipped && leaves
		same, err := l.holds(e)
		if err != nil {
			return State{}, fmt.Errorf("%.200q: %w", e.name, err)
		}
		if !same {
			s.Changed = append(s.Changed, e.name)
		}
	}
	if len(s.Changed) > 0 {
		slices.Sort(s.Changed)
		return s, nil
	}
	s.Tree, err = treeOf(entries)
	return s, err
}

// gitFolder finds .git, or where it leads.
func gitFolder(dir string) (string, error) {
	name := filepath.Join(dir, ".git")
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ErrNone
	case err != nil:
		return "", err
	case info.IsDir():
		return name, nil
	}
	data, err := readBounded(name, maxPointer)
	to, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
	if err != nil || !ok {
		return "", errors.Join(errors.New(".git leads nowhere"), err)
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(dir, to)
	}
	return to, nil
}

// looker looks at files without following a link.
type looker struct {
	root    *os.Root
	folders map[string]bool // real ones

	attributes *attributes
}

// holds reports that the folder has exactly what an entry says.
func (l *looker) holds(e entry) (bool, error) {
	if !l.folder(path.Dir(e.name)) {
		return e.skipped && !l.there(e.name), nil
	}
	info, err := l.root.Lstat(e.name)
	if errors.Is(err, fs.ErrNotExist) {
		return e.skipped || e.mode == modeModule, nil // a sparse checkout leaves it out
	}
	if err != nil {
		return false, err
	}
	switch mode := info.Mode(); {
	case e.mode == modeModule:
		return l.empty(e.name, info)
	case e.mode == modeLink:
		if mode&fs.ModeSymlink == 0 {
			return false, nil
		}
		to, err := l.root.Readlink(e.name)
		return err == nil && blobOf([]byte(to)) == e.id, err
	case !mode.IsRegular() || (mode.Perm()&0o100 != 0) != (e.mode == modeExecutable):
		return false, nil
	}
	return l.content(e, info.Size())
}

// folder reports that all of a path are folders and none is a link.
func (l *looker) folder(name string) bool {
	if known, ok := l.folders[name]; ok {
		return known
	}
	real := l.folder(path.Dir(name))
	if real {
		info, err := l.root.Lstat(name)
		real = err == nil && info.IsDir()
	}
	l.folders[name] = real
	return real
}

func (l *looker) there(name string) bool {
	_, err := l.root.Lstat(name)
	return err == nil
}

// empty reports a submodule that was not checked out. Of one that was, its files belong to another repository's commit,
// and are not looked at: it counts as a change.
func (l *looker) empty(name string, info fs.FileInfo) (bool, error) {
	if !info.IsDir() {
		return false, nil
	}
	list, err := fs.ReadDir(l.root.FS(), name)
	return len(list) == 0, err
}
