package control

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/verdict"
)

// gateSettings turns the settings in force into what a deployment to each environment must prove. Where they may be other
// ones than those of the file they are missing, so that nothing is approved by them.
func gateSettings(s Settings) fact.Known[gate.Settings] {
	for _, n := range s.Notes {
		if n.Severity == verdict.Undecided {
			return fact.Missing[gate.Settings](n.Message)
		}
	}
	var out gate.Settings
	for _, name := range slices.Sorted(maps.Keys(s.Config.Environments)) {
		out.Environments = append(out.Environments, gateEnvironment(name, s.Config.Environments[name]))
	}
	return fact.Of(out)
}

func gateEnvironment(name string, e config.Environment) gate.Environment {
	out := gate.Environment{Name: name, DecideBy: e.DecideBy, Requirement: evidence.Requirement{}}
	if e.Tested != nil {
		out.Requirement = testedRequirement(*e.Tested)
	}
	out.After, out.Soak, out.From = e.After, e.Soak, e.From
	out.DeployWorkflows, out.DeployJobs, out.BuildWorkflows = e.DeployWorkflows, e.DeployJobs, e.BuildWorkflows
	for _, f := range e.Freeze {
		freeze := gate.Freeze{Name: f.Name, From: f.From, Until: f.Until, Zone: f.Zone, Exempt: f.Exempt}
		for _, o := range f.Except {
			freeze.Except = append(freeze.Except, gate.Opening(o))
		}
		out.Freeze = append(out.Freeze, freeze)
	}
	if last, err := time.Parse(time.DateOnly, e.Observe); err == nil { // no date, and none that the parser let pass: enforced
		out.Observe = last.AddDate(0, 0, 1)
	}
	return out
}

// testedRequirement is what tests have to prove before a merge already.
func testedRequirement(t config.Tested) evidence.Requirement {
	want := evidence.Requirement{MaxAge: t.MaxAge, Assurance: assuranceOf(t.Assurance), RetryBudget: evidence.DefaultRetryBudget}
	for _, s := range t.Suites {
		want.Suites = append(want.Suites, evidence.SuiteRequirement{
			Name: s.Name, Workflow: s.Workflow, Job: s.Job, MinTests: s.MinTests, Paths: s.Paths, Guards: s.Guards,
		})
	}
	return want
}

// gated is an environment as the gate asks for it, with who may answer for a waiver there.
type gated struct {
	gate.Environment

	approvers []config.Approver
}

// gateNamed is the environment of a name in any case; its zero value: there is none that is known.
func (q requirements) gateNamed(name string) gated {
	settings, _ := q.gates.Get()
	for _, e := range settings.Environments {
		if strings.EqualFold(e.Name, name) {
			return gated{e, q.approvers[e.Name]}
		}
	}
	return gated{}
}
