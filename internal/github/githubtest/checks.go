package githubtest

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// CheckRun is one as GitHub keeps it.
type CheckRun struct {
	ID         int64
	Name       string
	HeadSHA    string
	Status     string
	Conclusion string // of a completed one
	ExternalID string
	DetailsURL string
	Output     CheckOutput
	Actions    []CheckAction
	Writes     int // how often it was written
	Created    time.Time
	App        string    // slug of another App than ours that made it; empty: ours
	Completed  time.Time // zero: it is not
}

// CheckOutput is what it shows. Annotations of later writes are added to those before.
type CheckOutput struct {
	Title       string            `json:"title"`
	Summary     string            `json:"summary"`
	Text        string            `json:"text"`
	Annotations []CheckAnnotation `json:"annotations"`
}

// CheckAnnotation is a note on a line.
type CheckAnnotation struct {
	Path    string `json:"path"`
	Line    int    `json:"start_line"`
	Level   string `json:"annotation_level"`
	Title   string `json:"title"`
	Message string `json:"message"`
}

// CheckAction is a button.
type CheckAction struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

// checkBody is a request to make or change one.
type checkBody struct {
	Name       *string        `json:"name"`
	HeadSHA    string         `json:"head_sha"`
	Status     *string        `json:"status"`
	Conclusion *string        `json:"conclusion"`
	ExternalID *string        `json:"external_id"`
	DetailsURL *string        `json:"details_url"`
	Output     *CheckOutput   `json:"output"`
	Actions    *[]CheckAction `json:"actions"`
}

// CheckRuns lists the App's check runs on a commit, newest first: the first one counts.
func (r *Repo) CheckRuns(sha string) []CheckRun {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	var out []CheckRun
	for _, c := range r.checkOf[sha] {
		own := *c
		own.Output.Annotations = slices.Clone(c.Output.Annotations)
		out = append(out, own)
	}
	slices.Reverse(out)
	return out
}

// AddCheck lets another App have made a check run that has ended.
func (r *Repo) AddCheck(app, sha, name, conclusion, title string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	run := &CheckRun{
		ID: r.s.id(), Name: name, HeadSHA: sha, Status: "completed", Conclusion: conclusion, Output: CheckOutput{Title: title},
		Created: r.s.o.Now(), Completed: r.s.o.Now(), App: app,
	}
	r.checks, r.checkOf[sha] = append(r.checks, run), append(r.checkOf[sha], run)
}

func (s *Server) checkRoutes() {
	s.handle(endpoint{pattern: "POST /repos/{owner}/{repo}/check-runs", needs: "checks:write", do: s.createCheck})
	s.handle(endpoint{pattern: "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", needs: "checks:write", do: s.updateCheck})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/check-runs/{check_run_id}", needs: "checks:read", do: s.getCheck})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/commits/{ref}/check-runs", needs: "checks:read", do: s.listChecks})
}

func (s *Server) createCheck(c *call) answer {
	var in checkBody
	if err := c.read(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if c.repo.net.commits[in.HeadSHA] == nil {
		return refuse(http.StatusUnprocessableEntity, "No commit found for SHA: %s", in.HeadSHA)
	}
	run := &CheckRun{ID: s.id(), HeadSHA: in.HeadSHA, Status: "queued", Created: s.o.Now()}
	if a, refused := run.apply(in, s.o.Now()); refused {
		return a
	}
	c.repo.checks = append(c.repo.checks, run)
	c.repo.checkOf[run.HeadSHA] = append(c.repo.checkOf[run.HeadSHA], run)
	return answer{status: http.StatusCreated, body: s.checkJSON(run)}
}

// apply writes what a request says, within GitHub's bounds.
func (run *CheckRun) apply(in checkBody, now time.Time) (answer, bool) {
	if o := in.Output; o != nil {
		if len(o.Annotations) > 50 || utf8.RuneCountInString(o.Summary) > 65535 || utf8.RuneCountInString(o.Text) > 65535 {
			return refuse(http.StatusUnprocessableEntity, "Invalid request. output is too long"), true
		}
		o.Annotations = append(slices.Clone(run.Output.Annotations), o.Annotations...)
		run.Output = *o
	}
	if in.Actions != nil {
		if len(*in.Actions) > 3 {
			return refuse(http.StatusUnprocessableEntity, "Invalid request. No more than 3 actions"), true
		}
		run.Actions = *in.Actions
	}
	for to, from := range map[*string]*string{&run.Name: in.Name, &run.Status: in.Status, &run.ExternalID: in.ExternalID, &run.DetailsURL: in.DetailsURL} {
		if from != nil {
			*to = *from
		}
	}
	if in.Conclusion != nil {
		run.Conclusion, run.Status = *in.Conclusion, "completed"
	}
	if in.Status != nil && *in.Status != "completed" {
		run.Conclusion = ""
	}
	if run.Status == "completed" && run.Conclusion == "" {
		return refuse(http.StatusUnprocessableEntity, "Invalid request. conclusion is missing"), true
	}
	run.Writes++
	if run.Completed = (time.Time{}); run.Status == "completed" {
		run.Completed = now
	}
	return answer{}, false
}

func (s *Server) updateCheck(c *call) answer {
	run := c.repo.check(c.number("check_run_id"))
	if run == nil {
		return notFound()
	}
	var in checkBody
	if err := c.read(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if a, refused := run.apply(in, s.o.Now()); refused {
		return a
	}
	return ok(s.checkJSON(run))
}

func (r *Repo) check(id int64) *CheckRun {
	for _, run := range slices.Backward(r.checks) {
		if run.ID == id {
			return run
		}
	}
	return nil
}

func (s *Server) getCheck(c *call) answer {
	run := c.repo.check(c.number("check_run_id"))
	if run == nil {
		return notFound()
	}
	return ok(s.checkJSON(run))
}

func (s *Server) listChecks(c *call) answer {
	q := c.URL.Query()
	var all []any
	for _, run := range slices.Backward(c.repo.checkOf[c.PathValue("ref")]) {
		if name := q.Get("check_name"); name == "" || name == run.Name {
			all = append(all, s.checkJSON(run))
			if q.Get("filter") != "all" {
				break
			}
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: object{"total_count": len(all), "check_runs": list}, header: header}
}

func (s *Server) checkJSON(run *CheckRun) object {
	var conclusion any
	if run.Conclusion != "" {
		conclusion = run.Conclusion
	}
	var completed any
	if !run.Completed.IsZero() {
		completed = stamp(run.Completed)
	}
	app := s.appJSON()
	if run.App != "" {
		app["id"], app["slug"] = s.person(run.App), run.App
	}
	return object{
		"completed_at": completed,
		"id":           run.ID, "name": run.Name, "head_sha": run.HeadSHA, "status": run.Status, "conclusion": conclusion, "external_id": run.ExternalID,
		"details_url": run.DetailsURL, "app": app,
		"output": object{"title": run.Output.Title, "summary": run.Output.Summary, "annotations_count": len(run.Output.Annotations)},
	}
}
