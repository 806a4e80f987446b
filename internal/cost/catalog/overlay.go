package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Bounds of a team's own catalogue.
const (
	maxOwnFiles = 200
	maxOwnBytes = 1 << 20 // of one file
)

// With adds a team's own entries, of every *.yaml file of a folder: a type that is new or replaces the one here, one
// that extends it, or a whole module. Each is decoded at once: the error names file and line.
func (c *Catalog) With(fsys fs.FS) (*Catalog, error) {
	own := &Catalog{blocks: map[string]block{}, free: map[string]struct{}{}, entries: map[string]*Entry{}}
	files := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			return err
		}
		if files++; files > maxOwnFiles {
			return fmt.Errorf("%s: more than %d files of catalogue entries", name, maxOwnFiles)
		}
		data, err := readBounded(fsys, name)
		if err != nil {
			return err
		}
		return own.index(name, data)
	})
	if err != nil {
		return nil, err
	}
	return c.join(own)
}

func readBounded(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxOwnBytes {
		return nil, fmt.Errorf("%s: want a file of at most %d KiB", name, maxOwnBytes>>10)
	}
	return fs.ReadFile(fsys, name)
}

// join puts own entries over those of c.
func (c *Catalog) join(own *Catalog) (*Catalog, error) {
	out := &Catalog{blocks: map[string]block{}, free: map[string]struct{}{}, entries: map[string]*Entry{}}
	maps.Copy(out.blocks, c.blocks)
	maps.Copy(out.free, c.free)
	var errs []error
	for _, name := range own.Names() {
		e, err := own.Entry(name)
		if err == nil {
			e.Provider, _, _ = strings.Cut(strings.TrimPrefix(name, "_"), "_")
			e, err = c.own(e)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out.blocks[name], out.entries[name] = own.blocks[name], e
		delete(out.free, name)
		if e.Module != "" {
			out.modules = append(out.modules, e)
		}
	}
	slices.SortFunc(out.modules, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(len(b.Module), len(a.Module)), strings.Compare(a.Type, b.Type))
	})
	return out, errors.Join(errs...)
}

// own completes an entry of a team.
func (c *Catalog) own(e *Entry) (*Entry, error) {
	at := fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Type)
	e.Own = true
	switch {
	case strings.HasPrefix(e.Type, "module_") != (e.Module != ""):
		return nil, fmt.Errorf("%s: an entry for a whole module is named module_NAME and has module: SOURCE", at)
	case e.Replaces && e.Module == "":
		return nil, fmt.Errorf("%s: replaces is for modules; an entry of a type replaces the built-in one unless it says extends: true", at)
	case !e.Extends:
		return e, nil
	}
	base, err := c.Entry(e.Type)
	if err != nil {
		return nil, err
	}
	if base == nil {
		return nil, fmt.Errorf("%s: extends nothing: the catalogue has no such type", at)
	}
	return base.extended(e), nil
}

// extended is e with what more says: components, bindings and children of the same name are replaced, others added.
func (e *Entry) extended(more *Entry) *Entry {
	out := *e
	out.File, out.Line, out.Own, out.Extends = more.File, more.Line, true, true
	out.Service, out.Source, out.Region = cmp.Or(more.Service, e.Service), cmp.Or(more.Source, e.Source), cmp.Or(more.Region, e.Region)
	out.Let = replaced(e.Let, more.Let, func(b Binding) string { return b.Name })
	out.Components = replaced(e.Components, more.Components, func(c Component) string { return c.Name })
	out.Children = replaced(e.Children, more.Children, func(c Child) string { return c.Group })
	out.Defaults, out.Usage = map[string]Default{}, map[string]Usage{}
	for _, from := range []*Entry{e, more} {
		maps.Copy(out.Defaults, from.Defaults)
		maps.Copy(out.Usage, from.Usage)
	}
	return &out
}

func replaced[T any](list, with []T, name func(T) string) []T {
	out := slices.Clone(list)
	for _, w := range with {
		i := slices.IndexFunc(out, func(t T) bool { return name(t) == name(w) })
		if i < 0 {
			out = append(out, w)
			continue
		}
		out[i] = w
	}
	return out
}

// Module is the entry for a whole module of that source, or nil. In an entry's source * stands for anything; the longest
// one holds.
func (c *Catalog) Module(source string) *Entry {
	for _, e := range c.modules {
		if Matches(e.Module, source) {
			return e
		}
	}
	return nil
}

// Matches compares a text with a pattern in which * stands for anything.
func Matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1:] {
		var found bool
		if _, rest, found = strings.Cut(rest, part); !found {
			return false
		}
	}
	return ok && (rest == "" || len(parts) > 1 && strings.HasSuffix(text, parts[len(parts)-1]))
}

// OwnNames lists the entries that a team added, sorted.
func (c *Catalog) OwnNames() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(c.Names(), func(name string) bool {
		e := c.entries[name]
		return e == nil || !e.Own
	})
}

// OwnText is the text of all of a team's entries, in one order.
func (c *Catalog) OwnText() []byte {
	var out []byte
	for _, name := range c.OwnNames() {
		out = append(append(out, c.blocks[name].text...), 0)
	}
	return out
}

// padded is a block behind as many empty lines as stand before it in its file, so that YAML's own errors name lines of
// the file.
func padded(line int, block []byte) []byte {
	return append(bytes.Repeat([]byte("\n"), max(line-1, 0)), block...)
}
