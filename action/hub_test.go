package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/org/platform-action/internal/github/githubtest"
)

type hubKey struct{}

// standIn is GitHub with a pull request of acme/shop.
type standIn struct {
	server *githubtest.Server
	in     *githubtest.Installation
	repo   *githubtest.Repo
	pull   int
	before string // commit of main
}

// hub is GitHub: hub start BASE HEAD (folders: main, and the branch of a pull request) · hub fork BASE HEAD ·
// hub event NAME · hub checkout merge|head|main · hub comments FILE · hub comment LOGIN TEXT · hub app SLUG CONCLUSION
// TITLE · hub fail METHOD PATH STATUS · hub calls FILE · hub plan N FILE · hub artifacts RUN FAULTS ·
// hub proxy FILE · hub index.
func hub(ts *testscript.TestScript, neg bool, args []string) {
	at, _ := ts.Value(hubKey{}).(*standIn)
	commands := map[string]func(*testscript.TestScript, []string){
		"start": at.start, "fork": at.fork, "event": at.event, "checkout": at.checkout, "comments": at.comments, "comment": at.comment,
		"app": at.app, "fail": at.fail, "calls": at.calls, "plan": at.plan, "artifacts": at.artifacts, "proxy": at.proxy,
		"index": at.index,
	}
	if neg || len(args) == 0 || commands[args[0]] == nil {
		ts.Fatalf("hub: no such thing; see its comment")
	}
	commands[args[0]](ts, args[1:])
}

func (at *standIn) open(ts *testscript.TestScript, base string) {
	var err error
	at.server, err = githubtest.New(githubtest.Options{Validate: true, AppSlug: "github-actions"})
	ts.Check(err)
	_, err = at.server.Start()
	ts.Check(err)
	at.in = at.server.Install("acme")
	at.repo = at.server.AddRepository(at.in, "shop")
	at.before, err = at.repo.CommitFS("main", os.DirFS(ts.MkAbs(base)))
	ts.Check(err)
}

func (at *standIn) start(ts *testscript.TestScript, args []string) {
	at.open(ts, args[0])
	_, err := at.repo.CommitFS("feature", os.DirFS(ts.MkAbs(args[1])))
	ts.Check(err)
	at.pull = at.repo.OpenPull("A change `::error::`", "feature", "main", "mona")
	at.serve(ts, nil)
}

// fork has the token of a fork's run: it may read alone.
func (at *standIn) fork(ts *testscript.TestScript, args []string) {
	at.open(ts, args[0])
	changes := map[string]string{}
	dir := ts.MkAbs(args[1])
	ts.Check(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		changes[filepath.ToSlash(name)] = string(data)
		return err
	}))
	at.pull = at.repo.ForkPull("From outside", "stranger", "main", changes)
	at.repo.Branch("feature", at.repo.PullHead(at.pull)) // for checkout
	read := "read"
	at.serve(ts, &github.InstallationPermissions{Metadata: &read, Contents: &read, PullRequests: &read, Checks: &read})
}

func (at *standIn) token(ts *testscript.TestScript, p *github.InstallationPermissions) string {
	grant, err := ghinstallation.New(http.DefaultTransport, at.server.AppID(), at.in.ID, at.server.PrivateKeyPEM())
	ts.Check(err)
	grant.BaseURL, grant.InstallationTokenOptions = at.server.URL(), &github.InstallationTokenOptions{RepositoryIDs: []int64{at.repo.ID}, Permissions: p}
	token, err := grant.Token(context.Background())
	ts.Check(err)
	return token
}

// serve puts an Enterprise Server's address space before the stand-in; the token of a job may not ask whose it is.
func (at *standIn) serve(ts *testscript.TestScript, p *github.InstallationPermissions) {
	mux := http.NewServeMux()
	mux.Handle("/api/v3/", http.StripPrefix("/api/v3", at.server))
	mux.HandleFunc("GET /api/v3/user", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("POST /api/graphql", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data":{}}`)) })
	front := httptest.NewServer(mux)
	ts.Defer(func() {
		front.Close()
		_ = at.server.Close()
		if bad := at.server.Invalid(); len(bad) > 0 {
			ts.Fatalf("GitHub would refuse: %s", strings.Join(bad, "\n"))
		}
	})
	for name, value := range map[string]string{
		"GITHUB_API_URL": front.URL + "/api/v3", "INPUT_GITHUB-TOKEN": at.token(ts, p), "GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_WORKSPACE": ts.MkAbs("ws"), "GITHUB_EVENT_PATH": ts.MkAbs("event.json"), "GITHUB_OUTPUT": ts.MkAbs("outputs"),
		"GITHUB_STEP_SUMMARY": ts.MkAbs("summary.md"), "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_ACTIONS": "true",
	} {
		ts.Setenv(name, value)
	}
	ts.Check(os.MkdirAll(ts.MkAbs("ws"), 0o755))
	at.event(ts, []string{"pull_request"})
}

// event says why the workflow runs.
func (at *standIn) event(ts *testscript.TestScript, args []string) {
	ref, sha := "refs/pull/"+strconv.Itoa(at.pull)+"/merge", at.repo.PullMerge(at.pull)
	body := at.repo.PullEvent("synchronize", at.pull).Body
	switch args[0] {
	case "pull_request":
	case "pull_request_target":
		ref, sha = "refs/heads/main", at.before
	case "merge_group":
		sha = at.repo.MergeGroup(at.pull)
		ref, body = "refs/heads/gh-readonly-queue/main/pr-1", at.repo.MergeGroupEvent(at.pull, sha).Body
	case "push":
		sha = at.repo.Merge(at.pull)
		ref, body = "refs/heads/main", at.repo.PushEvent("main", at.before, "mona").Body
	case "workflow_dispatch", "schedule":
		ref, sha, body = "refs/heads/main", at.before, []byte(`{"schedule":"17 4 * * 1"}`)
	default:
		body = []byte("{}")
	}
	ts.Check(os.WriteFile(ts.MkAbs("event.json"), body, 0o644))
	ts.Setenv("GITHUB_EVENT_NAME", args[0])
	ts.Setenv("GITHUB_REF", ref)
	ts.Setenv("GITHUB_SHA", sha)
}

// checkout puts a commit into the workspace as actions/checkout leaves it at depth 1: the files, and its id in .git.
func (at *standIn) checkout(ts *testscript.TestScript, args []string) {
	ts.Check(os.RemoveAll(ts.MkAbs("ws")))
	branch, sha := "feature", map[string]string{"merge": at.repo.PullMerge(at.pull), "head": at.repo.PullHead(at.pull)}[args[0]]
	if args[0] == "main" {
		branch, sha = "main", at.repo.Head("main")
	}
	for _, name := range at.repo.Files(sha) {
		to := filepath.Join(ts.MkAbs("ws"), filepath.FromSlash(name))
		ts.Check(os.MkdirAll(filepath.Dir(to), 0o755))
		ts.Check(os.WriteFile(to, []byte(at.repo.Text(branch, name)), 0o644))
	}
	ts.Check(os.MkdirAll(ts.MkAbs("ws/.git"), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs("ws/.git/HEAD"), []byte(sha+"\n"), 0o644))
}

// index gives the checkout git's index of its files, as git itself writes it.
func (at *standIn) index(ts *testscript.TestScript, _ []string) {
	head := ts.ReadFile("ws/.git/HEAD")
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A", "-f"}} {
		cmd := exec.CommandContext(context.Background(), "git", args...)
		cmd.Dir = ts.MkAbs("ws")
		if out, err := cmd.CombinedOutput(); err != nil {
			ts.Fatalf("git %v: %s", args, out)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("ws/.git/HEAD"), []byte(head), 0o600))
}

func (at *standIn) comments(ts *testscript.TestScript, args []string) {
	var b strings.Builder
	for _, c := range at.repo.Comments(at.pull) {
		fmt.Fprintf(&b, "== %s, written %d times\n%s\n", c.Login, c.Writes, c.Body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}

func (at *standIn) comment(_ *testscript.TestScript, args []string) {
	at.repo.Comment(at.pull, args[0], strings.ReplaceAll(args[1], `\n`, "\n"))
}

func (at *standIn) app(_ *testscript.TestScript, args []string) {
	at.repo.AddCheck(args[0], at.repo.PullHead(at.pull), "platform/check", args[1], args[2])
}

func (at *standIn) fail(ts *testscript.TestScript, args []string) {
	status, err := strconv.Atoi(args[2])
	ts.Check(err)
	at.server.Fault(githubtest.Fault{Method: args[0], Path: args[1], Status: status, Times: 100})
}

func (at *standIn) calls(ts *testscript.TestScript, args []string) {
	var b strings.Builder
	for _, r := range at.server.Log() {
		fmt.Fprintf(&b, "%s %d\n", r.Operation, r.Status)
	}
	at.server.ResetLog()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}

// artifacts starts a run that may leave artifacts behind; so many requests fail at first.
func (at *standIn) artifacts(ts *testscript.TestScript, args []string) {
	run, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	faults, err := strconv.Atoi(args[1])
	ts.Check(err)
	at.repo.AddRun(githubtest.Run{ID: run, Path: ".github/workflows/ci.yml", HeadSHA: at.repo.PullHead(at.pull), Event: "pull_request", Status: "in_progress", Attempt: 1})
	at.server.ArtifactsDown(faults)
	ts.Setenv("ACTIONS_RESULTS_URL", at.server.ResultsURL())
	ts.Setenv("ACTIONS_RUNTIME_TOKEN", githubtest.RuntimeToken(run))
}

// proxy is one that opens no way out, and writes down where somebody wanted to go.
func (at *standIn) proxy(ts *testscript.TestScript, args []string) {
	file := ts.MkAbs(args[0])
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_ = os.WriteFile(file, []byte(r.Method+" "+r.Host+"\n"), 0o600)
	}))
	ts.Defer(front.Close)
	ts.Setenv("HTTPS_PROXY", front.URL)
}

// plan writes a plan of many resources.
func (at *standIn) plan(ts *testscript.TestScript, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"address":"aws_instance.a_rather_long_name_for_a_server_%d","mode":"managed","type":"aws_instance","name":"x","provider_name":"registry.terraform.io/hashicorp/aws",
"change":{"actions":["create"],"before":null,"after":{"instance_type":"m5.large"},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}}}`, i))
	}
	text := `{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{"root_module":{"resources":[]}},"resource_changes":[` + strings.Join(list, ",") +
		`],"configuration":{"provider_config":{"aws":{"name":"aws","full_name":"registry.terraform.io/hashicorp/aws","expressions":{"region":{"constant_value":"us-east-1"}}}},"root_module":{"resources":[]}}}`
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// output wants the value of an output: output outcome block.
func output(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: output NAME VALUE")
	}
	got, there := outputs(ts.ReadFile("outputs"))[args[0]]
	if !there || (got == args[1]) == neg {
		ts.Fatalf("output %s is %q (%v), want %q", args[0], got, there, args[1])
	}
}

// outputs reads the runner's file as the runner does.
func outputs(text string) map[string]string {
	out := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		name, delimiter, ok := strings.Cut(lines[i], "<<")
		if !ok {
			continue
		}
		var value []string
		for i++; i < len(lines) && lines[i] != delimiter; i++ {
			value = append(value, lines[i])
		}
		out[name] = strings.Join(value, "\n")
	}
	return out
}
