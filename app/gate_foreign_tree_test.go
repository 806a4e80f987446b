package main

import (
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/evidence"
	counted "github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/github/githubtest"
)

// TestRecordOfAnotherTree: a run of somebody's own branch, whose workflow is whatever they like, names the artifact of the main
// branch as what it tested. That proves nothing: guarded is the content of the tree that is deployed, and not of that one.
func TestRecordOfAnotherTree(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		passed, failed int // of the tree that is deployed
		outcome, code  string
	}{
		"never tested": {outcome: "rejected", code: "wrong-tree"},
		"red":          {failed: 3, outcome: "rejected", code: "tests-failed"},
		"green":        {passed: 3, outcome: "approved"}, // nobody else's run hides that
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, "")
			d.beginsWithImage(10)
			if c.passed+c.failed > 0 {
				d.tested(1, d.tip, c.passed, c.failed)
			}
			d.now = d.now.Add(time.Minute)
			evil := d.repo.Commit("evil", map[string]string{ci: strings.Replace(ciFile, "jobs:", "# anything is green\njobs:", 1), "evil.md": "text\n"})
			d.testedAs(900, evil, counted.Counts{Executed: 3, Passed: 3}, func(r *evidence.Record) {
				r.Subject.Digests, r.Producer.Ref = []string{image}, "refs/heads/evil"
			})
			d.repo.AddRun(githubtest.Run{
				ID: 900, Path: ci, HeadSHA: evil, Event: "push", Branch: "evil", Attempt: 1, Status: "completed", Conclusion: "success", Started: d.now,
				Jobs: []githubtest.Job{{ID: 90001, Name: "test", Conclusion: "success"}, {ID: 90002, Name: "record", Conclusion: "success"}},
			})
			if got := d.locks(10, digestBody); got.Outcome != c.outcome || got.Code != c.code {
				t.Errorf("told %+v", got)
			}
		})
	}
}
