package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
)

// organisation is what the policy repository of an installation says.
type organisation struct {
	file    config.Organisation // zero: there is none
	bundles []policy.Bundle
	prices  fs.FS  // its own catalogue; nil: none
	origin  string // commit
	inputs  []verdict.Input
	notes   []verdict.Finding
}

// goodName is the document that names the last commit of the policy repository that could be used.
const goodName = "policy-commit"

// organisation reads it at the policy repository's default branch. What cannot be used leaves the last good commit in
// force, and is told.
func (f *Flow) organisation(ctx context.Context, t Tenant) (organisation, error) {
	r, err := f.policyRepository(ctx, t)
	if errors.Is(err, errNoPolicyRepository) {
		return organisation{}, nil
	}
	if err != nil {
		return organisation{}, err
	}
	commit, err := f.o.Forge.Branch(ctx, r, r.DefaultBranch)
	if errors.Is(err, ErrGone) {
		return f.withoutBranch(ctx, r, err)
	}
	if err != nil {
		return organisation{}, err
	}
	o, broken := f.organisationAt(ctx, r, commit)
	var wrong *unusable
	if broken != nil && !errors.As(broken, &wrong) {
		return organisation{}, broken
	}
	good, _, err := f.o.Records.Recall(ctx, r.Tenant, goodName)
	if err != nil {
		return organisation{}, err
	}
	if broken == nil {
		if string(good) != commit {
			err = f.o.Records.Remember(ctx, r.Tenant, goodName, []byte(commit))
		}
		return o, err
	}
	return f.lastGood(ctx, r, commit, string(good), wrong)
}

// withoutBranch is for a policy repository that shows no branch. An empty one has none; one that has ruled before has
// not become empty, and what it said must not stop to count because it cannot be seen now.
func (f *Flow) withoutBranch(ctx context.Context, r Repository, cause error) (organisation, error) {
	_, ruled, err := f.o.Records.Recall(ctx, r.Tenant, goodName)
	if err == nil && ruled {
		err = fmt.Errorf("the policy repository cannot be seen, whose policies were in force: %w", cause)
	}
	return organisation{}, err
}

// unusable is a fault in what people wrote, as opposed to one in reading it.
type unusable struct{ error }

func (f *Flow) lastGood(ctx context.Context, r Repository, commit, good string, wrong *unusable) (organisation, error) {
	note := verdict.Finding{
		ID: "organisation-invalid", Title: "The organisation's policies are invalid", Severity: verdict.Undecided,
		Message: fmt.Sprintf("commit %.7s of the policy repository cannot be used, and no earlier one is known: %s", commit, wrong),
		Fix:     "correct it in the policy repository",
	}
	if good == "" {
		return organisation{notes: []verdict.Finding{note}}, nil
	}
	o, err := f.organisationAt(ctx, r, good)
	if err != nil {
		return organisation{}, err
	}
	note.Severity = verdict.Warn
	note.Message = fmt.Sprintf("commit %.7s of the policy repository cannot be used, so that %.7s stays in force: %s", commit, good, wrong)
	o.notes = append(o.notes, note)
	return o, nil
}

func (f *Flow) organisationAt(ctx context.Context, r Repository, commit string) (organisation, error) {
	tree, err := f.o.Forge.Tree(ctx, r, commit)
	if err != nil {
		return organisation{}, err
	}
	o := organisation{origin: commit}
	if err := whole(tree); err != nil {
		return o, &unusable{err}
	}
	data, err := fs.ReadFile(tree.Files, OrganisationName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return o, err
	default:
		if o.file, err = config.ParseOrganisation(OrganisationName, data); err != nil {
			return o, &unusable{err}
		}
		o.inputs = append(o.inputs, inputOf("organisation", OrganisationName, data))
	}
	rego, err := fs.Sub(tree.Files, PolicyFolder)
	if err != nil {
		return o, err
	}
	if holds(rego, ".rego") {
		o.bundles = []policy.Bundle{{Name: "organisation", FS: rego}}
	}
	prices, err := fs.Sub(tree.Files, CatalogueFolder)
	if err != nil {
		return o, err
	}
	if holds(prices, ".yaml", ".yml") {
		o.prices = prices
	}
	if o.prices != nil {
		entries, err := f.o.Engine.entries.With(o.prices)
		if err != nil {
			return o, &unusable{err}
		}
		o.inputs = append(o.inputs, inputOf("catalogue", CatalogueFolder, entries.OwnText()))
	}
	if o.bundles != nil || o.prices != nil {
		probe := Settings{Config: config.Default(), Bundles: o.bundles, Catalogue: o.prices, Origin: commit}
		if _, err := f.o.Engine.Control(ctx, probe); err != nil {
			if _, theirs := errors.AsType[*policy.PolicyError](err); theirs {
				return o, &unusable{err}
			}
			return o, err
		}
	}
	return o, nil
}

// whole reports what a tree lacks that may rule: a policy that was not read would allow everything.
func whole(tree Tree) error {
	if len(tree.Faults) > 0 {
		return errors.New(tree.Faults[0])
	}
	for _, name := range tree.Skipped {
		if name == OrganisationName || strings.HasPrefix(name, PolicyFolder+"/") || strings.HasPrefix(name, CatalogueFolder+"/") {
			return fmt.Errorf("%s is larger than 128 KiB: split it", name)
		}
	}
	for _, top := range []string{OrganisationName, PolicyFolder, CatalogueFolder} {
		if name := linkBelow(tree.Files, top); name != "" {
			return fmt.Errorf("%s is a symbolic link, which is not followed", name)
		}
	}
	return nil
}

// linkBelow finds a link at or below a path.
func linkBelow(fsys fs.FS, top string) string {
	if info, err := fs.Lstat(fsys, top); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return top
	}
	found := ""
	_ = fs.WalkDir(fsys, top, func(name string, d fs.DirEntry, err error) error {
		if err == nil && found == "" && d.Type()&fs.ModeSymlink != 0 {
			found = name
		}
		return err
	})
	return found
}

// holds reports a file with one of the endings.
func holds(fsys fs.FS, endings ...string) bool {
	found := false
	_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		found = found || err == nil && !d.IsDir() && slices.Contains(endings, path.Ext(name))
		return err
	})
	return found
}
