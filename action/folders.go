package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/memfs"
	"github.com/org/platform-action/internal/terraform"
	"github.com/org/platform-action/internal/verdict"
)

// evaluate judges source: the named folders of the workspace, or those that the change touches, which GitHub has on both
// sides: then nothing needs to be checked out. A checkout has one commit, and there is no git here, so that what it is
// compared with comes from GitHub in any case.
func (c *step) evaluate(ctx context.Context, s standard, named []string, q *question) error {
	f := control.Folders{Base: control.Tree{Files: memfs.New()}, Roots: s.config.Roots}
	for _, name := range named {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("path: %s is outside of the workspace; a folder must be inside", name)
		}
		f.Named = append(f.Named, filepath.ToSlash(name))
	}
	head, err := c.headOf(ctx, &f)
	if err != nil {
		return err
	}
	if c.in.Base == "" {
		if err := c.baseOf(ctx, head, &f); err != nil {
			return err
		}
	}
	sources, notes, err := f.Sources(ctx)
	if err != nil {
		return &faultError{err}
	}
	q.sources, q.notes = append(q.sources, sources...), append(q.notes, notes...)
	return nil
}

// headOf gives the side that is judged, and its commit. A workspace that holds another commit than the change is not it:
// pull_request_target checks out the base, where nothing is ever changed.
func (c *step) headOf(ctx context.Context, f *control.Folders) (string, error) {
	if len(f.Named) == 0 && c.job != nil {
		var err error
		if f.Head, err = c.job.Tree(ctx, c.event.Head); err != nil {
			return "", needs(err, "contents: read")
		}
		return c.event.Head, nil
	}
	f.Head = control.Tree{Files: c.root.FS()}
	out := local.Head(c.event.Workspace)
	merged := out == c.event.SHA && c.event.Kind != actions.PullRequestTarget
	if c.event.FromPull && out != "" && out != c.event.Head && !merged {
		return "", fmt.Errorf("path names folders, and the workspace holds commit %.7s, which is not what %s is about (%.7s): leave path away, or check that commit out", out, c.event.Name, c.event.Head)
	}
	return cmp.Or(out, c.event.Head), nil
}

// baseOf reads what head is built on. Without such a commit every resource counts as new.
func (c *step) baseOf(ctx context.Context, head string, f *control.Folders) error {
	from := cmp.Or(c.event.BaseSHA, c.event.Into)
	if from == "" && !c.event.OnDefault() {
		from = c.event.DefaultBranch
	}
	if from == "" {
		return nil
	}
	if c.job == nil {
		return errors.New("no token: folders are compared with what GitHub has; leave the input github-token away")
	}
	change, err := c.job.Compare(ctx, from, head)
	if err != nil {
		return needs(err, "contents: read")
	}
	f.Files, f.Whole = change.Files, change.Whole
	if f.Base, err = c.job.Tree(ctx, change.MergeBase); err != nil {
		return needs(err, "contents: read")
	}
	return nil
}

// compare puts what base-path names beside the sources: of an estimate each one's own project, of a plan or a folder all
// of it beside the one source.
func (c *step) compare(ctx context.Context, s standard, q *question) error {
	name := c.in.Base
	if err := c.inside(name); err != nil {
		return err
	}
	if isEstimate(name) {
		return compareEstimates(name, q)
	}
	source := &q.sources[0]
	base, err := c.basePlan(ctx, s, name)
	if err != nil {
		return fmt.Errorf("base-path: %w", err)
	}
	if source.Base != nil { // a folder: what it changes is known only now
		head, err := control.Evaluate(ctx, c.root.FS(), source.Name, s.config.Roots)
		if err != nil {
			return &faultError{err}
		}
		source.Plan = terraform.Changes(base, head)
		source.Plan.Name = source.Name
	}
	source.Base = &base
	return nil
}

// compareEstimates gives each source its project. Of several sources one without a project is new, and told to be.
func compareEstimates(name string, q *question) error {
	for i := range q.sources {
		source := &q.sources[i]
		list, err := estimates(name)
		if err != nil {
			return fmt.Errorf("base-path: %w", err)
		}
		if len(q.sources) > 1 && !slices.ContainsFunc(list, func(e control.Estimated) bool { return e.Name == source.Name }) {
			q.notes = append(q.notes, verdict.Finding{
				ID: "base-unreadable", Title: "Compared with nothing", Severity: verdict.Warn, Project: source.Name,
				Message: "base-path has no project named " + source.Name + ", so that it is compared with no other state",
			})
			continue
		}
		if source.Prior, err = local.Choose(list, source.Name, local.Name(name)); err != nil {
			return fmt.Errorf("base-path: %w", err)
		}
		source.Base = nil
	}
	return nil
}

func (c *step) basePlan(ctx context.Context, s standard, name string) (fact.Plan, error) {
	if !local.IsFolder(name) {
		return local.Plan(local.Name(name), local.Opens(name), limits())
	}
	if !filepath.IsLocal(name) {
		return fact.Plan{}, fmt.Errorf("%s is outside of the workspace; a folder must be inside", name)
	}
	return control.Evaluate(ctx, c.root.FS(), filepath.ToSlash(filepath.Clean(name)), s.config.Roots)
}

// isEstimate reports a base that is one, and no plan or folder.
func isEstimate(file string) bool {
	return !local.IsFolder(file) && local.Sniff(file) != local.APlan
}

// estimates are the projects of such a base.
func estimates(file string) ([]control.Estimated, error) {
	data, err := local.File(file, local.MaxBytes)
	if err != nil {
		return nil, err
	}
	if local.Sniff(file) == local.AForeigner {
		doc, err := infracost.Read(local.Name(file), bytes.NewReader(data), infracost.Limits{MaxBytes: local.MaxBytes, MaxResources: local.MaxResources})
		if err != nil {
			return nil, err
		}
		return doc.Estimated(), nil
	}
	return local.Report(local.Name(file), data)
}
