package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/gate/lock/locktest"
	"github.com/org/platform-action/internal/gate/seal"
)

const jobToken = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.c2ln"

// deployStep runs verify-deploy as a step in a workspace.
func deployStep(t *testing.T, dir, server string, changes map[string]string) (code int, log, summary string, out map[string]string) {
	t.Helper()
	ws := filepath.Join(dir, "ws")
	if err := errors.Join(os.MkdirAll(ws, 0o755), os.WriteFile(filepath.Join(dir, "event.json"), []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"outputs", "summary.md"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	env := locktest.Env(server, jobToken)
	maps.Copy(env, map[string]string{
		"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": filepath.Join(dir, "event.json"), "GITHUB_REPOSITORY": "acme/shop", "GITHUB_WORKSPACE": ws,
		"GITHUB_OUTPUT": filepath.Join(dir, "outputs"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary.md"),
		"INPUT_COMMAND": "verify-deploy", "INPUT_ENVIRONMENT": "production", "INPUT_SERVER-URL": server, "INPUT_KEY": string(locktest.Public(1)), "INPUT_ARTIFACT-DIGEST": "none",
	})
	maps.Copy(env, changes)
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	var text bytes.Buffer
	code = run(t.Context(), process{
		env: func(name string) string { return env[name] }, environ: environ, out: &text, chdir: func(string) error { return nil },
		now: func() time.Time { return locktest.Issued().Add(time.Minute) },
	})
	return code, text.String(), string(read(t, filepath.Join(dir, "summary.md"))), outputs(string(read(t, filepath.Join(dir, "outputs"))))
}

// TestVerifyDeploy: the Action makes of each answer what `platform gate decide` makes of it, and no text of it becomes a
// command, an output or Markdown.
func TestVerifyDeploy(t *testing.T) {
	t.Parallel()
	for name, c := range locktest.Cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := c.App.Serve()
			t.Cleanup(server.Close)
			dir := t.TempDir()
			code, log, summary, out := deployStep(t, dir, server.URL, map[string]string{"INPUT_ARTIFACT-DIGEST": "registry.example.com/shop@" + locktest.Digest})
			if code != c.Exit || !strings.Contains(log, c.Says) || strings.Contains(log+summary, "\x1b") || strings.Contains(log+summary, jobToken) || strings.Contains(log, "\n::set-output") {
				t.Errorf("exit %d\n%s\n%s", code, log, summary)
			}
			decision, file, outcome := c.Decision, "platform-report/verdict.json", map[int]string{0: "allow", 1: "block", 3: "undecided"}[c.Exit]
			if decision == "" {
				decision, file = "none", ""
			}
			if out["decision"] != decision || out["code"] != c.Code || out["verdict-file"] != file || out["outcome"] != outcome {
				t.Errorf("outputs %v, want %s %s %s %s", out, decision, c.Code, file, outcome)
			}
			if data, err := os.ReadFile(filepath.Join(dir, "ws", "platform-report", "verdict.json")); (err == nil) != (file != "") {
				t.Errorf("the file: %.80s, %v", data, err)
			}
			asked := c.App.Asked()
			if len(asked) != 1 || asked[0]["environment"] != "production" || asked[0]["tree"] != nil || len(c.App.Faults()) > 0 {
				t.Errorf("asked %v; %v", asked, c.App.Faults())
			}
			if !strings.Contains(summary, "Deployment") && c.Exit != 3 {
				t.Errorf("summary %s", summary)
			}
		})
	}
}

// TestVerifyCheckout: the tree is that of the files, and a key of the workspace is as good as one of the workflow.
func TestVerifyCheckout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ws := filepath.Join(dir, "ws")
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = ws
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
		return strings.TrimSpace(string(out))
	}
	file := filepath.Join(ws, "a")
	if err := errors.Join(os.MkdirAll(ws, 0o755), os.WriteFile(file, []byte("one\n"), 0o600), os.WriteFile(filepath.Join(ws, "key.pem"), locktest.Public(1), 0o600),
		os.WriteFile(filepath.Join(ws, "bundle.jsonl"), []byte("{\"a\":1}\n{\"b\":2}\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-qm", "one")
	commit, tree := git("rev-parse", "HEAD"), git("rev-parse", "HEAD^{tree}")
	app := locktest.App{Change: func(v *seal.Verdict) { v.Subject.Commit, v.Subject.Tree, v.Subject.Digests = commit, tree, nil }}
	server := app.Serve()
	t.Cleanup(server.Close)
	ask := func(want int, says string, changes map[string]string) {
		t.Helper()
		env := map[string]string{"GITHUB_SHA": commit, "INPUT_KEY": "key.pem"}
		maps.Copy(env, changes)
		if code, log, _, _ := deployStep(t, dir, server.URL, env); code != want || !strings.Contains(log, says) {
			t.Errorf("exit %d\n%s", code, log)
		}
	}
	ask(0, "approved", nil)
	if asked := app.Asked(); len(asked) != 1 || asked[0]["tree"] != tree || asked[0]["bundles"] != nil {
		t.Errorf("asked %v", asked)
	}
	ask(2, "bundle:", map[string]string{"INPUT_ARTIFACT-DIGEST": locktest.Digest, "INPUT_BUNDLE": "a"})
	ask(1, "its digests is another one", map[string]string{"INPUT_ARTIFACT-DIGEST": locktest.Digest, "INPUT_BUNDLE": "bundle.jsonl"})
	if asked := app.Asked(); len(asked) != 2 || len(asked[1]["bundles"].([]any)) != 2 {
		t.Errorf("asked %v", asked)
	}
	app.Change = func(v *seal.Verdict) { v.Subject.Commit, v.Subject.Digests = commit, nil }
	ask(1, "its tree is another one", nil)
	ask(1, "subject-mismatch", map[string]string{"GITHUB_SHA": locktest.Commit})
	git("update-index", "--assume-unchanged", "a")
	if err := os.WriteFile(file, []byte("two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(2, "the checkout is not the commit", nil)
}
