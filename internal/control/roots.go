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
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/terraform"
	"github.com/org/platform-action/internal/verdict"
)

// sides are the source before and after a change, and the plans that workflow runs brought.
type sides struct {
	base, head Tree
	uploads    []Upload
}

// touched names the roots that a change of these files may change, on either side; all of them when the files are not
// all known. Configured roots are the only ones where there are any.
func (s sides) touched(ctx context.Context, files []string, whole bool, configured []config.Root) ([]string, []verdict.Finding, error) {
	var names []string
	var notes []verdict.Finding
	known := map[string]bool{}
	for _, side := range []Tree{s.head, s.base} {
		roots, faults, err := terraform.Roots(ctx, side.Files)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range roots {
			known[r.Path] = true
		}
		for _, fault := range faults {
			notes = append(notes, sourceFault(fault))
		}
		if whole {
			of, cancel := readsOf(ctx, side.Files, configured)
			roots = terraform.Touched(roots, files, of)
			cancel()
		}
		for _, r := range roots {
			names = append(names, r.Path)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(configured) > 0 {
		names = slices.DeleteFunc(names, func(name string) bool { return rootNamed(configured, name) == nil })
	}
	for _, c := range configured {
		if !known[path.Clean(c.Path)] {
			notes = append(notes, verdict.Finding{
				ID: "root-missing", Title: "A configured root is not there", Severity: verdict.Warn, File: ConfigName,
				Message: "roots names " + c.Path + ", which is no Terraform root on either side of this change: nothing was judged there",
				Fix:     "correct or remove it",
			})
		}
	}
	return names, slices.Compact(notes), nil
}

func rootNamed(configured []config.Root, name string) *config.Root {
	for i := range configured {
		if path.Clean(configured[i].Path) == name {
			return &configured[i]
		}
	}
	return nil
}

func sourceFault(fault fact.Fault) verdict.Finding {
	return verdict.Finding{
		ID: "plan-fault", Title: "Part of the source could not be read", Severity: verdict.Undecided,
		Message: fault.Where + ": " + fault.Message, Fix: fault.Fix,
	}
}

// missing tells what of the source could not be read. What the head does not suffer from any more is told alone: a
// change that mends the source is not held up.
func (s sides) missing() []verdict.Finding {
	var out []verdict.Finding
	for _, fault := range s.head.Faults {
		out = append(out, sourceFault(fact.Fault{Where: "source", Message: fault}))
	}
	for _, name := range slices.Sorted(slices.Values(s.head.Missing)) {
		out = append(out, verdict.Finding{
			ID: "plan-fault", Title: "Part of the source could not be read", Severity: verdict.Undecided, File: name,
			Message: name + " is too large to be evaluated", Fix: "make it smaller, or upload the plan of this root",
		})
	}
	before := slices.Clone(s.base.Faults)
	for _, name := range s.base.Missing {
		before = append(before, name+" is too large to be evaluated")
	}
	for _, text := range before {
		out = append(out, verdict.Finding{
			ID: "base-unreadable", Title: "The source before this change is not whole", Severity: verdict.Warn,
			Message: "what could not be read there counts as new: " + text,
		})
	}
	return out[:min(len(out), 20)]
}

// source evaluates one root on both sides. A side without it counts as having nothing, and so does a base that cannot
// be read below a head that can: then every resource is judged as new, which is the strict way, and a change that
// mends the source is not held up for ever.
func (s sides) source(ctx context.Context, name string, configured *config.Root) (Source, []verdict.Finding, error) {
	settings := settingsOf(name, configured)
	base, err := evaluated(ctx, s.base.Files, name, settings)
	if err != nil {
		return Source{}, nil, err
	}
	head, err := evaluated(ctx, s.head.Files, name, settings)
	if err != nil {
		return Source{}, nil, err
	}
	var notes []verdict.Finding
	if len(base.Faults) > 0 && len(head.Faults) == 0 {
		notes = append(notes, verdict.Finding{
			ID: "base-unreadable", Title: "Compared with nothing", Severity: verdict.Warn, Project: name,
			Message: "the source before this change cannot be read, so that every resource counts as new: " + base.Faults[0].Where + ": " + base.Faults[0].Message,
		})
		base = fact.Plan{Name: name, Digest: base.Digest, Complete: true}
	}
	out := Source{Name: name, Base: &base, Plan: terraform.Changes(base, head)}
	out.Plan.Name = name
	return out, notes, nil
}

func settingsOf(name string, configured *config.Root) terraform.Settings {
	settings := terraform.Settings{}
	if configured != nil {
		settings.Workspace = configured.Workspace
		for _, file := range configured.VarFiles {
			settings.VarFiles = append(settings.VarFiles, path.Join(name, file))
		}
	}
	return settings
}

// evaluated is one side of a root. What cannot be evaluated is a fault of that plan: the outcome is undecided, and says
// where.
func evaluated(ctx context.Context, fsys fs.FS, name string, settings terraform.Settings) (fact.Plan, error) {
	empty := fact.Plan{Name: name, Complete: true, Providers: map[string]fact.Provider{}}
	if !holdsRoot(fsys, name) {
		return empty, nil
	}
	limited, cancel := context.WithTimeout(ctx, terraform.DefaultTimeout)
	defer cancel()
	p, err := terraform.Evaluate(limited, fsys, name, settings)
	switch {
	case err == nil:
		return p, nil
	case ctx.Err() != nil:
		return empty, ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("the evaluation of the source took longer than %s", terraform.DefaultTimeout)
	}
	empty.Faults = []fact.Fault{{Where: name, Message: err.Error(), Fix: "correct the source, or upload the plan of this root"}}
	return empty, nil
}

// holdsRoot reports source in the folder itself.
func holdsRoot(fsys fs.FS, name string) bool {
	list, err := fs.ReadDir(fsys, name)
	return err == nil && slices.ContainsFunc(list, func(d fs.DirEntry) bool {
		return !d.IsDir() && !strings.HasPrefix(d.Name(), ".") && terraform.IsSource(d.Name())
	})
}
