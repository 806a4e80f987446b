package evidence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

const hosted = "github-hosted"

// trustsRun is condition 4 for a run as the API knows it. Only trusted runs count, in either direction: a run of a fork
// neither proves nor disproves anything.
func (a *asked) trustsRun(r *Run, s SuiteRequirement) bool {
	return r.RepositoryID == a.q.Tenant.Repository && r.HeadRepositoryID == a.q.Tenant.Repository && r.Workflow == s.Workflow &&
		isEvidenceEvent(r.Event, r.RefProtected)
}

// isEvidenceEvent: workflow_run and pull_request_target carry the default branch's commit whatever they check out.
func isEvidenceEvent(event string, protected bool) bool {
	switch event {
	case "push", "merge_group", "pull_request":
		return true
	case "workflow_dispatch":
		return protected
	}
	return false
}

// distrust is condition 4 for a record: why it does not count for a suite (run is its attempt by API, if listed), or "" and with which assurance it does.
func (a *asked) distrust(r *Record, run *Run, s SuiteRequirement) (Assurance, string) {
	p := &r.Producer
	if p.HeadRepositoryID != a.q.Tenant.Repository {
		return 0, fmt.Sprintf("a record of a run on code of repository %d, a fork", p.HeadRepositoryID)
	}
	if p.Workflow != s.Workflow {
		return 0, "a record by workflow " + quote(p.Workflow)
	}
	if !isEvidenceEvent(p.Event, p.RefProtected) {
		return 0, "a record of event " + quote(p.Event)
	}
	if called := a.called(p, s); called != "" {
		return 0, called
	}
	if !a.runsOn(p.Runner) {
		return 0, "a record from a runner that is " + quote(p.Runner)
	}
	if r.Assurance == AssuranceArtifact && p.Event != "push" && p.Event != "merge_group" {
		return 0, "an artifact of event " + quote(p.Event)
	}
	if run != nil && !a.trustsRun(run, s) {
		return 0, fmt.Sprintf("a record of run %d, which GitHub describes otherwise", p.RunID)
	}
	return a.assurance(r, s)
}

// assurance binds the record to the suite's job: either that job recorded, then with the tests in it, or one that
// needs it did.
func (a *asked) assurance(r *Record, s SuiteRequirement) (Assurance, string) {
	switch {
	case r.Producer.Job == s.Job:
		return min(r.Assurance, AssuranceSameJob), ""
	case slices.Contains(r.Producer.Needs, s.Job):
		return r.Assurance, ""
	}
	return 0, fmt.Sprintf("a record by job %s, which is not %s and does not need it", quote(r.Producer.Job), quote(s.Job))
}

// called is why a job that stands in a reusable workflow of another repository is not trusted.
func (a *asked) called(p *Producer, s SuiteRequirement) string {
	ref := p.JobWorkflowRef
	if ref == "" || repositoryOf(ref) != "" && repositoryOf(ref) == repositoryOf(p.WorkflowRef) {
		return "" // of this repository: guarded as .github/** is
	}
	_, at, _ := strings.Cut(ref, "@")
	if isObject(at) && slices.Contains(s.Called, ref) {
		return ""
	}
	return "a record by a job of the called workflow " + quote(ref) + ", which is not listed with its commit"
}

func (a *asked) runsOn(runner string) bool {
	return runner == hosted || runner != "" && slices.Contains(a.q.Requirement.Runners, runner)
}

// unapproved is the first guarded change under .github or any of the patterns that nobody but its author vouches for.
// Called workflows, which are no path of this repository, concern everything.
func (a *asked) unapproved(guards ...string) *Guarded {
	guarded, _ := a.q.Guarded.Get()
	for i, g := range guarded {
		if !g.Approved && (strings.HasPrefix(g.Path, ".github/") || strings.Contains(g.Path, "@") || matchesAny(guards, g.Path)) {
			return &guarded[i]
		}
	}
	return nil
}

func (a *asked) selfAttested(g *Guarded) answer {
	found := "a change of " + quote(g.Path) + " in commit " + short(g.Commit)
	if g.Why != "" {
		found += ": " + quote(g.Why)
	}
	return refuse(CodeSelfAttested, "guarded content as it was approved last", found,
		"have a code owner who neither wrote nor pushed it approve that change on its final head")
}

// matchesAny reports a path under one of the patterns. A pattern that cannot be read matches everything, so that it asks
// for more, never for less.
func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := doublestar.Match(p, path)
		return ok || err != nil
	})
}
