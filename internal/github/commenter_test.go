package github_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	gogithub "github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/github/githubtest"
)

const marker = "<!-- platform:infracost:v1 -->"

// enterprise is the stand-in as an Enterprise Server's address space has it, with the part of GraphQL that hides
// comments. The token of a job may not ask whose it is.
type enterprise struct {
	*wire
	url, token string
	pull       int

	mu     sync.Mutex
	hidden []string
	graph  int // status of the next answers; 0: well
}

func newEnterprise(t *testing.T) *enterprise {
	t.Helper()
	e := &enterprise{wire: newWire(t, githubtest.Options{AppSlug: "github-actions"}, nil)}
	e.repo.Commit("feature", map[string]string{"infra/main.tf": "# two\n"})
	e.pull = e.repo.OpenPull("change", "feature", "main", "mona")
	grant, err := ghinstallation.New(http.DefaultTransport, e.hub.AppID(), e.in.ID, e.hub.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	grant.BaseURL = e.hub.URL()
	grant.InstallationTokenOptions = &gogithub.InstallationTokenOptions{RepositoryIDs: []int64{e.repo.ID}}
	if e.token, err = grant.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v3/", http.StripPrefix("/api/v3", e.hub))
	mux.HandleFunc("GET /api/v3/user", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"message":"Resource not accessible by integration"}`, http.StatusForbidden)
	})
	mux.HandleFunc("POST /api/graphql", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Query     string
			Variables struct{ ID string }
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || !strings.Contains(in.Query, "minimizeComment") || e.graph != 0 {
			w.WriteHeader(max(e.graph, http.StatusBadRequest))
			return
		}
		e.hidden = append(e.hidden, in.Variables.ID)
		_, _ = w.Write([]byte(`{"data":{"minimizeComment":{"minimizedComment":{"isMinimized":true}}}}`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

func (e *enterprise) post(t *testing.T, body string, behavior github.Behavior) (string, error) {
	t.Helper()
	c, err := github.NewCommenter(github.CommenterOptions{APIURL: e.url, Token: e.token, Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c.Post(t.Context(), github.Target{Owner: "acme", Repo: "shop", Pull: e.pull}, github.Text{Marker: marker, Body: marker + "\n" + body}, behavior)
}

func (e *enterprise) bodies() string {
	var out []string
	for _, c := range e.repo.Comments(e.pull) {
		out = append(out, c.Login+": "+strings.TrimPrefix(c.Body, marker+"\n"))
	}
	return strings.Join(out, " | ")
}

// TestCommenter walks through the behaviours. Somebody's comment with our marker is never touched.
func TestCommenter(t *testing.T) {
	t.Parallel()
	e := newEnterprise(t)
	e.repo.Comment(e.pull, "mallory", marker+"\nforged")
	for _, step := range []struct {
		body     string
		behavior github.Behavior
		did      string
		bodies   string
	}{
		{"one", github.UpdateComment, "the comment was written", "mallory: forged | github-actions[bot]: one"},
		{"one", github.UpdateComment, "the comment says so already", "mallory: forged | github-actions[bot]: one"},
		{"two", github.UpdateComment, "the comment was updated", "mallory: forged | github-actions[bot]: two"},
		{"three", github.NewComment, "the comment was written", "mallory: forged | github-actions[bot]: two | github-actions[bot]: three"},
		{"four", github.UpdateComment, "the comment was updated", "mallory: forged | github-actions[bot]: two | github-actions[bot]: four"},
		{"five", github.DeleteAndNew, "the comment was written", "mallory: forged | github-actions[bot]: five"},
		{"six", github.HideAndNew, "the comment was written", "mallory: forged | github-actions[bot]: five | github-actions[bot]: six"},
	} {
		did, err := e.post(t, step.body, step.behavior)
		if err != nil || did != step.did || e.bodies() != step.bodies {
			t.Fatalf("%s by %s: %q, %v\n got %s\nwant %s", step.body, step.behavior, did, err, e.bodies(), step.bodies)
		}
	}
	if len(e.hidden) != 1 {
		t.Errorf("hidden: %q", e.hidden)
	}
}

// TestCommenterFaults asserts that what passes is waited for, that what does not is told, and that no comment is lost.
func TestCommenterFaults(t *testing.T) {
	t.Parallel()
	e := newEnterprise(t)
	for range 3 {
		e.hub.Fault(githubtest.Fault{Method: http.MethodGet, Path: "/comments", Status: http.StatusBadGateway, Times: 1})
	}
	if _, err := e.post(t, "one", github.UpdateComment); err != nil {
		t.Fatalf("after three 502: %v", err)
	}
	e.graph = http.StatusInternalServerError
	if _, err := e.post(t, "two", github.HideAndNew); err == nil || !strings.Contains(err.Error(), "hiding a comment: GitHub answered 500") {
		t.Errorf("GraphQL is down: %v", err)
	}
	e.hub.Fault(githubtest.Fault{Method: http.MethodPost, Path: "/comments", Status: http.StatusForbidden, Times: 1})
	if _, err := e.post(t, "three", github.DeleteAndNew); err == nil || !strings.Contains(err.Error(), "writing the comment: GitHub answered 403") {
		t.Errorf("a token that may not write: %v", err)
	}
	if e.bodies() != "github-actions[bot]: one" {
		t.Errorf("the comments are %s", e.bodies())
	}
	e.token = "wrong"
	if _, err := e.post(t, "four", github.UpdateComment); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a wrong token: %v", err)
	}
	e.hub.Invalid() // the 401 is no fault of form
}

// TestCommenterPages finds a comment behind more than a page of others.
func TestCommenterPages(t *testing.T) {
	t.Parallel()
	e := newEnterprise(t)
	for range 120 {
		e.repo.Comment(e.pull, "mona", "hello")
	}
	for _, body := range []string{"one", "two"} {
		if _, err := e.post(t, body, github.UpdateComment); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.repo.Comments(e.pull)); n != 121 {
		t.Errorf("%d comments", n)
	}
}

// TestCommenterAddresses asserts where a token goes.
func TestCommenterAddresses(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"https://api.github.com": true, "https://ghe.example.com/api/v3": true, "https://ghe.example.com": true, "http://127.0.0.1:8080": true,
		"http://ghe.example.com": false, "ftp://x": false, "": false, "https://user:pass@ghe.example.com": false, "//x": false, "https://x/?a=b": false,
	} {
		if _, err := github.NewCommenter(github.CommenterOptions{APIURL: address, Token: "t"}); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestCommitComments writes to a commit: GitHub keeps those apart from a pull request's.
func TestCommitComments(t *testing.T) {
	t.Parallel()
	var log []string
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, r.Method+" "+r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/user"):
			_, _ = w.Write([]byte(`{"login":"mona"}`))
		case r.Method == http.MethodGet:
			_, _ = w.Write([]byte(`[{"id":5,"node_id":"n","body":"` + marker + `\nold","user":{"login":"Mona"}},{"id":6,"body":"` + marker + `\nforged","user":{"login":"mallory"}}]`))
		default:
			_, _ = w.Write([]byte(`{"id":5}`))
		}
	}))
	t.Cleanup(server.Close)
	c, err := github.NewCommenter(github.CommenterOptions{APIURL: server.URL, Token: "t", Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	did, err := c.Post(t.Context(), github.Target{Owner: "acme", Repo: "shop", Commit: "abc1234"}, github.Text{Marker: marker, Body: marker + "\nnew"}, github.UpdateComment)
	want := "GET /api/v3/user, GET /api/v3/repos/acme/shop/commits/abc1234/comments, PATCH /api/v3/repos/acme/shop/comments/5"
	if err != nil || did != "the comment was updated" || strings.Join(log, ", ") != want {
		t.Errorf("%q, %v: %s", did, err, strings.Join(log, ", "))
	}
}
