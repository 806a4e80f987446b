package github_test

import (
	"strings"
	"testing"
)

// TestDeploymentEvents: of a delivery about a deployment only ids, a commit and a name are taken; an address is never more
// than the place where the run's id stands.
func TestDeploymentEvents(t *testing.T) {
	t.Parallel()
	const (
		deployment = `"deployment":{"id":9,"sha":"` + sha + `","environment":"Production","creator":{"login":"x"}}`
		at         = "https://api.github.com/repos/acme/infra/actions/runs/5/deployment_protection_rule"
		decide     = "accepted\n7/100 deployment \"5 production\" {\"run\":5,\"environment\":\"Production\",\"commit\":\"" + sha + "\",\"deployment\":9,\"asked\":\"2026-01-02T03:04:05Z\"}"
		find       = "accepted\n7/100 deployments \"\" "
	)
	requested := func(environment, callback, more string) string {
		return `"action":"requested","environment":"` + environment + `","event":"push","ref":"refs/heads/main","deployment_callback_url":"` + callback + `",` + more
	}
	status := func(state, more string) string {
		return `"action":"created",` + deployment + `,"deployment_status":{"id":3,"state":"` + state + `"}` + more
	}
	for _, c := range []eventCase{
		{"whole", "deployment_protection_rule", requested("Production", at, deployment), decide},
		{"of another host", "deployment_protection_rule", requested("Production", strings.Replace(at, "api.github.com", "evil.example:8443", 1), deployment), decide},
		{"of Enterprise Server", "deployment_protection_rule", requested("Production", strings.Replace(at, "api.github.com", "ghe.example/api/v3", 1), deployment), decide},
		{"no deployment", "deployment_protection_rule", requested("Production", at, `"pull_requests":[]`),
			strings.Replace(decide, `,"commit":"`+sha+`","deployment":9`, "", 1)},
		{"nothing but the repository", "deployment_protection_rule", `"action":"requested"`, find},
		{"no address", "deployment_protection_rule", `"action":"requested","environment":"production",` + deployment, find},
		{"no environment", "deployment_protection_rule", `"action":"requested","deployment_callback_url":"` + at + `"`, find},
		{"another action", "deployment_protection_rule", `"action":"novel",` + deployment, "ignored"},
		{"another repository", "deployment_protection_rule", requested("production", strings.Replace(at, "acme/infra", "acme/other", 1), deployment), "bad_request"},
		{"another owner", "deployment_protection_rule", requested("production", strings.Replace(at, "acme/infra", "evil/infra", 1), deployment), "bad_request"},
		{"a path before", "deployment_protection_rule", requested("production", strings.Replace(at, "/repos", "/x/repos", 1), deployment), "bad_request"},
		{"a query", "deployment_protection_rule", requested("production", at+"?x=1", deployment), "bad_request"},
		{"a user", "deployment_protection_rule", requested("production", strings.Replace(at, "api.", "api.github.com@evil.", 1), deployment), "bad_request"},
		{"run 0", "deployment_protection_rule", requested("production", strings.Replace(at, "/5/", "/0/", 1), deployment), "bad_request"},
		{"a huge run", "deployment_protection_rule", requested("production", strings.Replace(at, "/5/", "/9999999999999999999/", 1), deployment), "bad_request"},
		{"a hostile environment", "deployment_protection_rule", requested(`a\u001b[31m`, at, deployment), "bad_request"},
		{"a long environment", "deployment_protection_rule", requested(strings.Repeat("e", 301), at, deployment), "bad_request"},
		{"no commit", "deployment_protection_rule", requested("production", at, `"deployment":{"id":9,"sha":"main"}`), "bad_request"},
		{"under another name", "deployment_protection_rule", status("success", ""), "bad_request"},

		{"succeeded", "deployment_status", status("success", `,"workflow_run":{"id":5}`),
			"accepted\n7/100 deployed \"9\" {\"run\":5,\"environment\":\"Production\",\"commit\":\"" + sha + "\",\"deployment\":9}"},
		{"succeeded without a run", "deployment_status", status("success", `,"workflow_run":null`),
			"accepted\n7/100 deployed \"9\" {\"run\":0,\"environment\":\"Production\",\"commit\":\"" + sha + "\",\"deployment\":9}"},
		{"let through", "deployment_review", `"action":"approved","approver":{"id":5},"comment":"go","workflow_run":{"id":5}`,
			"accepted\n7/100 run \"5\"\n7/100 deployments-wait \"5\""},
		{"held back", "deployment_review", `"action":"rejected","approver":{"id":5},"comment":"go","workflow_run":{"id":5}`,
			"accepted\n7/100 run \"5\"\n7/100 deployments-wait \"5\""},
		{"asked for", "deployment_review", `"action":"requested","requestor":{"id":5},"environment":"production","workflow_run":{"id":5}`, "ignored"},
		{"of no run", "deployment_review", `"action":"approved","approver":{"id":5},"workflow_run":null`, "ignored"},
		{"a run's body", "deployment_review", `"action":"completed","workflow_run":{"id":5}`, "bad_request"},
		{"failed", "deployment_status", status("failure", ""), "ignored"},
		{"no status", "deployment_status", `"action":"created",` + deployment, "bad_request"},
	} {
		e := newEndpoint(t, nil)
		body := strings.Replace(string(of(c.body)), `{"id":31}`, `{"id":31,"login":"acme"}`, 1)
		e.send(delivery(c.event, "d-1", []byte(body)))
		if got := strings.TrimSpace(e.told()); got != strings.TrimSpace(c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}
