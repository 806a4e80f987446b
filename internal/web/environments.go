package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
)

// environmentsPage is what is asked of deployments, and what was deployed.
type environmentsPage struct {
	Settings control.Environments
	List     []environmentView
	Requests []control.WaiverRequest
}

type environmentView struct {
	Name        string
	Known       bool // the settings name it
	Ask         config.Environment
	Deployments []deploymentView
	Debts       []gate.Debt
	Waivers     []control.KeptWaiver
}

// deploymentView is a deployment with what was answered, a line each.
type deploymentView struct {
	control.DeploymentRecord
	State  state
	Why    string
	Detail []string
	Stuck  bool // an answer stands that a waiver could change
}

const (
	maxDeployments = 10
	maxDebts       = 10
)

func (p *pages) environments(w http.ResponseWriter, r *http.Request, on subject) {
	settings, err := p.o.Desk.Environments(r.Context(), on.repo.Tenant)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body := environmentsPage{Settings: settings}
	if body.Requests, err = p.o.Desk.WaiverRequests(r.Context(), on.repo.Tenant); err != nil {
		p.failed(w, r, err)
		return
	}
	seen, err := p.o.Deployments.DeployedTo(r.Context(), on.repo.Tenant)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	for _, name := range environmentNames(settings.Ask, seen) {
		e, err := p.environment(r, on.repo.Tenant, name, settings.Ask)
		if err != nil {
			p.failed(w, r, err)
			return
		}
		body.List = append(body.List, e)
	}
	p.show(w, r, http.StatusOK, "environments", "Environments of "+on.repo.Owner+"/"+on.repo.Name, &on.repo, body)
}

// environmentNames are those of the settings, and after them those that something was to be deployed to all the same.
func environmentNames(asked map[string]config.Environment, seen []string) []string {
	out := slices.Sorted(maps.Keys(asked))
	for _, name := range seen {
		if !slices.ContainsFunc(out, func(known string) bool { return strings.EqualFold(known, name) }) {
			out = append(out, name)
		}
	}
	return out
}

func (p *pages) environment(r *http.Request, t control.Tenant, name string, asked map[string]config.Environment) (environmentView, error) {
	ctx, key := r.Context(), strings.ToLower(name)
	ask, known := asked[name]
	e := environmentView{Name: name, Known: known, Ask: ask}
	list, err := p.o.Deployments.NewestDeployments(ctx, t, key, maxDeployments)
	if err != nil {
		return e, err
	}
	for _, d := range list {
		e.Deployments = append(e.Deployments, viewOf(d))
	}
	if e.Debts, err = p.o.Deployments.UnpaidDebts(ctx, t, key); err != nil {
		return e, err
	}
	e.Debts = e.Debts[:min(len(e.Debts), maxDebts)]
	kept, err := p.o.Deployments.Waivers(ctx, t, key, p.o.Now())
	e.Waivers = slices.DeleteFunc(kept, func(k control.KeptWaiver) bool { return k.Used >= k.Waiver.Uses })
	slices.SortStableFunc(e.Waivers, func(a, b control.KeptWaiver) int { return a.Waiver.Expires.Compare(b.Waiver.Expires) })
	return e, err
}

func viewOf(d control.DeploymentRecord) deploymentView {
	why, rest, _ := strings.Cut(d.Comment, "\n")
	v := deploymentView{DeploymentRecord: d, State: deploymentState(d), Why: why, Stuck: d.Basis != evidence.BasisBypass && d.Outcome != gate.OutcomeApproved}
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if told := strings.HasPrefix(line, "Ledger: ") || strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://"); line != "" && !told { // the page links to these
			v.Detail = append(v.Detail, line)
		}
	}
	if v.Why == "" {
		v.Why = "Nothing was answered yet"
	}
	return v
}

// deploymentState never calls something approved that stands on anything but evidence.
func deploymentState(d control.DeploymentRecord) state {
	switch d.Basis {
	case evidence.BasisBypass:
		return state{"block", "Went past the gate"}
	case evidence.BasisWaiver:
		return state{"warn", "On a waiver"}
	case evidence.BasisObserve:
		return state{"warn", "Observed only"}
	case evidence.BasisEvidence:
		return state{"allow", "Approved"}
	case evidence.BasisUnknown:
	}
	switch d.Outcome {
	case gate.OutcomeRejected:
		return state{"block", "Rejected"}
	case gate.OutcomeWaiting:
		return state{"warn", "Waiting"}
	case gate.OutcomeApproved, gate.OutcomeError: // approved on nothing is not known
	}
	return state{"undecided", "Undecided"}
}
