package terraform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Fetch brings a module that stands elsewhere: the tree that it stands in, and its folder there.
type Fetch func(ctx context.Context, source, version string) (tree fs.FS, dir string, err error)

// fetchedFolder is where fetched trees seem to stand beside the source.
const fetchedFolder = ".fetched"

// trees is the source tree with fetched ones below a folder of their own, each apart from the others.
type trees struct {
	fs.FS
	fetched []fs.FS
	places  map[string]string // source and version → folder
}

// within finds the tree of a path.
func (t *trees) within(name string) (fs.FS, string) {
	rest, ok := strings.CutPrefix(name, fetchedFolder+"/")
	if !ok {
		return t.FS, name
	}
	number, inner, _ := strings.Cut(rest, "/")
	for i := range t.fetched {
		if number == strconv.Itoa(i) {
			if inner == "" {
				inner = "."
			}
			return t.fetched[i], inner
		}
	}
	return t.FS, name
}

// Open implements fs.FS.
func (t *trees) Open(name string) (fs.File, error) {
	tree, inner := t.within(name)
	return tree.Open(inner)
}

// Lstat implements fs.ReadLinkFS.
func (t *trees) Lstat(name string) (fs.FileInfo, error) {
	if name == fetchedFolder {
		name = "."
	}
	tree, inner := t.within(name)
	return fs.Lstat(tree, inner)
}

// ReadLink implements fs.ReadLinkFS; links are never followed here.
func (t *trees) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: errors.New("links are not followed")}
}

// inSource is the place of a block, or that of the call through which a fetched module comes in: nobody can annotate a
// file that is not in the repository.
func (s *scope) inSource(at hcl.Range) hcl.Range {
	for ; strings.HasPrefix(at.Filename, fetchedFolder+"/") && s.call != nil; s = s.parent {
		at = s.call.at
	}
	return at
}

// fetch brings a module once, and gives the folder that it seems to stand in.
func (e *evaluator) fetch(source, version string) (dir string, ok bool) {
	if e.settings.Fetch == nil {
		return "", false
	}
	key := source + "@" + version
	if dir, ok := e.trees.places[key]; ok {
		return dir, dir != ""
	}
	tree, inner, err := e.settings.Fetch(e.ctx, source, version)
	if err != nil {
		e.note(e.dir, fmt.Sprintf("the module %.100q cannot be fetched: %v", source, err))
		e.trees.places[key] = ""
		return "", false
	}
	e.trees.fetched = append(e.trees.fetched, tree)
	dir = path.Join(fetchedFolder, strconv.Itoa(len(e.trees.fetched)-1), inner)
	e.trees.places[key] = dir
	return dir, true
}
