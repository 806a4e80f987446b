package pricefeed

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"github.com/org/platform-action/internal/price"
)

// Limits of a book's file.
const (
	maxFile   = 128 << 20
	maxTables = 2000
	maxText   = 512 << 20 // unpacked
)

// Open reads a book that an update wrote, or a folder in the same format, over another. A digest, when one is given,
// must be that of the file's prices.
func Open(name, digest string, base *price.Book) (*price.Book, error) {
	fsys, err := files(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	book, err := price.Over(fsys, base)
	if err != nil {
		return nil, unreadable(name, err)
	}
	layers, err := book.Layers()
	if err != nil {
		return nil, err
	}
	if digest != "" && layers[0].Digest != digest {
		return nil, fmt.Errorf("price book %s: its digest is %s, and %s is asked for: take the book that was pinned, or pin this one", name, layers[0].Digest, digest)
	}
	return book, nil
}

func unreadable(name string, err error) error {
	return fmt.Errorf("price book %s: %w; remove it, and platform prices update --out %s makes it anew", name, err, name)
}

// files are the tables of a book on disk.
func files(name string) (fs.FS, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return os.DirFS(name), nil
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return unpack(data)
}

// unpack opens the bytes of a book. It holds tables and a manifest, and nothing else.
func unpack(data []byte) (fs.FS, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("it is no price book: %w", err)
	}
	if len(z.File) > maxTables {
		return nil, fmt.Errorf("it holds more than %d files", maxTables)
	}
	table, total := regexp.MustCompile(`^[a-z]+/[a-z0-9_]+\.tsv$`), uint64(0)
	for _, f := range z.File {
		if f.Name != manifestName && !table.MatchString(f.Name) {
			return nil, fmt.Errorf("it holds %.60q, which is no table", f.Name)
		}
		if total += f.UncompressedSize64; total > maxText || f.UncompressedSize64 > maxText {
			return nil, fmt.Errorf("it unpacks to more than %d bytes", maxText)
		}
	}
	return z, nil
}
