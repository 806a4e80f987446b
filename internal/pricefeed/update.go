package pricefeed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/renameio/v2"

	"github.com/org/platform-action/internal/price"
)

// Update reads the feeds into a new book. The book of before stays in force until the new one is whole, and stays when
// it is not; what was read is kept for the next run.
func Update(ctx context.Context, o Options) (Report, error) {
	old, err := before(o.Out)
	if err != nil {
		return Report{}, err
	}
	w, err := openWork(o)
	if err != nil {
		return Report{}, err
	}
	parts, report, err := readAll(ctx, w, o)
	if err != nil {
		return report, fmt.Errorf("%w; the book in force stays, and the next run goes on from here", err)
	}
	m, err := merge(w, parts, o)
	if err != nil {
		return report, err
	}
	found, err := compare(m, o)
	if err != nil {
		return report, err
	}
	found.Parts, found.Kept, found.Rows, found.RefusedRows = report.Parts, report.Kept, report.Rows, report.RefusedRows
	if why := found.doubt(); why != "" && (!o.Accept || found.Prices == 0) {
		return found, fmt.Errorf("the new prices are not taken: %s; the book in force stays (--accept takes them all the same)", why)
	}
	if found.Digest, err = put(m, parts, o, old); err != nil {
		return found, err
	}
	return found, w.remove()
}

// before is the book that an earlier update wrote, if there is one.
func before(name string) (*price.Book, error) {
	fsys, err := files(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("price book %s: %w; remove it, or name another with --out", name, err)
	}
	if info, err := os.Stat(name); err != nil || info.IsDir() {
		return nil, fmt.Errorf("price book %s: it is a folder, and an update writes a file: name another with --out", name)
	}
	return price.New(fsys)
}

// readAll reads every part that an earlier run has not read.
func readAll(ctx context.Context, w *work, o Options) ([]part, Report, error) {
	var report Report
	var all []part
	c := newClient(o)
	for _, feed := range o.Feeds {
		source, err := sourceOf(feed)
		if err != nil {
			return nil, report, err
		}
		o.progress("%s: looking at what there is", feed)
		parts, err := source(ctx, c, o)
		if err != nil {
			return nil, report, fmt.Errorf("feed %s: %w", feed, err)
		}
		all = append(all, parts...)
	}
	for i, p := range all {
		n, done := w.has(p)
		if done {
			report.Kept++
		} else {
			o.progress("%d of %d: %s", i+1, len(all), p.name)
			var err error
			if n, err = w.fetch(ctx, p, o); err != nil {
				return nil, report, fmt.Errorf("%s: %w", p.name, err)
			}
		}
		report.Parts++
		report.Rows += n.read
		report.RefusedRows += n.refused
	}
	return all, report, nil
}

// put writes the new book in place of the old one, after it was opened as everybody will open it.
func put(m *merged, parts []part, o Options, old *price.Book) (string, error) {
	texts, err := tables(m, o, old)
	if err != nil {
		return "", err
	}
	about := manifest{Made: o.Now.UTC().Format("2006-01-02"), Feeds: o.Feeds, Regions: o.Regions, Descriptors: o.Set.Digest(), Parts: map[string]string{}}
	for _, p := range parts {
		about.Parts[p.name] = p.version
	}
	data, err := pack(texts, about)
	if err != nil {
		return "", err
	}
	fsys, err := unpack(data)
	if err != nil {
		return "", err
	}
	book, err := price.Over(fsys, o.InForce)
	if err != nil {
		return "", fmt.Errorf("the new book cannot be read: %w", err)
	}
	layers, err := book.Layers()
	if err != nil {
		return "", err
	}
	return layers[0].Digest, write(o.Out, data)
}

func write(name string, data []byte) error {
	f, err := renameio.NewPendingFile(name, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }() // nothing to do once it is in place
	if _, err := bytes.NewReader(data).WriteTo(f); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}
