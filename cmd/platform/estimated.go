package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/local"
)

// maxReport bounds a report of ours that is read back.
const maxReport = 256 << 20

// estimates reads a file that holds estimates, one a project.
func (in inputs) estimates(path string, kind kindOf) ([]control.Estimated, []infracost.Project, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	name := displayName(path)
	if kind == aForeigner {
		doc, err := infracost.Read(name, f, infracost.Limits{MaxBytes: in.limits.MaxBytes, MaxResources: in.limits.MaxResources})
		if err != nil {
			return nil, nil, err
		}
		return doc.Estimated(), doc.Projects, nil
	}
	data, err := io.ReadAll(io.LimitReader(f, min(in.limits.MaxBytes, maxReport)+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(data)) > min(in.limits.MaxBytes, maxReport) {
		return nil, nil, fmt.Errorf("%s: larger than the limit of %d bytes: raise --max-bytes", name, min(in.limits.MaxBytes, maxReport))
	}
	list, err := local.Report(name, data)
	return list, nil, err
}

// priorOf reads what a plan or a folder is compared with, when that is a file of estimates; nil when it is not.
func (in inputs) priorOf(name string) (*control.Estimated, error) {
	if in.base == "" || isFolder(in.base) {
		return nil, nil //nolint:nilnil // there is none
	}
	kind := sniff(in.base)
	if kind == aPlan {
		return nil, nil //nolint:nilnil // there is none
	}
	list, _, err := in.estimates(in.base, kind)
	if err != nil {
		return nil, fmt.Errorf("--base: %w", err)
	}
	prior, err := local.Choose(list, name, displayName(in.base))
	if err != nil {
		return nil, fmt.Errorf("--base: %w", err)
	}
	return prior, nil
}

// loadEstimated makes sources of a file of estimates that stands where a plan may.
func (in inputs) loadEstimated(ctx context.Context, path string, kind kindOf) ([]control.Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in.baseRef != "" || isFolder(in.base) {
		return nil, fmt.Errorf("%s is an estimate: --base-ref and a folder as --base are for Terraform folders", path)
	}
	list, _, err := in.estimates(path, kind)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no project: there is nothing to judge", path)
	}
	var out []control.Source
	for i := range list {
		e := &list[i]
		if len(list) == 1 {
			e.Name = displayName(path)
		}
		source := control.Source{Name: e.Name, Ready: e, Infracost: infracost.Document, Plan: fact.Plan{Name: e.Name, Digest: e.Digest, Complete: true}}
		if source.Prior, err = in.priorOf(e.Name); err != nil {
			return nil, err
		}
		if in.base != "" && source.Prior == nil {
			return nil, fmt.Errorf("--base: %s is a plan and %s an estimate; compare two estimates, or two plans", in.base, path)
		}
		out = append(out, source)
	}
	return out, nil
}
