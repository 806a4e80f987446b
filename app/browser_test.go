package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/org/platform-action/internal/github/githubtest"
)

// What the browser's test needs beside this repository; .ci/run sets both, and requires them.
const (
	axeVar        = "PLATFORM_TEST_AXE"             // file axe.min.js, from npm
	requireVar    = "PLATFORM_TEST_REQUIRE_BROWSER" // 1: a missing browser or axe fails the test
	screenshotVar = "PLATFORM_TEST_SCREENSHOTS"     // folder to write pictures of the pages to
)

// chrome is a real browser. Where there is none the test is skipped, unless it is required.
type chrome struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // chromedp keeps the browser in it
	axe    string
	out    string
	mu     sync.Mutex
	faults []string // what the browser complained of
}

func newChrome(t *testing.T) *chrome {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && program == "" {
			program = found
		}
	}
	axe, err := os.ReadFile(os.Getenv(axeVar))
	switch {
	case os.Getenv(requireVar) == "1" && (program == "" || err != nil):
		t.Fatalf("the browser's test needs chromium (found: %q) and axe-core (%s: %v)", program, axeVar, err)
	case program == "":
		t.Skip("SKIPPED: no chromium here; apt-get install chromium")
	case err != nil:
		t.Logf("NOT CHECKED by axe-core: %s names no file; npm pack axe-core, and set it to axe.min.js", axeVar)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox)
	// The test's own context ends before its clean-up: the browser is closed there, with all of its processes.
	allocated, stopAll := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, _ := chromedp.NewContext(allocated)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		stopAll()
	})
	c := &chrome{t: t, ctx: ctx, axe: string(axe), out: os.Getenv(screenshotVar)}
	chromedp.ListenTarget(ctx, func(event any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			c.faults = append(c.faults, e.Entry.Level.String()+": "+e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			c.faults = append(c.faults, e.ExceptionDetails.Error())
		}
	})
	if err := chromedp.Run(ctx); err != nil { // begun here, so that it does not end with the first thing that is done in it
		t.Fatal(err)
	}
	return c
}

// run does things in the browser.
func (c *chrome) run(actions ...chromedp.Action) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		c.t.Fatal(err)
	}
}

// look is how a page is looked at.
type look struct {
	name   string
	scheme string // light or dark
	width  int64
}

func looks() []look {
	return []look{{"light", "light", 1200}, {"dark", "dark", 1200}, {"narrow", "light", 390}, {"narrow-dark", "dark", 390}}
}

// see opens a page, holds it against axe's rules and its own width, and takes a picture.
func (c *chrome) see(name, url string) {
	c.t.Helper()
	for _, l := range looks() {
		var wide bool
		c.run(
			chromedp.EmulateViewport(l.width, 1000),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}),
			chromedp.Navigate(url), chromedp.WaitVisible("main", chromedp.ByQuery),
			chromedp.Evaluate(`document.documentElement.scrollWidth > window.innerWidth`, &wide),
		)
		if wide {
			c.t.Errorf("%s, %s: the page is wider than the window", name, l.name)
		}
		c.picture(name + "-" + l.name)
		if l.name != "narrow-dark" && !strings.Contains(url, "#") { // it has nothing that the others have not
			c.axed(name + ", " + l.name)
		}
	}
}

// picture keeps what is seen now, where pictures are wanted.
func (c *chrome) picture(name string) {
	c.t.Helper()
	if c.out == "" {
		return
	}
	var picture []byte
	c.run(chromedp.CaptureScreenshot(&picture))
	if err := os.WriteFile(filepath.Join(c.out, name+".png"), picture, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// axed holds the page against the rules of axe-core for accessibility, all of them that WCAG 2.2 AA asks for.
func (c *chrome) axed(where string) {
	c.t.Helper()
	if c.axe == "" {
		return
	}
	var found string
	c.run(chromedp.Evaluate(c.axe, nil), chromedp.Evaluate(
		`axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r =>
			JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html)}))}))`,
		&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) },
	))
	var result struct {
		Passes     int
		Violations []struct {
			ID, Help string
			Nodes    []string
		}
	}
	if err := json.Unmarshal([]byte(found), &result); err != nil || result.Passes < 10 {
		c.t.Fatalf("%s: axe did not run: %v %s", where, err, found)
	}
	for _, v := range result.Violations {
		c.t.Errorf("%s: %s: %s\n%s", where, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
}

// TestBrowser goes in a real browser from a red check to the cause, confirms a cost and signs out, all without scripts; and
// looks at every page in light and dark, wide and narrow.
func TestBrowser(t *testing.T) {
	c := newChrome(t)
	w := newPagesWorld(t)
	r, n, sha := w.redPull()
	w.hub.Browse("ada")
	page := fmt.Sprintf("%s/acme/shop/pull/%d", w.url, n)
	c.run(log.Enable(), emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(verdictOn(r, sha).DetailsURL), chromedp.WaitVisible(".cause", chromedp.ByQuery))
	var at, cause string
	c.run(chromedp.Location(&at), chromedp.Text(".cause", &cause, chromedp.ByQuery))
	equal(t, "where the check leads", at, page)
	if !strings.Contains(cause, "To unblock") {
		t.Errorf("the page begins with %q", cause)
	}
	c.run(chromedp.Click(`a[href$="/acknowledge"]`, chromedp.ByQuery), chromedp.WaitVisible(`button.main`, chromedp.ByQuery))
	var form string
	c.run(chromedp.Location(&form))
	c.run(emulation.SetScriptExecutionDisabled(false))
	for _, look := range []struct{ name, url string }{
		{"confirm", form}, {"verdict", page}, {"verdict-cost", page + "#cost"}, {"verdict-tests", page + "#rules"}, {"verdict-history", page + "#inputs"}, {"overview", w.url + "/"}, {"repository", w.url + "/acme/shop"},
		{"environments", w.url + "/acme/shop/environments"}, {"commit", w.url + "/acme/shop/commit/" + sha}, {"missing", w.url + "/acme/none"},
	} {
		c.see(look.name, look.url)
	}
	var printed int64
	c.run(emulation.SetEmulatedMedia().WithMedia("print"), chromedp.Navigate(page),
		chromedp.Evaluate(`[...document.querySelectorAll(".who, .tabs, .onpage")].filter(e => getComputedStyle(e).display != "none").length`, &printed),
		emulation.SetEmulatedMedia().WithMedia("screen"))
	equal(t, "parts that paper has no use for", printed, 0)
	c.run(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(form), chromedp.Click(`button.main`, chromedp.ByQuery), chromedp.WaitVisible(`.list`, chromedp.ByQuery))
	w.eventually("the confirmation counts", func() bool { return verdictOn(r, sha).Conclusion == "success" })
	c.run(chromedp.Navigate(page), chromedp.Click(`.who button`, chromedp.ByQuery), chromedp.WaitVisible(`a[href="/sign-in"]`, chromedp.ByQuery), emulation.SetScriptExecutionDisabled(false))
	c.see("welcome", w.url+"/")
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, fault := range c.faults {
		if !strings.Contains(fault, "status of 404") { // one page is looked at that is not there
			t.Error(fault)
		}
	}
}

// redPull is the demo's shop with larger servers, and a port that is open to everybody: a verdict with something of everything.
func (w *world) redPull() (r *githubtest.Repo, n int, sha string) {
	w.t.Helper()
	files := map[string]string{".github/platform.yml": "version: 1\ncost:\n  usage: infra/usage.yml\n  acknowledge: {delta: 150}\npolicies:\n  params:\n    required_tags: [owner, cost-center]\n" +
		"environments:\n  staging: {}\n  production:\n    tested:\n      suites: [{name: unit, workflow: .github/workflows/ci.yml, job: test, min_tests: 20}]\n    deploy_workflows: [.github/workflows/deploy.yml]\n    from: main\n    after: staging\n    soak: 30m\n    approvers: [{team: platform}]\n"}
	err := filepath.WalkDir("../testdata/demo", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tf") && d.Name() != "usage.yml" {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel("../testdata/demo", path)
		files["infra/"+filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	i := w.hub.Install("acme")
	r = w.hub.AddRepository(i, "shop")
	r.Commit("main", files)
	for _, name := range []string{"payments", "search", "website"} {
		other := w.hub.AddRepository(i, name)
		other.Commit("main", map[string]string{"infra/main.tf": instance("t3.micro")})
		other.SetRole("ada", "read")
	}
	r.SetRole("ada", "write")
	w.start()
	w.swept()
	for name, size := range map[string]string{"payments": "t3.nano", "search": "m5.4xlarge"} {
		other := w.hub.Repository("acme", name)
		head := other.Commit("size", map[string]string{"infra/main.tf": instance(size)})
		w.send(other.PullEvent("opened", other.OpenPull("Another size", "size", "main", "ada")))
		w.eventually("the other check ends", func() bool { return verdictOn(other, head).Status == "completed" })
	}
	larger := strings.NewReplacer(`"t3.micro"`, `"m5.xlarge"`, "desired_capacity    = 4", "desired_capacity    = 6").Replace(files["infra/web.tf"])
	sha = r.Commit("larger-servers", map[string]string{"infra/web.tf": larger})
	n = r.OpenPull("Larger servers for the sale", "larger-servers", "main", "ada")
	w.send(r.PullEvent("opened", n))
	w.eventually("the check ends", func() bool { return verdictOn(r, sha).Status == "completed" })
	return r, n, sha
}

// verdictOn is the newest check run platform/check on a commit.
func verdictOn(r *githubtest.Repo, sha string) githubtest.CheckRun {
	for _, run := range r.CheckRuns(sha) {
		if run.Name == "platform/check" {
			return run
		}
	}
	return githubtest.CheckRun{}
}
