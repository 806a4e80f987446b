package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/terraform"
	"github.com/org/platform-action/internal/verdict"
)

// configName is where a repository keeps its configuration.
const configName = ".github/platform.yml"

// inputs are the flags that say what to read.
type inputs struct {
	base, baseRef, source, usage, config string
	profile, rates, catalogue            string
	vars, varFiles                       []string
	workspace                            string // of the configuration's root
	allowDownload                        bool
	fetch                                terraform.Fetch // nil without allowDownload
	limits                               plan.Limits
	book                                 bookFlags
}

// loaded is everything that was read.
type loaded struct {
	sources []control.Source
	config  config.Config
	book    *price.Book
	usage   *cost.Usage
	rates   document
	entries *catalog.Catalog // with the team's own entries
	digests []verdict.Input
	notes   []verdict.Finding
}

// document is a file that was read; without a name there is none.
type document struct {
	name string
	data []byte
}

// load reads configuration, usage file and plans. Every error is one that a person can mend: exit code 2.
func (in inputs) load(ctx context.Context, s streams, p *progress, paths []string) (loaded, error) {
	out, err := in.loadSettings()
	if err != nil {
		return out, err
	}
	return out, in.loadPlans(ctx, s, p, paths, &out)
}

// loadSettings reads configuration and usage file.
func (in inputs) loadSettings() (loaded, error) {
	var out loaded
	root, err := in.loadConfig(&out)
	if err != nil {
		return out, err
	}
	if out.book, err = in.book.open(); err != nil {
		return out, err
	}
	for _, load := range []func(*loaded) error{in.loadProfile, in.loadCatalogue, in.loadRates} {
		if err := load(&out); err != nil {
			return out, err
		}
	}
	return out, in.loadUsage(&out, root)
}

// loadCatalogue puts a team's own entries over the embedded ones.
func (in inputs) loadCatalogue(out *loaded) error {
	var err error
	if out.entries, err = catalog.Embedded(); err != nil {
		return &faultError{err}
	}
	if in.catalogue == "" {
		return nil
	}
	if !isFolder(in.catalogue) {
		return fmt.Errorf("--catalogue %s is not a folder of .yaml files", in.catalogue)
	}
	if out.entries, err = out.entries.With(os.DirFS(in.catalogue)); err != nil {
		return fmt.Errorf("--catalogue %s: %w", in.catalogue, err)
	}
	own := out.entries.OwnNames()
	if len(own) == 0 {
		return fmt.Errorf("--catalogue %s has no entry: a .yaml file in it maps a Terraform type to what it costs", in.catalogue)
	}
	out.digests = append(out.digests, digest("catalogue", displayName(in.catalogue), out.entries.OwnText()))
	return nil
}

// loadRates reads the exchange rates of a day.
func (in inputs) loadRates(out *loaded) error {
	if in.rates == "" {
		return nil
	}
	data, err := readFile(in.rates, cost.MaxRatesBytes)
	if err != nil {
		return fmt.Errorf("--exchange-rates: %w", err)
	}
	out.rates = document{displayName(in.rates), data}
	out.digests = append(out.digests, digest("exchange-rates", out.rates.name, data))
	return nil
}

// loadProfile lets the flag name another usage profile than the configuration.
func (in inputs) loadProfile(out *loaded) error {
	if in.profile == "" {
		return nil
	}
	if _, err := cost.Profile(in.profile); err != nil {
		return fmt.Errorf("--usage-profile: %w", err)
	}
	out.config.Cost.UsageProfile = in.profile
	out.digests = append(out.digests, digest("usage-profile", in.profile, []byte(in.profile)))
	return nil
}

func (in inputs) loadPlans(ctx context.Context, s streams, p *progress, paths []string, out *loaded) error {
	var err error
	if len(paths) == 0 {
		if paths, err = in.discover(ctx, s, p, out); err != nil {
			return err
		}
	}
	if err := distinct(paths); err != nil {
		return err
	}
	if in.base != "" && len(paths) > 1 {
		return fmt.Errorf("--base is compared with one plan or folder, and %d are named; run the command once for each", len(paths))
	}
	if in.base != "" && in.baseRef != "" {
		return fmt.Errorf("--base and --base-ref say two different things; give one")
	}
	if in.limits.MaxBytes <= 0 || in.limits.MaxResources <= 0 {
		return fmt.Errorf("--max-bytes and --max-resources must be greater than zero")
	}
	var base *fact.Plan
	if in.base != "" && !isFolder(in.base) && sniff(in.base) == aPlan {
		b, err := in.read(ctx, s, p, in.base)
		if err != nil {
			return err
		}
		base = &b
	}
	folders := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !isFolder(path) })
	if out.sources, err = in.loadFolders(ctx, s, p, folders, out.config.Roots); err != nil {
		return err
	}
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		if isFolder(path) {
			continue
		}
		sources, err := in.loadFile(ctx, s, p, path, base)
		if err != nil {
			return err
		}
		out.sources = append(out.sources, sources...)
	}
	return nil
}

// loadFile reads a plan, or estimates in its place.
func (in inputs) loadFile(ctx context.Context, s streams, p *progress, path string, base *fact.Plan) ([]control.Source, error) {
	if kind := sniff(path); kind != aPlan {
		return in.loadEstimated(ctx, path, kind)
	}
	if in.baseRef != "" {
		return nil, fmt.Errorf("%s is a plan, which says itself what it changes: --base-ref is for Terraform folders; --base compares with another plan, a folder or an estimate", path)
	}
	source, err := in.loadPlan(ctx, s, p, path)
	if err != nil {
		return nil, err
	}
	if isFolder(in.base) {
		if base, err = in.folderBase(ctx, s); err != nil {
			return nil, err
		}
	}
	source.Base = base
	source.Prior, err = in.priorOf(source.Name)
	return []control.Source{source}, err
}

// distinct refuses a plan that is named twice: its cost would count twice.
func distinct(paths []string) error {
	seen := map[string]bool{}
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if seen[abs] {
			return fmt.Errorf("%s is named twice; its cost would count twice", path)
		}
		seen[abs] = true
	}
	return nil
}

// loadConfig reads the named configuration, or the repository's own when there is one; root is the folder that
// its paths are relative to.
func (in inputs) loadConfig(out *loaded) (root string, err error) {
	if root = repositoryRoot("."); root == "" {
		root = "."
	}
	path := in.config
	if path == "" {
		path = filepath.Join(root, filepath.FromSlash(configName))
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			out.config = config.Default()
			return root, nil
		}
	}
	data, err := readFile(path, config.MaxBytes)
	if err != nil {
		return "", fmt.Errorf("the configuration cannot be read: %w", err)
	}
	name := displayName(path)
	if out.config, out.notes, err = local.Config(name, data); err != nil {
		return "", err
	}
	out.digests = append(out.digests, digest("config", name, data))
	return root, nil
}

func (in inputs) loadUsage(out *loaded, root string) error {
	path := in.usage
	if path == "" {
		if out.config.Cost.Usage == "" {
			return nil
		}
		path = filepath.Join(root, filepath.FromSlash(out.config.Cost.Usage))
	}
	data, err := readFile(path, cost.MaxUsageBytes)
	if err != nil {
		return fmt.Errorf("the usage file cannot be read: %w", err)
	}
	name := displayName(path)
	if out.usage, err = cost.ParseUsage(name, bytes.NewReader(data)); err != nil {
		return err
	}
	out.digests = append(out.digests, digest("usage", name, data))
	return nil
}

// What is read at most, unless a flag says otherwise.
const (
	defaultMaxBytes     = local.MaxBytes
	defaultMaxResources = local.MaxResources
)
