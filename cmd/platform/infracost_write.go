package main

import (
	"bytes"
	"slices"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/render"
)

// infracostFormat is the name of Infracost JSON 0.2 among the formats of an estimate.
const infracostFormat = "infracost"

// documentOf turns a report and what it was made of into the projects of an Infracost document. A project that could
// not be priced has no breakdown and says why.
func documentOf(r render.Report, sources []control.Source) []infracost.Project {
	var out []infracost.Project
	for i, p := range r.Projects {
		e, ok := p.Estimate.Get()
		x := infracost.Project{Name: p.Name, Path: p.Name, Kind: "terraform_plan_json", Estimate: e, Notes: p.Plan.Notes, Faults: p.Plan.Faults}
		if !ok {
			x.Faults = append(x.Faults, planFault(p))
			x.Estimate.Currency = r.Currency
		}
		if i < len(sources) {
			s := sources[i]
			x.Tags = infracost.Tags(s.Plan)
			if s.Ready != nil {
				x.Faults, x.Notes = slices.Concat(s.Plan.Faults, s.Ready.Faults), s.Plan.Notes
			}
			if s.Prior != nil {
				x.Faults = append(x.Faults, s.Prior.Faults...)
			}
		}
		out = append(out, x)
	}
	return out
}

// writeInfracost writes the estimate as Infracost JSON. What it leaves out stands in the document, and in the exit code
// as in every other format.
func (o *costOptions) writeInfracost(s streams, r render.Report) error {
	var b bytes.Buffer
	err := infracost.Write(&b, documentOf(r, o.sources), r.Currency, infracost.Options{Command: "breakdown", Generated: s.clock()})
	if err != nil {
		return &faultError{err}
	}
	if err := o.emit(s, render.InertJSON(b.Bytes())); err != nil {
		return err
	}
	return failing(r.Verdict.Outcome, "block")
}
