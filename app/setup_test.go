package main

import (
	"context"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/github/githubtest"
)

// TestHalfConfigured: nothing is served, and nothing is written, before the configuration is whole.
func TestHalfConfigured(t *testing.T) {
	t.Parallel()
	var out, faults strings.Builder
	database := filepath.Join(t.TempDir(), "p.db")
	if code := run(context.Background(), nil, []string{"PLATFORM_GITHUB_APP_ID=1", "PLATFORM_DATABASE_URL=sqlite:" + database}, &out, &faults); code != 2 {
		t.Errorf("exit code %d: %s", code, faults.String())
	}
	if _, err := os.Stat(database); err == nil {
		t.Error("a database was made")
	}
}

// TestSetup: from nothing to a verdict, as a person does it; the credentials reach the database alone.
func TestSetup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	for _, name := range []string{"APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"} {
		delete(w.env, "PLATFORM_GITHUB_"+name)
	}
	w.env["PLATFORM_DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env["PLATFORM_ENCRYPTION_KEY_FILE"] = key
	w.start()
	link, err := url.Parse(w.log.attribute("no credentials are configured: set up the App", "url"))
	if err != nil {
		t.Fatal(err)
	}
	page := w.url + "/setup?token=" + link.Query().Get("token")
	status, body := w.get(page)
	equal(t, "status", status, 200)
	for _, p := range github.Permissions() {
		if !strings.Contains(body, p.Why) {
			t.Errorf("the page does not say why %s", p.Name)
		}
	}
	status, _ = w.get(w.url + "/setup?token=" + strings.Repeat("A", 26))
	equal(t, "status with another token", status, 404)
	_, r := w.shop("acme", nil)
	r.Commit("early", map[string]string{"early.md": "text\n"})
	early := r.PullEvent("opened", r.OpenPull("A change", "early", "main", "writer"))
	equal(t, "a webhook before", w.hub.Send(t.Context(), w.url+github.WebhookPath, early), 503)
	callback := w.url + "/setup/callback?code=" + w.hub.Manifest() + "&state=" + between(body, "state=", `"`)
	status, body = w.get(callback)
	equal(t, "status of the callback", status, 200)
	if strings.Contains(body, w.hub.WebhookSecret()) || strings.Contains(body, "PRIVATE KEY") {
		t.Error("the page shows what the database keeps")
	}
	for _, again := range []string{callback, page} {
		status, _ = w.get(again)
		equal(t, "status afterwards", status, 410)
	}
	if text := w.log.String(); strings.Contains(text, w.hub.WebhookSecret()) || strings.Contains(text, "PRIVATE KEY") {
		t.Error("the log holds credentials")
	}
	w.halt()
	w.start()
	status, _ = w.get(w.url + "/setup")
	equal(t, "status after the restart", status, 410)
	_, _, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "success")
}

// TestSetupShown: without a key the credentials are shown once, and work as they are shown.
func TestSetupShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	for _, name := range []string{"APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"} {
		delete(w.env, "PLATFORM_GITHUB_"+name)
	}
	w.env["PLATFORM_DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	w.start()
	link := w.log.attribute("no credentials are configured: set up the App", "url")
	_, body := w.get(w.url + "/setup?token=" + link[strings.Index(link, "token=")+len("token="):])
	status, body := w.get(w.url + "/setup/callback?code=" + w.hub.Manifest() + "&state=" + between(body, "state=", `"`))
	equal(t, "status of the callback", status, 200)
	for _, name := range []string{"APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"} {
		w.env["PLATFORM_GITHUB_"+name] = html.UnescapeString(between(body, "PLATFORM_GITHUB_"+name+"=", "\n"))
	}
	w.halt()
	w.start()
	_, r := w.shop("acme", nil)
	_, _, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "success")
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}
