package control

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/verdict"
)

// requirements are what the default branch asks of tests, environment by environment.
type requirements struct {
	tip          string // commit of the default branch
	environments []requirement
	gates        fact.Known[gate.Settings]    // every environment, as the gate asks for it
	approvers    map[string][]config.Approver // of waivers, by environment
	settings     Settings
	guards       []string          // of all suites
	doubts       []verdict.Finding // why the settings may be other ones: with them nothing passes
}

type requirement struct {
	environment string
	evidence.Requirement
}

// wantedName is the document that says whether a repository asks anything of tests, as of a commit.
const wantedName = "tested"

type wantedDocument struct {
	Commit string `json:"commit"`
	Wanted bool   `json:"wanted"`
}

// requirements reads them, and remembers whether there are any: most repositories have none, and their runs are many.
func (f *Flow) requirements(ctx context.Context, r Repository) (requirements, error) {
	tip, err := f.o.Forge.Branch(ctx, r, r.DefaultBranch)
	if errors.Is(err, ErrGone) {
		return requirements{}, nil // an empty repository has no branch
	}
	if err != nil {
		return requirements{}, err
	}
	s, err := f.snapshotAt(ctx, r, tip, true)
	if err != nil {
		return requirements{}, err
	}
	o, err := f.organisation(ctx, r.Tenant)
	if err != nil {
		return requirements{}, err
	}
	out := requirementsOf(s.inForce().settings(o))
	out.tip = tip
	data, err := json.Marshal(wantedDocument{tip, len(out.environments) > 0})
	if err != nil {
		return requirements{}, err
	}
	return out, f.o.Records.Remember(ctx, r.Tenant, wantedName, data)
}

// asksNothing reports that a repository is known to ask nothing of tests, without a word to GitHub.
func (f *Flow) asksNothing(ctx context.Context, t Tenant) (bool, error) {
	var had wantedDocument
	data, known, err := f.o.Records.Recall(ctx, t, wantedName)
	if err != nil || !known || json.Unmarshal(data, &had) != nil || had.Wanted {
		return false, err
	}
	var s struct {
		Commit string `json:"commit"`
	}
	data, known, err = f.o.Records.Recall(ctx, t, snapshotName)
	return err == nil && known && json.Unmarshal(data, &s) == nil && s.Commit == had.Commit, err
}

// requirementsOf turns settings into what the decision asks for.
func requirementsOf(s Settings) requirements {
	out := requirements{settings: s, gates: gateSettings(s), approvers: map[string][]config.Approver{}}
	for _, name := range slices.Sorted(maps.Keys(s.Config.Environments)) {
		tested := s.Config.Environments[name].Tested
		out.approvers[name] = s.Config.Environments[name].Approvers
		if tested == nil {
			continue
		}
		// What only a deployment can meet (its stage before, its branch, its workflow) is asked by the gate.
		for _, suite := range tested.Suites {
			out.guards = append(out.guards, suite.Guards...)
		}
		out.environments = append(out.environments, requirement{name, testedRequirement(*tested)})
	}
	slices.Sort(out.guards)
	out.guards = slices.Compact(out.guards)
	for _, n := range s.Notes {
		if n.Severity == verdict.Undecided {
			out.doubts = append(out.doubts, n)
		}
	}
	return out
}

// asksTests reports whether any environment asks anything of tests.
func asksTests(c config.Config) bool {
	for _, e := range c.Environments {
		if e.Tested != nil {
			return true
		}
	}
	return false
}

// assuranceOf is the one place where the configuration's word becomes the decision's. The zero word asks the most.
func assuranceOf(a config.Assurance) evidence.Assurance {
	switch a {
	case config.SameJob:
		return evidence.AssuranceSameJob
	case config.Artifact:
		return evidence.AssuranceArtifact
	case config.Isolated:
	}
	return evidence.AssuranceIsolated
}

// suites are those that a workflow may record, of all environments.
func (q requirements) suites(workflow string) []evidence.SuiteRequirement {
	var out []evidence.SuiteRequirement
	for _, e := range q.environments {
		for _, s := range e.Suites {
			if s.Workflow == workflow {
				out = append(out, s)
			}
		}
	}
	return out
}

// workflows are those of all suites; sorted.
func (q requirements) workflows() []string {
	set := map[string]bool{}
	for _, e := range q.environments {
		for _, s := range e.Suites {
			set[s.Workflow] = true
		}
	}
	return sortedKeys(set)
}

// names are those of all suites; sorted.
func (q requirements) names() []string {
	set := map[string]bool{}
	for _, e := range q.environments {
		for _, s := range e.Suites {
			set[s.Name] = true
		}
	}
	return sortedKeys(set)
}
