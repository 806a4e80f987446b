package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/web"
)

// pageURL is where the pages are that check runs and comments link to; empty while nobody can sign in to them.
func pageURL(c environ.Config) string {
	if len(c.SignInMissing()) > 0 {
		return ""
	}
	return strings.TrimSuffix(c.PublicURL, "/")
}

// addPages serves the pages to people who sign in, or says why nobody can; what it returns works for the queue's console.
func addPages(routes *http.ServeMux, c environ.Config, db *store.Store, flow *control.Flow, secrets *environ.Live, allowed map[int64]bool, log *slog.Logger) (func(context.Context) error, error) {
	idle := func(context.Context) error { return nil }
	if missing := c.SignInMissing(); len(missing) > 0 {
		log.Warn("nobody can sign in to the pages: see docs/pages.md", "missing", strings.Join(missing, ", "))
		closed, err := web.NewClosed(missing, log)
		if err != nil {
			return nil, err
		}
		routes.Handle("/", closed)
		return idle, nil
	}
	people, err := github.NewPeople(github.PeopleOptions{
		APIURL: c.APIURL, WebURL: c.WebURL(), ClientID: c.OAuthClientID, ClientSecret: c.OAuthClientSecret, Secret: secrets.OAuthClientSecret,
		Callback: pageURL(c) + github.SignInPath,
	})
	if err != nil {
		return nil, err
	}
	var jobs http.Handler
	start := idle
	if c.OperatorsTeam != "" {
		console, err := newConsole(db, log)
		if err != nil {
			return nil, err
		}
		jobs, start = console, console.Start
	}
	pages, err := web.NewPages(web.PagesOptions{
		PublicURL: c.PublicURL, Callback: github.SignInPath, WebURL: c.WebURL(), Key: c.EncryptionKey, People: people, Records: db, Deployments: db, App: c.AppID, Desk: flow, Now: time.Now, Log: log,
		Operators: c.OperatorsTeam, Jobs: jobs,
		Allowed: func(account int64) bool { return len(allowed) == 0 || allowed[account] },
	})
	if err != nil {
		return nil, err
	}
	routes.Handle("/", pages)
	return start, nil
}
