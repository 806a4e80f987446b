package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fetch"
	"github.com/org/platform-action/internal/git"
	"github.com/org/platform-action/internal/terraform"
	"github.com/org/platform-action/internal/verdict"
)

// discover names the Terraform roots that the work tree changes since its branch began: those of the configuration, or
// all that the repository holds.
func (in inputs) discover(ctx context.Context, s streams, p *progress, out *loaded) ([]string, error) {
	configured := out.config.Roots
	root := repositoryRoot(".")
	if root == "" {
		return nil, fmt.Errorf("there is no git repository here: name the folders to check")
	}
	p.step("looking for Terraform folders")
	roots, faults, err := terraform.Roots(ctx, os.DirFS(root))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", root, err)
	}
	if len(faults) > 0 {
		return nil, &faultError{fmt.Errorf("%s: %s: %s", root, faults[0].Where, faults[0].Message)}
	}
	for _, c := range configured {
		if !slices.ContainsFunc(roots, func(r terraform.Root) bool { return path.Clean(c.Path) == r.Path }) {
			return nil, fmt.Errorf("roots of the configuration names %s, which is no Terraform root of this repository: correct or remove it, or name the folder on the command line", c.Path)
		}
	}
	if len(configured) > 0 {
		roots = slices.DeleteFunc(roots, func(r terraform.Root) bool {
			return !slices.ContainsFunc(configured, func(c config.Root) bool { return path.Clean(c.Path) == r.Path })
		})
	}
	commit, err := git.MergeBase(ctx, root, in.baseRef)
	if err != nil {
		return nil, fmt.Errorf("--base-ref: %w", err)
	}
	files, err := git.Changed(ctx, root, commit)
	if err != nil {
		return nil, fmt.Errorf("--base-ref: %w", err)
	}
	touched := terraform.Touched(roots, files, in.readsOf(ctx, s, root, configured))
	if len(touched) == 0 {
		out.notes = append(out.notes, verdict.Finding{
			ID: "nothing-changed", Title: "No Terraform root is changed", Severity: verdict.Allow,
			Message: fmt.Sprintf("none of the %d Terraform roots here is changed since %s", len(roots), in.baseRef),
			Fix:     "name a folder to check it all the same",
		})
	}
	var paths []string
	for _, r := range touched {
		paths = append(paths, filepath.Join(root, filepath.FromSlash(r.Path)))
	}
	return paths, nil
}

// readsOf tells what a root reads beside its folders, by the values that it is evaluated with.
func (in inputs) readsOf(ctx context.Context, s streams, root string, configured []config.Root) func(terraform.Root) terraform.Reads {
	return func(r terraform.Root) terraform.Reads {
		dir := filepath.Join(root, filepath.FromSlash(r.Path))
		settings, err := in.forRoot(dir, configured).settings(s, folder{root, r.Path})
		if err != nil {
			return terraform.Reads{Unknown: err.Error()} // it is told when the root is evaluated
		}
		limited, cancel := context.WithTimeout(ctx, terraform.DefaultTimeout)
		defer cancel()
		return r.Reads(limited, os.DirFS(root), settings)
	}
}

// loadFolders evaluates folders on every core; they stand in the order in which they were named.
func (in inputs) loadFolders(ctx context.Context, s streams, p *progress, paths []string, configured []config.Root) ([]control.Source, error) {
	if in.allowDownload && len(paths) > 0 {
		modules, err := fetch.New()
		if err != nil {
			return nil, err
		}
		defer func() { _ = modules.Close() }()
		in.fetch = modules.Fetch
	}
	out := make([]control.Source, len(paths))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		group.Go(func() error {
			source, err := in.forRoot(path, configured).loadFolder(ctx, s, p, path)
			out[i] = source
			return err
		})
	}
	return out, group.Wait()
}

// forRoot adds what the configuration says of a root: variable files before those of the command line, and the
// workspace.
func (in inputs) forRoot(dir string, configured []config.Root) inputs {
	for _, c := range configured {
		at, err := folderAt(dir)
		if err != nil || path.Clean(c.Path) != at.within {
			continue
		}
		var files []string
		for _, f := range c.VarFiles {
			files = append(files, filepath.Join(dir, filepath.FromSlash(f)))
		}
		in.varFiles = append(files, in.varFiles...)
		in.workspace = c.Workspace
	}
	return in
}

// relative shows a folder as people name it.
func relative(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if r, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(r, "..") {
			return r
		}
	}
	return path
}
