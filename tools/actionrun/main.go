// Command actionrun runs the Action under a real runner: act, with the image that the Dockerfile makes, against the
// stand-in for GitHub. It shows what arrived there, and fails where the verdict did not.
package main

import (
	"archive/zip"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/github/githubtest"
)

func main() {
	act := flag.String("act", "act", "the runner's program")
	image := flag.String("image", "platform-action:e2e", "image in the local engine")
	dir := flag.String("dir", "", "an empty folder to work in")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *act, *image, *dir)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e-action:", err)
		os.Exit(1)
	}
}

const workflow = `on: pull_request
permissions: {contents: read, pull-requests: write, checks: read}
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./
        id: platform
        with:
          path: infra/plan.json
          github-token: ${{ secrets.STAND_IN }}
      - run: echo "step after it sees outcome=${{ steps.platform.outputs.outcome }} digest=${{ steps.platform.outputs.verdict-digest }}"
      - run: test -s "${{ steps.platform.outputs.report-file }}" && test -s "${{ steps.platform.outputs.sarif-file }}" && echo "and the files of the verdict"
      - run: cat "$GITHUB_STEP_SUMMARY" || true
  test:
    runs-on: ubuntu-latest
    needs: check
    steps:
      - uses: actions/checkout@v4
      - uses: ./
        id: tests
        with:
          command: record-tests
          suite: unit
          junit: reports/*.xml
      - run: echo "tests are ${{ steps.tests.outputs.outcome }} in ${{ steps.tests.outputs.report-file }}"
      - uses: ./
        id: deploy
        continue-on-error: true
        with:
          command: verify-deploy
          environment: production
      - run: echo "deployment is ${{ steps.deploy.outcome }} and ${{ steps.deploy.outputs.outcome }}"
`

func run(ctx context.Context, act, image, dir string) error {
	hub, err := githubtest.New(githubtest.Options{Validate: true, AppSlug: "github-actions"})
	if err != nil {
		return err
	}
	if _, err := hub.Start(); err != nil {
		return err
	}
	defer func() { _ = hub.Close() }() //nolint:contextcheck // it ends whatever became of ctx
	in := hub.Install("acme")
	repo := hub.AddRepository(in, "shop")
	repo.Commit("main", map[string]string{"infra/main.tf": instance("t3.micro")})
	repo.Commit("feature", map[string]string{"infra/main.tf": instance("m5.large"), "infra/plan.json": plan})
	pull := repo.OpenPull("A larger server", "feature", "main", "mona")
	token, err := tokenOf(ctx, hub, in, repo)
	if err != nil {
		return err
	}
	if err := checkout(ctx, filepath.Join(dir, "repository"), image, repo, pull); err != nil {
		return err
	}
	front := enterprise(hub)
	defer front.Close()
	log, err := runner(ctx, act, dir, front.URL+"/api/v3", token)
	fmt.Println(log)
	if err != nil {
		return err
	}
	return errors.Join(judge(hub, repo, pull, log), leftBehind(filepath.Join(dir, "runner", "artifacts")))
}

// runner runs the workflow with the token as a secret of it.
func runner(ctx context.Context, act, dir, api, token string) (string, error) {
	cache, err := filepath.Abs(filepath.Join(dir, "runner"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	// A runner without a container of its own keeps workspace, event and outputs below its cache: the Action's container
	// must see them under the same names.
	cmd := exec.CommandContext(ctx, act, "pull_request", "-e", "event.json", "-P", "ubuntu-latest=-self-hosted", "--pull=false",
		"--container-options=--network=host -v "+cache+":"+cache, "--env", "GITHUB_API_URL="+api, "-s", "STAND_IN",
		"--artifact-server-path", filepath.Join(cache, "artifacts"), "--artifact-server-addr", "127.0.0.1")
	cmd.Dir = filepath.Join(dir, "repository")
	cmd.Env = append(os.Environ(), "STAND_IN="+token, "XDG_CACHE_HOME="+cache)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// judge looks whether everything arrived.
func judge(hub *githubtest.Server, repo *githubtest.Repo, pull int, log string) error {
	comments := repo.Comments(pull)
	for _, c := range comments {
		fmt.Printf("== comment of %s\n%s\n", c.Login, c.Body)
	}
	var errs []error
	for _, want := range []string{"outcome=warn", "digest=sha256:", "and the files of the verdict", "Passes with notes", "tests are allow in platform-report/evidence.json", "deployment is failure and undecided"} {
		if !strings.Contains(log, want) {
			errs = append(errs, fmt.Errorf("the runner's log lacks %q", want))
		}
	}
	if len(comments) != 1 || !strings.Contains(comments[0].Body, "+$62") {
		errs = append(errs, fmt.Errorf("%d comments, and one with +$62 is wanted", len(comments)))
	}
	if bad := hub.Invalid(); len(bad) > 0 {
		errs = append(errs, fmt.Errorf("GitHub would refuse: %s", strings.Join(bad, "; ")))
	}
	return errors.Join(errs...)
}

// leftBehind looks whether the runner has the artifact, and the document in it.
func leftBehind(dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*", "platform-evidence", "*"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("the runner has %d artifacts named platform-evidence (%w)", len(found), err)
	}
	z, err := zip.OpenReader(found[0])
	if err != nil {
		return fmt.Errorf("the artifact: %w", err)
	}
	defer func() { _ = z.Close() }()
	f, err := z.Open("evidence.json")
	if err != nil {
		return fmt.Errorf("the artifact: %w", err)
	}
	document, err := report.ReadDocument(f)
	if err != nil {
		return fmt.Errorf("the artifact: %w", err)
	}
	fmt.Printf("== artifact platform-evidence: suite %s of commit %s\n", document.Suites[0].Name, document.Commit)
	return nil
}

// checkout makes the repository that a runner would have checked out at the test merge.
func checkout(ctx context.Context, dir, image string, repo *githubtest.Repo, pull int) error {
	manifest, err := os.ReadFile("action.yml")
	if err != nil {
		return err
	}
	released := strings.Replace(string(manifest), "image: Dockerfile", "image: docker://"+image, 1)
	if released == string(manifest) {
		return errors.New("action.yml does not run the Dockerfile: there is nothing to put the image's name in place of")
	}
	for name, text := range map[string]string{
		"infra/main.tf": instance("m5.large"), "infra/plan.json": plan, "reports/unit.xml": tests, ".github/workflows/check.yml": workflow, "action.yml": released,
		"event.json": string(repo.PullEvent("synchronize", pull).Body),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "feature"}, {"remote", "add", "origin", "https://github.com/acme/shop"}, {"add", "-A"},
		{"-c", "user.name=mona", "-c", "user.email=mona@example.com", "commit", "-q", "-m", "A larger server"},
	} {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

func tokenOf(ctx context.Context, hub *githubtest.Server, in *githubtest.Installation, repo *githubtest.Repo) (string, error) {
	grant, err := ghinstallation.New(http.DefaultTransport, hub.AppID(), in.ID, hub.PrivateKeyPEM())
	if err != nil {
		return "", err
	}
	grant.BaseURL, grant.InstallationTokenOptions = hub.URL(), &github.InstallationTokenOptions{RepositoryIDs: []int64{repo.ID}}
	return grant.Token(ctx)
}

// enterprise is the stand-in under the addresses of an Enterprise Server, where the token of a job may not ask whose it
// is.
func enterprise(hub *githubtest.Server) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle("/api/v3/", http.StripPrefix("/api/v3", hub))
	mux.HandleFunc("GET /api/v3/user", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	return httptest.NewServer(mux)
}

func instance(size string) string {
	return fmt.Sprintf("resource \"aws_instance\" \"web\" {\n  instance_type = %q\n  ami           = \"ami-1\"\n}\n", size)
}

const tests = `<testsuite name="unit"><testcase name="a"/><testcase name="b"/></testsuite>`

const plan = `{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{"root_module":{"resources":[]}},
"resource_changes":[{"address":"aws_instance.web","mode":"managed","type":"aws_instance","name":"web","provider_name":"registry.terraform.io/hashicorp/aws",
"change":{"actions":["update"],"before":{"instance_type":"t3.micro","ami":"ami-1"},"after":{"instance_type":"m5.large","ami":"ami-1"},
"after_unknown":{},"before_sensitive":{},"after_sensitive":{}}}],
"configuration":{"provider_config":{"aws":{"name":"aws","full_name":"registry.terraform.io/hashicorp/aws","expressions":{"region":{"constant_value":"us-east-1"}}}},
"root_module":{"resources":[{"address":"aws_instance.web","mode":"managed","type":"aws_instance","name":"web","provider_config_key":"aws","expressions":{"instance_type":{"constant_value":"m5.large"}},"schema_version":1}]}}}
`
