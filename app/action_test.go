package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/github/githubtest"
)

// action runs the Action as a job of the run would, with this server's address.
func (w *world) action(r *githubtest.Repo, in *githubtest.Installation, run githubtest.Run, n int, plan string) (code int, text, outputs string) {
	w.t.Helper()
	dir := w.t.TempDir()
	binary := filepath.Join(dir, "action")
	if out, err := exec.CommandContext(w.t.Context(), "go", "build", "-o", binary, "../action").CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	for name, data := range map[string]string{
		"ws/infra/plan.json": plan, "ws/.git/HEAD": run.SHA + "\n", "event.json": string(r.PullEvent("synchronize", n).Body),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	grant, err := ghinstallation.New(http.DefaultTransport, w.hub.AppID(), in.ID, w.hub.PrivateKeyPEM())
	if err != nil {
		w.t.Fatal(err)
	}
	grant.BaseURL, grant.InstallationTokenOptions = w.hub.URL(), &github.InstallationTokenOptions{RepositoryIDs: []int64{r.ID}}
	token, err := grant.Token(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(w.t.Context(), binary)
	cmd.Env = append(os.Environ(), "ACTIONS_ID_TOKEN_REQUEST_URL="+w.hub.RequestURL(run.ID), "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+githubtest.RunSecret(run.ID),
		"GITHUB_API_URL="+w.hub.URL()+"/api/v3", "INPUT_GITHUB-TOKEN="+token, "INPUT_PATH=infra/plan.json", "INPUT_SERVER-URL="+w.env["PLATFORM_PUBLIC_URL"],
		"GITHUB_REPOSITORY="+r.FullName(), "GITHUB_WORKSPACE="+filepath.Join(dir, "ws"), "GITHUB_EVENT_PATH="+filepath.Join(dir, "event.json"),
		"GITHUB_EVENT_NAME=pull_request", "GITHUB_SHA="+run.SHA, "GITHUB_REF=refs/pull/1/merge", "GITHUB_OUTPUT="+filepath.Join(dir, "outputs"), "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary"))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "outputs"))
	if err != nil {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out), string(written)
}

// TestAction: with the server's address the Action sends the facts of a plan, the server judges by them, and the step
// ends as its check says; the comment is the server's.
func TestAction(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	in, r := w.shop("acme", map[string]string{workflow: "on: pull_request\n", ".github/platform.yml": "version: 1\ncost: {block: {delta: 300}}\n"})
	w.start()
	w.swept()
	n, sha, first := w.propose(r, "bigger", bigger("m5.large"))
	if first.Conclusion != "success" {
		t.Fatalf("from source: %s", first.Conclusion)
	}
	run := githubtest.Run{ID: 601, Path: workflow, HeadSHA: sha, SHA: r.PullMerge(n), Event: "pull_request", Status: "in_progress", Attempt: 1}
	r.AddRun(run)
	code, out, outputs := w.action(r, in, run, n, planned("m5.4xlarge"))
	if code != 1 || !strings.Contains(out, "the App judges "+sha[:7]+" by this plan") || !strings.Contains(outputs, "\nblock\n") {
		t.Errorf("exit code %d:\n%s\n%s", code, out, outputs)
	}
	if comments := r.Comments(n); len(comments) != 1 {
		t.Errorf("%d comments, and the App's alone is wanted", len(comments))
	}
	w.halt()
	w.nowhere("canary-5d0c1a", r, n)
}
