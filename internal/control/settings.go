package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/cost"
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
		return organisation{}, nil // an empty repository has no branch
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

// holds reports a file with one of the endings.
func holds(fsys fs.FS, endings ...string) bool {
	found := false
	_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		found = found || err == nil && !d.IsDir() && slices.Contains(endings, path.Ext(name))
		return err
	})
	return found
}

// governing is what a repository's own files say.
type governing struct {
	file   document // the configuration
	config config.Config
	usage  *cost.Usage
	inputs []verdict.Input
	notes  []verdict.Finding
}

// govern reads the documents of a snapshot. An error is a fault of theirs.
func govern(configuration, usage document) (governing, error) {
	g := governing{file: configuration, config: config.Default()}
	if !configuration.Found {
		return g, nil
	}
	var err error
	if g.config, err = config.Parse(configuration.Path, configuration.Data); err != nil {
		return g, err
	}
	g.inputs = append(g.inputs, inputOf("config", configuration.Path, configuration.Data))
	if usage.Path == "" {
		return g, nil
	}
	if !usage.Found {
		return g, fmt.Errorf("%s: cost.usage names %s, which is not there", configuration.Path, usage.Path)
	}
	if g.usage, err = cost.ParseUsage(usage.Path, bytes.NewReader(usage.Data)); err != nil {
		return g, err
	}
	g.inputs = append(g.inputs, inputOf("usage", usage.Path, usage.Data))
	return g, nil
}

// inForce is what governs a repository: its snapshot, or the last good one.
func (s snapshot) inForce() governing {
	g, err := govern(s.Config, s.Usage)
	if err == nil {
		return g
	}
	note := verdict.Finding{
		ID: "config-invalid", Title: "The configuration is invalid", Severity: verdict.Undecided, File: ConfigName,
		Message: fmt.Sprintf("at commit %.7s of the default branch, and no earlier one is known: %s", s.Commit, err),
		Fix:     "correct the file on the default branch; platform check shows the same error",
	}
	if s.Last == nil {
		return governing{config: config.Default(), notes: []verdict.Finding{note}}
	}
	g, last := govern(s.Last.Config, s.Last.Usage)
	if last == nil {
		note.Severity = verdict.Warn
		note.Message = fmt.Sprintf("at commit %.7s of the default branch, so that what held before stays in force: %s", s.Commit, err)
	}
	g.notes = append(g.notes, note)
	return g
}

// settings joins what the repository and the organisation say.
func (g governing) settings(o organisation) Settings {
	s := Settings{Config: g.config, Usage: g.usage, Bundles: o.bundles, Catalogue: o.prices, Origin: o.origin}
	s.Notes = append(slices.Clone(o.notes), g.notes...)
	s.Inputs = append(slices.Clone(o.inputs), g.inputs...)
	s.under(o.file, g.file)
	for _, key := range s.Config.Unused() {
		if key == "cost.acknowledge.by" {
			continue // acted on here
		}
		if key == "environments" && asksTests(s.Config) {
			continue // platform/tested acts on it
		}
		s.Notes = append(s.Notes, verdict.Finding{
			ID: "config-unused", Title: "A configured key has no effect here", Severity: verdict.Warn,
			Message: key + " is valid, but nothing acts on it yet: the verdict was made without it", File: ConfigName,
		})
	}
	return s
}

// under applies the organisation's file to the repository's.
func (s *Settings) under(o config.Organisation, file document) {
	data := file.Data
	if !file.Found {
		data = nil
	}
	merged, loosened, err := o.Parse(file.Path, data)
	if err != nil { // each is valid alone; what the repository itself says goes on to judge
		s.Notes = append(s.Notes, verdict.Finding{
			ID: "config-conflict", Title: "The configuration does not fit the organisation's", Severity: verdict.Undecided,
			Message: err.Error(), Fix: "correct the file on the default branch, or the organisation's", File: ConfigName,
		})
		return
	}
	s.Config = merged
	for _, key := range loosened {
		s.Notes = append(s.Notes, verdict.Finding{
			ID: "config-enforced", Title: "The organisation is stricter", Severity: verdict.Warn, File: ConfigName,
			Message: key + " of the repository does not count: the organisation enforces another value",
		})
	}
}

func inputOf(kind, name string, data []byte) verdict.Input {
	sum := sha256.Sum256(data)
	return verdict.Input{Kind: kind, Name: name, Digest: "sha256:" + hex.EncodeToString(sum[:])}
}

// remember keeps the newest snapshot of the default branch, and with an invalid one what held before it.
func (f *Flow) remember(ctx context.Context, t Tenant, had, s snapshot) (snapshot, error) {
	if _, err := govern(s.Config, s.Usage); err != nil {
		if _, good := govern(had.Config, had.Usage); good == nil && had.Commit != "" {
			had.Folders, had.Last = nil, nil
			s.Last = &had
		} else {
			s.Last = had.Last
		}
	}
	data, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	return s, f.o.Records.Remember(ctx, t, snapshotName, data)
}
