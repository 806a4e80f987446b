package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestBypass: a job that ran past the gate is found by itself and opens a debt; a status that somebody set opens none, and
// counts as no stay in the stage before.
func TestBypass(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	r, _ := w.nextGated("")
	untested := r.Commit("main", map[string]string{"new.md": "text\n"})
	run := deploying(10, untested)
	r.AddRun(run)
	run.Jobs[0].Status, run.Jobs[0].Conclusion, run.Status = "completed", "success", "in_progress"
	r.AddRun(run)
	id := r.AddDeployment(untested, "production", "github-actions[bot]")
	event := r.DeploymentStatusEvent(id, "success", 10, "github-actions[bot]")
	w.send(event)
	w.eventually("an issue tells of it", func() bool { return len(r.Issues()) == 1 })
	w.settled()
	event.GUID += "-again"
	w.send(event)
	w.settled()
	if issues := r.Issues(); len(issues) != 1 || !strings.Contains(issues[0].Title, "Test debt: production") || !strings.Contains(issues[0].Body, "without an approval") {
		t.Errorf("issues %+v", issues)
	}
	if line := w.log.attribute("a deployment went past the gate", "environment"); line != "production" {
		t.Errorf("the log says %q", line)
	}

	next := r.Commit("main", map[string]string{"more.md": "text\n"})
	w.testedOn(r, 5, next, 3, 0)
	w.send(r.Deploy(deploying(11, next), "production"))
	if g := w.gate(r, 11, "rejected"); !strings.Contains(g.Comment, "test-debt") {
		t.Errorf("%+v", g)
	}
	w.testedOn(r, 6, untested, 3, 0) // it is paid
	w.send(r.Deploy(deploying(12, next), "production"))
	w.gate(r, 12, "approved")
}

// TestForgedStatus: a status alone proves nothing, neither for us nor against us.
func TestForgedStatus(t *testing.T) {
	t.Parallel()
	const staged = "    after: staging\n  staging:\n    tested:\n      assurance: same-job\n      suites:\n        - {name: unit, workflow: " + ci + ", job: test}\n"
	w, _ := gated(t, "")
	r, tip := w.nextGated(staged)
	w.send(r.DeploymentStatusEvent(r.AddDeployment(tip, "staging", "writer"), "success", 0, "writer"))
	w.settled()
	w.send(r.Deploy(deploying(10, tip), "production"))
	if g := w.gate(r, 10, "rejected"); !strings.Contains(g.Comment, "stage-missing") {
		t.Errorf("%+v", g)
	}
	if n := len(r.Issues()); n != 0 {
		t.Errorf("%d issues for somebody's word", n)
	}
	staging := deploying(11, tip)
	w.send(r.Deploy(staging, "staging"))
	w.eventually("staging is approved", func() bool { return r.GateOf(11, "staging").State == "approved" })
	w.settled()
	w.send(r.DeploymentStatusEvent(r.GateOf(11, "staging").Deployment, "success", 11, "writer")) // its job has not ended
	w.settled()
	w.send(r.Deploy(deploying(12, tip), "production"))
	if g := w.gate(r, 12, "rejected"); !strings.Contains(g.Comment, "stage-missing") {
		t.Errorf("%+v", g)
	}
	staging.Started = staging.Started.Add(time.Second)
	w.deployed(r, staging, "success")
	w.send(r.Deploy(deploying(13, tip), "production"))
	w.gate(r, 13, "approved")
}

// TestRiding: a run whose job went ahead while it waited for our answer went past us.
func TestRiding(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	r, _ := w.nextGated("")
	last := r.Commit("main", map[string]string{"last.md": "text\n"})
	tests := recorded(5, "push", last, last)
	tests.Branch, tests.Ref = "main", "refs/heads/main"
	r.AddRun(tests)
	w.send(r.Deploy(deploying(10, last), "production"))
	w.says(r, 10, "tests-running")
	w.deployed(r, deploying(10, last), "success") // an administrator let it through
	w.eventually("an issue tells of it", func() bool { return len(r.Issues()) == 1 })
	w.settled()
	if g := r.GateOf(10, "production"); g.Tries != 0 {
		t.Errorf("answered: %+v", g)
	}
}

// TestIgnoredLock: a job that the second lock refused and that went ahead all the same went past us. One that obeyed did not.
func TestIgnoredLock(t *testing.T) {
	t.Parallel()
	w, r := gated(t, "", keyed)
	untested := r.Commit("main", map[string]string{"new.md": "text\n"})
	for id, conclusion := range map[int64]string{10: "failure", 11: "success"} {
		run := locking(id, untested)
		r.AddRun(run)
		if status, answer := w.askLock(r, run, lockBody, nil); status != http.StatusAccepted || string(answer["outcome"]) != `"rejected"` {
			t.Fatalf("%d %s", status, answer)
		}
		w.deployed(r, run, conclusion)
	}
	deployment := r.AddDeployment(untested, "production", "github-actions[bot]")
	w.send(r.DeploymentStatusEvent(deployment, "success", 11, "github-actions[bot]"))
	w.eventually("an issue tells of it", func() bool { return len(r.Issues()) == 1 })
	w.settled()
	if issues := r.Issues(); len(issues) != 1 || !strings.Contains(issues[0].Body, "Run [11]") {
		t.Errorf("issues %+v", issues)
	}
}

// TestDebtPaidByItself: a tree that went past us with a workflow of its own does not pay its debt by it.
func TestDebtPaidByItself(t *testing.T) {
	t.Parallel()
	w, r := gated(t, "")
	first := r.Head("main")
	w.testedOn(r, 1, first, 3, 0)
	run := deploying(10, first)
	w.send(r.Deploy(run, "production"))
	w.gate(r, 10, "approved")
	w.deployed(r, run, "success")

	edited := r.Commit("main", map[string]string{ci: ciFile + "# anything is green\n"})
	past := deploying(11, edited)
	w.deployed(r, past, "success")
	w.send(r.DeploymentStatusEvent(r.AddDeployment(edited, "production", "writer"), "success", 11, "writer"))
	w.eventually("an issue tells of it", func() bool { return len(r.Issues()) == 1 })
	w.testedOn(r, 2, edited, 3, 0)

	back := r.Commit("main", map[string]string{ci: ciFile, "new.md": "text\n"})
	w.testedOn(r, 3, back, 3, 0)
	w.send(r.Deploy(deploying(12, back), "production"))
	if g := w.gate(r, 12, "rejected"); !strings.Contains(g.Comment, "test-debt") || !strings.Contains(g.Comment, "self-attested") {
		t.Errorf("%+v", g)
	}
}
