package web

import (
	"maps"
	"net/http"
	"slices"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
)

// environmentsPage is what is asked of deployments, and what was deployed.
type environmentsPage struct {
	Settings control.Environments
	List     []environmentView
	Kept     bool // deployments are kept by this server
}

type environmentView struct {
	Name        string
	Ask         config.Environment
	Deployments []control.DeploymentLine
}

const maxDeployments = 10

func (p *pages) environments(w http.ResponseWriter, r *http.Request, on subject) {
	ctx, t := r.Context(), on.repo.Tenant
	settings, err := p.o.Desk.Environments(ctx, t)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body := environmentsPage{Settings: settings, Kept: p.o.Deployments != nil}
	for _, name := range slices.Sorted(maps.Keys(settings.Ask)) {
		e := environmentView{Name: name, Ask: settings.Ask[name]}
		if body.Kept {
			if e.Deployments, err = p.o.Deployments.Deployments(ctx, t, name, maxDeployments); err != nil {
				p.failed(w, r, err)
				return
			}
		}
		body.List = append(body.List, e)
	}
	p.show(w, r, http.StatusOK, "environments", "Environments of "+on.repo.Owner+"/"+on.repo.Name, &on.repo, body)
}
