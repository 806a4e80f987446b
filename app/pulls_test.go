package main

import (
	"strings"
	"testing"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github/githubtest"
)

// TestPullRequest is the main job over the wire: what is called and written for a push that changes Terraform, for one
// that does not, and for a delivery that comes again.
func TestPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	sha := r.Commit("bigger", map[string]string{"infra/main.tf": instance("m5.large")})
	n := r.OpenPull("A larger server", "bigger", "main", "writer")
	opened := r.PullEvent("opened", n)
	w.hub.ResetLog()
	w.send(opened)
	run := w.check(r, sha)
	equal(t, "conclusion", run.Conclusion, "success")
	equal(t, "name", run.Name, "platform/check")
	comments := r.Comments(n)
	if len(comments) != 1 || !strings.HasPrefix(comments[0].Body, control.Marker) || !strings.Contains(comments[0].Body, "aws_instance.web") {
		t.Fatalf("comments: %+v", comments)
	}
	if counted, writes, list := w.calls(); counted > 7 || writes > 3 {
		t.Errorf("%d counted calls and %d writes for a change of Terraform, want 7 and 3 at most:\n%s", counted, writes, strings.Join(list, "\n"))
	}

	w.hub.ResetLog()
	w.send(opened) // the same delivery
	again := opened
	again.GUID = "11111111-2222-3333-4444-555555555555"
	w.send(again) // the same body under another id
	w.settled()
	if _, writes, list := w.calls(); writes != 0 {
		t.Errorf("a decided head was written again:\n%s", strings.Join(list, "\n"))
	}

	w.hub.ResetLog()
	w.send(r.CheckRunEvent("rerequested", sha, "", "writer"))
	w.eventually("the check is written anew", func() bool { return r.CheckRuns(sha)[0].ID != run.ID })
	w.check(r, sha)
	if _, _, list := w.calls(); has(list, "POST /repos/{owner}/{repo}/issues") || has(list, "PATCH /repos/{owner}/{repo}/issues") {
		t.Errorf("the comment did not change, and was written:\n%s", strings.Join(list, "\n"))
	}

	next := r.Commit("bigger", map[string]string{"infra/main.tf": instance("m5.xlarge")})
	w.hub.ResetLog()
	w.send(r.PullEvent("synchronize", n))
	equal(t, "conclusion of the second head", w.check(r, next).Conclusion, "success")
	equal(t, "comments", len(r.Comments(n)), 1)
	equal(t, "writes of the comment", r.Comments(n)[0].Writes, 2)
	if counted, writes, list := w.calls(); counted > 7 || writes > 3 {
		t.Errorf("%d counted calls and %d writes for the next push, want 7 and 3 at most:\n%s", counted, writes, strings.Join(list, "\n"))
	}
}

// TestPullWithoutTerraform costs next to nothing, and says that it was looked at.
func TestPullWithoutTerraform(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	for i, name := range []string{"a.md", "b.md"} { // the second time, what is known of the base is not read again
		sha := r.Commit("docs-"+name, map[string]string{name: "text\n"})
		n := r.OpenPull("Docs", "docs-"+name, "main", "writer")
		w.hub.ResetLog()
		w.send(r.PullEvent("opened", n))
		run := w.check(r, sha)
		equal(t, "conclusion", run.Conclusion, "success")
		equal(t, "comments", len(r.Comments(n)), 0)
		counted, writes, list := w.calls()
		if counted > 4 || writes > 2 {
			t.Errorf("%d. pull request: %d counted calls and %d writes without Terraform, want 4 and 2 at most:\n%s", i+1, counted, writes, strings.Join(list, "\n"))
		}
	}
}
