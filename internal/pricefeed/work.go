package pricefeed

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/org/platform-action/internal/sku"
)

const lineHead = "#"

// work is a folder beside the book that holds the parts that were read, so that a run that was ended goes on. Its name
// says what is being read: with other descriptors, regions or addresses another run begins.
type work struct {
	dir    string
	series []sku.Series
}

func openWork(o Options) (*work, error) {
	series, err := sku.LoadSeries()
	if err != nil {
		return nil, err
	}
	const format, digits = "1", 12
	id := []string{format, o.Set.Digest(), strings.Join(o.Regions, ","), o.AWSURL, o.AzureURL, o.GoogleURL, o.GraphQLURL, o.Now.UTC().Format("2006-01-02")}
	sum := sha256.Sum256([]byte(strings.Join(id, "\x00")))
	dir := o.Out + ".work"
	name := hex.EncodeToString(sum[:])[:digits]
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for _, e := range entries { // of another day or another question
		if e.Name() != name {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return nil, err
			}
		}
	}
	w := &work{filepath.Join(dir, name), series}
	return w, os.MkdirAll(w.dir, 0o700)
}

// file is where a part is kept; a name from outside becomes no path.
func (w *work) file(p part) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, p.name)
	sum := sha256.Sum256([]byte(p.name))
	const digits = 8
	return filepath.Join(w.dir, name+"-"+hex.EncodeToString(sum[:])[:digits]+".part")
}

// has says whether a part was read whole, from the version that is asked for.
func (w *work) has(p part) (counts, bool) {
	f, err := os.Open(w.file(p))
	if err != nil {
		return counts{}, false
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil || line != head(p) {
		return counts{}, false
	}
	if _, err := f.Seek(0, 0); err != nil {
		return counts{}, false
	}
	n, err := replay(f, nil, nil)
	return n, err == nil
}

func head(p part) string { return lineHead + "\t" + field(p.name) + "\t" + field(p.version) + "\n" }

// fetch reads a part into its file, which appears when it is whole.
func (w *work) fetch(ctx context.Context, p part, o Options) (counts, error) {
	f, err := renameio.NewPendingFile(w.file(p), renameio.WithTempDir(w.dir))
	if err != nil {
		return counts{}, err
	}
	defer func() { _ = f.Cleanup() }() // nothing is left of a part that was not read whole
	c := &collector{set: o.Set, series: w.series, wanted: o.wanted, w: bufio.NewWriter(f)}
	c.restart = func() error {
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.Seek(0, 0); err != nil {
			return err
		}
		c.w.Reset(f)
		c.read, c.kept, c.refused, c.written = 0, 0, 0, 0
		_, err := c.w.WriteString(head(p))
		return err
	}
	if err := c.restart(); err != nil {
		return counts{}, err
	}
	if err := p.fetch(ctx, c); err != nil {
		return counts{}, err
	}
	if err := c.end(); err != nil {
		return counts{}, err
	}
	return counts{c.read, c.kept, c.refused}, f.CloseAtomicallyReplace()
}

// remove takes the folder away after the book is in place.
func (w *work) remove() error { return os.RemoveAll(filepath.Dir(w.dir)) }

// each replays every part.
func (w *work) each(parts []part, keep func(observed) error, refused func(Refusal)) error {
	for _, p := range parts {
		f, err := os.Open(w.file(p))
		if err != nil {
			return err
		}
		_, err = replay(f, keep, refused)
		_ = f.Close() // only read
		if err != nil {
			return fmt.Errorf("%s: %w", w.file(p), err)
		}
	}
	return nil
}
