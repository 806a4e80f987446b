package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/verdict"
)

// question is what is to be judged.
type question struct {
	sources []control.Source
	notes   []verdict.Finding
	names   []string // as they were named
}

func limits() plan.Limits {
	return plan.Limits{MaxBytes: local.MaxBytes, MaxResources: local.MaxResources}
}

// question reads the plans and evaluates the folders. Without either, the folders are those that the change touches.
func (c *step) question(ctx context.Context, s standard) (question, error) {
	q, folders, err := c.named()
	if err != nil {
		return q, err
	}
	if _, err := os.Lstat(c.in.Base); c.in.Base != "" && err != nil {
		return q, fmt.Errorf("base-path: %.200q is not there", c.in.Base)
	}
	if c.in.Base != "" && len(q.names) > 1 && !isEstimate(c.in.Base) {
		return q, fmt.Errorf("base-path: a plan or folder is compared with one plan or folder, and path names %d; give a report of all of them, or run the action once for each", len(q.names))
	}
	if len(folders) > 0 || len(q.names) == 0 {
		if err := c.evaluate(ctx, s, folders, &q); err != nil {
			return q, err
		}
	}
	if c.in.Base != "" {
		if err := c.compare(ctx, s, &q); err != nil {
			return q, err
		}
	}
	for i := range q.sources {
		q.sources[i].Infracost = infracost.Document
	}
	if len(q.sources) == 0 {
		q.notes = append(q.notes, control.NothingChanged())
	}
	return q, nil
}

// named reads the plans that the input path names, and tells the folders.
func (c *step) named() (q question, folders []string, err error) {
	if q.names, err = c.expand(); err != nil {
		return q, nil, err
	}
	for _, name := range q.names {
		if local.IsFolder(name) {
			folders = append(folders, name)
			continue
		}
		source, err := readPlan(name)
		if err != nil {
			return q, nil, err
		}
		q.sources = append(q.sources, source)
	}
	return q, folders, nil
}

// expand resolves what the input path names, sorted. Each line must lead to something.
func (c *step) expand() ([]string, error) {
	seen := map[string]bool{}
	for _, pattern := range c.in.Paths {
		matches := []string{pattern}
		if strings.ContainsAny(pattern, "*?[{") {
			var err error
			clean := strings.TrimPrefix(filepath.ToSlash(pattern), "./")
			if matches, err = doublestar.Glob(c.root.FS(), clean, doublestar.WithNoFollow()); err != nil {
				return nil, fmt.Errorf("path: %.200q is no pattern: %w", pattern, err)
			}
		} else if _, err := os.Lstat(pattern); err != nil {
			matches = nil
		}
		if len(matches) == 0 {
			return nil, c.nothing(pattern)
		}
		for _, m := range matches {
			if err := c.inside(m); err != nil {
				return nil, err
			}
			seen[filepath.Clean(m)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// inside refuses a link that leads out of the workspace: a pull request may bring one. What the workflow itself names
// outside of it is the workflow's to know.
func (c *step) inside(name string) error {
	if !filepath.IsLocal(name) {
		return nil
	}
	if _, err := c.root.Stat(name); err != nil {
		return fmt.Errorf("path: %s is a link that leads nowhere or out of the workspace; copy what it leads to", name)
	}
	return nil
}

// nothing says what was looked for, and what is there.
func (c *step) nothing(pattern string) error {
	list, err := fs.ReadDir(c.root.FS(), ".")
	var there []string
	for _, d := range list {
		name := d.Name()
		if name == ".git" {
			continue
		}
		if d.IsDir() {
			name += "/"
		}
		if there = append(there, name); len(there) == 20 {
			there = append(there, "…")
			break
		}
	}
	text := "nothing: check the repository out with actions/checkout, or fetch the plans with actions/download-artifact, in a step before"
	if err == nil && len(there) > 0 {
		text = strings.Join(there, " ")
	}
	return fmt.Errorf("path: %.200q leads to no plan and no folder; it is looked for in the workspace, which holds %s\nmake a plan with: terraform plan -out plan.out && terraform show -json plan.out > plan.json", pattern, text)
}

// readPlan reads one plan, by the name that every surface gives it.
func readPlan(name string) (control.Source, error) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return control.Source{}, fmt.Errorf("path: %s is no plan file and no folder", name)
	}
	switch local.Sniff(name) {
	case local.AReport, local.AForeigner:
		return control.Source{}, fmt.Errorf("path: %s is an estimate and no plan, which policies cannot judge: give it as base-path, or use platform check", name)
	case local.APlan:
	}
	open := local.Opens(name)
	p, err := local.Plan(local.Name(name), open, limits())
	if err != nil {
		return control.Source{}, err
	}
	if err := local.Locate(&p, name, ""); err != nil {
		return control.Source{}, err
	}
	return local.Source(p, open, limits()), nil
}
