package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/control"
)

// maxAuthored is how many commits are looked at for who wrote them.
const maxAuthored = 500

// ReviewDeployment answers our protection rule for one environment of a run, or reports how far we are. GitHub takes one
// answer; where it has one already, the error is control.ErrAnswered.
func (a *App) ReviewDeployment(ctx context.Context, r control.Repository, run int64, v control.DeploymentReview) error {
	body := struct {
		Environment string `json:"environment_name"`
		State       string `json:"state,omitempty"`
		Comment     string `json:"comment"`
	}{v.Environment, stateOf(v.Answer), v.Comment}
	err := a.post(ctx, a.deploying(r.Tenant), r, fmt.Sprintf("actions/runs/%d/deployment_protection_rule", run), body, nil)
	if e, ok := errors.AsType[*github.ErrorResponse](err); ok && e.Response.StatusCode == http.StatusUnprocessableEntity {
		return fmt.Errorf("answering the protection rule: %.200s: %w", e.Message, control.ErrAnswered)
	}
	return fault("answering the protection rule", err)
}

func stateOf(a control.DeploymentAnswer) string {
	switch a {
	case control.DeploymentApproved:
		return "approved"
	case control.DeploymentRejected:
		return "rejected"
	case control.DeploymentReported:
	}
	return ""
}

// PendingEnvironments lists the environments that a run waits for.
func (a *App) PendingEnvironments(ctx context.Context, r control.Repository, run int64) ([]string, error) {
	var list []struct {
		Environment struct {
			Name string `json:"name"`
		} `json:"environment"`
	}
	if _, err := a.get(ctx, r, fmt.Sprintf("actions/runs/%d/pending_deployments", run), &list); err != nil {
		return nil, fault("listing what the run waits for", err)
	}
	var out []string
	for _, p := range list {
		out = append(out, p.Environment.Name)
	}
	return out, nil
}

// WaitingRuns lists the runs that wait for an environment; one page of them.
func (a *App) WaitingRuns(ctx context.Context, r control.Repository) ([]control.WorkflowRun, error) {
	var list struct {
		Runs []workflowRun `json:"workflow_runs"`
	}
	if _, err := a.get(ctx, r, fmt.Sprintf("actions/runs?status=waiting&exclude_pull_requests=true&per_page=%d", page), &list); err != nil {
		return nil, fault("listing the runs that wait", err)
	}
	var out []control.WorkflowRun
	for _, w := range list.Runs {
		if w.Repository.ID != r.Tenant.Repository {
			return nil, control.ErrMoved
		}
		out = append(out, w.run())
	}
	return out, nil
}

// Deployment reads what a deployment is of.
func (a *App) Deployment(ctx context.Context, r control.Repository, id int64) (control.DeploymentState, error) {
	var d struct {
		ID          int64  `json:"id"`
		SHA         string `json:"sha"`
		Environment string `json:"environment"`
		Creator     struct {
			ID    int64  `json:"id"`
			Login string `json:"login"`
			Type  string `json:"type"`
		} `json:"creator"`
	}
	client := a.deploying(r.Tenant)
	req, err := client.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/deployments/%d", url.PathEscape(r.Owner), url.PathEscape(r.Name), id), nil)
	if err != nil {
		return control.DeploymentState{}, err
	}
	if _, err := client.Do(ctx, req, &d); err != nil {
		return control.DeploymentState{}, fault("reading the deployment", err)
	}
	if d.ID != id {
		return control.DeploymentState{}, fmt.Errorf("reading the deployment: GitHub answered with another one than %d", id)
	}
	return control.DeploymentState{
		ID: d.ID, Commit: d.SHA, Environment: d.Environment, Creator: control.Person{ID: d.Creator.ID, Login: d.Creator.Login, Kind: d.Creator.Type},
	}, nil
}

// Authors are the accounts that wrote or committed what lies between two commits; 0 is somebody without one.
func (a *App) Authors(ctx context.Context, r control.Repository, base, head string) (ids []int64, whole bool, err error) {
	type person struct {
		ID int64 `json:"id"`
	}
	seen := map[int64]bool{}
	for at, count := 1, 0; at != 0; {
		var c struct {
			Total   int `json:"total_commits"`
			Commits []struct {
				Author    *person `json:"author"`
				Committer *person `json:"committer"`
			} `json:"commits"`
		}
		path := fmt.Sprintf("compare/%s...%s?per_page=%d&page=%d", url.PathEscape(base), url.PathEscape(head), page, at)
		resp, err := a.get(ctx, r, path, &c)
		if err != nil {
			return nil, false, fault("listing who wrote the commits", err)
		}
		for _, commit := range c.Commits {
			for _, p := range []*person{commit.Author, commit.Committer} {
				id := int64(0)
				if p != nil {
					id = p.ID
				}
				if !seen[id] {
					seen[id], ids = true, append(ids, id)
				}
			}
		}
		if count += len(c.Commits); resp.NextPage == 0 || count >= maxAuthored {
			return ids, count >= c.Total, nil
		}
		at = resp.NextPage
	}
	return ids, true, nil
}

// CreateIssue opens one, and is its number.
func (a *App) CreateIssue(ctx context.Context, r control.Repository, title, body string) (int, error) {
	in := struct {
		Title string `json:"title"`
		Body  string `json:"body"`
	}{title, body}
	var out struct {
		Number int `json:"number"`
	}
	err := a.post(ctx, a.issuing(r.Tenant), r, "issues", in, &out)
	return out.Number, fault("opening an issue", err)
}

func (a *App) post(ctx context.Context, client *github.Client, r control.Repository, path string, body, into any) error {
	req, err := client.NewRequest(http.MethodPost, fmt.Sprintf("repos/%s/%s/%s", url.PathEscape(r.Owner), url.PathEscape(r.Name), path), body)
	if err != nil {
		return err
	}
	_, err = client.Do(ctx, req, into)
	return err
}
