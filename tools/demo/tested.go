package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

const (
	workflow = ".github/workflows/ci.yml"
	jobs     = "on: [pull_request]\njobs:\n  test: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v5}, {run: make test}]}\n" +
		"  record: {needs: test, permissions: {id-token: write}, steps: [{uses: actions/download-artifact@v5}, {run: platform evidence record --upload}]}\n"
	asksForTests = `version: 1
environments:
  production:
    tested:
      suites: [{name: unit, workflow: .github/workflows/ci.yml, job: test, min_tests: 20}]
`
)

// tested opens two pull requests whose runs are both green, and of which one executed nothing.
func (w *world) tested(ctx context.Context, cli string) error {
	fmt.Print("\nWas it tested? Two pull requests; GitHub shows both runs green. Each run's second job uploads what the first one reported.\n\n")
	repo := w.hub.AddRepository(w.acme, "checkout")
	repo.Commit("main", map[string]string{workflow: jobs, ".github/platform.yml": asksForTests})
	for i, c := range []struct{ branch, title, report, check string }{
		{"rounding", "Round to the cent", suite(214), "success"},
		{"refactoring", "Move the tests", suite(0), "failure"},
	} {
		if err := w.run(ctx, repo, cli, int64(i+1), c.branch, c.title, c.report, c.check); err != nil {
			return err
		}
	}
	return nil
}

// suite is a report of so many tests that passed.
func suite(tests int) string {
	cases := strings.Repeat(`<testcase classname="checkout" name="t"/>`, tests)
	return fmt.Sprintf(`<testsuite name="checkout" tests="%d" failures="0">%s</testsuite>`, tests, cases)
}

// run is a workflow run on a new pull request's merge commit, as its recording job sees it.
func (w *world) run(ctx context.Context, repo *githubtest.Repo, cli string, id int64, branch, title, report, want string) error {
	head := repo.Commit(branch, map[string]string{branch + ".go": "package checkout\n"})
	n := repo.OpenPull(title, branch, "main", "ada")
	w.hub.Send(ctx, w.url+"/webhooks/github", repo.PullEvent("opened", n))
	run := githubtest.Run{ID: id, Path: workflow, HeadSHA: head, SHA: repo.PullMerge(n), Event: "pull_request", Status: "in_progress", Attempt: 1,
		Started: time.Now().Add(-time.Minute), Jobs: []githubtest.Job{
			{ID: 10*id + 1, Name: "test", Status: "completed", Conclusion: "success"}, {ID: 10*id + 2, Name: "record", Status: "in_progress"},
		}}
	repo.AddRun(run)
	if err := w.met(repo); err != nil {
		return err
	}
	fmt.Printf("→ run %d of %s on %s#%d “%s”: job test ended with success\n", id, filepath.Base(workflow), repo.FullName(), n, title)
	if err := w.record(ctx, cli, run, report); err != nil {
		return err
	}
	run.Status, run.Conclusion, run.Jobs[1].Status, run.Jobs[1].Conclusion = "completed", "success", "completed", "success"
	repo.AddRun(run)
	w.hub.Send(ctx, w.url+"/webhooks/github", repo.WorkflowRunEvent("completed", id))
	var check githubtest.CheckRun
	err := w.until("platform/tested ends with "+want, func() bool {
		for _, c := range repo.CheckRuns(head) {
			if c.Name == "platform/tested" {
				check = c
			}
		}
		return check.Conclusion == want
	})
	if err != nil {
		return fmt.Errorf("%w: %+v", err, check)
	}
	fmt.Printf("← check run platform/tested on %.7s: %s — %s\n", head, check.Conclusion, check.Output.Title)
	fmt.Printf("\n%s\n\n", indent(check.Output.Summary))
	return nil
}

// met waits until the App has looked into a repository: here a job takes no time, and the first one of a new repository would
// be there before the App knows that there is one.
func (w *world) met(repo *githubtest.Repo) error {
	return w.until("the App looks into "+repo.FullName(), func() bool {
		return slices.ContainsFunc(w.hub.Log(), func(r githubtest.Request) bool { return strings.HasPrefix(r.Path, "/repos/"+repo.FullName()+"/") })
	})
}

// record runs the command line as the recording job does: it asks GitHub for a token, and uploads the report.
func (w *world) record(ctx context.Context, cli string, run githubtest.Run, report string) error {
	dir, err := os.MkdirTemp("", "platform-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "report.xml"), []byte(report), 0o600); err != nil {
		return err
	}
	if cli, err = filepath.Abs(cli); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, cli, "evidence", "record", "--junit", "unit=report.xml", "--upload", "--server", w.url)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "GITHUB_SHA="+run.SHA,
		"ACTIONS_ID_TOKEN_REQUEST_URL="+w.hub.RequestURL(run.ID), "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+githubtest.RunSecret(run.ID))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: not tested, which it says
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	fmt.Printf("    $ platform evidence record --junit unit=report.xml --upload\n%s    exit code %d\n", indent(string(out)), cmd.ProcessState.ExitCode())
	return nil
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}

// free is an address that nobody listens on.
func free(ctx context.Context) (string, error) {
	var l net.ListenConfig
	on, err := l.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return on.Addr().String(), on.Close()
}
