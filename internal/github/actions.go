package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
)

// Bounds of lists that a decision has to see whole.
const (
	maxRuns      = 300
	maxJobs      = 1000
	downloadTime = time.Minute
)

// Commit reads the tree and the parents of a commit.
func (a *App) Commit(ctx context.Context, r control.Repository, sha string) (control.Commit, error) {
	c, _, err := a.client(r.Tenant).Git.GetCommit(ctx, r.Owner, r.Name, sha)
	if err != nil {
		return control.Commit{}, fault("reading the commit", err)
	}
	out := control.Commit{SHA: c.GetSHA(), Tree: c.GetTree().GetSHA()}
	if out.SHA != sha || out.Tree == "" {
		return control.Commit{}, fmt.Errorf("reading the commit: GitHub answered with another one than %.40s", sha)
	}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.GetSHA())
	}
	return out, nil
}

// Protected says whether a branch is protected now.
func (a *App) Protected(ctx context.Context, r control.Repository, branch string) (bool, error) {
	var b struct {
		Name      string `json:"name"`
		Protected bool   `json:"protected"`
	}
	if _, err := a.get(ctx, r, "branches/"+url.PathEscape(branch), &b); err != nil {
		return false, fault("reading the branch", err)
	}
	return b.Protected && b.Name == branch, nil
}

// workflowRun is a run with what go-github v60 does not know: its path and the ids of its repositories.
type workflowRun struct {
	ID         int64     `json:"id"`
	Path       string    `json:"path"` // may end in @REF
	HeadSHA    string    `json:"head_sha"`
	HeadBranch string    `json:"head_branch"`
	Event      string    `json:"event"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	Attempt    int       `json:"run_attempt"`
	Started    time.Time `json:"run_started_at"`
	Updated    time.Time `json:"updated_at"`
	Repository struct {
		ID int64 `json:"id"`
	} `json:"repository"`
	HeadRepository struct {
		ID int64 `json:"id"`
	} `json:"head_repository"`
	Actor      eventID `json:"actor"`
	Triggering eventID `json:"triggering_actor"`
}

func (w workflowRun) run() control.WorkflowRun {
	path, _, _ := strings.Cut(w.Path, "@")
	return control.WorkflowRun{
		Run: evidence.Run{
			RepositoryID: w.Repository.ID, ID: w.ID, Attempt: max(w.Attempt, 1), Workflow: path, Event: w.Event, HeadCommit: w.HeadSHA,
			HeadRepositoryID: w.HeadRepository.ID, Started: w.Started.UTC(), Status: statusOf(w.Status), Conclusion: w.Conclusion,
		},
		Branch: w.HeadBranch, Updated: w.Updated.UTC(), Actors: actorsOf(w.Actor.ID, w.Triggering.ID),
	}
}

// actorsOf are the accounts that a run acts for; 0: somebody without one.
func actorsOf(ids ...int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func statusOf(text string) evidence.Status {
	switch text {
	case "queued", "requested", "pending":
		return evidence.StatusQueued
	case "in_progress":
		return evidence.StatusRunning
	case "waiting":
		return evidence.StatusWaiting
	case "completed":
		return evidence.StatusCompleted
	}
	return evidence.StatusUnknown
}

// WorkflowRun reads the newest attempt of a run.
func (a *App) WorkflowRun(ctx context.Context, r control.Repository, id int64) (control.WorkflowRun, error) {
	var w workflowRun
	if _, err := a.get(ctx, r, fmt.Sprintf("actions/runs/%d", id), &w); err != nil {
		return control.WorkflowRun{}, fault("reading the workflow run", err)
	}
	if w.ID != id || w.Repository.ID != r.Tenant.Repository { // another repository took the name
		return control.WorkflowRun{}, control.ErrMoved
	}
	return w.run(), nil
}

// RunsOf lists the runs of some workflows that were started for a commit, and others with them; whole is false where there are
// more than may be looked at. Whatever else runs on the commit, such as a thousand deployments of it, does not count against
// that: where the list of all has more than a page, each workflow is asked for by itself.
func (a *App) RunsOf(ctx context.Context, r control.Repository, head string, workflows []string) (runs []control.WorkflowRun, whole bool, err error) {
	if len(workflows) != 1 {
		runs, more, err := a.runsPage(ctx, r, "actions/runs", head, 1)
		if err != nil || more == 0 {
			return runs, true, err
		}
	}
	for _, w := range workflows {
		list, whole, err := a.allRuns(ctx, r, "actions/workflows/"+url.PathEscape(path.Base(w))+"/runs", head)
		if errors.Is(err, control.ErrGone) { // GitHub knows no such workflow by now; its runs may be there
			return a.allRuns(ctx, r, "actions/runs", head)
		}
		if err != nil || !whole {
			return runs, false, err
		}
		runs = append(runs, list...)
	}
	return runs, true, nil
}

func (a *App) allRuns(ctx context.Context, r control.Repository, from, head string) (runs []control.WorkflowRun, whole bool, err error) {
	for at := 1; at != 0; {
		list, next, err := a.runsPage(ctx, r, from, head, at)
		if err != nil {
			return nil, false, err
		}
		if runs, at = append(runs, list...), next; at != 0 && len(runs) >= maxRuns {
			return runs, false, nil
		}
	}
	return runs, true, nil
}

// runsPage is one page of runs, and the next one's number; 0: there is none.
func (a *App) runsPage(ctx context.Context, r control.Repository, from, head string, at int) (runs []control.WorkflowRun, next int, err error) {
	var list struct {
		Runs []workflowRun `json:"workflow_runs"`
	}
	path := fmt.Sprintf("%s?head_sha=%s&exclude_pull_requests=true&per_page=%d&page=%d", from, url.QueryEscape(head), page, at)
	resp, err := a.get(ctx, r, path, &list)
	if err != nil {
		return nil, 0, fault("listing the workflow runs", err)
	}
	for _, w := range list.Runs {
		if w.Repository.ID != r.Tenant.Repository {
			return nil, 0, control.ErrMoved
		}
		runs = append(runs, w.run())
	}
	return runs, resp.NextPage, nil
}

// workflowJob is a job of a run.
type workflowJob struct {
	ID         int64  `json:"id"`
	RunID      int64  `json:"run_id"`
	Attempt    int    `json:"run_attempt"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	Group      string `json:"runner_group_name"`
	Runner     string `json:"runner_name"`
}

func (w workflowJob) job() control.WorkflowJob {
	j := control.WorkflowJob{
		ID: w.ID, RunID: w.RunID, Attempt: w.Attempt, Shown: w.Name, Status: statusOf(w.Status), Conclusion: w.Conclusion,
	}
	switch {
	case w.Runner == "" && w.Group == "":
	case w.Group == "GitHub Actions" && strings.HasPrefix(w.Runner, "GitHub Actions "):
		j.Runner = "github-hosted"
	default:
		j.Runner = "self-hosted"
	}
	return j
}

// Job reads a job by its id, which is that of its check run.
func (a *App) Job(ctx context.Context, r control.Repository, id int64) (control.WorkflowJob, error) {
	var w workflowJob
	if _, err := a.get(ctx, r, fmt.Sprintf("actions/jobs/%d", id), &w); err != nil {
		return control.WorkflowJob{}, fault("reading the job", err)
	}
	if w.ID != id {
		return control.WorkflowJob{}, fmt.Errorf("reading the job: GitHub answered with another one than %d", id)
	}
	return w.job(), nil
}

// Jobs lists the jobs of a run's newest attempt.
func (a *App) Jobs(ctx context.Context, r control.Repository, run int64) (jobs []control.WorkflowJob, whole bool, err error) {
	for at := 1; at != 0; {
		var list struct {
			Jobs []workflowJob `json:"jobs"`
		}
		resp, err := a.get(ctx, r, fmt.Sprintf("actions/runs/%d/jobs?filter=latest&per_page=%d&page=%d", run, page, at), &list)
		if err != nil {
			return nil, false, fault("listing the jobs", err)
		}
		for _, w := range list.Jobs {
			jobs = append(jobs, w.job())
		}
		if at = resp.NextPage; at != 0 && len(jobs) >= maxJobs {
			return jobs, false, nil
		}
	}
	return jobs, true, nil
}

// Artifacts lists what a run left behind under a name, a page of it: two are too many already.
func (a *App) Artifacts(ctx context.Context, r control.Repository, run int64, name string) (list []control.Artifact, whole bool, err error) {
	var answer struct {
		Artifacts []struct {
			ID      int64     `json:"id"`
			Name    string    `json:"name"`
			Size    int64     `json:"size_in_bytes"`
			Digest  string    `json:"digest"`
			Expired bool      `json:"expired"`
			Created time.Time `json:"created_at"`
			Run     struct {
				ID             int64  `json:"id"`
				RepositoryID   int64  `json:"repository_id"`
				HeadRepository int64  `json:"head_repository_id"`
				HeadSHA        string `json:"head_sha"`
			} `json:"workflow_run"`
		} `json:"artifacts"`
	}
	resp, err := a.get(ctx, r, fmt.Sprintf("actions/runs/%d/artifacts?name=%s&per_page=%d", run, url.QueryEscape(name), page), &answer)
	if err != nil {
		return nil, false, fault("listing the artifacts", err)
	}
	for _, x := range answer.Artifacts {
		if x.Name != name || x.Run.ID != run || x.Run.RepositoryID != r.Tenant.Repository {
			continue
		}
		list = append(list, control.Artifact{
			ID: x.ID, Name: x.Name, Digest: x.Digest, Size: x.Size, Expired: x.Expired, Created: x.Created.UTC(),
			RunID: x.Run.ID, Head: x.Run.HeadSHA, HeadRepository: x.Run.HeadRepository,
		})
	}
	return list, resp.NextPage == 0, nil
}

// Download fetches an artifact's archive. No more than most bytes of it are ever held.
func (a *App) Download(ctx context.Context, r control.Repository, f control.Artifact, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, downloadTime)
	defer cancel()
	address, _, err := a.client(r.Tenant).Actions.DownloadArtifact(ctx, r.Owner, r.Name, f.ID, 0)
	if err != nil {
		if strings.Contains(err.Error(), "unexpected status code: 410") {
			err = control.ErrGone
		}
		return nil, fault("asking for the artifact", archiveFault(err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("fetching the artifact: GitHub named no address for it")
	}
	// No token goes along: the address carries a signature of its own.
	resp, err := a.options.Transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("fetching the artifact: %w", sanitised(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching the artifact: GitHub answered %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("fetching the artifact: %w", sanitised(err))
	}
	if int64(len(data)) > most {
		return nil, &control.OversizedError{What: "the artifact", Most: most}
	}
	return data, nil
}
