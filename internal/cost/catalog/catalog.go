package catalog

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed all:aws all:azure all:google all:free
var files embed.FS

//go:embed profiles.yaml
var profiles []byte

// Profiles is the embedded table of usage profiles: type → usage key → one value, or one for each profile.
func Profiles() []byte { return bytes.Clone(profiles) }

// Catalog finds entries by Terraform type. Opening it reads the names only; an entry is decoded when it is first
// asked for. It is safe for concurrent use.
type Catalog struct {
	blocks  map[string]block
	free    map[string]struct{}
	modules []*Entry // that price whole modules, most specific first

	mu      sync.Mutex
	entries map[string]*Entry
}

// block is the undecoded text of one entry.
type block struct {
	file string
	line int
	text []byte
}

// Embedded is the catalogue that the program carries.
func Embedded() (*Catalog, error) { return New(files) }

// New indexes a folder of PROVIDER/SERVICE.yaml files, each a mapping of type to Entry, and of free/PROVIDER.txt
// lists with a free type a line.
func New(fsys fs.FS) (*Catalog, error) {
	c := &Catalog{blocks: map[string]block{}, free: map[string]struct{}{}, entries: map[string]*Entry{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		switch path.Ext(name) {
		case ".yaml":
			return c.index(name, data)
		case ".txt":
			c.indexFree(data)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// index cuts a file at its unindented names, so that opening the catalogue costs a scan and no YAML.
func (c *Catalog) index(file string, data []byte) error {
	name, start, startLine, line, offset := "", 0, 0, 0, 0
	flush := func(end int) error {
		if name == "" {
			return nil
		}
		if old, dup := c.blocks[name]; dup {
			return fmt.Errorf("%s:%d: %s is already defined at %s:%d", file, startLine, name, old.file, old.line)
		}
		c.blocks[name] = block{file, startLine, data[start:end]}
		return nil
	}
	for text := range bytes.Lines(data) {
		line++
		if first := text[0]; first == '_' || first >= 'a' && first <= 'z' {
			if err := flush(offset); err != nil {
				return err
			}
			key, _, ok := bytes.Cut(text, []byte(":"))
			if !ok {
				return fmt.Errorf("%s:%d: want a type name and a colon", file, line)
			}
			name, start, startLine = string(key), offset, line
		}
		offset += len(text)
	}
	return flush(offset)
}

func (c *Catalog) indexFree(data []byte) {
	for line := range strings.Lines(string(data)) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" && !strings.HasPrefix(name, "#") {
			c.free[name] = struct{}{}
		}
	}
}

// Entry returns the entry or fragment of that name, or nil when the catalogue has none. An error is a fault in
// the catalogue's own data, with file and line.
func (c *Catalog) Entry(name string) (*Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[name]; ok {
		return e, nil
	}
	b, ok := c.blocks[name]
	if !ok {
		return nil, nil //nolint:nilnil // absence is an answer: the type is not priced here
	}
	e, err := parse(b.file, b.line, name, b.text)
	if err != nil {
		return nil, err
	}
	c.entries[name] = e
	return e, nil
}

// Services lists what bills name, sorted: of one provider, or of all when it is empty.
func (c *Catalog) Services(provider string) []string {
	found := map[string]bool{}
	for _, b := range c.blocks {
		if provider != "" && !strings.HasPrefix(b.file, provider+"/") {
			continue
		}
		for line := range bytes.Lines(b.text) {
			if name, ok := bytes.CutPrefix(line, []byte("  service: ")); ok {
				found[strings.Trim(strings.TrimSpace(string(name)), `"'`)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Free reports that the type is known to cost nothing by itself.
func (c *Catalog) Free(typ string) bool {
	_, ok := c.free[typ]
	return ok
}

// Types lists the priced types (fragments left out), sorted.
func (c *Catalog) Types() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.blocks)), func(s string) bool { return s[0] == '_' })
}

// Names lists priced types and fragments, sorted.
func (c *Catalog) Names() []string { return slices.Sorted(maps.Keys(c.blocks)) }

// FreeTypes lists the free types, sorted.
func (c *Catalog) FreeTypes() []string { return slices.Sorted(maps.Keys(c.free)) }
