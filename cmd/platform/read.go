package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/plan"
)

func (in inputs) loadPlan(ctx context.Context, s streams, p *progress, path string) (control.Source, error) {
	pl, open, err := in.readPlan(ctx, s, p, path)
	if err != nil {
		return control.Source{}, err
	}
	source := control.Source{Name: pl.Name, Plan: pl, Infracost: infracost.Document, Raw: in.rawDocument(pl.Name, pl.Digest, open)}
	if path != "-" {
		if err := in.locate(&source.Plan, path); err != nil {
			return control.Source{}, err
		}
	}
	return source, nil
}

// read opens a plan file, or standard input for "-".
func (in inputs) read(ctx context.Context, s streams, p *progress, path string) (fact.Plan, error) {
	pl, _, err := in.readPlan(ctx, s, p, path)
	return pl, err
}

// stdinName stands for the path of what is read from standard input.
const stdinName = "standard input"

// opener opens the bytes of a plan once more.
type opener func() (src io.ReadSeeker, done func(), err error)

func (in inputs) readPlan(ctx context.Context, s streams, p *progress, path string) (fact.Plan, opener, error) {
	p.step("reading " + path)
	name, open := stdinName, opener(nil)
	var stream io.Reader
	if path == "-" {
		stream = s.in
	} else {
		info, err := os.Stat(path)
		if err != nil {
			return fact.Plan{}, nil, fmt.Errorf("%s: no such plan file or Terraform folder; make a plan with: terraform plan -out plan.out && terraform show -json plan.out > plan.json", path)
		}
		name = displayName(path)
		open = func() (io.ReadSeeker, func(), error) {
			f, err := os.Open(path)
			return f, func() { _ = f.Close() }, err
		}
		if !info.Mode().IsRegular() { // a pipe can be read once
			f, err := os.Open(path)
			if err != nil {
				return fact.Plan{}, nil, err
			}
			defer f.Close()
			stream = f
		}
	}
	if stream != nil {
		data, err := readAll(ctx, stream, in.limits.MaxBytes+1)
		if err != nil {
			return fact.Plan{}, nil, fmt.Errorf("%s: %w", name, err)
		}
		open = func() (io.ReadSeeker, func(), error) { return bytes.NewReader(data), func() {}, nil }
	}
	src, done, err := open()
	if err != nil {
		return fact.Plan{}, nil, err
	}
	defer done()
	pl, err := plan.Read(name, src, in.limits)
	return pl, open, err
}

// readFile reads a regular file up to one byte more than a bound, so that who checks the bound sees that it is passed.
func readFile(path string, bound int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, bound+1))
}

// readAll reads up to a bound, or until ctx ends: nobody may write to the other end of a pipe.
func readAll(ctx context.Context, r io.Reader, bound int64) ([]byte, error) {
	type read struct {
		data []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(r, bound))
		done <- read{data, err}
	}()
	select {
	case got := <-done:
		return got.data, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// rawDocument is the whole plan as it stands, for policies that were written for another tool: the same bytes that
// were priced.
func (in inputs) rawDocument(name, digest string, open func() (io.ReadSeeker, func(), error)) func() (any, error) {
	return func() (any, error) {
		src, done, err := open()
		if err != nil {
			return nil, err
		}
		defer done()
		doc, got, err := plan.Document(name, src, in.limits)
		if err == nil && got != digest {
			err = fmt.Errorf("%s changed while it was checked", name)
		}
		return doc, err
	}
}
