package terraform

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// json reads one file of JSON syntax. The decoder bounds nesting and keeps nothing, so that a large file costs its
// own bytes only. What stands before a syntax error still counts.
func (l *locator) json(f *folder, name string, data []byte) {
	r := &jsonReader{
		d: jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true)),
		f: f, name: name, data: data, line: 1,
	}
	err := r.objects(r.top)
	if err == nil {
		if _, err = r.d.ReadToken(); errors.Is(err, io.EOF) {
			return
		}
	}
	offset := min(max(r.d.InputOffset(), 0), int64(len(data)))
	line := r.position(offset).Line
	column := int(offset) - bytes.LastIndexByte(data[:offset], '\n')
	l.fault(fmt.Sprintf("%s:%d:%d", name, line, column), "syntax error: the file is not valid JSON", "run `terraform validate` to see it in full")
}

// jsonReader walks resource, data, ephemeral, check and module; all else is skipped.
type jsonReader struct {
	d    *jsontext.Decoder
	f    *folder
	name string
	data []byte
	line int // of the byte at seen
	seen int64
}

func (r *jsonReader) top(key string, _ Position) error {
	switch key {
	case "resource", "data", "ephemeral":
		return r.typed(key)
	case "check":
		return r.objects(func(string, Position) error {
			return r.objects(func(key string, _ Position) error {
				if key == "data" {
					return r.typed("data")
				}
				return r.d.SkipValue()
			})
		})
	case "module":
		return r.objects(r.module)
	}
	return r.d.SkipValue()
}

// typed reads TYPE: {NAME: …}.
func (r *jsonReader) typed(mode string) error {
	return r.objects(func(kind string, _ Position) error {
		return r.objects(func(name string, at Position) error {
			r.f.define(block{mode, kind, name}, at)
			return r.d.SkipValue()
		})
	})
}

func (r *jsonReader) module(name string, at Position) error {
	c := call{at: at}
	err := r.objects(func(key string, _ Position) error {
		if key != "source" || r.d.PeekKind() != '"' {
			return r.d.SkipValue()
		}
		t, err := r.d.ReadToken()
		if err == nil {
			c.source = t.String()
		}
		return err
	})
	r.f.call(name, c)
	return err
}

// objects calls read at each member of an object, or of each object of a list, as the syntax allows at every level.
// A value of another kind is skipped: it defines nothing.
func (r *jsonReader) objects(read func(key string, at Position) error) error {
	if r.d.PeekKind() != '[' {
		return r.members(read)
	}
	if _, err := r.d.ReadToken(); err != nil {
		return err
	}
	for r.d.PeekKind() != ']' {
		if err := r.members(read); err != nil {
			return err
		}
	}
	_, err := r.d.ReadToken()
	return err
}

func (r *jsonReader) members(read func(key string, at Position) error) error {
	if r.d.PeekKind() != '{' {
		return r.d.SkipValue()
	}
	if _, err := r.d.ReadToken(); err != nil {
		return err
	}
	for r.d.PeekKind() != '}' {
		t, err := r.d.ReadToken()
		if err != nil {
			return err
		}
		key := t.String()
		if err := read(key, r.position(r.d.InputOffset()-1)); err != nil {
			return err
		}
	}
	_, err := r.d.ReadToken()
	return err
}

// position is where an offset lies. Offsets only grow, so that lines are counted once.
func (r *jsonReader) position(offset int64) Position {
	offset = min(max(offset, r.seen), int64(len(r.data)))
	r.line += bytes.Count(r.data[r.seen:offset], []byte("\n"))
	r.seen = offset
	return Position{r.name, r.line}
}
