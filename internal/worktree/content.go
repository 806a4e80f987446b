package worktree

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git names objects so; whether the tree is GitHub's the App finds out
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// maxConverted is up to where a file is looked at for what git converts: text with other ends of lines.
const maxConverted = 64 << 20

type id [sha1.Size]byte

// blobOf is the name that git has for a file's content.
func blobOf(data []byte) id { return object("blob", data) }

func object(kind string, data []byte) id {
	h := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	return id(h.Sum(nil))
}

// content reports that a file is what an entry says: byte for byte, or as git itself converts it at a checkout (ends of
// lines, as the commit's .gitattributes ask for it; a file of Git LFS, which the pointer names by its SHA-256).
func (l *looker) content(e entry, size int64) (bool, error) {
	f, err := l.root.Open(e.name)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	sum, large, err := sums(f, size)
	if errors.Is(err, errGrew) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if sum == e.id || pointerTo(large, size) == e.id {
		return true, nil
	}
	if size > maxConverted {
		return false, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	data, err := io.ReadAll(io.LimitReader(f, size))
	if err != nil {
		return false, err
	}
	before, ok := unconverted(data)
	if !ok || blobOf(before) != e.id {
		return false, nil
	}
	switch l.attributes.ends(e.name, before) {
	case endsConverted:
		return true, nil
	case endsKept:
		return false, nil
	case endsUnknown:
	}
	return false, errEnds
}

var errEnds = errors.New("its lines end in CR LF and the commit's in LF, and whether git wrote them so cannot be told from the commit's .gitattributes (eol=crlf): " +
	"ask with `platform gate decide`, which has git read it")

// unconverted is the text that a checkout makes a file with CR LF of: it converts every end of a line, and nothing that has
// a CR or a NUL.
func unconverted(data []byte) ([]byte, bool) {
	pairs := bytes.Count(data, []byte("\r\n"))
	if pairs == 0 || pairs != bytes.Count(data, []byte("\n")) || pairs != bytes.Count(data, []byte("\r")) || bytes.IndexByte(data, 0) >= 0 {
		return nil, false
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), true
}

var errGrew = errors.New("it changes while it is read")

// sums are a file's name as a blob, and the SHA-256 of its content.
func sums(f io.Reader, size int64) (blob id, large [sha256.Size]byte, err error) {
	one, other := sha1.New(), sha256.New() //nolint:gosec // see above
	fmt.Fprintf(one, "blob %d\x00", size)
	n, err := io.Copy(io.MultiWriter(one, other), io.LimitReader(f, size+1))
	if err == nil && n != size {
		err = errGrew
	}
	return id(one.Sum(nil)), [sha256.Size]byte(other.Sum(nil)), err
}

// pointerTo is the name of the file that stands in git for one of Git LFS.
func pointerTo(sum [sha256.Size]byte, size int64) id {
	return blobOf([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + hex.EncodeToString(sum[:]) + "\nsize " + strconv.FormatInt(size, 10) + "\n"))
}

// readBounded reads a file whole, or not at all.
func readBounded(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d MiB", f.Name(), most>>20)
	}
	return data, err
}
