package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"io"
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

// built is the Action's program.
func (w *world) built() string {
	w.t.Helper()
	return runnable(w.t, actionProgram)
}

// step runs the Action as a step of a run's job, in a folder that holds these files, with further variables.
func (w *world) step(binary, dir string, r *githubtest.Repo, run githubtest.Run, event []byte, files map[string]string, env ...string) (code int, text, outputs string) {
	w.t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, "ws", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "ws"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "event.json"), event, 0o600); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(w.t.Context(), binary)
	cmd.Env = append(os.Environ(), "GITHUB_API_URL="+w.hub.URL()+"/api/v3", "GITHUB_REPOSITORY="+r.FullName(), "GITHUB_WORKSPACE="+filepath.Join(dir, "ws"),
		"GITHUB_EVENT_PATH="+filepath.Join(dir, "event.json"), "GITHUB_EVENT_NAME="+run.Event, "GITHUB_SHA="+cmp.Or(run.SHA, run.HeadSHA), "GITHUB_REF=refs/pull/1/merge",
		"GITHUB_OUTPUT="+filepath.Join(dir, "outputs"), "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary"))
	cmd.Env = append(cmd.Env, env...)
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

// identity are the variables of a job with id-token: write.
func (w *world) identity(run githubtest.Run) []string {
	return []string{"ACTIONS_ID_TOKEN_REQUEST_URL=" + w.hub.RequestURL(run.ID), "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + githubtest.RunSecret(run.ID)}
}

// storage are the variables with which every job leaves artifacts behind.
func (w *world) storage(run githubtest.Run) []string {
	return []string{"ACTIONS_RESULTS_URL=" + w.hub.ResultsURL(), "ACTIONS_RUNTIME_TOKEN=" + githubtest.RuntimeToken(run.ID)}
}

// jobToken is the token of a job.
func (w *world) jobToken(in *githubtest.Installation, r *githubtest.Repo) string {
	w.t.Helper()
	grant, err := ghinstallation.New(http.DefaultTransport, w.hub.AppID(), in.ID, w.hub.PrivateKeyPEM())
	if err != nil {
		w.t.Fatal(err)
	}
	grant.BaseURL, grant.InstallationTokenOptions = w.hub.URL(), &github.InstallationTokenOptions{RepositoryIDs: []int64{r.ID}}
	token, err := grant.Token(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// action judges a plan with this server's address.
func (w *world) action(r *githubtest.Repo, in *githubtest.Installation, run githubtest.Run, n int, plan string) (code int, text, outputs string) {
	w.t.Helper()
	return w.step(w.built(), w.t.TempDir(), r, run, r.PullEvent("synchronize", n).Body, map[string]string{"infra/plan.json": plan, ".git/HEAD": run.SHA + "\n"},
		append(w.identity(run), "INPUT_GITHUB-TOKEN="+w.jobToken(in, r), "INPUT_PATH=infra/plan.json", "INPUT_SERVER-URL="+w.env["PLATFORM_PUBLIC_URL"])...)
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

// TestActionRecords: what the Action counts in a job without rights, a second job without code brings to the server,
// which then calls the change tested. A job that may not ask for a token brings nothing.
func TestActionRecords(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	n, head, merge := w.change(r, "docs", nil)
	run := recorded(1, "pull_request", head, merge)
	run.Jobs = run.Jobs[:2]
	r.AddRun(run)
	event, binary, dir := r.PullEvent("synchronize", n).Body, w.built(), t.TempDir()
	test := append(w.storage(run), "INPUT_COMMAND=record-tests", "INPUT_SUITE=unit", "INPUT_JUNIT=reports/*.xml")
	reports := map[string]string{"reports/unit.xml": junit(12, 0, 1), ".git/HEAD": merge + "\n"}
	code, out, outputs := w.step(binary, dir, r, run, event, reports, test...)
	if code != 0 || !strings.Contains(out, "unit: 13 executed: 12 passed, 1 skipped") || !strings.Contains(outputs, "\nallow\n") {
		t.Fatalf("exit code %d:\n%s\n%s", code, out, outputs)
	}
	w.shows(r, head, "Waiting", "")
	second := []string{"INPUT_COMMAND=record-tests", "INPUT_PATH=evidence.json", "INPUT_SERVER-URL=" + w.env["PLATFORM_PUBLIC_URL"]}
	left := map[string]string{"evidence.json": left(t, w.hub.Artifact(1, "platform-evidence"))}
	if code, out, _ := w.step(binary, t.TempDir(), r, run, event, left, second...); code != 3 || !strings.Contains(out, "id-token: write") {
		t.Errorf("without the right to a token: exit code %d:\n%s", code, out)
	}
	code, out, _ = w.step(binary, t.TempDir(), r, run, event, left, append(second, w.identity(run)...)...)
	if code != 0 || !strings.Contains(out, "the App recorded it: sha256:") {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	w.shows(r, head, "Tested", "success")

	// Of another commit it is no evidence, and the step says why.
	other := map[string]string{"evidence.json": strings.ReplaceAll(left["evidence.json"], merge, head)}
	if code, out, _ := w.step(binary, t.TempDir(), r, run, event, other, append(second, w.identity(run)...)...); code != 3 || !strings.Contains(out, "wrong-tree") {
		t.Errorf("of another commit: exit code %d:\n%s", code, out)
	}
}

// TestActionLeaves: without the server's address the Action leaves its evidence behind, and the server takes it when the
// run has ended.
func TestActionLeaves(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "artifact")
	n, head, _ := w.change(r, "docs", nil)
	w.shows(r, head, "Waiting", "")
	group := r.MergeGroup(n)
	run := w.left(r, 1, group)
	event := r.MergeGroupEvent(n, group)
	w.send(event)
	w.shows(r, group, "Waiting: unit: tests-running", "")
	code, out, _ := w.step(w.built(), t.TempDir(), r, run, event.Body, map[string]string{"r.xml": junit(3, 0, 0), ".git/HEAD": group + "\n"},
		append(w.storage(run), "INPUT_COMMAND=record-tests", "INPUT_SUITE=unit", "INPUT_JUNIT=r.xml")...)
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	w.end(r, run, "success")
	w.shows(r, group, "Tested", "success")
}

// left is the document in an artifact's archive.
func left(t *testing.T, archive []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("evidence.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
