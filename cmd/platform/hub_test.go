package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/org/platform-action/internal/github/githubtest"
)

// hubKey is where a script keeps its stand-in.
type hubKey struct{}

// hub starts a stand-in for GitHub with a pull request of acme/shop, numbered $PULL, or writes its comments to a file:
// hub start · hub comments FILE · hub forge TEXT.
func hub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: hub start | comments FILE | forge TEXT")
	}
	at, ok := ts.Value(hubKey{}).(*standIn)
	if ok && args[0] == "start" {
		at.start(ts)
		return
	}
	if !ok || at.repo == nil || len(args) != 2 {
		ts.Fatalf("hub %s: start it first", args[0])
	}
	switch args[0] {
	case "forge":
		at.repo.Comment(at.pull, "mallory", args[1])
	case "comments":
		var b strings.Builder
		for _, c := range at.repo.Comments(at.pull) {
			fmt.Fprintf(&b, "== %s\n%s\n", c.Login, c.Body)
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
	default:
		ts.Fatalf("hub %s: no such thing", args[0])
	}
}

type standIn struct {
	repo *githubtest.Repo
	pull int
}

func (at *standIn) start(ts *testscript.TestScript) {
	server, err := githubtest.New(githubtest.Options{Validate: true, AppSlug: "github-actions"})
	ts.Check(err)
	url, err := server.Start()
	ts.Check(err)
	in := server.Install("acme")
	at.repo = server.AddRepository(in, "shop")
	at.repo.Commit("main", map[string]string{"main.tf": "# one\n"})
	at.repo.Commit("feature", map[string]string{"main.tf": "# two\n"})
	at.pull = at.repo.OpenPull("change", "feature", "main", "mona")
	grant, err := ghinstallation.New(http.DefaultTransport, server.AppID(), in.ID, server.PrivateKeyPEM())
	ts.Check(err)
	grant.BaseURL, grant.InstallationTokenOptions = url, &github.InstallationTokenOptions{RepositoryIDs: []int64{at.repo.ID}}
	token, err := grant.Token(context.Background())
	ts.Check(err)
	mux := http.NewServeMux()
	mux.Handle("/api/v3/", http.StripPrefix("/api/v3", server))
	mux.HandleFunc("GET /api/v3/user", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("POST /api/graphql", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{}})
	})
	front := httptest.NewServer(mux)
	ts.Defer(func() {
		front.Close()
		_ = server.Close()
		if bad := server.Invalid(); len(bad) > 0 {
			ts.Fatalf("GitHub would refuse: %s", strings.Join(bad, "\n"))
		}
	})
	ts.Setenv("GITHUB_API_URL", front.URL+"/api/v3")
	ts.Setenv("GITHUB_TOKEN", token)
	ts.Setenv("PULL", fmt.Sprint(at.pull))
}
