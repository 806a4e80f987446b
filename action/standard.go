package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
)

// standard is what plans are judged by.
type standard struct {
	config  config.Config
	usage   *cost.Usage
	bundles []policy.Bundle // beside the built-in one
	inputs  []verdict.Input
	notes   []verdict.Finding
}

// place is where settings are read: a commit, or the workspace.
type place struct {
	name string // for people
	read func(ctx context.Context, name string) (data []byte, found bool, err error)
	tree func(ctx context.Context) (control.Tree, error)
}

// standards are the default branch's settings, and where a pull request changes them its own: those can only make the
// verdict worse. Where the default branch itself runs, the workspace is its commit.
func (c *step) standards(ctx context.Context) ([]standard, error) {
	if c.event.OnDefault() {
		s, err := c.standardOf(ctx, c.workspace())
		return []standard{s}, err
	}
	commit, err := c.job.Branch(ctx, c.event.DefaultBranch)
	if err != nil {
		return nil, needs(err, "contents: read")
	}
	s, err := c.standardOf(ctx, c.commit(commit, "the default branch "+c.event.DefaultBranch))
	if err != nil || !c.event.FromPull {
		return []standard{s}, err
	}
	return c.proposed(ctx, commit, s)
}

func (c *step) workspace() place {
	return place{
		name: "the workspace",
		read: func(_ context.Context, name string) ([]byte, bool, error) {
			f, err := c.root.Open(name)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, false, nil
			}
			if err != nil {
				return nil, false, err
			}
			defer f.Close()
			data, err := io.ReadAll(io.LimitReader(f, cost.MaxUsageBytes+1))
			return data, err == nil, err
		},
		tree: func(context.Context) (control.Tree, error) { return control.Tree{Files: c.root.FS()}, nil },
	}
}

func (c *step) commit(commit, at string) place {
	return place{
		name: at,
		read: func(ctx context.Context, name string) ([]byte, bool, error) {
			data, found, err := c.job.File(ctx, commit, name)
			if errors.Is(err, control.ErrTooLarge) {
				return nil, found, fmt.Errorf("%s is larger than a mebibyte, which is not read: make it smaller", name)
			}
			if errors.Is(err, control.ErrNotFile) {
				return nil, found, fmt.Errorf("%s on %s is a symbolic link or a submodule: make it a file", name, at)
			}
			if err != nil {
				return nil, found, needs(err, "contents: read")
			}
			return data, found, nil
		},
		tree: func(ctx context.Context) (control.Tree, error) {
			t, err := c.job.Tree(ctx, commit)
			if err != nil {
				return t, needs(err, "contents: read")
			}
			return t, nil
		},
	}
}

// standardOf reads configuration, usage file and policies. A configuration that is not valid leaves the outcome
// undecided, as it does on every surface.
func (c *step) standardOf(ctx context.Context, at place) (standard, error) {
	s := standard{config: config.Default()}
	name := path.Clean(cmp.Or(c.in.Config, control.ConfigName))
	data, found, err := at.read(ctx, name)
	if err != nil {
		return s, err
	}
	if !found && c.in.Config != "" {
		return s, fmt.Errorf("config: %s is not there on %s, and no other place counts", name, at.name)
	}
	if found {
		read, notes, err := local.Config(name, data)
		if err != nil {
			s.notes = append(s.notes, invalid(name, at.name, err))
		} else {
			s.config, s.notes = read, notes
			s.inputs = append(s.inputs, local.Digest("config", name, data))
		}
	}
	if err := c.usageOf(ctx, at, &s); err != nil {
		return s, err
	}
	return s, c.policiesOf(ctx, at, &s)
}

const invalidID = "config-invalid"

func invalid(name, where string, err error) verdict.Finding {
	return verdict.Finding{
		ID: invalidID, Title: "The configuration is invalid", Severity: verdict.Undecided, File: name,
		Message: fmt.Sprintf("on %s: %s", where, err), Fix: "correct the file on the default branch; platform check shows the same error",
	}
}

func (c *step) usageOf(ctx context.Context, at place, s *standard) error {
	name := cmp.Or(c.in.Usage, s.config.Cost.Usage)
	if name == "" {
		return nil
	}
	name = path.Clean(name)
	data, found, err := at.read(ctx, name)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("the usage file %s is not there on %s, and no other place counts", name, at.name)
	}
	if s.usage, err = cost.ParseUsage(name, bytes.NewReader(data)); err != nil {
		return err
	}
	s.inputs = append(s.inputs, local.Digest("usage", name, data))
	return nil
}

// policiesOf takes the folders whole or not at all: a rule that was left out would find nothing for ever.
func (c *step) policiesOf(ctx context.Context, at place, s *standard) error {
	if len(c.in.Policies) == 0 {
		return nil
	}
	tree, err := at.tree(ctx)
	if err != nil {
		return err
	}
	if len(tree.Faults) > 0 {
		return fmt.Errorf("policies: %s cannot be read whole: %s", at.name, tree.Faults[0])
	}
	for _, dir := range c.in.Policies {
		name := path.Clean(dir)
		if !fs.ValidPath(name) {
			return fmt.Errorf("policies: %.80q is no folder of the repository", dir)
		}
		for _, skipped := range tree.Skipped {
			if name == "." || strings.HasPrefix(skipped, name+"/") {
				return fmt.Errorf("policies: %s is too large to be read: make it smaller", skipped)
			}
		}
		below, err := fs.Sub(tree.Files, name)
		if err != nil {
			return err
		}
		if !holdsRego(below) {
			return fmt.Errorf("policies: %s holds no .rego file on %s, and no other place counts", name, at.name)
		}
		s.bundles = append(s.bundles, policy.Bundle{Name: name, FS: below})
	}
	return nil
}

func holdsRego(fsys fs.FS) bool {
	found := false
	_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		found = found || err == nil && !d.IsDir() && path.Ext(name) == ".rego"
		return err
	})
	return found
}

// proposed adds what a pull request would have in force. What runs with the rights of the default branch
// (pull_request_target) reads no settings of the head.
func (c *step) proposed(ctx context.Context, commit string, inForce standard) ([]standard, error) {
	if c.event.Kind == actions.PullRequestTarget {
		return []standard{inForce}, nil
	}
	change, err := c.job.Compare(ctx, commit, c.event.Head)
	if err != nil {
		return nil, needs(err, "contents: read")
	}
	name := path.Clean(cmp.Or(c.in.Config, control.ConfigName))
	usage := cmp.Or(c.in.Usage, inForce.config.Cost.Usage)
	if change.Whole && !slices.Contains(change.Files, name) && (usage == "" || !slices.Contains(change.Files, path.Clean(usage))) {
		return []standard{inForce}, nil
	}
	own, wrong := c.ownStandard(ctx)
	if _, ours := errors.AsType[*faultError](wrong); ours {
		return nil, wrong
	}
	note := verdict.Finding{
		ID: "config-proposed", Title: "This change edits the configuration", Severity: verdict.Warn, File: name,
		Message: "it is judged by the configuration of the default branch; the proposed one counts after it is merged, and can only be stricter before",
	}
	if wrong != nil {
		note.Title, note.Severity, note.Message = "The proposed configuration is invalid", verdict.Block, wrong.Error()
		note.Fix = "correct it in this change; platform check shows the same error"
		inForce.notes = append(inForce.notes, note)
		return []standard{inForce}, nil //nolint:nilerr // the fault is theirs, and told
	}
	if slices.Equal(own.inputs, inForce.inputs) {
		return []standard{inForce}, nil
	}
	inForce.notes = append(inForce.notes, note)
	own.bundles = inForce.bundles // a change cannot bring policies of its own
	note.Title, note.Message = "The proposed configuration is stricter", "the configuration that this change proposes judges it worse than the one in force, and that counts"
	own.notes = append(own.notes, note)
	return []standard{inForce, own}, nil
}

// ownStandard is what the head of a pull request says. A configuration that is not valid is an error here.
func (c *step) ownStandard(ctx context.Context) (standard, error) {
	only := *c
	only.in.Policies = nil
	own, err := only.standardOf(ctx, c.commit(c.event.Head, "the head of this change"))
	if err != nil {
		return own, err
	}
	for _, n := range own.notes {
		if n.ID == invalidID {
			return own, errors.New(n.Message)
		}
	}
	return own, nil
}
