package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

// nextGated is a further shop with a guarded production whose main branch was tested.
func (w *world) nextGated(more string) (r *githubtest.Repo, tip string) {
	w.t.Helper()
	w.shops++
	_, r = w.shop(fmt.Sprintf("acme-%d", w.shops), guardedFiles(more))
	tip = r.Head("main")
	w.send(r.PushEvent("main", strings.Repeat("0", 40), "writer", "README.md")) // so that the server hears of it
	w.settled()
	w.testedOn(r, 1, tip, 3, 0)
	return r, tip
}

func replaced(e githubtest.Event, from, to string) githubtest.Event {
	if !bytes.Contains(e.Body, []byte(from)) {
		panic("the event does not hold " + from)
	}
	e.Body = bytes.ReplaceAll(e.Body, []byte(from), []byte(to))
	return e
}

// TestGateAttacks: each asks for production with something else than a tested tree of the main branch in a listed job.
func TestGateAttacks(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	for name, c := range map[string]struct {
		environment string
		deploy      func(r *githubtest.Repo, run *githubtest.Run) // what is changed before GitHub asks
		event       func(r *githubtest.Repo, e githubtest.Event) githubtest.Event
		code        string
	}{
		"an unknown environment":   {environment: "prod", code: "policy-error"},
		"another case":             {environment: "Production", code: "policy-error"},
		"a letter that looks like": {environment: "рroduction", code: "policy-error"},
		"another branch": {deploy: func(r *githubtest.Repo, run *githubtest.Run) {
			run.HeadSHA, run.Branch = r.Commit("evil", map[string]string{"evil.md": "text\n"}), "evil"
			w.testedOn(r, 5, run.HeadSHA, 3, 0)
		}, code: "subject-mismatch"},
		"a fork's commit": {deploy: func(_ *githubtest.Repo, run *githubtest.Run) { run.HeadRepo = 999_999 }, code: "subject-mismatch"},
		"a commit that the run is not of": {deploy: func(r *githubtest.Repo, run *githubtest.Run) {
			run.HeadSHA = r.Commit("main", map[string]string{"new.md": "text\n"})
		}, event: func(r *githubtest.Repo, e githubtest.Event) githubtest.Event {
			return replaced(e, r.Head("main"), testedOf(r))
		}, code: "subject-mismatch"},
		"an unlisted workflow": {deploy: func(_ *githubtest.Repo, run *githubtest.Run) { run.Path = ci }, code: "untrusted-producer"},
		"an unlisted job": {deploy: func(r *githubtest.Repo, run *githubtest.Run) {
			run.HeadSHA = r.Commit("main", map[string]string{deployPath: deployFile + "  rider: {environment: {name: '${{ inputs.where }}'}, steps: [{run: x}]}\n"})
			w.testedOn(r, 5, run.HeadSHA, 3, 0)
		}, code: "untrusted-producer"},
		"an unlisted job of a called workflow": {deploy: func(r *githubtest.Repo, run *githubtest.Run) {
			run.HeadSHA = r.Commit("main", map[string]string{
				deployPath:                    deployFile + "  caller: {uses: ./.github/workflows/inner.yml}\n",
				".github/workflows/inner.yml": "on: workflow_call\njobs: {inner: {environment: production, steps: [{run: x}]}}\n",
			})
			w.testedOn(r, 5, run.HeadSHA, 3, 0)
		}, code: "untrusted-producer"},
		"a newer red":                         {deploy: func(r *githubtest.Repo, run *githubtest.Run) { w.testedOn(r, 5, run.HeadSHA, 3, 1) }, code: "tests-failed"},
		"tests that ran nothing":              {deploy: func(r *githubtest.Repo, run *githubtest.Run) { w.testedOn(r, 5, run.HeadSHA, 0, 0) }, code: "zero-tests"},
		"a run of the tests that was deleted": {deploy: func(r *githubtest.Repo, _ *githubtest.Run) { r.DeleteRun(1) }, code: "evidence-missing"},
	} {
		r, tip := w.nextGated("")
		run := deploying(10, tip)
		if c.deploy != nil {
			c.deploy(r, &run)
		}
		environment := c.environment
		if environment == "" {
			environment = "production"
		}
		e := r.Deploy(run, environment)
		if c.event != nil {
			e = c.event(r, e)
		}
		w.send(e)
		if !githubtest.Settle(w.wait, func() bool { return r.GateOf(10, environment).State != "waiting" }) {
			t.Fatalf("%s: %+v", name, r.GateOf(10, environment))
		}
		if g := r.GateOf(10, environment); g.State != "rejected" || !strings.Contains(g.Comment, c.code) || g.Tries != 1 {
			t.Errorf("%s: want %s, got %+v", name, c.code, g)
		}
	}
}

// testedOf is the commit of the first run.
func testedOf(r *githubtest.Repo) string { return r.RunOf(1).HeadSHA }

// TestForeignCallback: an address is never called, wherever it leads; one that names another repository is refused.
func TestForeignCallback(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	called := false
	elsewhere := newListener(t, func() { called = true })
	r, tip := w.nextGated("")
	w.send(replaced(r.Deploy(deploying(10, tip), "production"), w.hub.URL()+"/repos/"+r.FullName()+"/actions", elsewhere+"/repos/"+r.FullName()+"/actions"))
	w.gate(r, 10, "approved")
	other, _ := w.nextGated("")
	e := replaced(r.Deploy(deploying(11, tip), "production"), "/repos/"+r.FullName()+"/actions", "/repos/"+other.FullName()+"/actions")
	if status := w.hub.Send(t.Context(), w.url+"/webhooks/github", e); status != http.StatusBadRequest {
		t.Errorf("answered %d", status)
	}
	if called {
		t.Error("somebody else was called")
	}
}

// TestSilentEvent: an event that says nothing but where it happened leads to the run that waits.
func TestSilentEvent(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	r, tip := w.nextGated("")
	e := r.Deploy(deploying(10, tip), "production")
	e.Body = fmt.Appendf(nil, `{"action":"requested","installation":{"id":%d},"repository":{"id":%d,"name":"shop","owner":{"id":%d}},"sender":{"id":1}}`,
		r.Installation(), r.ID, r.Owner().ID)
	w.send(e)
	w.gate(r, 10, "approved")
}

// TestRerun: another attempt is another decision; the answer of the first is not asked for again.
func TestRerun(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	r, tip := w.nextGated("")
	e := r.Deploy(deploying(10, tip), "production")
	w.send(e)
	w.gate(r, 10, "approved")
	e.GUID += "-again"
	w.send(e)
	w.settled()
	if g := r.GateOf(10, "production"); g.Tries != 1 {
		t.Errorf("answered again: %+v", g)
	}
	w.testedOn(r, 5, tip, 3, 1)
	again := deploying(10, tip)
	again.Attempt = 2
	w.send(r.Deploy(again, "production"))
	if g := w.gate(r, 10, "rejected"); g.Attempt != 2 || g.Tries != 1 || !strings.Contains(g.Comment, "tests-failed") {
		t.Errorf("%+v", g)
	}
}

// TestRedBeforeTheAnswer: what comes in between the decision and the answer counts.
func TestRedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	w, _ := gated(t, "")
	r, tip := w.nextGated("")
	red := recorded(5, "push", tip, tip)
	red.Branch, red.Ref, red.Started = "main", "refs/heads/main", time.Now()
	w.hub.ResetLog()
	w.hub.Fault(githubtest.Fault{Method: "GET", Path: r.FullName() + "/actions/runs/10", Skip: 1, Delay: 3 * time.Second})
	w.send(r.Deploy(deploying(10, tip), "production"))
	w.eventually("it is read once more before the answer", func() bool {
		n := 0
		for _, call := range w.hub.Log() {
			if strings.HasSuffix(call.Path, "/actions/runs/10") {
				n++
			}
		}
		return n >= 2
	})
	r.AddRun(red)
	w.accepted(r, red, document(tip, "", junit(3, 1, 0)))
	if g := w.gate(r, 10, "rejected"); g.Tries != 1 || !strings.Contains(g.Comment, "tests-failed") {
		t.Errorf("%+v", g)
	}
}

// newListener is a server that nobody should call.
func newListener(t *testing.T, called func()) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called() }))
	t.Cleanup(s.Close)
	return s.URL
}
