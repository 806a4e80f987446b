package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

const (
	deployment   = ".github/workflows/deploy.yml"
	deploys      = "on: [push]\njobs:\n  deploy: {runs-on: ubuntu-latest, environment: production, permissions: {id-token: write}, steps: [{run: ./deploy}]}\n"
	asksToDeploy = `    deploy_workflows: [.github/workflows/deploy.yml]
    deploy_jobs: [deploy]
    from: main
    approvers: [{user: grace}]
`
	signingKey = "signing.pem"
	pinnedKey  = "platform-key.pem"
	cookieKey  = "cookies.key"
)

// keys makes the key that the App signs with, the public one that a deploying job pins, and one for what browsers keep.
func (w *world) keys() error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	shown, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	cookies := make([]byte, 32)
	_, _ = rand.Read(cookies) // it never fails
	return errors.Join(
		os.WriteFile(filepath.Join(w.kept, cookieKey), []byte(hex.EncodeToString(cookies)), 0o600),
		os.WriteFile(filepath.Join(w.kept, signingKey), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
		os.WriteFile(filepath.Join(w.kept, pinnedKey), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: shown}), 0o600))
}

// gate lets three deployments ask: one on evidence, one whose run tested nothing, and one for which the glass is broken.
func (w *world) gate(ctx context.Context, cli string) error {
	fmt.Print("\nMay it be deployed? Three deployments to production, as GitHub shows them: the App answers its protection rule.\n\n")
	repo := w.hub.AddRepository(w.acme, "payments")
	repo.SetRole("ada", "write")
	repo.SetRole("grace", "write")
	good := repo.Commit("main", map[string]string{workflow: strings.Replace(jobs, "pull_request", "push", 1), deployment: deploys, ".github/platform.yml": asksForTests + asksToDeploy})
	w.hub.Send(ctx, w.url+"/webhooks/github", repo.PushEvent("main", "", "ada", ".github/platform.yml"))
	if err := w.met(repo); err != nil {
		return err
	}

	if err := w.push(ctx, repo, cli, 101, good, suite(214)); err != nil {
		return err
	}
	first, err := w.deploy(ctx, repo, 111, good, "approved")
	if err != nil {
		return err
	}
	if err := w.lock(ctx, cli); err != nil {
		return err
	}
	first.Status, first.Conclusion, first.Jobs[0].Status, first.Jobs[0].Conclusion = "completed", "success", "completed", "success"
	repo.AddRun(first)
	w.hub.Send(ctx, w.url+"/webhooks/github", repo.WorkflowRunEvent("completed", first.ID))

	empty := repo.Commit("main", map[string]string{"retry.go": "package payments\n"})
	if err := w.push(ctx, repo, cli, 102, empty, suite(0)); err != nil {
		return err
	}
	if _, err := w.deploy(ctx, repo, 112, empty, "rejected"); err != nil {
		return err
	}
	if err := w.waive(ctx, repo, empty); err != nil {
		return err
	}
	if _, err := w.deploy(ctx, repo, 113, empty, "approved"); err != nil {
		return err
	}
	if err := w.owed(repo); err != nil {
		return err
	}
	return w.ledger(ctx, repo, cli)
}

// ledger checks what was decided, without the server.
func (w *world) ledger(ctx context.Context, repo *githubtest.Repo, cli string) error {
	file := filepath.Join(w.kept, "ledger.jsonl")
	fmt.Print("\nEach answer is an entry of a ledger, which anybody can check:\n\n")
	for _, args := range [][]string{
		{"gate", "export", "--installation", strconv.FormatInt(w.acme.ID, 10), "--repository", strconv.FormatInt(repo.ID, 10), "--out", file},
		{"gate", "verify", file},
	} {
		cmd := exec.CommandContext(ctx, cli, args...)
		cmd.Env = append(os.Environ(), "PLATFORM_DATABASE_URL=sqlite:"+filepath.Join(w.kept, "platform.db"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
		}
		fmt.Printf("    $ platform %s\n%s", strings.ReplaceAll(strings.Join(args, " "), w.kept+"/", ""), indent(string(out)))
	}
	return nil
}

// push is a run of the tests on a commit of the main branch.
func (w *world) push(ctx context.Context, repo *githubtest.Repo, cli string, id int64, commit, report string) error {
	run := githubtest.Run{ID: id, Path: workflow, HeadSHA: commit, SHA: commit, Event: "push", Ref: "refs/heads/main", Branch: "main", Status: "in_progress", Attempt: 1,
		Started: time.Now().Add(-time.Minute), Jobs: []githubtest.Job{
			{ID: 10*id + 1, Name: "test", Status: "completed", Conclusion: "success"}, {ID: 10*id + 2, Name: "record", Status: "in_progress"},
		}}
	repo.AddRun(run)
	fmt.Printf("→ run %d of ci.yml on %.7s of %s: job test ended with success\n", id, commit, repo.FullName())
	if err := w.record(ctx, cli, run, report); err != nil {
		return err
	}
	run.Status, run.Conclusion, run.Jobs[1].Status, run.Jobs[1].Conclusion = "completed", "success", "completed", "success"
	repo.AddRun(run)
	w.hub.Send(ctx, w.url+"/webhooks/github", repo.WorkflowRunEvent("completed", id))
	return nil
}

// deploy lets a run wait for production, and shows how the App answers.
func (w *world) deploy(ctx context.Context, repo *githubtest.Repo, id int64, commit, want string) (githubtest.Run, error) {
	run := githubtest.Run{ID: id, Path: deployment, HeadSHA: commit, SHA: commit, Event: "push", Ref: "refs/heads/main", Branch: "main", Attempt: 1, Started: time.Now(), Actor: "ada",
		Jobs: []githubtest.Job{{ID: 10*id + 1, Name: "deploy", Status: "waiting"}}}
	began := time.Now()
	w.hub.Send(ctx, w.url+"/webhooks/github", repo.Deploy(run, "production"))
	fmt.Printf("\n→ run %d of deploy.yml on %.7s waits for production\n", id, commit)
	err := w.until("the deployment is "+want, func() bool { return repo.GateOf(id, "production").State == want })
	g := repo.GateOf(id, "production")
	if err != nil {
		return run, fmt.Errorf("%w: %+v", err, g)
	}
	fmt.Printf("← %s, %s after the webhook:\n%s", g.State, time.Since(began).Round(time.Millisecond), indent(g.Comment))
	return run, nil
}

// lock asks once more from within the job, with a tag in place of a digest: it is refused before anybody is asked.
func (w *world) lock(ctx context.Context, cli string) error {
	args := []string{"gate", "decide", "--environment", "production", "--no-checkout", "--digest", "payments:latest", "--key", filepath.Join(w.kept, pinnedKey), "--server", w.url}
	out, err := exec.CommandContext(ctx, cli, args...).CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return fmt.Errorf("platform %v took a tag: %w\n%s", args, err, out)
	}
	fmt.Printf("    the job's second lock:\n    $ platform gate decide --environment production --no-checkout --digest payments:latest …\n%s    exit code %d\n\n", indent(string(out)), exit.ExitCode())
	return nil
}

// waive breaks the glass: one asks, another one answers for it.
func (w *world) waive(ctx context.Context, repo *githubtest.Repo, commit string) error {
	repo.Commit("talk", map[string]string{"talk.md": "text\n"})
	n := repo.OpenPull("The shop is down", "talk", "main", "ada")
	reply, err := w.say(ctx, repo, n, "ada", "/platform waive production "+commit+" reason the shop is down ticket OPS-1 until 2h")
	if err != nil {
		return err
	}
	_, id, ok := strings.Cut(reply, "/platform waive approve ")
	if !ok || len(id) < 8 {
		return fmt.Errorf("the reply names no request: %s", reply)
	}
	_, err = w.say(ctx, repo, n, "grace", "/platform waive approve "+id[:8])
	return err
}

// say comments, and shows what the App replies.
func (w *world) say(ctx context.Context, repo *githubtest.Repo, n int, login, text string) (string, error) {
	replies := func() []string {
		var out []string
		for _, c := range repo.Comments(n) {
			if c.Login != "ada" && c.Login != "grace" {
				out = append(out, c.Body)
			}
		}
		return out
	}
	before := len(replies())
	fmt.Printf("\n→ %s comments: %s\n", login, text)
	w.hub.Send(ctx, w.url+"/webhooks/github", repo.CommentEvent("created", repo.Comment(n, login, text), login))
	if err := w.until("the App replies", func() bool { return len(replies()) > before }); err != nil {
		return "", err
	}
	reply := replies()[before]
	fmt.Printf("←\n%s", indent(reply))
	return reply, nil
}

// owed shows the debt.
func (w *world) owed(repo *githubtest.Repo) error {
	if err := w.until("an issue tells of the debt", func() bool { return len(repo.Issues()) > 0 }); err != nil {
		return err
	}
	issue := repo.Issues()[0]
	fmt.Printf("← issue “%s”:\n%s", issue.Title, indent(issue.Body))
	return nil
}
