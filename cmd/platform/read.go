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
	"github.com/org/platform-action/internal/local"
)

func (in inputs) loadPlan(ctx context.Context, s streams, p *progress, path string) (control.Source, error) {
	pl, open, err := in.readPlan(ctx, s, p, path)
	if err != nil {
		return control.Source{}, err
	}
	source := local.Source(pl, open, in.limits)
	source.Infracost = infracost.Document
	if path != "-" {
		if err := local.Locate(&source.Plan, path, in.source); err != nil {
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
const stdinName = local.Stdin

func (in inputs) readPlan(ctx context.Context, s streams, p *progress, path string) (fact.Plan, local.Opener, error) {
	p.step("reading " + path)
	name, open := stdinName, local.Opener(nil)
	var stream io.Reader
	if path == "-" {
		stream = s.in
	} else {
		info, err := os.Stat(path)
		if err != nil {
			return fact.Plan{}, nil, fmt.Errorf("%s: no such plan file or Terraform folder; make a plan with: terraform plan -out plan.out && terraform show -json plan.out > plan.json", path)
		}
		name = displayName(path)
		open = local.Opens(path)
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
	pl, err := local.Plan(name, open, in.limits)
	return pl, open, err
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
