package worktree

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git's own checksum
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// The kinds of files that git knows.
const (
	modeRegular    = 0o100644
	modeExecutable = 0o100755
	modeLink       = 0o120000
	modeModule     = 0o160000
)

// entry is one tracked file.
type entry struct {
	name    string
	mode    uint32
	id      id
	skipped bool // a sparse checkout leaves it out, if there is one
}

// The parts of git's index, https://git-scm.com/docs/index-format: a head of 12 bytes, entries whose names stand behind 62
// bytes (64 with further flags), extensions, and a checksum.
const (
	headSize  = 12
	maxName   = 4096 // bytes; no system has longer ones
	fixedSize = 62
	flagsAt   = 60

	flagExtended = 1 << 14
	maskStage    = 3 << 12
	flagSkip     = 1 << 14 // of the further flags
	flagIntent   = 1 << 13
)

// parseIndex reads the entries, which come sorted and each once. What it does not know for certain is an error.
func parseIndex(data []byte) ([]entry, error) {
	if len(data) < headSize+sha1.Size || string(data[:4]) != "DIRC" {
		return nil, errors.New("it is none")
	}
	version, count := binary.BigEndian.Uint32(data[4:]), int64(binary.BigEndian.Uint32(data[8:]))
	if version < 2 || version > 4 {
		return nil, fmt.Errorf("its version is %d; 2, 3 and 4 are read", version)
	}
	body, sum := data[:len(data)-sha1.Size], id(data[len(data)-sha1.Size:])
	if sum != (id{}) && sum != sha1.Sum(body) { //nolint:gosec // git's own checksum; index.skipHash leaves it zero
		return nil, errors.New("its checksum is wrong")
	}
	if count > int64(len(body))/fixedSize {
		return nil, errors.New("it is cut off")
	}
	r := reader{version: version, rest: body[headSize:]}
	out := make([]entry, 0, count)
	for range count {
		e, err := r.entry()
		if err != nil {
			return nil, err
		}
		if len(out) > 0 && out[len(out)-1].name >= e.name {
			return nil, fmt.Errorf("%.200q is not in its place", e.name)
		}
		out = append(out, e)
	}
	return out, r.extensions()
}

type reader struct {
	version uint32
	rest    []byte
	last    string // name; version 4 says how the next one differs
}

var errShort = errors.New("it is cut off")

func (r *reader) entry() (entry, error) {
	if len(r.rest) < fixedSize {
		return entry{}, errShort
	}
	e := entry{mode: binary.BigEndian.Uint32(r.rest[24:]), id: id(r.rest[40:flagsAt])}
	flags, size := binary.BigEndian.Uint16(r.rest[flagsAt:]), fixedSize
	if flags&flagExtended != 0 {
		if size += 2; r.version < 3 || len(r.rest) < size {
			return e, errShort
		}
		more := binary.BigEndian.Uint16(r.rest[fixedSize:])
		if e.skipped = more&flagSkip != 0; more&flagIntent != 0 {
			return e, errors.New("a file is about to be added")
		}
	}
	if flags&maskStage != 0 {
		return e, errors.New("a merge is not finished")
	}
	var err error
	if e.name, err = r.name(size); err != nil {
		return e, err
	}
	if !fs.ValidPath(e.name) || e.name == "." || len(e.name) > maxName || slices.ContainsFunc(strings.Split(e.name, "/"), func(part string) bool { return strings.EqualFold(part, ".git") }) {
		return e, fmt.Errorf("%.200q is no name of a tracked file", e.name)
	}
	if !slices.Contains([]uint32{modeRegular, modeExecutable, modeLink, modeModule}, e.mode) {
		return e, fmt.Errorf("%.200q is of the unknown kind %o", e.name, e.mode)
	}
	return e, nil
}

// name reads the name behind so many bytes, and goes to the next entry.
func (r *reader) name(at int) (string, error) {
	keep := ""
	if r.version == 4 {
		cut, n := strip(r.rest[at:])
		if n == 0 || cut > uint64(len(r.last)) {
			return "", errShort
		}
		keep, at = r.last[:uint64(len(r.last))-cut], at+n
	}
	length := bytes.IndexByte(r.rest[at:], 0)
	if length < 0 {
		return "", errShort
	}
	name := keep + string(r.rest[at:at+length])
	size := at + length + 1
	if r.version < 4 {
		size = (at + length + 8) &^ 7 // at least one zero, up to a multiple of eight
	}
	if size > len(r.rest) {
		return "", errShort
	}
	r.rest, r.last = r.rest[size:], name
	return name, nil
}

// strip reads how many bytes of the last name go; n is 0 where nothing can be read.
func strip(data []byte) (cut uint64, n int) {
	for n < len(data) && n < 8 {
		b := data[n]
		n++
		if cut |= uint64(b & 0x7f); b&0x80 == 0 {
			return cut, n
		}
		cut = (cut + 1) << 7
	}
	return 0, 0
}

// extensions passes over those that git may ignore: the name of every other one begins with a small letter.
func (r *reader) extensions() error {
	for len(r.rest) > 0 {
		if len(r.rest) < 8 {
			return errShort
		}
		size := int64(binary.BigEndian.Uint32(r.rest[4:]))
		switch {
		case r.rest[0] < 'A' || r.rest[0] > 'Z':
			return fmt.Errorf("it has the extension %.10q, which is not known", r.rest[:4])
		case size > int64(len(r.rest))-8:
			return errShort
		}
		r.rest = r.rest[8+size:]
	}
	return nil
}

// treeOf is the id of the tree that sorted entries make up.
func treeOf(entries []entry) (string, error) {
	top, err := folderOf(entries, "")
	return fmt.Sprintf("%x", top), err
}

func folderOf(entries []entry, prefix string) (id, error) {
	var tree bytes.Buffer
	seen := map[string]bool{}
	for len(entries) > 0 {
		name, _, inner := strings.Cut(entries[0].name[len(prefix):], "/")
		if seen[name] {
			return id{}, fmt.Errorf("%.200q is a file and a folder in git's index", prefix+name)
		}
		seen[name] = true
		if !inner {
			fmt.Fprintf(&tree, "%o %s\x00", entries[0].mode, name)
			tree.Write(entries[0].id[:])
			entries = entries[1:]
			continue
		}
		within := prefix + name + "/"
		n := slices.IndexFunc(entries, func(e entry) bool { return !strings.HasPrefix(e.name, within) })
		if n < 0 {
			n = len(entries)
		}
		child, err := folderOf(entries[:n], within)
		if err != nil {
			return id{}, err
		}
		fmt.Fprintf(&tree, "40000 %s\x00", name)
		tree.Write(child[:])
		entries = entries[n:]
	}
	return object("tree", tree.Bytes()), nil
}
