package github_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/github/githubtest"
)

// TestRuns reads what GitHub knows of a test run, in GitHub's own words and in ours.
func TestRuns(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	ctx, head := t.Context(), w.repo.Head("main")
	began := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w.repo.AddRun(githubtest.Run{
		ID: 5, Path: ".github/workflows/ci.yml@refs/heads/main", HeadSHA: head, Branch: "main", Event: "push", Status: "waiting", Attempt: 2, Started: began,
		Jobs: []githubtest.Job{
			{ID: 51, Name: "Unit (1)", Status: "completed", Conclusion: "success", Attempt: 1}, {ID: 52, Name: "own", Status: "in_progress", Group: "GitHub Actions"},
			{ID: 53, Name: "later", Status: "queued", Group: "ours"},
		},
	})
	want := evidence.Run{
		RepositoryID: w.repo.ID, ID: 5, Attempt: 2, Workflow: ".github/workflows/ci.yml", Event: "push", HeadCommit: head, HeadRepositoryID: w.repo.ID,
		Started: began, Status: evidence.StatusWaiting,
	}
	ignore := cmpopts.IgnoreTypes(fact.Known[[]evidence.Job]{})
	run, err := w.app.WorkflowRun(ctx, w.r, 5)
	if diff := cmp.Diff(want, run.Run, ignore); diff != "" || err != nil || run.Branch != "main" {
		t.Errorf("%v, branch %q:\n%s", err, run.Branch, diff)
	}
	for _, workflows := range [][]string{{".github/workflows/ci.yml"}, {".github/workflows/ci.yml", ".github/workflows/e2e.yml"}, {".github/workflows/gone.yml"}} {
		list, whole, err := w.app.RunsOf(ctx, w.r, head, workflows)
		if err != nil || !whole || len(list) != 1 || list[0].ID != 5 {
			t.Errorf("%v: %v, whole %t: %+v", workflows, err, whole, list)
		}
	}
	jobs, whole, err := w.app.Jobs(ctx, w.r, 5)
	if err != nil || !whole {
		t.Fatal(whole, err)
	}
	if diff := cmp.Diff([]control.WorkflowJob{
		{ID: 51, RunID: 5, Attempt: 1, Shown: "Unit (1)", Status: evidence.StatusCompleted, Conclusion: "success", Runner: "github-hosted"},
		{ID: 52, RunID: 5, Attempt: 2, Shown: "own", Status: evidence.StatusRunning, Runner: "self-hosted"}, // a group may be called anything
		{ID: 53, RunID: 5, Attempt: 2, Shown: "later", Status: evidence.StatusQueued, Runner: "self-hosted"},
	}, jobs); diff != "" {
		t.Error(diff)
	}
	if job, err := w.app.Job(ctx, w.r, 51); err != nil || job.RunID != 5 {
		t.Error(job, err)
	}
	commit, err := w.app.Commit(ctx, w.r, head)
	if err != nil || commit.Tree != w.repo.Tree(head) || len(commit.Parents) != 0 {
		t.Error(commit, err)
	}
	w.repo.Branch("release/1", head)
	w.repo.Protect("release/1")
	for branch, want := range map[string]bool{"main": false, "release/1": true} {
		if got, err := w.app.Protected(ctx, w.r, branch); got != want || err != nil {
			t.Errorf("branch %s: %t, %v", branch, got, err)
		}
	}
	for name, read := range map[string]func() error{
		"run":    func() error { _, err := w.app.WorkflowRun(ctx, w.r, 6); return err },
		"job":    func() error { _, err := w.app.Job(ctx, w.r, 6); return err },
		"branch": func() error { _, err := w.app.Protected(ctx, w.r, "none"); return err },
		"commit": func() error { _, err := w.app.Commit(ctx, w.r, "0000000000000000000000000000000000000000"); return err },
	} {
		if err := read(); !errors.Is(err, control.ErrGone) {
			t.Errorf("a %s that is not there: %v", name, err)
		}
	}
}

// TestArtifacts: a download never holds more than it may, and no token goes to where it comes from.
func TestArtifacts(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	ctx := t.Context()
	w.repo.AddRun(githubtest.Run{ID: 5, Path: "p", HeadSHA: w.repo.Head("main"), Event: "push", Status: "completed", Attempt: 1})
	w.repo.AddArtifact(githubtest.Artifact{Run: 5, Name: "other", Data: []byte("no")})
	w.repo.AddArtifact(githubtest.Artifact{Run: 5, Name: "platform-evidence", Data: []byte("yes"), Digest: "-"})
	w.repo.AddArtifact(githubtest.Artifact{Run: 5, Name: "platform-evidence", Data: []byte("old"), Expired: true})
	list, whole, err := w.app.Artifacts(ctx, w.r, 5, "platform-evidence")
	if err != nil || !whole || len(list) != 2 || list[0].Digest != "" || list[0].HeadRepository != w.repo.ID || list[0].Size != 3 {
		t.Fatalf("%v, whole %t: %+v", err, whole, list)
	}
	data, err := w.app.Download(ctx, w.r, list[0], 3)
	if err != nil || string(data) != "yes" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := w.app.Download(ctx, w.r, list[0], 2); err == nil {
		t.Error("more was held than may be")
	} else if _, large := errors.AsType[*control.OversizedError](err); !large {
		t.Error(err)
	}
	if _, err := w.app.Download(ctx, w.r, list[1], 10); !errors.Is(err, control.ErrGone) {
		t.Errorf("one that has expired: %v", err)
	}
	w.hub.Fault(githubtest.Fault{Path: "/_results/", Status: http.StatusBadGateway})
	if _, err := w.app.Download(ctx, w.r, list[0], 10); err == nil {
		t.Error("a storage that fails is taken for an artifact")
	}
}

// TestManyRuns: a thousand deployments of a commit do not hide the runs that tested it, however many workflows are asked about.
func TestManyRuns(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	head := w.repo.Head("main")
	const ci, e2e = ".github/workflows/ci.yml", ".github/workflows/e2e.yml"
	for id := range int64(1000) {
		run := githubtest.Run{ID: 10 + id, Path: ".github/workflows/deploy.yml", HeadSHA: head, Event: "push", Branch: "main", Attempt: 1, Status: "waiting"}
		w.repo.AddRun(run)
	}
	for id, path := range []string{ci, e2e} {
		w.repo.AddRun(githubtest.Run{ID: int64(id) + 1, Path: path, HeadSHA: head, Event: "push", Branch: "main", Attempt: 1, Status: "completed", Conclusion: "success"})
	}
	for _, workflows := range [][]string{{ci}, {ci, e2e}} {
		list, whole, err := w.app.RunsOf(t.Context(), w.r, head, workflows)
		if err != nil || !whole || len(list) != len(workflows) {
			t.Errorf("%v: %v, whole %t, %d runs", workflows, err, whole, len(list))
		}
	}
}
