package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWaiverCommands(t *testing.T) {
	t.Parallel()
	ask := func(more ...string) []string {
		return append([]string{"waiver", "ask", "--environment", "production", "--reason", "the shop\nis down"}, more...)
	}
	for name, c := range map[string]struct {
		args  []string
		user  string
		reply string // type of who replies; empty: nobody does
		wrote string // empty: nothing
		exit  int
		says  string
	}{
		"ask":              {ask("--ticket", "OPS-1", "--for", "2h"), "User", "Bot", "/platform waive production reason the shop is down ticket OPS-1 until 2h0m0s", 0, "said"},
		"ask for a commit": {ask("--commit", someCommit), "User", "Bot", "/platform waive production " + someCommit + " reason the shop is down until 1h0m0s", 0, "said"},
		"approve":          {[]string{"waiver", "approve", "1a2b3c4d"}, "User", "Bot", "/platform waive approve 1a2b3c4d", 0, "said"},
		"revoke":           {[]string{"waiver", "revoke", "1a2b3c4d"}, "User", "Bot", "/platform waive revoke 1a2b3c4d", 0, "said"},
		"a person replies": {[]string{"waiver", "approve", "1a2b3c4d"}, "User", "User", "/platform waive approve 1a2b3c4d", 3, "has not replied"},
		"nobody replies":   {[]string{"waiver", "approve", "1a2b3c4d"}, "User", "", "/platform waive approve 1a2b3c4d", 3, "has not replied"},
		"a job's token":    {[]string{"waiver", "approve", "1a2b3c4d"}, "Bot", "Bot", "", 2, "no person"},
		"no id":            {[]string{"waiver", "approve", "1a2b3c4d\n/platform"}, "User", "Bot", "", 2, "by its id"},
		"two words":        {[]string{"waiver", "ask", "--environment", "a b", "--reason", "x"}, "User", "Bot", "", 2, "one word"},
		"no reason":        {[]string{"waiver", "ask", "--environment", "a"}, "User", "Bot", "", 2, "--reason is needed"},
		"a short commit":   {ask("--commit", "ccccccc"), "User", "Bot", "", 2, "no full object id"},
		"five hours":       {ask("--for", "5h"), "User", "Bot", "", 2, "4h"},
		"ticket in reason": {[]string{"waiver", "ask", "--environment", "a", "--reason", "see ticket OPS-1"}, "User", "Bot", "", 2, "as --ticket"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrote := ""
			hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v3") {
				case "GET /user":
					_, _ = fmt.Fprintf(w, `{"login":"ada","type":%q}`, c.user)
				case "POST /repos/acme/shop/issues/7/comments":
					var in struct{ Body string }
					if err := json.NewDecoder(r.Body).Decode(&in); err != nil || wrote != "" {
						t.Errorf("a second comment, or %v", err)
					}
					wrote = in.Body
					w.WriteHeader(http.StatusCreated)
					_, _ = fmt.Fprint(w, `{"id":5}`)
				case "GET /repos/acme/shop/issues/7/comments":
					_, _ = fmt.Fprintf(w, `[{"body":"<!-- platform:reply:v1 command 4 -->\nold","user":{"type":"Bot"}},{"body":"<!-- platform:reply:v1 command 5 -->\nsaid \u001b[31mred","user":{"type":%q}}]`, c.reply)
				default:
					t.Errorf("%s %s", r.Method, r.URL)
				}
			}))
			t.Cleanup(hub.Close)
			env := map[string]string{"GITHUB_API_URL": hub.URL + "/api/v3", "GITHUB_TOKEN": "secret"}
			code, stdout, stderr := call(t, env, append(c.args, "--repo", "acme/shop", "--pull", "7", "--wait", "300ms")...)
			if code != c.exit || !strings.Contains(stdout+stderr, c.says) || strings.Contains(stdout+stderr, "\x1b") || wrote != c.wrote {
				t.Errorf("exit %d, wrote %q\n%s%s", code, wrote, stdout, stderr)
			}
		})
	}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		exit int
		says string
	}{
		"no pull":  {map[string]string{"GITHUB_TOKEN": "x"}, []string{"--repo", "acme/shop"}, 2, "--pull is needed"},
		"no token": {nil, []string{"--repo", "acme/shop", "--pull", "7"}, 2, "GITHUB_TOKEN is not set"},
		"dead":     {map[string]string{"GITHUB_TOKEN": "x", "GITHUB_API_URL": "http://127.0.0.1:1"}, []string{"--repo", "acme/shop", "--pull", "7"}, 3, "cannot be told"},
	} {
		code, stdout, stderr := call(t, c.env, append([]string{"waiver", "approve", "1a2b3c4d"}, c.args...)...)
		if code != c.exit || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}
