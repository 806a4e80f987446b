package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// rotated is a world whose secrets are in files.
func rotated(t *testing.T) (w *world, put func(name, text string)) {
	t.Helper()
	w = newWorld(t, githubtest.Options{})
	dir := t.TempDir()
	put = func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
		w.env["PLATFORM_"+name+"_FILE"] = file
	}
	put("GITHUB_PRIVATE_KEY", w.env["PLATFORM_GITHUB_PRIVATE_KEY"])
	put("GITHUB_WEBHOOK_SECRET", w.env["PLATFORM_GITHUB_WEBHOOK_SECRET"])
	delete(w.env, "PLATFORM_GITHUB_PRIVATE_KEY")
	delete(w.env, "PLATFORM_GITHUB_WEBHOOK_SECRET")
	return w, put
}

// reread waits until the server says that it read a secret again. It looks when a secret is next needed.
func (w *world) reread(variable string, need func()) {
	w.t.Helper()
	w.eventually(variable+" is read again", func() bool {
		need()
		return strings.Contains(w.log.String(), `"variable":"`+variable+`"`)
	})
}

// TestRotateWebhookSecret: first both are accepted, then GitHub signs with the new one, then the old one is refused; the
// server runs on, and no delivery is lost.
func TestRotateWebhookSecret(t *testing.T) {
	t.Parallel()
	w, put := rotated(t)
	old := w.hub.WebhookSecret()
	w.start()
	_, r := w.shop("acme", nil)
	push := func() int {
		r.Commit("main", map[string]string{"x.md": text(int64(w.shops)) + "\n"})
		w.shops++
		return w.hub.Send(t.Context(), w.url+"/webhooks/github", r.PushEvent("main", strings.Repeat("0", 40), "writer", "x.md"))
	}
	equal(t, "with the first secret", push(), 202)
	w.hub.RotateWebhookSecret("another-secret")
	equal(t, "with one that the server does not know", push(), 401)
	w.hub.RotateWebhookSecret(old)
	put("GITHUB_WEBHOOK_SECRET", "another-secret\n"+old+"\n")
	w.reread("PLATFORM_GITHUB_WEBHOOK_SECRET_FILE", func() { equal(t, "with the old one, while both hold", push(), 202) })
	w.hub.RotateWebhookSecret("another-secret")
	equal(t, "with the new one", push(), 202)
	put("GITHUB_WEBHOOK_SECRET", "another-secret\n")
	w.log.forget()
	w.reread("PLATFORM_GITHUB_WEBHOOK_SECRET_FILE", func() { equal(t, "with the new one, alone", push(), 202) })
	w.hub.RotateWebhookSecret(old)
	equal(t, "with the old one, afterwards", push(), 401)
	w.hub.RotateWebhookSecret("another-secret")
	if strings.Contains(w.log.String(), "another-secret") {
		t.Error("the log holds the secret")
	}
}

// TestRotatePrivateKey: GitHub lets an App have several keys. The server takes the new one from its file, then the old
// one is deleted at GitHub, and accounts for which no token was made yet are judged all the same.
func TestRotatePrivateKey(t *testing.T) {
	t.Parallel()
	w, put := rotated(t)
	w.start()
	_, first := w.shop("acme", nil)
	_, _, run := w.propose(first, "bigger", bigger("m5.large"))
	equal(t, "conclusion with the first key", run.Conclusion, "success")
	pem, err := w.hub.AddKey()
	if err != nil {
		t.Fatal(err)
	}
	put("GITHUB_PRIVATE_KEY", "half a key")
	_, second := w.shop("umbrella", nil)
	_, _, run = w.propose(second, "bigger", bigger("m5.large"))
	equal(t, "conclusion while the file is half written", run.Conclusion, "success")
	put("GITHUB_PRIVATE_KEY", string(pem))
	w.hub.ExpireTokens()
	_, third := w.shop("initech", nil)
	w.reread("PLATFORM_GITHUB_PRIVATE_KEY_FILE", func() {
		_, _, run := w.propose(third, "bigger-"+text(int64(w.shops)), bigger("m5.large"))
		w.shops++
		equal(t, "conclusion while both keys hold", run.Conclusion, "success")
	})
	w.hub.DropOldKeys()
	w.hub.ExpireTokens()
	_, fourth := w.shop("hooli", nil)
	_, _, run = w.propose(fourth, "bigger", bigger("m5.large"))
	equal(t, "conclusion with the new key alone", run.Conclusion, "success")
}

// TestRotateClientSecret: somebody signs in before and after, at the same server.
func TestRotateClientSecret(t *testing.T) {
	t.Parallel()
	w, put := rotated(t)
	w.canSignIn()
	put("OAUTH_CLIENT_SECRET", w.env["PLATFORM_OAUTH_CLIENT_SECRET"])
	delete(w.env, "PLATFORM_OAUTH_CLIENT_SECRET")
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	page := "/acme/shop/pull/" + text(int64(n))
	w.hub.Browse("reader")
	signsIn := func() bool {
		at, status, _ := w.browser().get(page)
		return at == page && status == 200
	}
	equal(t, "somebody signs in with the first secret", signsIn(), true)
	w.hub.RotateClientSecret("another-client-secret")
	equal(t, "somebody signs in with one that the server does not know", signsIn(), false)
	put("OAUTH_CLIENT_SECRET", "another-client-secret\n")
	w.reread("PLATFORM_OAUTH_CLIENT_SECRET_FILE", func() { signsIn() })
	equal(t, "somebody signs in with the new secret", signsIn(), true)
}
