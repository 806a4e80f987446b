package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/git"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/terraform"
)

// folder is a Terraform folder as the root of a file system sees it: that of its repository, so that modules beside it
// are found.
type folder struct {
	root   string // of the repository, or the folder itself
	within string // slash-separated, relative to root
}

func folderAt(path string) (folder, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return folder{}, err
	}
	root := repositoryRoot(abs)
	if root == "" {
		root = abs
	}
	within, err := filepath.Rel(root, abs)
	return folder{root, filepath.ToSlash(within)}, err
}

// loadFolder evaluates a Terraform folder, and what it is compared with.
func (in inputs) loadFolder(ctx context.Context, s streams, p *progress, path string) (control.Source, error) {
	at, err := folderAt(path)
	if err != nil {
		return control.Source{}, err
	}
	settings, err := in.settings(s, at)
	if err != nil {
		return control.Source{}, err
	}
	p.step("evaluating " + relative(path))
	head, err := evaluate(ctx, os.DirFS(at.root), at.within, settings, path)
	if err != nil {
		return control.Source{}, err
	}
	source := control.Source{Name: displayName(path), Infracost: infracost.Document}
	if source.Prior, err = in.priorOf(source.Name); err != nil {
		return control.Source{}, err
	}
	if source.Prior != nil {
		head.Notes = append(head.Notes, fact.Fault{Where: source.Name, Message: "compared with an estimate: what changes is told by cost alone, and policies see every resource as new"})
		source.Plan = terraform.Changes(fact.Plan{}, head)
		source.Plan.Name = source.Name
		return source, nil
	}
	base, err := in.baseOf(ctx, s, p, at, settings)
	if err != nil {
		return control.Source{}, err
	}
	if base == nil {
		head.Notes = append(head.Notes, fact.Fault{Where: source.Name, Message: "compared with nothing: every resource counts as new; --base-ref REF compares with a branch"})
		base = &fact.Plan{}
	} else {
		source.Base = base
	}
	source.Plan = terraform.Changes(*base, head)
	source.Plan.Name = source.Name
	return source, nil
}

// baseOf is what a folder is compared with: another folder or plan, or the same folder where the branch began.
func (in inputs) baseOf(ctx context.Context, s streams, p *progress, at folder, settings terraform.Settings) (*fact.Plan, error) {
	switch {
	case in.base != "" && in.baseRef != "":
		return nil, fmt.Errorf("--base and --base-ref say two different things; give one")
	case in.base != "" && isFolder(in.base):
		return evaluateBase(ctx, in.base, settings)
	case in.base != "":
		base, err := in.read(ctx, s, p, in.base)
		return &base, err
	case in.baseRef == "":
		return nil, nil //nolint:nilnil // there is nothing to compare with
	}
	p.step("reading " + in.baseRef)
	commit, err := git.MergeBase(ctx, at.root, in.baseRef)
	if err != nil {
		return nil, fmt.Errorf("--base-ref: %w", err)
	}
	tree, err := git.Open(ctx, at.root, commit)
	if err != nil {
		return nil, fmt.Errorf("--base-ref: %w", err)
	}
	defer func() { _ = tree.Close() }()
	if _, err := fs.Stat(tree, at.within); err != nil {
		return &fact.Plan{Name: at.within, Digest: commit, Complete: true}, nil // the folder is new: before it there was nothing
	}
	base, err := evaluate(ctx, tree, at.within, settings, in.baseRef)
	return &base, err
}

// folderBase is the folder that --base names, for a plan to be compared with.
func (in inputs) folderBase(ctx context.Context, s streams) (*fact.Plan, error) {
	at, err := folderAt(in.base)
	if err != nil {
		return nil, err
	}
	settings, err := in.settings(s, at)
	if err != nil {
		return nil, err
	}
	return evaluateBase(ctx, in.base, settings)
}

func evaluateBase(ctx context.Context, path string, settings terraform.Settings) (*fact.Plan, error) {
	at, err := folderAt(path)
	if err != nil {
		return nil, err
	}
	base, err := evaluate(ctx, os.DirFS(at.root), at.within, settings, path)
	return &base, err
}

func evaluate(ctx context.Context, fsys fs.FS, within string, settings terraform.Settings, name string) (fact.Plan, error) {
	limited, cancel := context.WithTimeout(ctx, terraform.DefaultTimeout)
	defer cancel()
	p, err := terraform.Evaluate(limited, fsys, within, settings)
	if limited.Err() != nil && ctx.Err() == nil {
		return p, &faultError{fmt.Errorf("%s: the evaluation of the source took longer than %s; give a plan instead", name, terraform.DefaultTimeout)}
	}
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// settings are the values of the root's variables that the command line and the environment give.
func (in inputs) settings(s streams, at folder) (terraform.Settings, error) {
	out := terraform.Settings{Variables: map[string]string{}, Environ: s.env, Workspace: cmp.Or(s.env("TF_WORKSPACE"), in.workspace), Fetch: in.fetch}
	for _, v := range in.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return out, fmt.Errorf("--var %.40q: write it as NAME=VALUE", v)
		}
		out.Variables[name] = value
	}
	for _, f := range in.varFiles {
		abs, err := filepath.Abs(f)
		if err != nil {
			return out, err
		}
		if info, err := os.Stat(abs); err != nil || !info.Mode().IsRegular() {
			return out, fmt.Errorf("--var-file %s: no such file", f)
		}
		within, err := filepath.Rel(at.root, abs)
		if err != nil || strings.HasPrefix(within, "..") {
			return out, fmt.Errorf("--var-file %s is outside of %s; copy it there", f, at.root)
		}
		out.VarFiles = append(out.VarFiles, filepath.ToSlash(within))
	}
	return out, nil
}
