package github_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
)

// told is what became of a delivery, in a few lines.
func (e *endpoint) told() string {
	var b strings.Builder
	_, outcome, _ := strings.Cut(e.observed[len(e.observed)-1], " ")
	b.WriteString(outcome)
	if len(e.inbox.deliveries) == 0 {
		return b.String()
	}
	d := e.inbox.deliveries[len(e.inbox.deliveries)-1]
	for _, t := range e.inbox.tasks[len(e.inbox.tasks)-1] {
		fmt.Fprintf(&b, "\n%s %s %q %s", t.Tenant, t.Kind, t.Subject, t.Input)
	}
	if p := d.Pull; p != nil {
		fmt.Fprintf(&b, "\npull %d %s into %s, open %t, seen %s", p.Number, p.Head, p.Base, p.Open, p.Seen.Format(time.RFC3339))
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

func pullBody(members string) string {
	return members + `,"number":2,"pull_request":{"state":"open","updated_at":"2026-01-02T03:00:00Z","head":{"sha":"` + sha + `"},"base":{"ref":"main"}}`
}

func pushBody(ref string, rest string) string {
	return `"ref":"` + ref + `","before":"` + older + `","after":"` + sha + `",` + rest
}

func commits(lists string) string { return `"commits":[{"id":"` + sha + `",` + lists + `}]` }

func checkBody(members string) string {
	return members + `,"check_run":{"id":9,"head_sha":"` + sha + `","app":{"id":4711}}`
}

func commentBody(action, members string) string {
	return `"action":"` + action + `","issue":{"number":2,"pull_request":{}},"comment":{"id":77,"created_at":"2026-01-02T03:00:00Z",` + members + `}`
}

func byAda(text string) string {
	data, _ := json.Marshal(text)
	return commentBody("created", `"body":`+string(data)+`,"user":{"id":5,"login":"ada","type":"User"}`)
}

const (
	pullSeen = "\npull 2 " + sha + " into main, open true, seen 2026-01-02T03:00:00Z"
	atHead   = "accepted\n7/100 head \"" + sha + "\"" + pullSeen
	sender   = `"sender":{"id":5,"login":"ada","kind":"User"}`
	sweep    = "accepted\n7/100 repository \"\" "
	moved    = "accepted\n7/100 branch \"\" "
	synced   = "accepted\n7/0 installation \"\" "
	ourBot   = `"body":"x","user":{"id":41,"login":"platform[bot]","type":"Bot"},"performed_via_github_app":{"id":4711}`
	restored = "accepted\n7/100 comment \"2\" "
)

type eventCase struct{ name, event, body, want string }

func pullCases() []eventCase {
	var out []eventCase
	for _, action := range []string{"opened", "reopened", "ready_for_review", "converted_to_draft"} {
		out = append(out, eventCase{action, "pull_request", pullBody(`"action":"` + action + `"`), atHead})
	}
	for _, action := range []string{"assigned", "labeled", "unlabeled", "locked", "edited", "novel", ""} {
		out = append(out, eventCase{"pull request " + action, "pull_request", pullBody(`"action":"` + action + `"`), "ignored"})
	}
	return append(out,
		eventCase{"closed", "pull_request", strings.Replace(pullBody(`"action":"closed"`), `"open"`, `"closed"`, 1), strings.Replace(atHead, "open true", "open false", 1)},
		eventCase{"another base", "pull_request", pullBody(`"action":"edited","changes":{"base":{"ref":{"from":"old"}}}`), atHead},
		eventCase{"another title", "pull_request", pullBody(`"action":"edited","changes":{"title":{"from":"old"}}`), "ignored"},
		eventCase{"synchronize", "pull_request", pullBody(`"action":"synchronize","before":"` + older + `","after":"` + sha + `"`),
			"accepted\n7/100 head \"" + sha + "\"\n7/100 head \"" + older + "\"" + pullSeen},
		eventCase{"synchronize without before", "pull_request", pullBody(`"action":"synchronize"`), atHead},
		eventCase{"synchronize with a bad before", "pull_request", pullBody(`"action":"synchronize","before":"main"`), "bad_request"},
	)
}

func pushCases() []eventCase {
	quiet := commits(`"added":["main.tf"],"removed":[],"modified":["a/b.tf"]`)
	many := `"commits":[` + strings.Repeat(`{"id":"x","added":["a.tf"]},`, 2047) + `{"id":"` + sha + `","added":["a.tf"]}]`
	return []eventCase{
		{"push of Terraform", "push", pushBody("refs/heads/main", quiet), moved},
		{"push of configuration", "push", pushBody("refs/heads/main", commits(`"modified":["x.tf",".github/platform.yml"]`)), sweep},
		{"push of a workflow", "push", pushBody("refs/heads/main", commits(`"added":[".github/CODEOWNERS"]`)), sweep},
		{"usage removed", "push", pushBody("refs/heads/main", commits(`"removed":["infra/usage.yaml"]`)), sweep},
		{"usage added", "push", pushBody("refs/heads/main", commits(`"added":["infra/usage.yml"]`)), sweep},
		{"forced", "push", pushBody("refs/heads/main", `"forced":true,`+quiet), sweep},
		{"no commits", "push", pushBody("refs/heads/main", `"commits":[]`), sweep},
		{"no files", "push", pushBody("refs/heads/main", commits(`"added":[]`)), sweep},
		{"cut list", "push", pushBody("refs/heads/main", strings.Replace(quiet, sha, older, 1)), sweep},
		{"very many commits", "push", pushBody("refs/heads/main", many), sweep},
		{"branch deleted", "push", pushBody("refs/heads/main", `"deleted":true,"commits":[]`), "ignored"},
		{"other branch", "push", pushBody("refs/heads/main2", `"commits":[]`), "ignored"},
		{"tag of that name", "push", pushBody("refs/tags/main", `"commits":[]`), "ignored"},
	}
}

func checkCases() []eventCase {
	button := func(subject, check, action string) string {
		return "accepted\n7/100 button \"" + subject + "\" {\"check\":" + check + ",\"head\":\"" + sha + "\"," + sender + ",\"action\":\"" + action + "\"}"
	}
	suite := `"action":"rerequested","check_suite":{"id":3,"head_sha":"` + sha + `","app":{"id":4711}}`
	return []eventCase{
		{"rerequested", "check_run", checkBody(`"action":"rerequested"`), button("9:rerun:5", "9", "rerun")},
		{"button", "check_run", checkBody(`"action":"requested_action","requested_action":{"identifier":"ack-0a1b2c3d"}`), button("9:ack-0a1b2c3d:5", "9", "ack-0a1b2c3d")},
		{"odd button", "check_run", checkBody(`"action":"requested_action","requested_action":{"identifier":"ack:1"}`), "bad_request"},
		{"long button", "check_run", checkBody(`"action":"requested_action","requested_action":{"identifier":"aaaaaaaaaaaaaaaaaaaaa"}`), "bad_request"},
		{"no button", "check_run", checkBody(`"action":"requested_action"`), "bad_request"},
		{"created", "check_run", checkBody(`"action":"created"`), "ignored"},
		{"completed", "check_run", checkBody(`"action":"completed"`), "ignored"},
		{"a test's check completed", "check_run", strings.Replace(checkBody(`"action":"completed"`), "4711", "15368", 1),
			"accepted\n7/100 deployments-wait \"" + sha + "\""},
		{"of no commit", "check_run", `"action":"completed","check_run":{"id":9,"head_sha":"main","app":{"id":15368}}`, "bad_request"},
		{"another App's", "check_run", strings.Replace(checkBody(`"action":"rerequested"`), "4711", "15368", 1), "ignored"},
		{"check without id", "check_run", strings.Replace(checkBody(`"action":"rerequested"`), `"id":9,`, "", 1), "bad_request"},
		{"suite", "check_suite", suite, button("suite:"+sha, "0", "rerun")},
		{"suite requested", "check_suite", strings.Replace(suite, "rerequested", "requested", 1), "ignored"},
		{"another App's suite", "check_suite", strings.Replace(suite, "4711", "15368", 1), "ignored"},
		{"suite of no commit", "check_suite", strings.Replace(suite, sha, "HEAD", 1), "bad_request"},
	}
}

func commentCases() []eventCase {
	command := func(text string, via string) string {
		return "accepted\n7/100 command \"77\" {\"number\":2,\"comment\":77,\"author\":5,\"via_app\":" + via + "," + sender + ",\"text\":\"" + text + "\",\"written\":\"2026-01-02T03:00:00Z\",\"received\":\"2026-01-02T03:04:05Z\"}"
	}
	return []eventCase{
		{"command", "issue_comment", byAda("Yes.\r\n  /platform ack 0a1b2c3d  \r\n/platform recheck"), command("/platform ack 0a1b2c3d", "false")},
		{"command through an App", "issue_comment", strings.Replace(byAda("/platform recheck"), `"user"`, `"performed_via_github_app":{"id":1},"user"`, 1), command("/platform recheck", "true")},
		{"talk", "issue_comment", byAda("I typed /platform recheck"), "ignored"},
		{"on an issue", "issue_comment", strings.Replace(byAda("/platform recheck"), `,"pull_request":{}`, "", 1), "ignored"},
		{"on null", "issue_comment", strings.Replace(byAda("/platform recheck"), `"pull_request":{}`, `"pull_request":null`, 1), "ignored"},
		{"command without time", "issue_comment", strings.Replace(byAda("/platform recheck"), `"created_at":"2026-01-02T03:00:00Z",`, "", 1), "bad_request"},
		{"command edited", "issue_comment", strings.Replace(byAda("/platform recheck"), "created", "edited", 1), "ignored"},
		{"ours edited", "issue_comment", commentBody("edited", ourBot), restored},
		{"ours deleted", "issue_comment", commentBody("deleted", ourBot), restored},
		{"ours created", "issue_comment", commentBody("created", ourBot), "ignored"},
		{"ours edited by us", "issue_comment", commentBody("edited", strings.Replace(ourBot, "41", "5", 1)), "ignored"},
		{"another bot's edited", "issue_comment", commentBody("edited", strings.Replace(ourBot, "4711", "15368", 1)), "ignored"},
		{"a bot's without App", "issue_comment", commentBody("edited", strings.Replace(ourBot, `{"id":4711}`, "null", 1)), "ignored"},
		{"a person's through us", "issue_comment", commentBody("edited", strings.Replace(ourBot, "Bot", "User", 1)), "ignored"},
	}
}

func repositoryCases() []eventCase {
	group := `"action":"checks_requested","merge_group":{"head_sha":"` + sha + `","head_ref":"refs/heads/gh-readonly-queue/rel/1/pr-12-` + older +
		`","base_sha":"` + older + `","base_ref":"refs/heads/rel/1"}`
	input := func(number, gone string) string {
		return "accepted\n7/100 group \"" + sha + "\" {\"base\":\"" + older + "\",\"ref\":\"refs/heads/gh-readonly-queue/rel/1/pr-12-" + older +
			"\",\"branch\":\"rel/1\",\"number\":" + number + ",\"gone\":" + gone + "}"
	}
	out := []eventCase{
		{"group", "merge_group", group, input("12", "false")},
		{"group destroyed", "merge_group", strings.Replace(group, "checks_requested", "destroyed", 1), input("12", "true")},
		{"group with another ref", "merge_group", strings.ReplaceAll(group, "pr-12", "pr-x"), strings.Replace(input("0", "false"), "pr-12", "pr-x", 1)},
		{"group of no commit", "merge_group", strings.Replace(group, `"base_sha":"`+older, `"base_sha":"`, 1), "bad_request"},
		{"group novel", "merge_group", strings.Replace(group, "checks_requested", "novel", 1), "ignored"},
		{"default branch", "repository", `"action":"edited","changes":{"default_branch":{"from":"master"}}`, sweep},
		{"description", "repository", `"action":"edited","changes":{"description":{"from":"x"}}`, "ignored"},
		{"created repository", "repository", `"action":"created"`, "accepted\n7/0 installation \"\""},
	}
	for _, action := range []string{"renamed", "transferred", "archived", "unarchived", "deleted", "privatized", "publicized"} {
		out = append(out, eventCase{action, "repository", `"action":"` + action + `"`, sweep})
	}
	return out
}

func TestEvents(t *testing.T) {
	t.Parallel()
	cases := pullCases()
	cases = append(cases, pushCases()...)
	cases = append(cases, checkCases()...)
	cases = append(cases, commentCases()...)
	cases = append(cases, repositoryCases()...)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEndpoint(t, nil)
			e.send(delivery(c.event, "d-1", of(c.body)))
			if diff := cmp.Diff(strings.TrimSpace(c.want), strings.TrimSpace(e.told())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestInstallationEvents(t *testing.T) {
	t.Parallel()
	const repositories = `,"installation":{"id":7,"account":{"id":31}},"repositories_added":[],"repositories_removed":[]}`
	for _, c := range []eventCase{
		{"created", "installation", `{"action":"created","installation":{"id":7,"account":{"id":31}},"repositories":[{"id":1}]}`, synced},
		{"deleted", "installation", `{"action":"deleted","installation":{"id":7,"account":{"id":31}}}`, synced},
		{"suspend", "installation", `{"action":"suspend","installation":{"id":7,"account":{"id":31}}}`, synced},
		{"unsuspend", "installation", `{"action":"unsuspend","installation":{"id":7,"account":{"id":31}}}`, synced},
		{"permissions", "installation", `{"action":"new_permissions_accepted","installation":{"id":7,"account":{"id":31}}}`, synced},
		{"novel", "installation", `{"action":"novel","installation":{"id":7,"account":{"id":31}}}`, "ignored"},
		{"no id", "installation", `{"action":"created","installation":{"account":{"id":31}}}`, "ignored"},
		{"added", "installation_repositories", `{"action":"added"` + repositories, synced},
		{"removed", "installation_repositories", `{"action":"removed"` + repositories, synced},
		{"renamed", "installation_target", `{"action":"renamed","installation":{"id":7},"account":{"id":31}}`, synced},
		{"policies", "push", strings.Replace(string(of(pushBody("refs/heads/main", `"commits":[]`))), `"infra"`, `".GitHub"`, 1), synced},
		{"policies elsewhere", "push", strings.Replace(string(of(pushBody("refs/heads/x", `"commits":[]`))), `"infra"`, `".github"`, 1), "ignored"},
		{"no installation", "pull_request", strings.Replace(string(opened()), `"installation":{"id":7},`, "", 1), "ignored"},
		{"no repository id", "pull_request", strings.Replace(string(opened()), `"id":100,`, "", 1), "ignored"},
		{"negative id", "pull_request", strings.Replace(string(opened()), `"id":100,`, `"id":-1,`, 1), "ignored"},
		{"ping", "ping", `{"zen":"Keep it logically awesome.","hook_id":1}`, "ping"},
		{"workflow job", "workflow_job", string(of(`"action":"completed"`)), "ignored"},
	} {
		e := newEndpoint(t, nil)
		w := e.send(delivery(c.event, "d-1", []byte(c.body)))
		if diff := cmp.Diff(strings.TrimSpace(c.want), strings.TrimSpace(e.told())); diff != "" || w.Code != 202 {
			t.Errorf("%s: %d (-want +got):\n%s", c.name, w.Code, diff)
		}
	}
	e := newEndpoint(t, func(o *github.WebhookOptions) { o.PolicyRepo = "infra" })
	e.send(delivery("push", "d-1", of(pushBody("refs/heads/main", `"commits":[]`))))
	if diff := cmp.Diff(strings.TrimSpace(synced), strings.TrimSpace(e.told())); diff != "" {
		t.Errorf("another policy repository:\n%s", diff)
	}
}

// A run that begins or ends is looked at; nothing of the delivery but its id is.
func TestRunEvents(t *testing.T) {
	t.Parallel()
	const run = `,"workflow_run":{"id":5,"path":"hostile","head_sha":"not read"}`
	for body, want := range map[string]string{
		`"action":"completed"` + run:                                     "accepted\n7/100 run \"5\"",
		`"action":"in_progress"` + run:                                   "accepted\n7/100 run \"5\"",
		`"action":"requested"` + run:                                     "accepted\n7/100 run \"5\"",
		`"action":"novel"` + run:                                         "ignored",
		`"action":"completed"`:                                           "bad_request",
		`"action":"completed","workflow_run":null`:                       "bad_request",
		`"action":"completed","workflow_run":{"id":-1}`:                  "bad_request",
		`"action":"completed","workflow_run":{"id":"5"}`:                 "bad_request",
		`"action":"completed","workflow_run":{"id":5},"workflow_job":{}`: "bad_request",
	} {
		e := newEndpoint(t, nil)
		e.send(delivery("workflow_run", "d-1", of(body)))
		if diff := cmp.Diff(want, strings.TrimSpace(e.told())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

// A review may approve what is guarded: the head is looked at again.
func TestReviewEvents(t *testing.T) {
	t.Parallel()
	const pull = `,"pull_request":{"state":"open","head":{"sha":"` + sha + `"}}`
	for body, want := range map[string]string{
		`"action":"submitted","review":{"id":1}` + pull:                              "accepted\n7/100 tested \"" + sha + `"`,
		`"action":"dismissed","review":{"id":1}` + pull:                              "accepted\n7/100 tested \"" + sha + `"`,
		`"action":"edited","review":{"id":1}` + pull:                                 "ignored",
		`"action":"submitted"` + pull:                                                "bad_request",
		`"action":"submitted","review":{"id":1}`:                                     "bad_request",
		`"action":"submitted","review":{"id":1},"pull_request":{"head":{"sha":"x"}}`: "bad_request",
	} {
		e := newEndpoint(t, nil)
		e.send(delivery("pull_request_review", "d-1", of(body)))
		if diff := cmp.Diff(want, strings.TrimSpace(e.told())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

// Only a person gives commands; who sends a button is checked when it is answered.
func TestCommandOfBot(t *testing.T) {
	t.Parallel()
	for kind, outcome := range map[string]string{"Bot": "ignored", "Organization": "ignored", "": "ignored", "User": "accepted"} {
		e := newEndpoint(t, nil)
		body := strings.Replace(string(of(byAda("/platform recheck"))), `"login":"ada","type":"User"},"action"`, `"login":"ada","type":"`+kind+`"},"action"`, 1)
		e.send(delivery("issue_comment", "d-1", []byte(body)))
		if !strings.HasPrefix(e.told(), outcome) {
			t.Errorf("%q: %s", kind, e.told())
		}
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/platform":                                 "/platform",
		"\t /platform explain tags ":                "/platform explain tags",
		"/platformer":                               "",
		"/platform-team\n/platform recheck":         "/platform recheck",
		"> /platform recheck":                       "",
		"```\n/platform ack 1\n```\n/platform help": "/platform help",
		"~~~ sh\n/platform ack 1\n```\n~~\n/platform ack 2\n~~~~\n/platform help": "/platform help",
		"````\n```\n/platform ack 1\n````":                                        "",
		"```\n/platform ack 1":                                                    "",
		"```\n``` x\n/platform ack 1":                                             "",
		"```not a fence``` \n/platform help":                                      "/platform help",
		"/platform a\x00b\x1bc\u0085d":                                            "/platform a b c d",
		"/platform " + strings.Repeat("é", 600):                                   "/platform " + strings.Repeat("é", 495),
		"/Platform recheck":                                                       "",
	} {
		e := newEndpoint(t, nil)
		e.send(delivery("issue_comment", "d-1", of(byAda(text))))
		var in control.CommandInput
		if len(e.inbox.tasks) == 1 {
			if err := json.Unmarshal(e.inbox.tasks[0][0].Input, &in); err != nil {
				t.Fatal(err)
			}
		}
		if in.Text != want || len(in.Text) > 1000 {
			t.Errorf("%q gives %q, not %q", text, in.Text, want)
		}
	}
}
