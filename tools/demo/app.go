package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/render/preview"
)

// settings are those of the demo's repository: the amount has to be confirmed.
const settings = `version: 1
cost:
  usage: infra/usage.yml
  acknowledge: {delta: 150}
policies:
  params:
    required_tags: [owner, cost-center]
`

const demoPatience = time.Minute

// world is a stand-in for GitHub with the demo's repository, and the App as it is run anywhere else.
type world struct {
	hub  *githubtest.Server
	acme *githubtest.Installation
	repo *githubtest.Repo
	kept string // folder of the database
	cmd  *exec.Cmd
	url  string // of the App
	side string // of its metrics
}

// withApp opens a pull request at a stand-in for GitHub, and shows what the App makes of it.
func withApp(ctx context.Context, binary, cli, dir, out string, stay bool) error {
	fmt.Print("\nThe same as a pull request: the App on SQLite, and a stand-in for GitHub that sends it signed webhooks.\n\n")
	w, err := newWorld(ctx, binary, dir)
	if w != nil {
		defer w.close() //nolint:contextcheck // it ends the world, whatever became of ctx
	}
	if err != nil {
		return err
	}
	if err := w.scenario(ctx, out); err != nil {
		return err
	}
	if err := w.tested(ctx, cli); err != nil {
		return err
	}
	if err := w.gate(ctx, cli); err != nil {
		return err
	}
	if err := w.sum(); err != nil {
		return err
	}
	if !stay {
		return nil
	}
	w.hub.Browse("ada")
	fmt.Printf("\nIt stays up until you press Ctrl-C; the stand-in signs you in to its pages as ada, by GitHub's own way:\n"+
		"  why the check said that      %[1]s/acme/shop/pull/1\n  what was deployed, and owed  %[1]s/acme/payments/environments\n"+
		"  what ada may see             %[1]s/\n  its metrics                  %[2]s/metrics\n  GitHub's API                 %[3]s (the stand-in)\n", w.url, w.side, w.hub.URL())
	<-ctx.Done()
	return nil
}

func newWorld(ctx context.Context, binary, dir string) (*world, error) {
	hub, err := githubtest.New(githubtest.Options{Validate: true})
	if err != nil {
		return nil, err
	}
	url, err := hub.Start()
	if err != nil {
		return nil, err
	}
	acme := hub.Install("acme")
	w := &world{hub: hub, acme: acme, repo: hub.AddRepository(acme, "shop")}
	files, err := sources(dir)
	if err != nil {
		return w, err
	}
	files[".github/platform.yml"] = settings
	w.repo.Commit("main", files)
	w.repo.SetRole("ada", "write")
	return w, w.start(ctx, binary, url)
}

// sources reads the demo's Terraform source and usage file.
func sources(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tf") && path != "usage.yml" {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		out["infra/"+path] = string(data)
		return err
	})
	return out, err
}

// start runs the App's own program, configured by its environment alone.
func (w *world) start(ctx context.Context, binary, api string) error {
	address, err := free(ctx)
	if err != nil {
		return err
	}
	if w.kept, err = os.MkdirTemp("", "platform-demo-"); err != nil {
		return err
	}
	if err := w.keys(); err != nil {
		return err
	}
	w.cmd = exec.CommandContext(ctx, binary)
	w.cmd.Cancel = func() error { return w.cmd.Process.Signal(syscall.SIGTERM) }
	w.cmd.Env = append(os.Environ(),
		"PLATFORM_LISTEN="+address, "PLATFORM_PUBLIC_URL=http://"+address, "PLATFORM_METRICS_LISTEN=127.0.0.1:0", "PLATFORM_LOG_FORMAT=json",
		"PLATFORM_DATABASE_URL=sqlite:"+filepath.Join(w.kept, "platform.db"), "PLATFORM_GITHUB_API_URL="+api,
		"PLATFORM_GITHUB_APP_ID="+strconv.FormatInt(w.hub.AppID(), 10), "PLATFORM_GITHUB_PRIVATE_KEY="+string(w.hub.PrivateKeyPEM()),
		"PLATFORM_GITHUB_WEBHOOK_SECRET="+w.hub.WebhookSecret(),
		"PLATFORM_SIGNING_KEY_FILE="+filepath.Join(w.kept, signingKey), "PLATFORM_ENCRYPTION_KEY_FILE="+filepath.Join(w.kept, cookieKey),
		"PLATFORM_OAUTH_CLIENT_ID="+githubtest.ClientID, "PLATFORM_OAUTH_CLIENT_SECRET="+githubtest.ClientSecret,
	)
	log, err := w.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := w.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w; run make build", binary, err)
	}
	lines := bufio.NewScanner(log)
	var told []string
	for lines.Scan() {
		var entry struct{ Msg, Address, Metrics string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "serving" {
			w.url, w.side = "http://"+entry.Address, "http://"+entry.Metrics
			break
		}
		told = append(told, lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	if w.url == "" {
		return fmt.Errorf("the App did not start:\n%s", strings.Join(told, "\n"))
	}
	return w.until("the App is ready", func() bool {
		resp, err := http.Get(w.url + "/readyz") //nolint:noctx // a program that ends by itself
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
}

func (w *world) close() {
	if w.cmd != nil && w.cmd.Process != nil {
		_ = w.cmd.Process.Signal(syscall.SIGTERM)
		_ = w.cmd.Wait()
	}
	_ = w.hub.Close()
	_ = os.RemoveAll(w.kept)
}

func (w *world) until(what string, done func() bool) error {
	if !githubtest.Settle(demoPatience, done) {
		return fmt.Errorf("it never came about that %s", what)
	}
	return nil
}

// scenario opens a pull request with larger servers, and lets somebody confirm the amount.
func (w *world) scenario(ctx context.Context, out string) error {
	web := w.repo.Text("main", "infra/web.tf")
	larger := strings.NewReplacer(`"t3.micro"`, `"m5.xlarge"`, "desired_capacity    = 4", "desired_capacity    = 6").Replace(web)
	if larger == web {
		return errors.New("the demo's web.tf has other sizes than its scenario expects")
	}
	sha := w.repo.Commit("larger-servers", map[string]string{"infra/web.tf": larger})
	n := w.repo.OpenPull("Larger servers for the sale", "larger-servers", "main", "ada")
	began := time.Now()
	status := w.hub.Send(ctx, w.url+"/webhooks/github", w.repo.PullEvent("opened", n))
	fmt.Printf("→ webhook pull_request.opened of acme/shop#%d, signed: %d\n", n, status)
	ended := func(want string) func() bool {
		return func() bool {
			runs := w.repo.CheckRuns(sha)
			return len(runs) > 0 && runs[0].Status == "completed" && runs[0].Conclusion == want && len(w.repo.Comments(n)) > 0
		}
	}
	if err := w.until("the check asks for a confirmation", ended("action_required")); err != nil {
		return fmt.Errorf("%w: %+v", err, w.repo.CheckRuns(sha))
	}
	took := time.Since(began).Round(time.Millisecond)
	w.show(sha)
	comment := w.repo.Comments(n)[0]
	fmt.Printf("← comment by %s, %s after the webhook:\n\n%s\n", comment.Login, took, comment.Body)
	if err := writePage(out, comment.Body); err != nil {
		return err
	}
	button := w.repo.CheckRuns(sha)[0].Actions[0]
	status = w.hub.Send(ctx, w.url+"/webhooks/github", w.repo.CheckRunEvent("requested_action", sha, button.Identifier, "ada"))
	fmt.Printf("→ ada, who may write, presses “%s”: %d\n", button.Label, status)
	if err := w.until("the confirmation counts", ended("success")); err != nil {
		return err
	}
	w.show(sha)
	return nil
}

// sum tells what all of it asked of GitHub.
func (w *world) sum() error {
	counted, writes := 0, 0
	for _, r := range w.hub.Log() {
		if r.Tenant != 0 && r.Counted {
			counted++
		}
		if r.Tenant != 0 && r.Write {
			writes++
		}
	}
	fmt.Printf("\n%d requests to GitHub's API in all, %d of them writes; each fits GitHub's own description of its API.\n", counted, writes)
	if bad := w.hub.Invalid(); len(bad) > 0 {
		return fmt.Errorf("GitHub would refuse: %s", strings.Join(bad, "\n"))
	}
	return nil
}

func (w *world) show(sha string) {
	run := w.repo.CheckRuns(sha)[0]
	fmt.Printf("← check run %s on %.7s: %s — %s\n", run.Name, sha, run.Conclusion, run.Output.Title)
	for _, a := range run.Output.Annotations {
		fmt.Printf("    %s:%d  %s: %s\n", a.Path, a.Line, a.Level, a.Title)
	}
	for _, a := range run.Actions {
		fmt.Printf("    [%s]  %s\n", a.Label, a.Description)
	}
}

func writePage(out, comment string) error {
	page, err := preview.CommentPage(comment)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "pull-request.html"), page, 0o644)
}
