package main

import (
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

const (
	deployPath = ".github/workflows/deploy.yml"
	deployFile = "on: [workflow_dispatch, push]\njobs:\n  deploy: {runs-on: ubuntu-latest, environment: production, steps: [{run: ./deploy}]}\n"
	deployJob  = 81
)

// guarded asks for tests before production, and stands on the main branch with deployments by one workflow.
func guardedFiles(more string) map[string]string {
	deploy := deployFile
	if more != "" { // there are stages
		deploy = strings.Replace(deployFile, "production", "'${{ inputs.to }}'", 1)
	}
	return map[string]string{
		ci: ciFile, deployPath: deploy,
		".github/platform.yml": "version: 1\nenvironments:\n  production:\n    tested:\n      assurance: same-job\n      suites:\n        - {name: unit, workflow: " + ci +
			", job: test}\n    deploy_workflows: [" + deployPath + "]\n    deploy_jobs: [deploy]\n    from: main\n" + more,
	}
}

// gated is a shop whose production is guarded, and its server, that was prepared before it started.
func gated(t *testing.T, more string, before ...func(w *world)) (*world, *githubtest.Repo) {
	t.Helper()
	w := newWorld(t, githubtest.Options{})
	w.public()
	for _, prepare := range before {
		prepare(w)
	}
	_, r := w.shop("acme", guardedFiles(more))
	w.start()
	w.swept()
	return w, r
}

// testedRunOn records a run of the tests on a commit of the main branch: so many pass, and fail.
func (w *world) testedOn(r *githubtest.Repo, id int64, commit string, passed, failed int) githubtest.Run {
	w.t.Helper()
	run := recorded(id, "push", commit, commit)
	run.Branch, run.Ref = "main", "refs/heads/main"
	run.Started = run.Started.Add(time.Duration(id) * time.Second / 100)
	r.AddRun(run)
	w.accepted(r, run, document(commit, "", junit(passed, failed, 0)))
	w.end(r, run, "success")
	w.settled()
	return run
}

// deploying is a run of the deploying workflow that waits for its environment.
func deploying(id int64, commit string) githubtest.Run {
	return githubtest.Run{
		ID: id, Path: deployPath, HeadSHA: commit, Event: "push", Branch: "main", Attempt: 1, Started: time.Now(), Actor: "writer",
		Jobs: []githubtest.Job{{ID: id*100 + deployJob, Name: "deploy", Status: "waiting"}},
	}
}

// gate waits until a run's gate has a state.
func (w *world) gate(r *githubtest.Repo, run int64, state string) githubtest.Gate {
	w.t.Helper()
	if !githubtest.Settle(w.wait, func() bool { return r.GateOf(run, "production").State == state }) {
		w.t.Fatalf("the gate of run %d is %+v, want %s", run, r.GateOf(run, "production"), state)
	}
	w.settled()
	return r.GateOf(run, "production")
}

// says waits until the last status report of a run's gate has a text.
func (w *world) says(r *githubtest.Repo, run int64, text string) {
	w.t.Helper()
	last := func() string {
		reports := r.GateOf(run, "production").Reports
		if len(reports) == 0 {
			return ""
		}
		return reports[len(reports)-1]
	}
	if !githubtest.Settle(w.wait, func() bool { return strings.Contains(last(), text) }) {
		w.t.Fatalf("the gate of run %d is %+v, want a report with %q", run, r.GateOf(run, "production"), text)
	}
	w.settled()
}

// deployed lets an approved run end.
func (w *world) deployed(r *githubtest.Repo, run githubtest.Run, conclusion string) {
	w.t.Helper()
	run.Jobs[0].Status = "in_progress"
	w.end(r, run, conclusion)
	w.settled()
}

// TestGate follows deployments of a tested tree, of an untested one and of one whose tests are still running.
func TestGate(t *testing.T) {
	t.Parallel()
	w, r := gated(t, "")
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 3, 0)
	w.hub.ResetLog()
	w.send(r.Deploy(deploying(10, tip), "production"))
	g := w.gate(r, 10, "approved")
	if g.Tries != 1 || !strings.Contains(g.Comment, "Approved") || !strings.Contains(g.Comment, "Ledger: ") {
		t.Errorf("approved with %+v", g)
	}
	counted, writes, list := w.calls()
	t.Log(counted, "counted calls for a deployment with its evidence in the store")
	if counted > 8 || writes != 1 {
		t.Errorf("%d counted calls and %d writes, want 8 at most and 1:\n%s", counted, writes, strings.Join(list, "\n"))
	}
	w.deployed(r, deploying(10, tip), "success")

	next := r.Commit("main", map[string]string{"next.md": "text\n"})
	w.send(r.Deploy(deploying(11, next), "production"))
	if g = w.gate(r, 11, "rejected"); !strings.Contains(g.Comment, "wrong-tree") || !strings.Contains(g.Comment, "Fix: ") {
		t.Errorf("rejected with %+v", g)
	}

	last := r.Commit("main", map[string]string{"last.md": "text\n"})
	run := recorded(2, "push", last, last)
	run.Branch, run.Ref = "main", "refs/heads/main"
	r.AddRun(run)
	w.send(r.Deploy(deploying(12, last), "production"))
	w.says(r, 12, "tests-running")
	w.accepted(r, run, document(last, "", junit(3, 0, 0)))
	if g = w.gate(r, 12, "approved"); g.Tries != 1 {
		t.Errorf("approved with %+v", g)
	}
}
