package github_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"
	"github.com/gregjones/httpcache"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/github/githubtest"
)

// wire is the client, and a repository at the stand-in.
type wire struct {
	hub  *githubtest.Server
	app  *github.App
	in   *githubtest.Installation
	repo *githubtest.Repo
	r    control.Repository
}

func newWire(t *testing.T, o githubtest.Options, change func(*github.Options)) *wire {
	t.Helper()
	o.Validate = true
	hub, err := githubtest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := hub.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = hub.Close()
		for _, bad := range hub.Invalid() {
			t.Error("GitHub would refuse: " + bad)
		}
	})
	key, err := jwt.ParseRSAPrivateKeyFromPEM(hub.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	options := github.Options{APIURL: url, AppID: hub.AppID(), PrivateKey: key, Now: time.Now}
	if change != nil {
		change(&options)
	}
	w := &wire{hub: hub, in: hub.Install("acme")}
	if w.app, err = github.New(options); err != nil {
		t.Fatal(err)
	}
	w.repo = hub.AddRepository(w.in, "shop")
	w.repo.Commit("main", map[string]string{"infra/main.tf": "# one\n", "README.md": "# shop\n"})
	tenant := control.Tenant{Installation: w.in.ID, Repository: w.repo.ID}
	if w.r, err = w.app.Resolve(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	return w
}

// entry is one of an archive.
type entry struct {
	name, link string
	kind       byte
	size       int64
	text       string
}

func packed(t *testing.T, entries []entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Linkname: e.link, Typeflag: e.kind, Mode: 0o644, Size: int64(len(e.text)) + e.size}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		body := append([]byte(e.text), make([]byte, e.size)...)
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(body); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestHostileArchives: what is read is what a checkout would hold, or nothing is.
func TestHostileArchives(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	good := entry{name: "top/infra/main.tf", text: "# two\n"}
	cases := []struct {
		name    string
		data    []byte
		refused string // part of the error; empty: it is read
		fault   string // part of what is told of it
		missing string
	}{
		{"plain", packed(t, []entry{good}), "", "", ""},
		{"a path that climbs", packed(t, []entry{good, {name: "top/../../etc/x.tf", text: "x"}}), "", "no plain path", ""},
		{"an absolute path", packed(t, []entry{good, {name: "top//etc/x.tf", text: "x"}}), "", "no plain path", ""},
		{"a backslash", packed(t, []entry{good, {name: `top/..\x.tf`, text: "x"}}), "", "no plain path", ""},
		{"names that differ by case", packed(t, []entry{good, {name: "top/INFRA/main.tf", text: "x"}}), "", "not every checkout can tell apart", ""},
		{"a link and a file of one name", packed(t, []entry{good, {name: "top/infra/MAIN.tf", kind: tar.TypeSymlink, link: "x"}}), "", "not every checkout can tell apart", ""},
		{"the same name twice", packed(t, []entry{good, {name: "top/infra/main.tf", text: "x"}}), "", "not every checkout can tell apart", ""},
		{"a link to a secret", packed(t, []entry{good, {name: "top/infra/x.tf", kind: tar.TypeSymlink, link: "/etc/passwd"}}), "", "", ""},
		{"a device", packed(t, []entry{good, {name: "top/infra/x.tf", kind: tar.TypeChar}}), "", "", ""},
		{"source that is too large", packed(t, []entry{good, {name: "top/infra/x.tf", size: 3 << 20}}), "", "", "infra/x.tf"},
		{"a text that is too large", packed(t, []entry{good, {name: "top/infra/x.txt", size: 3 << 20}}), "", "", ""},
		{"not packed", []byte("top/infra/main.tf"), "cannot be read", "", ""},
		{"empty", nil, "cannot be read", "", ""},
		{"cut off", packed(t, []entry{good})[:60], "cannot be read", "", ""},
	}
	for i, c := range cases {
		if c.data == nil {
			c.data = []byte{}
		}
		sha := w.repo.Commit("hostile", map[string]string{"n.txt": strings.Repeat("x", i+1)})
		w.repo.ServeArchive(sha, c.data)
		tree, err := w.app.Tree(t.Context(), w.r, sha)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.refused)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if text, err := fs.ReadFile(tree.Files, "infra/main.tf"); err != nil || string(text) != good.text {
			t.Errorf("%s: %q, %v", c.name, text, err)
		}
		if got := strings.Join(tree.Faults, " "); (got == "") != (c.fault == "") || !strings.Contains(got, c.fault) {
			t.Errorf("%s: faults %q, want %q", c.name, got, c.fault)
		}
		if got := strings.Join(tree.Missing, " "); got != c.missing {
			t.Errorf("%s: missing %q, want %q", c.name, got, c.missing)
		}
		if _, err := fs.ReadFile(tree.Files, "infra/x.tf"); err == nil {
			t.Errorf("%s: infra/x.tf was read", c.name)
		}
	}
}

// memory is a cache of validators.
type memory struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (c *memory) Get(key string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.m[key]
	return v, ok
}

func (c *memory) Set(key string, v []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[key] = v
}

func (c *memory) Delete(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.m, key)
}

// TestConditionalRequests: what has not changed costs nothing, with a fresh token too, and what has is read anew.
func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	caches := map[control.Tenant]*memory{}
	w := newWire(t, githubtest.Options{}, func(o *github.Options) {
		o.Cache = func(tenant control.Tenant) httpcache.Cache {
			if caches[tenant] == nil {
				caches[tenant] = &memory{m: map[string][]byte{}}
			}
			return caches[tenant]
		}
	})
	first, err := w.app.Branch(t.Context(), w.r, "main")
	if err != nil {
		t.Fatal(err)
	}
	w.hub.ExpireTokens()
	w.hub.ResetLog()
	if again, err := w.app.Branch(t.Context(), w.r, "main"); err != nil || again != first {
		t.Fatalf("%s, %v", again, err)
	}
	for _, r := range w.hub.Log() {
		if r.Counted && r.Status == http.StatusOK {
			t.Errorf("an answer that is known was sent again: %+v", r)
		}
	}
	moved := w.repo.Commit("main", map[string]string{"a": "b"})
	if now, err := w.app.Branch(t.Context(), w.r, "main"); err != nil || now != moved {
		t.Errorf("%s, %v; want %s", now, err, moved)
	}
}

// TestLimits: a refusal for the rate says when to come back, and no further request is made before.
func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	for name, fault := range map[string]githubtest.Fault{
		"retry-after":    {Path: "/git/ref/", Status: http.StatusForbidden, Header: http.Header{"Retry-After": {"30"}}, Body: map[string]string{"message": "secondary rate limit"}},
		"without header": {Path: "/git/ref/", Status: http.StatusForbidden, Body: map[string]string{"message": "You have exceeded a secondary rate limit"}},
		"429":            {Path: "/git/ref/", Status: http.StatusTooManyRequests, Body: map[string]string{"message": "wait"}},
	} {
		other := w.hub.AddRepository(w.hub.Install("of-"+strings.ReplaceAll(name, " ", "-")), "shop")
		other.Commit("main", map[string]string{"a": "b"})
		r, err := w.app.Resolve(t.Context(), control.Tenant{Installation: other.Installation(), Repository: other.ID})
		if err != nil {
			t.Fatal(err)
		}
		w.hub.Fault(fault)
		_, err = w.app.Branch(t.Context(), r, "main")
		later, ok := errors.AsType[*control.Later](err)
		if !ok || later.After < 25*time.Second || later.After > 61*time.Second {
			t.Fatalf("%s: %v", name, err)
		}
		w.hub.ResetLog()
		if _, err = w.app.Branch(t.Context(), r, "main"); err == nil {
			t.Errorf("%s: the next call was made", name)
		}
		if n := len(w.hub.Log()); n != 0 {
			t.Errorf("%s: %d requests while GitHub asks to wait", name, n)
		}
		if _, err = w.app.Branch(t.Context(), w.r, "main"); err != nil {
			t.Errorf("%s: another installation must wait too: %v", name, err)
		}
	}
	w.hub.Fault(githubtest.Fault{Path: "/git/ref/", Status: http.StatusForbidden, Body: map[string]string{"message": "Resource not accessible by integration"}})
	_, err := w.app.Branch(t.Context(), w.r, "main")
	if _, limited := errors.AsType[*control.Later](err); err == nil || limited {
		t.Errorf("a missing permission: %v", err)
	}
}

// TestReservedForDeployments: pull requests cannot use up an installation's share; what is urgent still passes.
func TestReservedForDeployments(t *testing.T) {
	t.Parallel()
	start := time.Now()
	w := newWire(t, githubtest.Options{EnforceLimits: true}, func(o *github.Options) { o.Now = func() time.Time { return start } })
	passed := 0
	for range 900 {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // short waits are waited for in place
		_, err := w.app.Branch(ctx, w.r, "main")
		cancel()
		if err != nil {
			if _, ok := errors.AsType[*control.Later](err); !ok && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			break
		}
		passed++
	}
	if passed < 400 || passed > 600 {
		t.Errorf("%d reads before the rest is kept for deployments, want about 540", passed)
	}
	if _, err := w.app.Branch(github.Urgent(t.Context()), w.r, "main"); err != nil {
		t.Errorf("an urgent call: %v", err)
	}
}

// TestContentsReservedForDeployments: the same of comments, which GitHub counts on their own.
func TestContentsReservedForDeployments(t *testing.T) {
	t.Parallel()
	start := time.Now()
	w := newWire(t, githubtest.Options{}, func(o *github.Options) { o.Now = func() time.Time { return start } })
	w.repo.Commit("b", map[string]string{"a": "b"})
	n := w.repo.OpenPull("t", "b", "main", "someone")
	write := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		_, err := w.app.CreateComment(ctx, w.r, n, "text")
		return err
	}
	passed := 0
	for write(t.Context()) == nil && passed < 80 {
		passed++
	}
	if passed != 48 {
		t.Errorf("%d comments before the rest is kept for deployments, want 48", passed)
	}
	if err := write(github.Urgent(t.Context())); err != nil {
		t.Errorf("an urgent comment: %v", err)
	}
}

// TestTokenRefusedForTheRate: GitHub refuses tokens for the rate as well, with the status of a suspended installation.
func TestTokenRefusedForTheRate(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]githubtest.Fault{
		"retry-after":    {Status: http.StatusForbidden, Header: http.Header{"Retry-After": {"30"}}},
		"without header": {Status: http.StatusForbidden, Body: map[string]string{"message": "You have exceeded a secondary rate limit"}},
		"429":            {Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"30"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, githubtest.Options{}, nil)
			w.hub.ExpireTokens()
			fault.Path, fault.Times = "/access_tokens", 2
			w.hub.Fault(fault)
			fresh := control.Tenant{Installation: w.in.ID} // nobody has a token of it yet
			for _, call := range []func() error{
				func() error { _, err := w.app.Installed(t.Context(), fresh); return err },
				func() error { _, err := w.app.Branch(t.Context(), w.r, "main"); return err },
			} {
				err := call()
				later, ok := errors.AsType[*control.Later](err)
				if !ok || later.After < 25*time.Second || errors.Is(err, control.ErrGone) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// TestFlight: never more requests at a time than GitHub allows.
func TestFlight(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{Latency: 5 * time.Millisecond}, func(o *github.Options) { o.Flight = 10 })
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			if _, err := w.app.Branch(context.WithoutCancel(t.Context()), w.r, "main"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.hub.MaxInFlight(); n > 10 || n < 5 {
		t.Errorf("%d requests at a time, want 10 at most", n)
	}
}

// TestGone: what is not ours to see ends a task; what cannot be told does not.
func TestGone(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	if _, err := w.app.Pull(t.Context(), w.r, 99); !errors.Is(err, control.ErrGone) {
		t.Errorf("a pull request that is not there: %v", err)
	}
	w.hub.Fault(githubtest.Fault{Path: "/pulls/", Status: http.StatusBadGateway})
	if _, err := w.app.Pull(t.Context(), w.r, 99); err == nil || errors.Is(err, control.ErrGone) {
		t.Errorf("GitHub is down: %v", err)
	}
	w.repo.Rename("store")
	if _, err := w.app.Branch(t.Context(), w.r, "main"); !errors.Is(err, control.ErrMoved) {
		t.Errorf("a repository with another name: %v", err)
	}
	if r, err := w.app.Resolve(t.Context(), w.r.Tenant); err != nil || r.Name != "store" {
		t.Errorf("%+v, %v", r, err)
	}
	w.hub.Uninstall(w.in)
	w.hub.ExpireTokens()
	if _, err := w.app.Resolve(t.Context(), w.r.Tenant); !errors.Is(err, control.ErrGone) {
		t.Errorf("an installation that is gone: %v", err)
	}
}

// TestManyAnnotations are written in pages, and all of them arrive.
func TestManyAnnotations(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	sha := w.repo.Head("main")
	text := control.CheckText{Head: sha, Done: true, Conclusion: control.Failed, Title: "t", Summary: "s"}
	for range 120 {
		text.Annotations = append(text.Annotations, control.Annotation{File: "infra/main.tf", Line: 1, Level: "failure", Title: "x", Message: "y"})
	}
	id, err := w.app.CreateCheck(t.Context(), w.r, text)
	if err != nil {
		t.Fatal(err)
	}
	runs := w.repo.CheckRuns(sha)
	if len(runs) != 1 || runs[0].ID != id || len(runs[0].Output.Annotations) != 120 || runs[0].Conclusion != "failure" {
		t.Errorf("%+v", runs)
	}
	if found, finished, err := w.app.FindCheck(t.Context(), w.r, sha); err != nil || found != id || !finished {
		t.Errorf("%d %v %v", found, finished, err)
	}
}

// TestUngranted: an account that has not accepted a permission is told so, and does not look like one that left.
func TestUngranted(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	w.hub.Grant(map[string]string{"metadata": "read", "contents": "read"}, nil)
	w.hub.ExpireTokens()
	_, err := w.app.Branch(t.Context(), w.r, "main")
	if !errors.Is(err, control.ErrForbidden) || errors.Is(err, control.ErrGone) || !strings.Contains(err.Error(), "has not granted") {
		t.Errorf("a missing permission gives %v", err)
	}
	w.hub.Grant(map[string]string{"metadata": "read", "contents": "read", "checks": "write", "pull_requests": "write", "actions": "read"}, nil)
	if _, err := w.app.Branch(t.Context(), w.r, "main"); err != nil {
		t.Errorf("once it is granted: %v", err)
	}
	w.repo.Remove()
	w.hub.ExpireTokens()
	if _, err := w.app.Branch(t.Context(), w.r, "main"); !errors.Is(err, control.ErrGone) {
		t.Errorf("a repository that left gives %v", err)
	}
}

// TestTeamNames: what names no team is nobody's, and no other page of GitHub is asked in its place.
func TestTeamNames(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	w.hub.Join(w.in, "ops", "ada", "active")
	ada := control.Person{ID: w.hub.PersonID("ada"), Login: "ada", Kind: "User"}
	for slug, want := range map[string]bool{"ops": true, "nobody": false, ".": false, "..": false, "": false} {
		w.hub.ResetLog()
		in, err := w.app.TeamMember(t.Context(), w.r, slug, ada)
		if err != nil || in != want {
			t.Errorf("team %q: %t, %v", slug, in, err)
		}
		for _, r := range w.hub.Log() {
			if strings.Contains(r.Path, "/orgs/") && !strings.Contains(r.Path, "/teams/"+slug+"/memberships/ada") || strings.Trim(slug, ".") == "" && strings.Contains(r.Path, "/orgs/") {
				t.Errorf("team %q: asked %s", slug, r.Path)
			}
		}
	}
}

// TestLinkedFile: what stands for a file is not nothing, or a linked configuration would leave the defaults in its place.
func TestLinkedFile(t *testing.T) {
	t.Parallel()
	w := newWire(t, githubtest.Options{}, nil)
	sha := w.repo.Commit("main", map[string]string{".github/platform.yml": githubtest.Link("/etc/elsewhere.yml")})
	if _, found, err := w.app.File(t.Context(), w.r, sha, ".github/platform.yml"); !found || !errors.Is(err, control.ErrNotFile) {
		t.Errorf("found %t, %v", found, err)
	}
	if _, found, err := w.app.File(t.Context(), w.r, sha, ".github"); found || err != nil {
		t.Errorf("a folder: found %t, %v", found, err)
	}
	listing, err := w.app.Paths(t.Context(), w.r, sha)
	if err != nil || listing.Pointers[".github/platform.yml"] == "" || listing.Files[".github/platform.yml"] != "" {
		t.Errorf("%+v, %v", listing, err)
	}
}
