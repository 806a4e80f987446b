package github

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/control"
)

// deploymentHint is what is read of a deployment in a delivery.
type deploymentHint struct {
	there       bool
	id          int64
	sha         string
	environment string
}

// UnmarshalJSONFrom passes over everything else.
func (h *deploymentHint) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	h.there = true
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	var in struct {
		ID          int64  `json:"id"`
		SHA         string `json:"sha"`
		Environment string `json:"environment"`
	}
	err := json.UnmarshalDecode(d, &in)
	h.id, h.sha, h.environment = in.ID, in.SHA, in.Environment
	return err
}

// callback is the form of the address that an answer is sent to. Only the run is taken out of it: the address itself is
// never called, and whoever answers at its host never hears of us.
var callback = regexp.MustCompile(`^https?://[^/?#@\\\s]+(?:/api/v3)?/repos/([^/?#\s]+)/([^/?#\s]+)/actions/runs/([1-9][0-9]{0,18})/deployment_protection_rule$`)

// runOfCallback is the run that a callback address names; 0: there is no address.
func (p payload) runOfCallback() (int64, error) {
	if p.Callback == "" {
		return 0, nil
	}
	parts := callback.FindStringSubmatch(p.Callback)
	if parts == nil {
		return 0, errors.New("deployment_callback_url is not the address of a run's protection rule")
	}
	if !strings.EqualFold(parts[2], p.Repository.Name) || p.Repository.Owner.Login != "" && !strings.EqualFold(parts[1], p.Repository.Owner.Login) {
		return 0, errors.New("deployment_callback_url names another repository than the delivery")
	}
	run, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil {
		return 0, errors.New("deployment_callback_url names no run")
	}
	return run, nil
}

// gateWish decides on a run that waits for an environment. Everything but the repository may be absent: then the runs that
// wait are looked for.
func (w wants) gateWish(t control.Tenant, p payload) (wish, error) {
	if !p.does("requested") {
		return wish{}, nil
	}
	run, err := p.runOfCallback()
	if err != nil {
		return wish{}, err
	}
	environment := p.Environment
	if environment == "" {
		environment = p.Deployment.environment
	}
	if run == 0 || environment == "" {
		return wishIf(true, t, control.FindDeployments), nil
	}
	err = plain("environment", environment)
	if p.Deployment.sha != "" {
		err = errors.Join(err, commit("deployment.sha", p.Deployment.sha))
	}
	if err != nil {
		return wish{}, err
	}
	return with(t, control.DecideDeployment, control.DeploymentSubject(run, environment), control.DeploymentInput{
		Run: run, Environment: environment, Commit: p.Deployment.sha, Deployment: max(p.Deployment.id, 0), Asked: w.now().UTC(),
	})
}

// answeredWish looks at a run of which somebody let a job go ahead, or not.
func (p payload) answeredWish(t control.Tenant) wish {
	if !p.does("approved", "rejected") || p.WorkflowRun.id <= 0 {
		return wish{}
	}
	run := strconv.FormatInt(p.WorkflowRun.id, 10)
	return wish{tasks: []control.Task{{Tenant: t, Kind: control.LookAtRun, Subject: run}, {Tenant: t, Kind: control.WakeDeployments, Subject: run}}}
}

// statusWish looks at a deployment that says it has succeeded: nothing more is believed of a status, which anybody who
// may write deployments can set.
func (p payload) statusWish(t control.Tenant) (wish, error) {
	if !p.does("created") || p.Status == nil || p.Status.State != "success" {
		return wish{}, nil
	}
	d := p.Deployment
	if d.id <= 0 {
		return wish{}, fmt.Errorf("deployment.id is missing")
	}
	if err := errors.Join(commit("deployment.sha", d.sha), plain("deployment.environment", d.environment)); err != nil {
		return wish{}, err
	}
	return with(t, control.SettleDeployment, strconv.FormatInt(d.id, 10), control.DeploymentInput{
		Run: max(p.WorkflowRun.id, 0), Environment: d.environment, Commit: d.sha, Deployment: d.id,
	})
}
