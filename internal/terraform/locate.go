// Package terraform finds the blocks of a Terraform source directory: address → file and line, without providers,
// network or anything outside the file system that it is given.
package terraform

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// Bounds of what is read. Beyond each a fault says so, and what is left has no position.
const (
	maxFileBytes  = 8 << 20
	maxTotalBytes = 128 << 20
	maxFiles      = 10_000 // in a folder
	maxDepth      = 64     // of modules in modules
	maxFaults     = 100
)

// Position is where a block begins.
type Position struct {
	File string // slash-separated, relative to the file system's root
	Line int    // 1-based
}

// Locate finds the blocks of the addresses in the root module dir and the modules that it calls by a local path or
// that .terraform/modules/modules.json names. An address that is not in the result has no known position; a fault
// says what could not be read. The error is that dir itself cannot be read.
//
// Symbolic links are never followed where the file system can tell them (fs.ReadLinkFS, as os.DirFS does), because
// one may lead out of the repository.
func Locate(fsys fs.FS, dir string, addresses []string) (map[string]Position, []fact.Fault, error) {
	root := path.Clean(dir)
	if !fs.ValidPath(root) {
		return nil, nil, fmt.Errorf("%q is no folder inside the source tree; name one below it", dir)
	}
	l := &locator{fsys: fsys, root: root, folders: map[string]*folder{}, modules: map[string]*folder{}}
	top, err := l.open(root)
	if err != nil {
		return nil, nil, fmt.Errorf("the Terraform folder %q cannot be read: %w", root, err)
	}
	l.modules[""] = top
	found := map[string]Position{}
	for _, address := range addresses {
		t, ok := parseAddress(address)
		if !ok {
			continue
		}
		if f := l.module(t.modules); f != nil {
			if at, ok := f.blocks[t.block]; ok {
				found[address] = at
			}
		}
	}
	return found, l.sorted(), nil
}

// locator keeps what was read, so that each folder is read once however many addresses and calls lead to it.
type locator struct {
	fsys      fs.FS
	root      string
	folders   map[string]*folder // by path; nil could not be read
	modules   map[string]*folder // by dotted path of module calls
	installed map[string]string  // modules.json: dotted path → folder; nil until it is needed
	bytes     int64
	faults    []fact.Fault
	more      int
}

// folder is one module's source.
type folder struct {
	path   string
	blocks map[block]Position
	calls  map[string]call
	reads  bool // some function in it may read files, as far as its text tells
}

// call is one module block.
type call struct {
	source string // empty when it is not a plain string
	at     Position
}

// module is the folder of a path of module calls, or nil when it is not at hand.
func (l *locator) module(names []string) *folder {
	if len(names) == 0 {
		return l.modules[""]
	}
	if len(names) > maxDepth {
		l.fault(l.root, fmt.Sprintf("an address has more than %d modules in each other; its block is not looked for", maxDepth), "")
		return nil
	}
	key := strings.Join(names, ".")
	if f, done := l.modules[key]; done {
		return f
	}
	f := l.follow(l.module(names[:len(names)-1]), names[len(names)-1], key)
	l.modules[key] = f
	return f
}

// follow finds the folder that a module call leads to.
func (l *locator) follow(parent *folder, name, key string) *folder {
	if parent == nil {
		return nil
	}
	c, ok := parent.calls[name]
	if !ok {
		return nil
	}
	where := fmt.Sprintf("%s:%d", c.at.File, c.at.Line)
	target, ok := local(parent.path, c.source)
	if !ok {
		if target, ok = l.lookup(key); !ok {
			return nil // a remote module that is not installed: no position, and nothing wrong with the source
		}
		where = l.manifest()
	}
	if !fs.ValidPath(target) {
		l.fault(where, "the module leaves the source tree; it is not followed", "")
		return nil
	}
	f, err := l.open(target)
	if err != nil {
		l.fault(where, "the module's folder cannot be read: "+reason(err), "run `terraform init` to see what is wrong with its source")
	}
	return f
}

// local is the folder of a source that begins with ./ or ../, relative to the root of the file system.
func local(from, source string) (string, bool) {
	if source != "." && source != ".." && !strings.HasPrefix(source, "./") && !strings.HasPrefix(source, "../") {
		return "", false
	}
	return path.Join(from, source), true
}

// open reads a folder once.
func (l *locator) open(dir string) (*folder, error) {
	if f, done := l.folders[dir]; done {
		return f, nil
	}
	l.folders[dir] = nil
	if err := l.solid(dir); err != nil {
		return nil, err
	}
	entries, err := l.list(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{path: dir, blocks: map[block]Position{}, calls: map[string]call{}}
	for _, e := range entries {
		l.file(f, e)
	}
	l.folders[dir] = f
	return f, nil
}

func (l *locator) fault(where, message, fix string) {
	f := fact.Fault{Where: where, Message: message, Fix: fix}
	switch {
	case slices.Contains(l.faults, f):
	case len(l.faults) == maxFaults:
		l.more++
	default:
		l.faults = append(l.faults, f)
	}
}

func (l *locator) sorted() []fact.Fault {
	slices.SortFunc(l.faults, func(a, b fact.Fault) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Message, b.Message))
	})
	if l.more > 0 {
		l.faults = append(l.faults, fact.Fault{Where: l.root, Message: fmt.Sprintf("%d further parts could not be read", l.more)})
	}
	return l.faults
}
