package environ

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// replaced writes a file as an orchestrator does: under another name first.
func replaced(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// TestLive: what stands in a file is read again when it changes, and a file that says nothing well changes nothing.
func TestLive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, hooks, oauth := keyFile(t), filepath.Join(dir, "hooks"), filepath.Join(dir, "oauth")
	replaced(t, hooks, "canary-1\n")
	replaced(t, oauth, "canary-a\n")
	c, err := Load([]string{
		"PLATFORM_GITHUB_APP_ID=1", "PLATFORM_GITHUB_PRIVATE_KEY_FILE=" + key, "PLATFORM_GITHUB_WEBHOOK_SECRET_FILE=" + hooks,
		"PLATFORM_OAUTH_CLIENT_ID=id", "PLATFORM_OAUTH_CLIENT_SECRET_FILE=" + oauth,
	})
	if err != nil || c.Unset() {
		t.Fatal(err)
	}
	var log strings.Builder
	now := time.Unix(1_000_000, 0)
	live := c.Live(func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	first := live.PrivateKey()
	expect := func(what string, secrets []string, secret string, lines int) {
		t.Helper()
		if got := live.WebhookSecrets(); !slices.Equal(got, secrets) {
			t.Errorf("%s: webhook secrets %q, want %q", what, got, secrets)
		}
		if got := live.OAuthClientSecret(); got != secret {
			t.Errorf("%s: client secret %q, want %q", what, got, secret)
		}
		if got := strings.Count(log.String(), "\n"); got != lines {
			t.Errorf("%s: %d lines of log, want %d:\n%s", what, got, lines, log.String())
		}
	}
	expect("at the start", []string{"canary-1"}, "canary-a", 0)
	replaced(t, hooks, "canary-1, canary-2\r\n\r\ncanary-3")
	expect("within the second", []string{"canary-1"}, "canary-a", 0)
	now = now.Add(heldFor)
	expect("afterwards", []string{"canary-1", "canary-2", "canary-3"}, "canary-a", 1)
	for i, bad := range []string{"", " \n,\n", strings.Repeat("c", maxSecret+1)} {
		replaced(t, hooks, bad)
		now = now.Add(heldFor)
		expect(fmt.Sprintf("bad file %d", i), []string{"canary-1", "canary-2", "canary-3"}, "canary-a", 2+i/2)
	}
	if err := os.Remove(hooks); err != nil {
		t.Fatal(err)
	}
	now = now.Add(heldFor)
	expect("no file", []string{"canary-1", "canary-2", "canary-3"}, "canary-a", 4)
	replaced(t, hooks, "canary-4")
	replaced(t, oauth, "canary-b")
	now = now.Add(-time.Hour) // a clock that is put back must not keep the old for an hour
	expect("mended", []string{"canary-4"}, "canary-b", 6)
	if live.PrivateKey() != first {
		t.Error("the key changed without its file")
	}
	other, err := os.ReadFile(keyFile(t))
	if err != nil {
		t.Fatal(err)
	}
	replaced(t, key, "half a k")
	now = now.Add(heldFor)
	if live.PrivateKey() != first {
		t.Error("a key that cannot be read took the place of one that can")
	}
	replaced(t, key, string(other))
	now = now.Add(heldFor)
	if live.PrivateKey().Equal(first) {
		t.Error("the key was not read again")
	}
	if strings.Contains(log.String(), "canary") || strings.Contains(log.String(), "half a k") {
		t.Error("the log holds a secret:\n" + log.String())
	}
}

// TestLiveWithoutFiles: what the environment says holds for good.
func TestLiveWithoutFiles(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"PLATFORM_GITHUB_APP_ID=1", "PLATFORM_GITHUB_PRIVATE_KEY_FILE=" + keyFile(t), "PLATFORM_GITHUB_WEBHOOK_SECRET=a,b"})
	if err != nil {
		t.Fatal(err)
	}
	live := c.Live(time.Now, slog.New(slog.DiscardHandler))
	if got := live.WebhookSecrets(); !slices.Equal(got, []string{"a", "b"}) || live.OAuthClientSecret() != "" {
		t.Errorf("%q", got)
	}
}

// TestSecretFiles: a file and a variable at once, an empty file and a missing one are faults, each with its line.
func TestSecretFiles(t *testing.T) {
	t.Parallel()
	whole := []string{"PLATFORM_GITHUB_APP_ID=1", "PLATFORM_GITHUB_PRIVATE_KEY_FILE=" + keyFile(t)}
	empty := filepath.Join(t.TempDir(), "empty")
	replaced(t, empty, "\n")
	for want, more := range map[string][]string{
		"WEBHOOK_SECRET and PLATFORM_GITHUB_WEBHOOK_SECRET_FILE are both set": {"PLATFORM_GITHUB_WEBHOOK_SECRET=canary", "PLATFORM_GITHUB_WEBHOOK_SECRET_FILE=" + whole[1][len("PLATFORM_GITHUB_PRIVATE_KEY_FILE="):]},
		"WEBHOOK_SECRET_FILE: it holds no secret":                             {"PLATFORM_GITHUB_WEBHOOK_SECRET_FILE=" + empty},
		"WEBHOOK_SECRET_FILE: open /nowhere":                                  {"PLATFORM_GITHUB_WEBHOOK_SECRET_FILE=/nowhere"},
		"CLIENT_SECRET_FILE: it does not hold one line":                       {"PLATFORM_GITHUB_WEBHOOK_SECRET=a", "PLATFORM_OAUTH_CLIENT_ID=i", "PLATFORM_OAUTH_CLIENT_SECRET_FILE=" + empty},
		"CLIENT_ID and PLATFORM_OAUTH_CLIENT_SECRET belong together":          {"PLATFORM_GITHUB_WEBHOOK_SECRET=a", "PLATFORM_OAUTH_CLIENT_SECRET_FILE=" + whole[1][len("PLATFORM_GITHUB_PRIVATE_KEY_FILE="):]},
	} {
		_, err := Load(append(whole[:2:2], more...))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("want a fault with %q, got %v", want, err)
		}
	}
}
