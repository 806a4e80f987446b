package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestOneDigest: the same change gets the same verdict, by its digest, from the server, the Action and the command line.
func TestOneDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	const settings = "version: 1\ncost: {block: {delta: 300}}\n"
	in, r := w.shop("acme", map[string]string{workflow: "on: pull_request\n", ".github/platform.yml": settings})
	w.start()
	w.swept()
	n, sha, _ := w.propose(r, "bigger", bigger("m5.4xlarge"))
	w.settled()
	before, after := map[string]string{}, map[string]string{}
	for _, name := range r.Files(r.Head("main")) {
		before[name] = r.Text("main", name)
	}
	for _, name := range r.Files(sha) {
		after[name] = r.Text("bigger", name)
	}
	run := githubtest.Run{ID: 601, Path: workflow, HeadSHA: sha, SHA: r.PullMerge(n), Event: "pull_request", Status: "in_progress", Attempt: 1}
	r.AddRun(run)
	token := "INPUT_GITHUB-TOKEN=" + w.jobToken(in, r)
	binary, cli := w.built(), w.cli()
	act := func(files map[string]string, env ...string) string {
		t.Helper()
		_, out, outputs := w.step(binary, t.TempDir(), r, run, r.PullEvent("synchronize", n).Body, files, append(env, token, "INPUT_COMMENT=off")...)
		digest := regexp.MustCompile(`sha256:([0-9a-f]{8})[0-9a-f]{56}`).FindStringSubmatch(outputs)
		if digest == nil {
			t.Fatalf("no digest:\n%s\n%s", out, outputs)
		}
		return digest[1]
	}
	shown := func() string {
		t.Helper()
		digest := regexp.MustCompile("verdict `([0-9a-f]{8})`").FindStringSubmatch(r.Comments(n)[0].Body)
		if digest == nil {
			t.Fatal(r.Comments(n)[0].Body)
		}
		return digest[1]
	}
	dir := repository(t, before, after)
	if app, action, line := shown(), act(nil), w.verdict(cli, dir, "--base-ref", "main"); app != action || app != line {
		t.Errorf("from source: %s from the server, %s from the Action, %s from the command line", app, action, line)
	}

	// By a plan the server's is another one: it has the source beside it as a further input.
	plan := planned("m5.2xlarge")
	if err := os.WriteFile(filepath.Join(dir, "infra", "plan.json"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	after["infra/plan.json"], after[".git/HEAD"] = plan, run.SHA+"\n"
	if action, line := act(after, "INPUT_PATH=infra/plan.json"), w.verdict(cli, dir, "infra/plan.json"); action != line {
		t.Errorf("of a plan: %s from the Action, %s from the command line", action, line)
	}
}

// repository is a clone in which the branch bigger is checked out beside main.
func repository(t *testing.T, before, after map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=w", "-c", "user.email=w@example.com"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	git("init", "-q", "-b", "main")
	for i, files := range []map[string]string{before, after} {
		if i > 0 {
			git("checkout", "-q", "-b", "bigger")
		}
		for name, text := range files {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		git("add", "-A")
		git("commit", "-q", "-m", "A change")
	}
	return dir
}

// verdict is the digest that the command line shows.
func (w *world) verdict(binary, dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), binary, append([]string{"check", "--format", "json"}, args...)...)
	cmd.Dir = dir
	var fault strings.Builder
	cmd.Stderr = &fault
	out, _ := cmd.Output() // the exit code is the verdict's
	var report struct{ Verdict struct{ Digest string } }
	if err := json.Unmarshal(out, &report); err != nil || len(report.Verdict.Digest) < 15 {
		w.t.Fatalf("%v: %s%s", err, fault.String(), out)
	}
	return strings.TrimPrefix(report.Verdict.Digest, "sha256:")[:8]
}
