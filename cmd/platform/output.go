package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/google/renameio/v2"

	"github.com/org/platform-action/internal/render"
)

// output are the flags that say how and where to write.
type output struct {
	format, out    string
	quiet, noColor bool
	by             render.Dimension
}

// write renders a report to standard output, or whole or not at all to a file.
func (o output) write(s streams, r render.Report) error {
	format, err := render.ParseFormat(o.format)
	if err != nil {
		return err
	}
	tty := s.outTTY && o.out == ""
	options := render.Options{TTY: tty, Color: tty && !o.noColor && s.env("NO_COLOR") == "" && s.env("TERM") != "dumb", Width: s.width(), GroupBy: o.by}
	var b bytes.Buffer
	if err := render.Render(&b, format, r, options); err != nil {
		return &faultError{err}
	}
	return o.emit(s, b.Bytes())
}

func (o output) emit(s streams, data []byte) error {
	if o.out == "" {
		_, err := s.out.Write(data)
		return err
	}
	write := func() error { return renameio.WriteFile(o.out, data, 0o644) }
	if info, err := os.Lstat(o.out); err == nil && !info.Mode().IsRegular() {
		write = func() error { return os.WriteFile(o.out, data, 0o644) } // a pipe, a device or a link stays what it is
	}
	if err := write(); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// progress shows on a terminal what long work is at; in a pipe it says nothing.
type progress struct {
	w  io.Writer
	on bool
}

func newProgress(s streams, quiet bool) *progress { return &progress{s.err, s.errTTY && !quiet} }

func (p *progress) step(what string) {
	if p.on {
		fmt.Fprintf(p.w, "\r\x1b[K%s …", render.Plain(what))
	}
}

func (p *progress) done() {
	if p.on {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
