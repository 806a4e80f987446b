package main

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// checkedOut is a folder as actions/checkout leaves it: a branch's files, git's index, and the commit's id.
func (w *world) checkedOut(r *githubtest.Repo, branch string) string {
	w.t.Helper()
	dir := w.t.TempDir()
	ws := filepath.Join(dir, "ws")
	for _, name := range r.Files(r.Head(branch)) {
		path := filepath.Join(ws, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(r.Text(branch, name)), 0o644)); err != nil {
			w.t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		cmd := exec.CommandContext(w.t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = ws
		out, err := cmd.CombinedOutput()
		if err != nil {
			w.t.Fatalf("git %v: %s", args, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	git("add", "-A", "-f")
	if tree := git("write-tree"); tree != r.Tree(r.Head(branch)) {
		w.t.Fatalf("the checkout has tree %s, and GitHub's is %s", tree, r.Tree(r.Head(branch)))
	}
	if err := os.WriteFile(filepath.Join(ws, ".git", "HEAD"), []byte(r.Head(branch)+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// TestLockPrograms: in a job that the protection rule let in, the Action and the command line ask the App and end alike;
// whatever is changed in the checkout is seen.
func TestLockPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	_ = w.withKey()
	signers := w.trusting()
	in, r := w.shop("acme", guardedFiles(""))
	w.start()
	w.swept()
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 3, 0)
	w.send(r.Deploy(deploying(10, tip), "production"))
	w.gate(r, 10, "approved")
	run := locking(10, tip)
	r.AddRun(run)
	action, platform := w.built(), w.cli()
	key := filepath.Join(t.TempDir(), "keys.json")
	_, keys := w.get(w.env["PLATFORM_PUBLIC_URL"] + "/.well-known/platform-keys.json")
	if err := os.WriteFile(key, []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	p := lockPrograms{w, r, run, action, platform, key, w.jobToken(in, r), ""}
	dir := w.checkedOut(r, "main")
	p.action(dir, 0, "approved", "approved: production of commit "+tip)
	p.action(dir, 1, "rejected", "wrong-digest", image)
	p.both(1, "rejected", "GitHub shows this job no attestation of "+image, image)
	p.both(2, "none", "can be moved", "shop:latest")
	r.Attest(image, w.bundle(w.signers(), r, tip, nil))
	p.both(1, "rejected", "of what was brought", image)
	r.Attest(image, w.bundle(signers, r, tip, nil))
	p.both(0, "approved", "artifact", "registry.example.com/shop@"+image)
	p.action(dir, 0, "approved", "approved: production of commit "+tip, image)
	w.hub.Fault(githubtest.Fault{Method: "GET", Path: "/attestations/", Status: http.StatusBadGateway, Times: 100})
	p.both(3, "none", "nothing is deployed, because GitHub does not say how", image)
	p.bundle = filepath.Join(t.TempDir(), "bundle.jsonl")
	if err := os.WriteFile(p.bundle, append(append(w.bundle(w.signers(), r, tip, nil), '\n'), w.bundle(signers, r, tip, nil)...), 0o600); err != nil {
		t.Fatal(err)
	}
	p.both(0, "approved", "artifact", image)
	w.testedOn(r, 2, tip, 3, 1)
	p.action(dir, 1, "rejected", "tests-failed")
	p.both(1, "rejected", "tests-failed", image)
	if err := os.WriteFile(filepath.Join(dir, "ws", "README.md"), []byte("other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.action(dir, 2, "none", "1 files differ")
}

// lockPrograms are the two programs that a deploying job may ask with.
type lockPrograms struct {
	w                     *world
	r                     *githubtest.Repo
	run                   githubtest.Run
	built, platform, keys string
	token, bundle         string
}

func (p lockPrograms) env() []string {
	return append(p.w.identity(p.run), "GITHUB_REPOSITORY_ID="+text(p.r.ID), "GITHUB_RUN_ID="+text(p.run.ID), "GITHUB_RUN_ATTEMPT=1", "GITHUB_JOB=deploy", "GITHUB_SHA="+p.run.HeadSHA)
}

// action asks with the Action in a folder, about these artifacts.
func (p lockPrograms) action(dir string, want int, decision, says string, digests ...string) {
	p.w.t.Helper()
	env := append(p.env(), "INPUT_COMMAND=verify-deploy", "INPUT_ENVIRONMENT=production", "INPUT_KEY="+p.keys, "INPUT_SERVER-URL="+p.w.env["PLATFORM_PUBLIC_URL"],
		"INPUT_ARTIFACT-DIGEST="+cmp.Or(strings.Join(digests, "\n"), "none"), "INPUT_GITHUB-TOKEN="+p.token)
	if len(digests) > 0 {
		env = append(env, "INPUT_BUNDLE="+p.bundle)
	}
	code, log, outputs := p.w.step(p.built, dir, p.r, p.run, []byte("{}"), nil, env...)
	if code != want || !strings.Contains(outputs, "\n"+decision+"\n") || !strings.Contains(log, says) {
		p.w.t.Errorf("the Action: exit %d\n%s\n%s", code, log, outputs)
	}
}

// both asks with both programs in a job that deploys artifacts alone.
func (p lockPrograms) both(want int, decision, says string, digests ...string) {
	p.w.t.Helper()
	p.action(p.w.t.TempDir(), want, decision, says, digests...)
	args := []string{"gate", "decide", "--environment", "production", "--key", p.keys, "--server", p.w.env["PLATFORM_PUBLIC_URL"], "--no-checkout"}
	for _, d := range digests {
		args = append(args, "--digest", d)
	}
	if p.bundle != "" {
		args = append(args, "--bundle", p.bundle)
	}
	cmd := exec.CommandContext(p.w.t.Context(), p.platform, args...)
	var told bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.w.t.TempDir(), append(append(os.Environ(), p.env()...), "GITHUB_TOKEN="+p.token, "GITHUB_REPOSITORY="+p.r.FullName(), "GITHUB_API_URL="+p.w.hub.URL()+"/api/v3"), &told, &told
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want || !strings.Contains(told.String(), says) {
		p.w.t.Errorf("the command line: %v\n%s", err, told.String())
	}
}
