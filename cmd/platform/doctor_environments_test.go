package main

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// settled are the answers of GitHub about a repository whose production is locked.
func settledRepository() map[string]string {
	file := func(text string) string {
		return `{"encoding":"base64","content":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
	}
	return map[string]string{
		"": `{"default_branch":"main"}`,
		"/environments": `{"total_count":1,"environments":[{"name":"production","can_admins_bypass":false,
			"deployment_branch_policy":{"protected_branches":true,"custom_branch_policies":false}}]}`,
		"/environments/production/deployment_protection_rules": `{"custom_deployment_protection_rules":[{"enabled":true,"app":{"id":7}}]}`,
		"/branches": `[{"name":"main"}]`,
		"/rules/branches/main": `[{"type":"pull_request","parameters":{"require_code_owner_review":true}},
			{"type":"required_status_checks","parameters":{"required_status_checks":[{"context":"platform/tested","integration_id":7}]}}]`,
		"/contents/.github/CODEOWNERS":      file("*.md @acme/docs\n/.github/ @ada\n"),
		"/contents/.github/platform.yml":    file("version: 1\nenvironments: {production: {from: main}}\n"),
		"/contents/.github/workflows":       `[{"path":".github/workflows/d.yml","type":"file"},{"path":".github/workflows/README.md","type":"file"}]`,
		"/contents/.github/workflows/d.yml": file("jobs: {deploy: {environment: production, steps: [{run: ./deploy}]}}"),
		"/actions/secrets":                  `{"secrets":[]}`,
		"/actions/organization-secrets":     `{"secrets":[]}`,
	}
}

func TestDoctorEnvironments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]string // of an answer; a number is a status
		args   []string
		exit   int
		says   []string
	}{
		"locked":        {nil, nil, 0, []string{"ok\t\"production\"\tlocked, as far as GitHub shows it", "yes: by your word"}},
		"not vouched":   {nil, []string{"--vouch", ""}, 2, []string{"no such environment"}},
		"no rule":       {map[string]string{"/environments/production/deployment_protection_rules": `{}`}, nil, 1, []string{"FAIL\t  e the gate is asked", "switch the App's protection rule on"}},
		"disabled":      {map[string]string{"/environments/production/deployment_protection_rules": `{"custom_deployment_protection_rules":[{"enabled":false,"app":{"id":7}}]}`}, nil, 1, []string{"FAIL\t  e"}},
		"other App":     {nil, []string{"--app-id", "8"}, 1, []string{"pinned to another App"}},
		"unseen":        {map[string]string{"/branches": "403"}, nil, 3, []string{"unknown\t\"production\"\tnot known to be locked", "cannot be seen with this token"}},
		"fault":         {map[string]string{"/rules/branches/main": "500"}, nil, 3, []string{"could not be read"}},
		"no CODEOWNERS": {map[string]string{"/contents/.github/CODEOWNERS": "404"}, nil, 1, []string{"FAIL\t  d code owners"}},
		"disowned":      {map[string]string{"/contents/.github/CODEOWNERS": `{"encoding":"base64","content":"` + base64.StdEncoding.EncodeToString([]byte("* @ada\n/.github/\n")) + `"}`}, nil, 1, []string{"FAIL\t  d code owners"}},
		"no settings":   {map[string]string{"/contents/.github/platform.yml": "404"}, nil, 1, []string{"is no environment of .github/platform.yml"}},
		"bad settings":  {map[string]string{"/contents/.github/platform.yml": `{"encoding":"base64","content":"eDo="}`}, nil, 3, []string{"is invalid"}},
		"bad workflow":  {map[string]string{"/contents/.github/workflows/d.yml": `{"encoding":"base64","content":"OiA6"}`}, nil, 3, []string{"cannot be read"}},
		"any branch":    {map[string]string{"/environments": `{"total_count":1,"environments":[{"name":"production","can_admins_bypass":true,"deployment_branch_policy":null}]}`}, nil, 1, []string{"branches that are not protected may deploy"}},
		"too many":      {map[string]string{"/environments": `{"total_count":101,"environments":[{"name":"production"}]}`}, nil, 3, []string{"101 environments"}},
		"none":          {map[string]string{"/environments": `{"total_count":0,"environments":[]}`, "/x": ""}, []string{"--vouch", "production"}, 2, []string{"no such environment"}},
		"hostile":       {map[string]string{"/environments": `{"total_count":2,"environments":[{"name":"production"},{"name":"\u001b[31mx"}]}`}, nil, 1, []string{`"\x1b[31mx"`}},
		"a page":        {map[string]string{"": "<html>"}, nil, 3, []string{"cannot be read"}},
		"gone":          {map[string]string{"": "404"}, nil, 3, []string{"asking GitHub"}},
		"no format":     {nil, []string{"--format", "xml"}, 2, []string{"neither text nor json"}},
		"json":          {nil, []string{"--format", "json"}, 0, []string{`"state": "ok"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := settledRepository()
			maps.Copy(answers, c.change)
			hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text, ok := answers[strings.TrimPrefix(r.URL.Path, "/api/v3/repos/acme/shop")]
				status := 0
				if _, err := fmt.Sscanf(text, "%d", &status); !ok || err == nil {
					w.WriteHeader(max(status, 0)*boolean(status > 0) + http.StatusNotFound*boolean(status == 0))
					text = `{"message":"no"}`
				}
				_, _ = fmt.Fprint(w, text)
			}))
			t.Cleanup(hub.Close)
			env := map[string]string{"GITHUB_API_URL": hub.URL + "/api/v3", "GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "acme/shop", "PLATFORM_GITHUB_APP_ID": "7"}
			args := append([]string{"doctor", "environments"}, c.args...)
			if len(c.args) == 0 || c.args[0] != "--vouch" {
				args = append(args, "--vouch", "production")
			}
			code, stdout, stderr := call(t, env, args...)
			if code != c.exit || strings.Contains(stdout+stderr, "\x1b") {
				t.Errorf("exit %d, want %d", code, c.exit)
			}
			for _, want := range c.says {
				if !strings.Contains(stdout+stderr, want) {
					t.Errorf("no %q", want)
				}
			}
			if t.Failed() {
				t.Logf("%s%s", stdout, stderr)
			}
		})
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
