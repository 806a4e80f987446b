package terraform

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// maxReads bounds how many files and patterns are told apart. With more, any file may be read.
const maxReads = 5_000

// Reads are the files that an evaluation follows beside the source in the root's folders: those that functions name,
// variable files, what Terragrunt includes. Whether they are there does not matter: they may appear.
type Reads struct {
	Paths    []string  `json:"paths,omitempty"`    // of files, and of folders with all below them; sorted
	Patterns []Pattern `json:"patterns,omitempty"` // of fileset; sorted
	Unknown  string    `json:"unknown,omitempty"`  // why any other file may be read too; empty: none is
}

// Pattern is a glob below a folder.
type Pattern struct {
	Folder string `json:"folder"`
	Glob   string `json:"glob"`
}

func (p Pattern) matches(file string) bool {
	rest := file
	if p.Folder != "." {
		var below bool
		if rest, below = strings.CutPrefix(file, p.Folder+"/"); !below {
			return file == p.Folder // the folder becomes a file, or a link
		}
	}
	ok, err := doublestar.Match(p.Glob, rest)
	return ok || err != nil
}

// Include reports that the evaluation may see a change of this file.
func (r Reads) Include(file string) bool {
	if r.Unknown != "" {
		return true
	}
	for dir := file; ; dir = path.Dir(dir) {
		if _, found := slices.BinarySearch(r.Paths, dir); found {
			return true
		}
		if dir == "." || dir == "/" {
			break
		}
	}
	return slices.ContainsFunc(r.Patterns, func(p Pattern) bool { return p.matches(file) })
}

// Outside leaves out what lies in or below these folders: a change there is noticed by its place.
func (r Reads) Outside(folders []string) Reads {
	known := map[string]bool{}
	for _, dir := range folders {
		known[dir] = true
	}
	out := Reads{Unknown: r.Unknown}
	for _, p := range r.Paths {
		if !inside(known, p) {
			out.Paths = append(out.Paths, p)
		}
	}
	for _, p := range r.Patterns {
		if !inside(known, p.Folder) {
			out.Patterns = append(out.Patterns, p)
		}
	}
	return out
}

func inside(folders map[string]bool, p string) bool {
	for dir := p; ; dir = path.Dir(dir) {
		if folders[dir] {
			return true
		}
		if dir == "." || dir == "/" {
			return false
		}
	}
}

// Union is what any of them read.
func Union(list ...Reads) Reads {
	r := newRecorder()
	for _, l := range list {
		for _, p := range l.Patterns {
			r.pattern(p)
		}
		r.any(l.Unknown)
	}
	for _, l := range list { // those of a pattern need no line of their own
		for _, p := range l.Paths {
			r.path(p)
		}
	}
	return r.reads()
}

// Reads are the files that the root follows. One that cannot be evaluated whole may read any.
func (r Root) Reads(ctx context.Context, fsys fs.FS, s Settings) Reads {
	out := newRecorder()
	for _, file := range s.VarFiles {
		out.path(path.Clean(file))
	}
	if !r.Reading {
		return out.reads()
	}
	e := newEvaluator(ctx, fsys, r.Path, s.orDefault())
	e.read, out.folders = out, r.Folders
	p, err := e.guarded()
	switch {
	case err != nil: // the evaluation may go on and write to out
		return Reads{Unknown: "the root cannot be evaluated: " + err.Error()}
	case len(p.Faults) > 0:
		out.any("part of the source cannot be read: " + p.Faults[0].Where + ": " + p.Faults[0].Message)
	}
	return out.reads()
}

// recorder gathers what one evaluation reads. A nil one gathers nothing.
type recorder struct {
	folders  []string // whose files are noticed by their place
	paths    map[string]bool
	patterns map[Pattern]bool
	unknown  string
	scopes   []*scope
	grunts   []*grunt
	done     map[site]bool // evaluated
}

func newRecorder() *recorder {
	return &recorder{paths: map[string]bool{}, patterns: map[Pattern]bool{}, done: map[site]bool{}}
}

func fetched(p string) bool { return p == fetchedFolder || strings.HasPrefix(p, fetchedFolder+"/") }

func (r *recorder) path(p string) {
	if r == nil || !fs.ValidPath(p) || fetched(p) || r.paths[p] {
		return
	}
	for known := range r.patterns {
		if known.matches(p) {
			return // often each file of a set is read next
		}
	}
	r.paths[p] = true
	r.bound()
}

func (r *recorder) pattern(p Pattern) {
	switch {
	case r == nil || !fs.ValidPath(p.Folder) || fetched(p.Folder):
	case slices.Contains(strings.Split(p.Glob, "/"), ".."):
		r.any("a pattern of fileset leads out of its folder")
	default:
		r.patterns[p] = true
		r.bound()
	}
}

func (r *recorder) bound() {
	if len(r.paths)+len(r.patterns) > maxReads {
		r.any(fmt.Sprintf("more than %d files are read", maxReads))
		clear(r.paths)
	}
}

// module notes a folder that the root leads to by a way that only the evaluation knows.
func (r *recorder) module(dir string) {
	if r != nil && !slices.Contains(r.folders, dir) {
		r.path(dir)
	}
}

// any says that the files cannot be told. Of several reasons the first in order stays, so that each run says the same.
func (r *recorder) any(why string) {
	if r != nil && why != "" && (r.unknown == "" || why < r.unknown) {
		r.unknown = why
	}
}

func (r *recorder) reads() Reads {
	if r.unknown != "" {
		return Reads{Unknown: r.unknown}
	}
	return Reads{Paths: slices.Sorted(maps.Keys(r.paths)), Patterns: slices.SortedFunc(maps.Keys(r.patterns), func(a, b Pattern) int {
		return strings.Compare(a.Folder+"\x00"+a.Glob, b.Folder+"\x00"+b.Glob)
	})}
}
