package githubtest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Run is a workflow run: its newest attempt.
type Run struct {
	ID         int64
	Path       string // of the workflow's file
	HeadSHA    string
	SHA        string // that is checked out; empty: the head
	HeadRepo   int64  // 0: the repository itself
	Event      string
	Ref        string // in tokens; empty: of a pull request's test merge
	Branch     string // head_branch
	Status     string // queued, in_progress or completed
	Conclusion string
	Attempt    int
	Started    time.Time // of this attempt; zero: now
	Updated    time.Time // zero: now
	Actor      string    // who started it; empty: writer
	Jobs       []Job     // the first one in progress is the one that asks for tokens
}

// Job is one job of a run. GitHub's ids of jobs are those of their check runs.
type Job struct {
	ID         int64
	Name       string // as it is shown
	Status     string
	Conclusion string
	Attempt    int    // 0: that of the run
	Group      string // of its runner; empty: GitHub's own
}

// Artifact is what a run left behind.
type Artifact struct {
	ID      int64 // 0: one is given
	Run     int64
	Name    string
	Data    []byte    // the archive
	Size    int64     // 0: that of Data
	Digest  string    // empty: that of Data; "-": GitHub tells none
	Created time.Time // zero: now
	Expired bool
	Head    string // empty: that of its run
}

// AddRun adds a workflow run to the repository, or replaces it.
func (r *Repo) AddRun(run Run) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if run.HeadRepo == 0 {
		run.HeadRepo = r.ID
	}
	if run.Started.IsZero() {
		run.Started = r.s.o.Now()
	}
	if run.Updated.IsZero() {
		run.Updated = r.s.o.Now()
	}
	r.runs[run.ID] = run
}

// RunOf is a run as it is now.
func (r *Repo) RunOf(id int64) Run {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.runs[id]
}

// DeleteRun removes a run, as anybody with write access may.
func (r *Repo) DeleteRun(id int64) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	delete(r.runs, id)
}

// AddArtifact adds what a run left behind.
func (r *Repo) AddArtifact(a Artifact) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if a.ID == 0 {
		a.ID = r.s.id()
	}
	if a.Size == 0 {
		a.Size = int64(len(a.Data))
	}
	if a.Created.IsZero() {
		a.Created = r.s.o.Now()
	}
	if a.Digest == "" {
		sum := sha256.Sum256(a.Data)
		a.Digest = "sha256:" + hex.EncodeToString(sum[:])
	}
	r.artifacts = append(r.artifacts, &a)
}

// Protect protects a branch.
func (r *Repo) Protect(branch string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.protected[branch] = true
}

// Claims are what GitHub says in a token of a run's job: to be changed and signed by IDToken.
func (r *Repo) Claims(run, job int64, audience string) map[string]any {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.claims(r, r.runs[run], job, audience)
}

// WorkflowRunEvent is what happens to a run: requested, in_progress or completed.
func (r *Repo) WorkflowRunEvent(action string, id int64) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.event("workflow_run", action, "writer", object{
		"workflow_run": r.runJSON(r.runs[id]), "workflow": object{"id": 1, "path": r.runs[id].Path},
	})
}

// RerunEvent is somebody's wish to run the newest check run of a name again.
func (r *Repo) RerunEvent(sha, name, sender string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	for _, run := range slices.Backward(r.checkOf[sha]) {
		if run.Name == name {
			return r.event("check_run", "rerequested", sender, object{"check_run": r.s.checkJSON(run)})
		}
	}
	return Event{}
}

// asking is the job that asks for tokens.
func (run Run) asking() int64 {
	for _, j := range run.Jobs {
		if j.Status == "in_progress" {
			return j.ID
		}
	}
	return 0
}

// claims are what GitHub says of a run's job.
func (s *Server) claims(r *Repo, run Run, job int64, audience string) object {
	now := s.o.Now()
	workflow := r.FullName() + "/" + run.Path + "@refs/heads/" + r.defaultBranch
	sha := or(run.SHA, run.HeadSHA)
	out := object{
		"aud": audience, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Unix() + 300, "jti": fmt.Sprintf("token-%d", s.id()),
		"repository_id": strconv.FormatInt(r.ID, 10), "repository_owner_id": strconv.FormatInt(r.owner.ID, 10),
		"run_id": strconv.FormatInt(run.ID, 10), "run_attempt": strconv.Itoa(run.Attempt), "sha": sha, "ref": or(run.Ref, "refs/pull/1/merge"),
		"event_name": run.Event, "workflow_ref": workflow, "workflow_sha": sha, "job_workflow_ref": workflow, "job_workflow_sha": sha,
		"runner_environment": "github-hosted", "sub": "repo:" + r.FullName() + ":pull_request",
	}
	if job != 0 {
		out["check_run_id"] = strconv.FormatInt(job, 10)
	}
	for _, g := range r.gates { // the job is in the environment that it was let into
		if g.Run == run.ID && g.Attempt == max(run.Attempt, 1) && g.State == "approved" {
			out["environment"] = g.Environment
		}
	}
	return out
}

func (s *Server) actionRoutes() {
	const repo = "GET /repos/{owner}/{repo}"
	s.handle(endpoint{pattern: repo + "/actions/runs", needs: "actions:read", do: s.runs})
	s.handle(endpoint{pattern: repo + "/actions/workflows/{workflow_id}/runs", needs: "actions:read", do: s.runs})
	s.handle(endpoint{pattern: repo + "/actions/runs/{run_id}", needs: "actions:read", do: s.run})
	s.handle(endpoint{pattern: repo + "/actions/runs/{run_id}/jobs", needs: "actions:read", do: s.jobs})
	s.handle(endpoint{pattern: repo + "/actions/runs/{run_id}/artifacts", needs: "actions:read", do: s.artifactsOf})
	s.handle(endpoint{pattern: repo + "/actions/jobs/{job_id}", needs: "actions:read", do: s.job})
	s.handle(endpoint{pattern: repo + "/actions/artifacts/{artifact_id}/{archive_format}", needs: "actions:read", do: s.artifact})
	s.handle(endpoint{pattern: repo + "/branches/{branch...}", needs: "contents:read", do: s.branch})
	// The storage behind the redirect is another service: it knows no token, and counts against no quota.
	s.mux.HandleFunc("GET /_results/{id}", s.results)
}

func (s *Server) run(c *call) answer {
	run, known := c.repo.runs[c.number("run_id")]
	if !known {
		return notFound()
	}
	return ok(c.repo.runJSON(run))
}

func (s *Server) runs(c *call) answer {
	q := c.URL.Query()
	workflow := c.PathValue("workflow_id")
	if workflow != "" && !c.repo.hasWorkflow(workflow) {
		return notFound()
	}
	var all []any
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(c.repo.runs))) {
		run := c.repo.runs[id]
		sha, status := q.Get("head_sha"), q.Get("status")
		if workflow != "" && path.Base(run.Path) != workflow {
			continue
		}
		if (sha == "" || sha == run.HeadSHA) && (status == "" || status == run.Status) {
			all = append(all, c.repo.runJSON(run))
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: object{"total_count": len(all), "workflow_runs": list}, header: header}
}

// hasWorkflow reports a workflow of that file name: one that stands on the default branch, or has run.
func (r *Repo) hasWorkflow(name string) bool {
	if c := r.net.commits[r.branches["main"]]; c != nil && c.files[".github/workflows/"+name] != "" {
		return true
	}
	for _, run := range r.runs {
		if path.Base(run.Path) == name {
			return true
		}
	}
	return false
}

func (r *Repo) runJSON(run Run) object {
	var conclusion any
	if run.Conclusion != "" {
		conclusion = run.Conclusion
	}
	return object{
		"id": run.ID, "path": run.Path, "head_sha": run.HeadSHA, "head_branch": run.Branch, "event": run.Event, "status": run.Status,
		"conclusion": conclusion, "run_attempt": max(run.Attempt, 1), "run_started_at": stamp(run.Started), "created_at": stamp(run.Started),
		"updated_at": stamp(run.Updated), "head_repository": object{"id": run.HeadRepo}, "run_number": 1, "workflow_id": 1, "repository": r.json(),
		"actor": r.s.user(or(run.Actor, "writer")), "triggering_actor": r.s.user(or(run.Actor, "writer")),
	}
}

func (s *Server) user(login string) object {
	return object{"id": s.person(login), "login": login, "type": "User"}
}

func (s *Server) jobs(c *call) answer {
	run, known := c.repo.runs[c.number("run_id")]
	if !known {
		return notFound()
	}
	var all []any
	for _, j := range run.Jobs {
		all = append(all, s.jobJSON(run, j))
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: object{"total_count": len(all), "jobs": list}, header: header}
}

func (s *Server) job(c *call) answer {
	for _, run := range c.repo.runs {
		for _, j := range run.Jobs {
			if j.ID == c.number("job_id") {
				return ok(s.jobJSON(run, j))
			}
		}
	}
	return notFound()
}

func (s *Server) jobJSON(run Run, j Job) object {
	var conclusion any
	if j.Conclusion != "" {
		conclusion = j.Conclusion
	}
	group, name := "GitHub Actions", "GitHub Actions 2"
	if j.Group != "" {
		group, name = j.Group, "runner-1"
	}
	return object{
		"id": j.ID, "run_id": run.ID, "run_attempt": cmp.Or(j.Attempt, run.Attempt, 1), "head_sha": run.HeadSHA, "name": j.Name,
		"status": or(j.Status, "completed"), "conclusion": conclusion, "labels": []string{"ubuntu-latest"},
		"runner_group_name": group, "runner_name": name, "runner_id": 2, "runner_group_id": 2,
		"check_run_url": fmt.Sprintf("%s/repos/o/r/check-runs/%d", s.base, j.ID), "started_at": stamp(run.Started), "created_at": stamp(run.Started),
	}
}

func (s *Server) artifactsOf(c *call) answer {
	run, known := c.repo.runs[c.number("run_id")]
	if !known {
		return notFound()
	}
	var all []any
	for _, a := range c.repo.artifacts {
		if name := c.URL.Query().Get("name"); a.Run != run.ID || name != "" && name != a.Name {
			continue
		}
		var digest any
		if a.Digest != "-" {
			digest = a.Digest
		}
		all = append(all, object{
			"id": a.ID, "name": a.Name, "size_in_bytes": a.Size, "expired": a.Expired, "digest": digest, "created_at": stamp(a.Created),
			"workflow_run": object{"id": run.ID, "repository_id": c.repo.ID, "head_repository_id": run.HeadRepo, "head_sha": cmp.Or(a.Head, run.HeadSHA)},
		})
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: object{"total_count": len(all), "artifacts": list}, header: header}
}

func (s *Server) artifact(c *call) answer {
	for _, a := range c.repo.artifacts {
		if a.ID == c.number("artifact_id") && c.PathValue("archive_format") == "zip" {
			if a.Expired {
				return refuse(http.StatusGone, "Artifact has expired")
			}
			return answer{status: http.StatusFound, header: http.Header{"Location": {fmt.Sprintf("%s/_results/%d?sig=%d", s.base, a.ID, c.repo.ID)}}}
		}
	}
	return notFound()
}

func (s *Server) results(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault(r.Method, r.URL.Path)
	leaked := r.Header.Get("Authorization") != ""
	var data []byte
	id, _ := strconv.ParseInt(r.URL.Query().Get("sig"), 10, 64)
	if repo := s.repos[id]; repo != nil {
		for _, a := range repo.artifacts {
			if strconv.FormatInt(a.ID, 10) == r.PathValue("id") {
				data = a.Data
			}
		}
	}
	s.mu.Unlock()
	switch {
	case leaked:
		s.reject("the token was sent to the storage of artifacts")
	case fault != nil && fault.Close:
		panic(http.ErrAbortHandler)
	case fault != nil && fault.Status != 0:
		w.WriteHeader(fault.Status)
		return
	case data == nil:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(data)
}

func (s *Server) branch(c *call) answer {
	name := strings.Trim(c.PathValue("branch"), "/")
	sha, there := c.repo.branches[name]
	if !there {
		return notFound()
	}
	return ok(object{"name": name, "protected": c.repo.protected[name], "commit": object{"sha": sha}})
}
