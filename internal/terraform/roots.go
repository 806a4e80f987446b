package terraform

import (
	"context"
	"io/fs"
	"maps"
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
	Reading bool     // something in them may read files elsewhere
}

// Roots finds the root modules of a repository: folders with Terraform source that no other folder calls. What stands
// in a folder named modules is meant to be called, hidden folders and those of package managers are not looked into.
func Roots(ctx context.Context, fsys fs.FS) ([]Root, []fact.Fault, error) {
	l := &locator{fsys: fsys, root: ".", folders: map[string]*folder{}, modules: map[string]*folder{}}
	var dirs, grunts []string
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
		case d.Name() == terragruntFile && d.Type().IsRegular():
			grunts = append(grunts, path.Dir(p))
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
	out := l.gruntRoots(ctx, grunts, called)
	for _, dir := range dirs {
		if slices.Contains(grunts, dir) || called[dir] || slices.Contains(strings.Split(dir, "/"), "modules") {
			continue
		}
		folders := l.reachable(dir)
		out = append(out, Root{dir, folders, l.reading(folders)})
	}
	slices.SortFunc(out, func(a, b Root) int { return strings.Compare(a.Path, b.Path) })
	return out, l.sorted(), nil
}

// gruntRoots are the Terragrunt configurations that run a module and that no other includes. The modules that they run
// are called. A configuration whose module cannot be told is a root too: it must not go unseen.
func (l *locator) gruntRoots(ctx context.Context, dirs []string, called map[string]bool) []Root {
	included, found := map[string]bool{}, map[string]Root{}
	for _, dir := range dirs {
		file := path.Join(dir, terragruntFile)
		g, err := newEvaluator(ctx, l.fsys, dir, Settings{}).grunt(file, dir, 0)
		if err != nil {
			found[file] = Root{dir, []string{dir}, true}
			continue
		}
		folders := map[string]bool{dir: true}
		g.leads(folders, included)
		source, why := g.source()
		if source == "" && why == "" && len(l.localCalls(dir)) == 0 {
			if f, err := l.open(dir); err != nil || f == nil || len(f.blocks) == 0 {
				continue // only there to be included
			}
		}
		for _, m := range l.reachable(orElse(source, dir)) {
			folders[m] = true
		}
		if source != "" && source != dir {
			called[source] = true
		}
		found[file] = Root{dir, slices.Sorted(maps.Keys(folders)), true}
	}
	var out []Root
	for file, r := range found {
		if !included[file] {
			out = append(out, r)
		}
	}
	return out
}

// leads adds the folders and the files of what a configuration includes.
func (g *grunt) leads(folders, included map[string]bool) {
	for _, inner := range g.includes {
		included[inner.file] = true
		folders[path.Dir(inner.file)] = true
		inner.leads(folders, included)
	}
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

// reading reports that something in the folders may read files elsewhere, or lead to a folder that is not known.
func (l *locator) reading(folders []string) bool {
	return slices.ContainsFunc(folders, func(dir string) bool {
		f, err := l.open(dir)
		if err != nil || f == nil || f.reads {
			return true
		}
		for _, c := range f.calls {
			if c.source == "" {
				return true
			}
		}
		return false
	})
}

// IsSource tells the files that Terraform, OpenTofu and Terragrunt read by themselves from those that only a function
// can read.
func IsSource(name string) bool {
	for _, end := range []string{".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json", ".hcl"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// Touched are the roots that a change of these files may change: a file in a folder of theirs, or below one and below
// no other folder of Terraform source, or one that they read elsewhere. reads is asked about those that no other file
// touches.
func Touched(roots []Root, files []string, reads func(Root) Reads) []Root {
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
		if slices.ContainsFunc(r.Folders, func(f string) bool { return changed[f] }) || len(files) > 0 && slices.ContainsFunc(files, reads(r).Include) {
			out = append(out, r)
		}
	}
	return out
}
