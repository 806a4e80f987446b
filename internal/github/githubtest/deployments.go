package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// Gate is one run's wait for an environment, and what the App said of it.
type Gate struct {
	Run         int64
	Attempt     int
	Environment string
	Deployment  int64
	SHA         string
	State       string // waiting, approved or rejected
	Comment     string // of the answer
	Reports     []string
	Tries       int // answers that were given, those that came too late included
}

// deployment is what GitHub keeps of one.
type deployment struct {
	id       int64
	sha      string
	ref      string
	env      string
	creator  string
	statuses []object
}

// Deploy lets a run wait for an environment that our protection rule is on, and is what GitHub tells of that.
func (r *Repo) Deploy(run Run, environment string) Event {
	run.Status, run.Conclusion = "waiting", ""
	r.AddRun(run)
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	run = r.runs[run.ID]
	d := r.deploy(run.HeadSHA, run.Branch, environment, "github-actions[bot]")
	r.gates = append(r.gates, &Gate{Run: run.ID, Attempt: max(run.Attempt, 1), Environment: environment, Deployment: d.id, SHA: d.sha, State: "waiting"})
	return r.event("deployment_protection_rule", "requested", "writer", object{
		"environment": environment, "event": run.Event, "sha": run.HeadSHA, "ref": "refs/heads/" + run.Branch, "pull_requests": []any{},
		"deployment_callback_url": fmt.Sprintf("%s/repos/%s/actions/runs/%d/deployment_protection_rule", r.s.base, r.FullName(), run.ID),
		"deployment":              r.s.deploymentJSON(d),
	})
}

func (r *Repo) deploy(sha, ref, environment, creator string) *deployment {
	d := &deployment{id: r.s.id(), sha: sha, ref: ref, env: environment, creator: creator}
	r.deployments = append(r.deployments, d)
	return d
}

// AddDeployment makes a deployment that no run of ours waits for, as any token with deployments:write can.
func (r *Repo) AddDeployment(sha, environment, creator string) int64 {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.deploy(sha, "main", environment, creator).id
}

// DeploymentStatusEvent adds a status to a deployment and tells of it. run is 0 where no workflow made it.
func (r *Repo) DeploymentStatusEvent(id int64, state string, run int64, creator string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	d := r.deployment(id)
	status := object{"id": r.s.id(), "state": state, "environment": d.env, "creator": object{"id": r.s.person(creator), "login": creator, "type": "User"}, "created_at": stamp(r.s.o.Now())}
	body := object{"deployment": r.s.deploymentJSON(d), "deployment_status": status}
	if run != 0 {
		body["workflow_run"] = r.runJSON(r.runs[run])
		status["log_url"] = fmt.Sprintf("https://github.com/%s/actions/runs/%d/job/1", r.FullName(), run)
	}
	d.statuses = append(d.statuses, status)
	return r.event("deployment_status", "created", creator, body)
}

// DeploymentReviewEvent says that somebody let a run's job go ahead, or not: approved or rejected.
func (r *Repo) DeploymentReviewEvent(action string, run int64, reviewer string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	who := object{"id": r.s.person(reviewer), "login": reviewer, "type": "User"}
	return r.event("deployment_review", action, reviewer, object{
		"workflow_run": r.runJSON(r.runs[run]), "approver": who, "comment": "", "since": stamp(r.s.o.Now()), "reviewers": []any{},
	})
}

func (r *Repo) deployment(id int64) *deployment {
	for _, d := range r.deployments {
		if d.id == id {
			return d
		}
	}
	return nil
}

// GateOf is how a run's newest attempt waits for an environment; its zero value: it does not.
func (r *Repo) GateOf(run int64, environment string) Gate {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if g := r.gate(run, environment); g != nil {
		out := *g
		out.Reports = slices.Clone(g.Reports)
		return out
	}
	return Gate{}
}

func (r *Repo) gate(run int64, environment string) *Gate {
	for _, g := range slices.Backward(r.gates) {
		if g.Run == run && g.Attempt == max(r.runs[run].Attempt, 1) && strings.EqualFold(g.Environment, environment) {
			return g
		}
	}
	return nil
}

func (s *Server) deploymentJSON(d *deployment) object {
	return object{
		"id": d.id, "sha": d.sha, "ref": d.ref, "task": "deploy", "environment": d.env, "original_environment": d.env, "payload": object{},
		"creator": object{"id": s.person(d.creator), "login": d.creator, "type": "Bot"},
	}
}

func (s *Server) deploymentRoutes() {
	const repo = "/repos/{owner}/{repo}"
	s.handle(endpoint{pattern: "POST " + repo + "/actions/runs/{run_id}/deployment_protection_rule", needs: "deployments:write", do: s.reviewGate})
	s.handle(endpoint{pattern: "GET " + repo + "/actions/runs/{run_id}/pending_deployments", needs: "actions:read", do: s.pendingDeployments})
	s.handle(endpoint{pattern: "GET " + repo + "/deployments/{deployment_id}", needs: "deployments:read", do: s.oneDeployment})
	s.handle(endpoint{pattern: "GET " + repo + "/attestations/{subject_digest}", needs: "metadata:read", do: s.attestationsOf})
}

// The bounds of GitHub's reviews.
const (
	maxReport  = 1024
	maxReports = 10
)

// reviewGate takes one answer for an attempt, and status reports before it.
func (s *Server) reviewGate(c *call) answer {
	var in struct {
		Environment string `json:"environment_name"`
		State       string `json:"state"`
		Comment     string `json:"comment"`
	}
	if err := c.read(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if _, known := c.repo.runs[c.number("run_id")]; !known {
		return notFound()
	}
	g := c.repo.gate(c.number("run_id"), in.Environment)
	switch {
	case g == nil:
		return refuse(http.StatusUnprocessableEntity, "No pending custom deployment gate for this environment")
	case utf8.RuneCountInString(in.Comment) > maxReport:
		return refuse(http.StatusUnprocessableEntity, "Comment is too long")
	case in.State == "" && (g.State != "waiting" || len(g.Reports) >= maxReports):
		return refuse(http.StatusUnprocessableEntity, "No more status reports are taken")
	case in.State == "":
		g.Reports = append(g.Reports, in.Comment)
		return answer{status: http.StatusNoContent}
	}
	if g.Tries++; g.State != "waiting" {
		return refuse(http.StatusUnprocessableEntity, "The deployment gate has already been reviewed")
	}
	g.State, g.Comment = in.State, in.Comment
	c.repo.resume(g)
	return answer{status: http.StatusNoContent}
}

// resume lets the run go on, or end.
func (r *Repo) resume(g *Gate) {
	run := r.runs[g.Run]
	run.Status, run.Conclusion = "in_progress", ""
	if g.State == "rejected" {
		run.Status, run.Conclusion = "completed", "failure"
	}
	run.Jobs = slices.Clone(run.Jobs)
	for i, j := range run.Jobs {
		if j.Status == "waiting" {
			run.Jobs[i].Status, run.Jobs[i].Conclusion = run.Status, run.Conclusion
		}
	}
	run.Updated = r.s.o.Now()
	r.runs[g.Run] = run
}

func (s *Server) pendingDeployments(c *call) answer {
	run, known := c.repo.runs[c.number("run_id")]
	if !known {
		return notFound()
	}
	list := []any{}
	for _, g := range c.repo.gates {
		if g.Run == run.ID && g.Attempt == max(run.Attempt, 1) && g.State == "waiting" {
			list = append(list, object{"environment": object{"id": g.Deployment, "name": g.Environment}, "wait_timer": 0, "current_user_can_approve": false, "reviewers": []any{}})
		}
	}
	return ok(list)
}

func (s *Server) oneDeployment(c *call) answer {
	d := c.repo.deployment(c.number("deployment_id"))
	if d == nil {
		return notFound()
	}
	return ok(s.deploymentJSON(d))
}
