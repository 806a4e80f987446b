package control

import (
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// Estimated is an estimate that was made elsewhere: by this program on another day, or by another program.
type Estimated struct {
	Name     string
	Digest   string // of what was read
	Estimate fact.Estimate
	Faults   []fact.Fault // what it leaves out: each makes the outcome undecided
	Alone    bool         // there is no plan beside it: policies that look at resources cannot be asked
	Strict   bool         // a line without a price leaves the outcome undecided: whoever made it was asked for all of them
}

// input names it among what the verdict was made from.
func (e *Estimated) input(kind string) verdict.Input {
	return verdict.Input{Kind: kind, Name: e.Name, Digest: e.Digest}
}

// findings are what an estimate leaves open.
func (e *Estimated) findings() []verdict.Finding {
	var out []verdict.Finding
	for _, f := range e.Faults {
		out = append(out, verdict.Finding{
			ID: "estimate-fault", Title: "Part of the estimate is missing", Severity: verdict.Undecided, Message: f.Where + ": " + f.Message, Fix: f.Fix,
		})
	}
	if !e.Strict {
		return out
	}
	for _, t := range e.Estimate.Unpriced {
		out = append(out, verdict.Finding{
			ID: "price-missing", Title: "Prices are missing", Severity: verdict.Undecided, Message: t.Type + ": " + t.Why,
			Fix: "leave --engine away: this program's own book may have the price",
		})
	}
	return out
}

// summaryOf counts what an estimate says of its resources, where there is no plan that says it.
func summaryOf(e *Estimated) render.PlanSummary {
	p := fact.Plan{Name: e.Name, Digest: e.Digest, Complete: true}
	for i := range e.Estimate.Resources {
		p.Resources = append(p.Resources, fact.Resource{Action: e.Estimate.Resources[i].Action})
	}
	return render.Summarise(p)
}
