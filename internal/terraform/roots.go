package terraform

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// maxWalked bounds how many folders of a repository are looked into.
const maxWalked = 100_000

// Root is a root module of a repository.
type Root struct {
	Path    string   // of its folder
	Folders []string // its own and those of the local modules that it leads to, sorted
}

// Roots finds the root modules of a repository: folders with Terraform source that no other folder calls. What stands
// in a folder named modules is meant to be called, hidden folders and those of package managers are not looked into.
func Roots(fsys fs.FS) ([]Root, []fact.Fault, error) {
	l := &locator{fsys: fsys, root: ".", folders: map[string]*folder{}, modules: map[string]*folder{}}
	var dirs []string
	walked := 0
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && p == ".":
			return err
		case err != nil:
			l.fault(p, "cannot be read: "+reason(err), "")
			return fs.SkipDir
		case d.IsDir() && p != "." && skipped(d.Name()):
			return fs.SkipDir
		case d.IsDir():
			if walked++; walked > maxWalked {
				l.fault(".", "the repository has too many folders; roots in the rest are not found", "list them as roots in .github/platform.yml")
				return fs.SkipAll
			}
		case source(d.Name()):
			if dir := path.Dir(p); len(dirs) == 0 || dirs[len(dirs)-1] != dir {
				dirs = append(dirs, dir)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	called := map[string]bool{}
	for _, dir := range dirs {
		for _, target := range l.localCalls(dir) {
			called[target] = true
		}
	}
	var out []Root
	for _, dir := range dirs {
		if called[dir] || slices.Contains(strings.Split(dir, "/"), "modules") {
			continue
		}
		out = append(out, Root{dir, l.reachable(dir)})
	}
	return out, l.sorted(), nil
}

func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || name == "node_modules" || name == "vendor"
}

// localCalls are the folders of the local modules that a folder calls.
func (l *locator) localCalls(dir string) []string {
	f, err := l.open(dir)
	if err != nil || f == nil {
		return nil
	}
	var out []string
	for _, c := range f.calls {
		if target, ok := local(dir, c.source); ok && fs.ValidPath(target) && target != dir {
			out = append(out, target)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (l *locator) reachable(dir string) []string {
	seen := map[string]bool{dir: true}
	out := []string{dir}
	for i := 0; i < len(out); i++ {
		for _, target := range l.localCalls(out[i]) {
			if !seen[target] {
				seen[target] = true
				out = append(out, target)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Touched are the roots that a change of these files may change: a file in a folder of theirs, or below one and below
// no other folder of Terraform source.
func Touched(roots []Root, files []string) []Root {
	known := map[string]bool{}
	for _, r := range roots {
		for _, f := range r.Folders {
			known[f] = true
		}
	}
	changed := map[string]bool{}
	for _, f := range files {
		for dir := path.Dir(f); ; dir = path.Dir(dir) {
			if known[dir] {
				changed[dir] = true
				break
			}
			if dir == "." || dir == "/" {
				break
			}
		}
	}
	var out []Root
	for _, r := range roots {
		if slices.ContainsFunc(r.Folders, func(f string) bool { return changed[f] }) {
			out = append(out, r)
		}
	}
	return out
}
