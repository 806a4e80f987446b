package control

import (
	"strings"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
)

// gated is an environment as the gate asks for it, with who may answer for a waiver there.
type gated struct {
	gate.Environment

	approvers []config.Approver
}

// gateOf is what a deployment to an environment must prove: its suites, and what only a deployment can meet.
func gateOf(name string, e config.Environment, want evidence.Requirement) gated {
	want.After, want.Soak, want.From = e.After, e.Soak, e.From
	want.DeployWorkflows, want.DeployJobs = e.DeployWorkflows, e.DeployJobs
	out := gated{gate.Environment{Name: name, Requirement: want}, e.Approvers}
	for _, f := range e.Freeze {
		out.Freeze = append(out.Freeze, gate.Freeze{Name: f.Name, From: f.From, Until: f.Until, Zone: f.Zone, Exempt: f.Exempt})
	}
	return out
}

// gateSettings are the environments that are in force. Settings that may be other ones decide nothing.
func (q requirements) gateSettings() fact.Known[gate.Settings] {
	for _, d := range q.doubts {
		return fact.Missing[gate.Settings](d.Message)
	}
	var out gate.Settings
	for _, e := range q.gates {
		out.Environments = append(out.Environments, e.Environment)
	}
	return fact.Of(out)
}

// gateNamed is the environment of a name in any case; its zero value: there is none.
func (q requirements) gateNamed(name string) gated {
	for _, e := range q.gates {
		if strings.EqualFold(e.Name, name) {
			return e
		}
	}
	return gated{}
}
