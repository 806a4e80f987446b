package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// planned is a plan that makes the shop's server larger, with a canary in every place that nothing prices or judges.
func planned(size string) string {
	const canary = "canary-5d0c1a"
	return fmt.Sprintf(`{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{"root_module":{"resources":[]}},
"variables":{"token":{"value":"%[2]s"}},
"resource_changes":[{"address":"aws_instance.web","mode":"managed","type":"aws_instance","name":"web","provider_name":"registry.terraform.io/hashicorp/aws",
"change":{"actions":["update"],
"before":{"instance_type":"t3.micro","ami":"ami-1","user_data":"%[2]s","tags":{"owner":"shop","cost-center":"1"},"private_dns":"%[2]s"},
"after":{"instance_type":%[1]q,"ami":"ami-1","user_data":"%[2]s","tags":{"owner":"shop","cost-center":"1"},"password":"%[2]s","private_dns":"%[2]s"},
"after_unknown":{},"before_sensitive":{},"after_sensitive":{"password":true}}}],
"output_changes":{"key":{"actions":["create"],"before":null,"after":"%[2]s","after_unknown":false,"before_sensitive":false,"after_sensitive":false}},
"configuration":{"provider_config":{"aws":{"name":"aws","full_name":"registry.terraform.io/hashicorp/aws","expressions":{"region":{"constant_value":"eu-west-2"},"secret_key":{"constant_value":"%[2]s"}}}},
"root_module":{"resources":[{"address":"aws_instance.web","mode":"managed","type":"aws_instance","name":"web","provider_config_key":"aws","expressions":{"instance_type":{"constant_value":%[1]q},"user_data":{"constant_value":"%[2]s"}},"schema_version":1}]}}}`, size, canary)
}

// upload runs `platform check` as a job of the run would.
func (w *world) upload(run githubtest.Run, plan string) (code int, text string) {
	w.t.Helper()
	dir := w.t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "infra"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "infra", "plan.json"), []byte(plan), 0o600); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(w.t.Context(), w.cli(), "check", "infra/plan.json", "--server", w.env["PLATFORM_PUBLIC_URL"])
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ACTIONS_ID_TOKEN_REQUEST_URL="+w.hub.RequestURL(run.ID), "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+githubtest.RunSecret(run.ID))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// cli is the command line's program.
func (w *world) cli() string {
	w.t.Helper()
	return runnable(w.t, cliProgram)
}

// public gives the server an address that it knows itself.
func (w *world) public() {
	w.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.env["PLATFORM_LISTEN"] = l.Addr().String()
	w.env["PLATFORM_PUBLIC_URL"] = "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		w.t.Fatal(err)
	}
}

const workflow = ".github/workflows/plan.yml"

// TestUpload: a plan that a trusted run brings decides; one of an edited workflow, of a fork or for another head does
// not. Nothing of what neither prices nor policies read is anywhere afterwards.
func TestUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	_, r := w.shop("acme", map[string]string{workflow: "on: pull_request\n"})
	w.start()
	w.swept()
	n, sha, first := w.propose(r, "bigger", bigger("m5.large"))
	run := githubtest.Run{ID: 501, Path: workflow, HeadSHA: sha, SHA: r.PullMerge(n), Event: "pull_request", Status: "in_progress", Attempt: 1}
	r.AddRun(run)
	code, out := w.upload(run, planned("m5.4xlarge"))
	if code != 0 || !strings.Contains(out, "judges "+sha[:7]+" by this plan") {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	w.eventually("the plan decides", func() bool { return r.CheckRuns(sha)[0].ID != first.ID })
	w.check(r, sha)
	if body := sticky(r.Comments(n)).Body; !strings.Contains(body, "+$640") {
		t.Errorf("the comment is not about the plan:\n%s", body)
	}

	edited := r.Commit("edited", map[string]string{"infra/main.tf": instance("m5.large"), workflow: "on: [pull_request]\n"})
	m := r.OpenPull("An edited workflow", "edited", "main", "writer")
	w.send(r.PullEvent("opened", m))
	w.check(r, edited)
	run = githubtest.Run{ID: 502, Path: workflow, HeadSHA: edited, SHA: r.PullMerge(m), Event: "pull_request", Status: "in_progress", Attempt: 1}
	r.AddRun(run)
	if code, out = w.upload(run, planned("t3.micro")); code != 0 || !strings.Contains(out, "differs from the default branch") {
		t.Errorf("an edited workflow: exit code %d:\n%s", code, out)
	}
	w.settled()
	if body := sticky(r.Comments(m)).Body; !strings.Contains(body, "+$72") || !strings.Contains(body, "not believed") {
		t.Errorf("the comment believes an edited workflow:\n%s", body)
	}
	run = githubtest.Run{ID: 503, Path: workflow, HeadSHA: sha, SHA: edited, Event: "pull_request", Status: "in_progress", Attempt: 1}
	r.AddRun(run)
	if code, out = w.upload(run, planned("t3.micro")); code != 3 || !strings.Contains(out, "wrong-head") {
		t.Errorf("another head: exit code %d:\n%s", code, out)
	}
	run = githubtest.Run{ID: 504, Path: workflow, HeadSHA: sha, Event: "pull_request", Status: "completed", Attempt: 1}
	r.AddRun(run)
	if code, out = w.upload(run, planned("t3.micro")); code != 3 || !strings.Contains(out, "run-ended") {
		t.Errorf("a run that has ended: exit code %d:\n%s", code, out)
	}
	fork := r.ForkPull("From outside", "stranger", "main", bigger("m5.large"))
	w.send(r.PullEvent("opened", fork))
	head := r.PullHead(fork)
	w.check(r, head)
	run = githubtest.Run{ID: 505, Path: workflow, HeadSHA: head, HeadRepo: 999999, Event: "pull_request", Status: "in_progress", Attempt: 1}
	r.AddRun(run)
	if code, out = w.upload(run, planned("t3.micro")); code != 0 || !strings.Contains(out, "of a fork") {
		t.Errorf("a fork: exit code %d:\n%s", code, out)
	}
	w.halt()
	w.nowhere("canary-5d0c1a", r, n)
}

// nowhere looks for a text in everything that the server wrote.
func (w *world) nowhere(secret string, r *githubtest.Repo, n int) {
	w.t.Helper()
	files, err := filepath.Glob(strings.TrimPrefix(w.env["PLATFORM_DATABASE_URL"], "sqlite:") + "*")
	if err != nil || len(files) == 0 {
		w.t.Fatalf("no database: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		if bytes.Contains(data, []byte(secret)) {
			w.t.Errorf("%s holds the secret", filepath.Base(file))
		}
	}
	if strings.Contains(w.log.String(), secret) {
		w.t.Error("the log holds the secret")
	}
	for _, c := range r.Comments(n) {
		if strings.Contains(c.Body, secret) {
			w.t.Error("a comment holds the secret")
		}
	}
	for _, c := range r.CheckRuns(r.PullHead(n)) {
		if strings.Contains(fmt.Sprint(c), secret) {
			w.t.Error("a check run holds the secret")
		}
	}
}
