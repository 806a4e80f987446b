package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/web"
)

// restore uses the credentials that set-up kept, where the environment gives none.
func restore(ctx context.Context, c *environ.Config, db *store.Store) error {
	if !c.Unset() || len(c.EncryptionKey) == 0 {
		return nil
	}
	kept, err := db.Secret(ctx, environ.CredentialsName)
	if errors.Is(err, store.ErrNoEntry) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("PLATFORM_ENCRYPTION_KEY_FILE: %w", err)
	}
	return c.Take(kept)
}

// addSetup serves the pages that make the App, to whoever read the log. Webhooks are refused for now, so that GitHub
// counts them as failed and they are asked for again later.
func addSetup(routes *http.ServeMux, c environ.Config, db *store.Store, log *slog.Logger) error {
	public := strings.TrimSuffix(c.PublicURL, "/")
	if public == "" {
		public = "http://" + c.Listen
		log.Warn("PLATFORM_PUBLIC_URL is not set: GitHub needs an address at which it can reach the server")
	}
	host, err := url.Parse(public)
	if err != nil {
		return fmt.Errorf("PLATFORM_LISTEN: %w", err)
	}
	o := web.SetupOptions{
		PublicURL: public, WebURL: c.WebURL(), Token: rand.Text(), Manifest: github.NewManifest(public, appName(host)), Now: time.Now, Log: log,
		Make: func(ctx context.Context, code string) (web.Made, error) { return makeApp(ctx, c, db, log, code) },
	}
	for _, p := range github.Permissions() {
		o.Permissions = append(o.Permissions, web.Permission(p))
	}
	pages, err := web.NewSetup(o)
	if err != nil {
		return err
	}
	routes.Handle("/setup", pages)
	routes.Handle("/setup/", pages)
	routes.HandleFunc(github.WebhookPath, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the App is not set up yet", http.StatusServiceUnavailable)
	})
	log.Info("no credentials are configured: set up the App", "url", public+"/setup?token="+o.Token)
	return nil
}

// makeApp exchanges the code for credentials and keeps them. The key is given once: what cannot be kept is shown.
func makeApp(ctx context.Context, c environ.Config, db *store.Store, log *slog.Logger, code string) (web.Made, error) {
	got, err := github.Convert(ctx, c.APIURL, code)
	if err != nil {
		return web.Made{}, err
	}
	credentials := environ.Credentials(got)
	made := web.Made{ID: got.AppID, Page: got.Page}
	if len(c.EncryptionKey) == 0 {
		made.Variables = credentials.Variables()
		return made, nil
	}
	text, err := json.Marshal(credentials) //nolint:gosec // it is sealed before it is kept
	if err == nil {
		err = db.PutSecret(ctx, environ.CredentialsName, text)
	}
	if err != nil {
		log.ErrorContext(ctx, "the credentials could not be kept", "error", err.Error())
		made.Variables, made.Note = credentials.Variables(), "The database did not take the credentials."
	}
	return made, nil
}

// addGone says that the App is set up.
func addGone(routes *http.ServeMux) {
	gone := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "the App is set up", http.StatusGone) }
	routes.HandleFunc("/setup", gone)
	routes.HandleFunc("/setup/", gone)
}

// maxAppName is how long GitHub lets the name of an App be.
const maxAppName = 34

// appName proposes a name that is not taken: names are one for all of GitHub.
func appName(host *url.URL) string {
	name := "platform " + host.Hostname()
	return strings.TrimSpace(name[:min(len(name), maxAppName)])
}

// idle is the work of a server that is not set up.
func idle(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
