package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
)

// before is what --compare-to holds.
type before struct {
	file     string
	projects []infracost.Project // of Infracost JSON
	list     []control.Estimated // the same, as what is compared with
	taken    []bool              // those that have a head
}

func (o *infracostRun) before(in inputs) (before, error) {
	out := before{file: o.compareTo}
	if o.compareTo == "" {
		return out, nil
	}
	kind := sniff(o.compareTo)
	if kind == aPlan {
		return out, fmt.Errorf("--compare-to %s: it is no Infracost JSON; make it with: infracost breakdown --path . --format json --out-file %s", o.compareTo, o.compareTo)
	}
	var err error
	if out.list, out.projects, err = in.estimates(o.compareTo, kind); err != nil {
		return out, fmt.Errorf("--compare-to: %w", err)
	}
	out.taken = make([]bool, len(out.list))
	return out, nil
}

// estimate prices the projects, each by its usage file, and puts them into one report.
func (o *infracostRun) estimate(ctx context.Context, s streams, projects []project, currency string) (render.Report, []control.Source, error) {
	old, err := o.before(projects[0].inputs)
	if err != nil {
		return render.Report{}, nil, err
	}
	p := newProgress(s, false)
	defer p.done()
	var all []control.Source
	var last loaded
	var plane *cost.Estimator
	unit := money.USD
	for i := range projects {
		in, err := projects[i].inputs.load(ctx, s, p, []string{projects[i].Path})
		if err != nil {
			return render.Report{}, nil, err
		}
		if o.compareTo == "" && o.command == "diff" && isFolder(projects[i].Path) {
			return render.Report{}, nil, fmt.Errorf("diff of a folder needs something to compare with: --compare-to infracost-base.json; or platform cost %s --base-ref origin/main", projects[i].Path)
		}
		old.beside(in.sources, projects[i], len(projects))
		if unit, plane, err = newEstimator(in, currency, false); err != nil {
			return render.Report{}, nil, err
		}
		ready, err := priced(ctx, plane, unit, in)
		if err != nil {
			return render.Report{}, nil, err
		}
		all, last = append(all, ready...), in
	}
	all = append(all, old.gone(unit)...)
	if err := local.InCurrency(plane, all); err != nil {
		return render.Report{}, nil, err
	}
	r, err := control.New(plane, nil, nil, unit).Estimate(ctx, control.Request{Sources: all, Inputs: last.digests})
	if err != nil {
		return r, nil, &faultError{err}
	}
	r.View, r.Version = render.CostView, version
	return r, all, nil
}

// gone are projects that no head has: they cost nothing any more.
func (b *before) gone(unit money.Currency) []control.Source {
	var out []control.Source
	for i := range b.list {
		if e := &b.list[i]; !b.taken[i] {
			out = append(out, control.Source{Name: e.Name, Prior: e, Infracost: infracost.Document, Ready: &control.Estimated{
				Name: e.Name, Digest: e.Digest, Estimate: cost.Sum(nil, unit), Alone: true,
			}})
		}
	}
	return out
}

// priced estimates a project by its own usage file; what is found stands in place of its plan from there on.
func priced(ctx context.Context, plane *cost.Estimator, unit money.Currency, in loaded) ([]control.Source, error) {
	r, err := control.New(plane, nil, in.usage, unit).Estimate(ctx, control.Request{Sources: in.sources, Inputs: in.digests})
	if err != nil {
		return nil, &faultError{err}
	}
	out := slices.Clone(in.sources)
	for i := range out {
		e, ok := r.Projects[i].Estimate.Get()
		ready := control.Estimated{Name: out[i].Name, Digest: out[i].Plan.Digest, Estimate: e}
		if !ok {
			ready.Faults = append(slices.Clone(ready.Faults), planFault(r.Projects[i]))
		}
		if prior := out[i].Prior; prior != nil {
			ready.Faults = append(slices.Clone(ready.Faults), prior.Faults...)
		}
		out[i].Ready, out[i].Prior, out[i].Base = &ready, nil, nil
	}
	return out, nil
}

// beside finds what each source is compared with: the project of the same name, or path, or the only one there is.
func (b *before) beside(sources []control.Source, p project, projects int) {
	if b.file == "" {
		return
	}
	for i := range sources {
		names := []string{p.Name, sources[i].Name, filepath.ToSlash(filepath.Clean(p.Path))}
		at := slices.IndexFunc(b.list, func(e control.Estimated) bool { return slices.Contains(names, e.Name) })
		if at < 0 {
			at = slices.IndexFunc(b.projects, func(x infracost.Project) bool {
				return x.Path != "" && slices.Contains(names, filepath.ToSlash(filepath.Clean(x.Path)))
			})
		}
		if at < 0 && len(b.list) == 1 && projects == 1 && len(sources) == 1 {
			at = 0
		}
		if at < 0 || b.taken[at] { // a new project
			sources[i].Prior = &control.Estimated{Name: displayName(b.file), Estimate: fact.Estimate{Currency: money.USD}}
			if len(b.list) > 0 {
				sources[i].Prior.Estimate.Currency, sources[i].Prior.Digest = b.list[0].Estimate.Currency, b.list[0].Digest
			}
			continue
		}
		b.taken[at] = true
		sources[i].Prior = &b.list[at]
	}
}

func planFault(p render.Project) fact.Fault {
	return fact.Fault{Where: p.Name, Message: p.Estimate.Why()}
}
