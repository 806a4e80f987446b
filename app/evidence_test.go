package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/github/githubtest"
)

const (
	ci     = ".github/workflows/ci.yml"
	ciFile = "on: [pull_request, push, merge_group, workflow_dispatch]\njobs:\n" +
		"  test: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v5}, {run: make test}]}\n" +
		"  record: {needs: test, permissions: {id-token: write}, steps: [{uses: actions/download-artifact@v5}]}\n" +
		"  other: {permissions: {id-token: write}, steps: [{run: make other}]}\n"
	testJob, recordJob, otherJob = 71, 72, 73
)

func asking(assurance string) map[string]string {
	return map[string]string{
		ci: ciFile,
		".github/platform.yml": "version: 1\nenvironments:\n  production:\n    tested:\n      assurance: " + assurance +
			"\n      suites:\n        - {name: unit, workflow: " + ci + ", job: test}\n",
	}
}

// junit is a report of so many tests that pass, fail and are skipped.
func junit(passed, failed, skipped int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<testsuites><testsuite name="s" tests="%d" failures="%d" skipped="%d">`, passed+failed+skipped, failed, skipped)
	for i := range passed + failed + skipped {
		inner := ""
		switch {
		case i < failed:
			inner = "<failure/>"
		case i < failed+skipped:
			inner = "<skipped/>"
		}
		fmt.Fprintf(&b, `<testcase classname="c" name="t%d">%s</testcase>`, i, inner)
	}
	return b.String() + "</testsuite></testsuites>"
}

// document is what `platform evidence record` makes of a report.
func document(commit, tree, content string) []byte {
	out, err := json.Marshal(map[string]any{
		"version": 1, "commit": commit, "tree": tree, "assurance": "isolated",
		"suites": []any{map[string]any{"name": "unit", "reports": []any{
			map[string]any{"name": "report.xml", "content": base64.StdEncoding.EncodeToString([]byte(content))},
		}}},
	})
	if err != nil {
		panic(err)
	}
	return out
}

// recorded is a run at the moment at which its second job uploads what its first one tested.
func recorded(id int64, event, head, sha string) githubtest.Run {
	return githubtest.Run{
		ID: id, Path: ci, HeadSHA: head, SHA: sha, Event: event, Status: "in_progress", Attempt: 1, Started: time.Now().Add(-time.Minute),
		Jobs: []githubtest.Job{
			{ID: id*100 + testJob, Name: "test", Status: "completed", Conclusion: "success"}, {ID: id*100 + recordJob, Name: "record", Status: "in_progress"},
			{ID: id*100 + otherJob, Name: "other", Status: "in_progress"},
		},
	}
}

// bring uploads a body with a token of a job of the run, whose claims may be changed; nil takes one away.
func (w *world) bring(r *githubtest.Repo, run githubtest.Run, job int64, body []byte, changes map[string]any) (status int, answer map[string]any) {
	w.t.Helper()
	return w.present(w.token(r, run, job, body, changes), body)
}

// accepted uploads what a run's second job brings.
func (w *world) accepted(r *githubtest.Repo, run githubtest.Run, body []byte) {
	w.t.Helper()
	if status, answer := w.bring(r, run, recordJob, body, nil); status != http.StatusAccepted {
		w.t.Fatalf("%d %v", status, answer)
	}
}

func (w *world) token(r *githubtest.Repo, run githubtest.Run, job int64, body []byte, changes map[string]any) string {
	w.t.Helper()
	sum := sha256.Sum256(body)
	claims := r.Claims(run.ID, run.ID*100+job, w.env["PLATFORM_PUBLIC_URL"]+"/evidence/"+hex.EncodeToString(sum[:]))
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	token, err := w.hub.IDToken(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func (w *world) present(token string, body []byte) (status int, answer map[string]any) {
	w.t.Helper()
	status, text := w.post("/api/v1/evidence", token, body)
	if err := json.Unmarshal(text, &answer); err != nil {
		w.t.Fatalf("%d %s", status, text)
	}
	return status, answer
}

// post asks the server as a job does.
func (w *world) post(path, token string, body []byte) (status int, answer []byte) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.env["PLATFORM_PUBLIC_URL"]+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func code(answer map[string]any) string {
	fault, _ := answer["error"].(map[string]any)
	text, _ := fault["code"].(string)
	return text
}

// testedRun is the check platform/tested of a commit that counts; its zero value: there is none.
func testedRun(r *githubtest.Repo, sha string) githubtest.CheckRun {
	for _, run := range r.CheckRuns(sha) {
		if run.Name == "platform/tested" {
			return run
		}
	}
	return githubtest.CheckRun{}
}

// shows waits until platform/tested has a title.
func (w *world) shows(r *githubtest.Repo, sha, title, conclusion string) githubtest.CheckRun {
	w.t.Helper()
	if !githubtest.Settle(w.wait, func() bool { return strings.HasPrefix(testedRun(r, sha).Output.Title, title) }) {
		w.t.Fatalf("platform/tested shows %+v, want %q", testedRun(r, sha).Output, title)
	}
	w.settled()
	run := testedRun(r, sha)
	if run.Conclusion != conclusion || !strings.HasPrefix(run.Output.Title, title) {
		w.t.Errorf("platform/tested is %q with the title %q, want %q with %q:\n%s", run.Conclusion, run.Output.Title, conclusion, title, run.Output.Summary)
	}
	return run
}

// asked is a shop that asks for tests, and its server.
func asked(t *testing.T, assurance string) (*world, *githubtest.Repo) {
	t.Helper()
	w := newWorld(t, githubtest.Options{})
	w.public()
	_, r := w.shop("acme", asking(assurance))
	w.start()
	w.swept()
	return w, r
}

// next is a further shop that asks for tests, in an account of its own.
func (w *world) next(assurance string) *githubtest.Repo {
	w.shops++
	_, r := w.shop(fmt.Sprintf("acme-%d", w.shops), asking(assurance))
	return r
}

// change opens a pull request that no Terraform is in.
func (w *world) change(r *githubtest.Repo, branch string, changes map[string]string) (n int, head, merge string) {
	w.t.Helper()
	if changes == nil {
		changes = map[string]string{branch + ".md": "text\n"}
	}
	head = r.Commit(branch, changes)
	n = r.OpenPull("A change", branch, "main", "writer")
	w.send(r.PullEvent("opened", n))
	return n, head, r.PullMerge(n)
}

// end completes a run.
func (w *world) end(r *githubtest.Repo, run githubtest.Run, conclusion string) {
	w.t.Helper()
	run.Status, run.Conclusion = "completed", conclusion
	for i := range run.Jobs {
		if run.Jobs[i].Status != "completed" {
			run.Jobs[i].Status, run.Jobs[i].Conclusion = "completed", conclusion
		}
	}
	r.AddRun(run)
	w.send(r.WorkflowRunEvent("completed", run.ID))
}

// TestTested follows a change from its opening to a green platform/tested, within the calls that it may cost.
func TestTested(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	w.hub.ResetLog()
	_, head, merge := w.change(r, "docs", nil)
	w.shows(r, head, "Waiting: unit: no-evidence", "")
	w.check(r, head)
	if counted, writes, list := w.calls(); counted > 9 || writes > 3 {
		t.Errorf("%d counted calls and %d writes for a new head, want 9 and 3 at most:\n%s", counted, writes, strings.Join(list, "\n"))
	}
	run := recorded(1, "pull_request", head, merge)
	run.Jobs[0].Status, run.Jobs[0].Conclusion = "in_progress", ""
	r.AddRun(run)
	w.send(r.WorkflowRunEvent("in_progress", 1))
	w.shows(r, head, "Waiting: unit: tests-running", "")

	run = recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	body := document(merge, "", junit(3, 0, 1))
	w.hub.ResetLog()
	status, answer := w.bring(r, run, recordJob, body, nil)
	if status != http.StatusAccepted || answer["assurance"] != "isolated" || answer["tree"] != r.Tree(merge) || answer["job"] != "record" {
		t.Fatalf("%d %v", status, answer)
	}
	green := w.shows(r, head, "Tested", "success")
	if !strings.Contains(green.Output.Summary, "ledger entry") {
		t.Errorf("no ledger entry is shown:\n%s", green.Output.Summary)
	}
	if counted, writes, list := w.calls(); counted > 10 || writes > 1 {
		t.Errorf("%d counted calls and %d writes for an upload and its decision, want 10 and 1 at most:\n%s", counted, writes, strings.Join(list, "\n"))
	}
	w.end(r, run, "success")
	w.settled()
	if again := w.shows(r, head, "Tested", "success"); again.Writes != green.Writes || again.ID != green.ID {
		t.Errorf("the same text was written again: %d writes, then %d", green.Writes, again.Writes)
	}
	w.send(r.RerunEvent(head, "platform/tested", "writer"))
	w.eventually("it is written anew, because GitHub took it back", func() bool { return testedRun(r, head).Writes > green.Writes })
	w.shows(r, head, "Tested", "success")

	r.DeleteRun(1)
	w.send(r.CheckSuiteEvent("rerequested", head, "writer")) // all of them
	w.shows(r, head, "Not tested: unit: evidence-missing", "failure")
}

// TestNothingAsked: a repository that asks nothing of tests has no such check, and its runs cost no call.
func TestNothingAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", map[string]string{ci: ciFile})
	w.start()
	w.swept()
	_, head, merge := w.change(r, "docs", nil)
	w.check(r, head)
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	w.hub.ResetLog()
	w.end(r, run, "success")
	w.settled()
	if counted, _, list := w.calls(); len(list) > 0 {
		t.Errorf("%d counted calls for a run that nobody asked for:\n%s", counted, strings.Join(list, "\n"))
	}
	if got := testedRun(r, head); got.ID != 0 {
		t.Errorf("there is a check: %+v", got)
	}
}

// TestUploadAttacks: each of them is refused, and none leaves anything behind that counts.
func TestUploadAttacks(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "same-job")
	_, head, merge := w.change(r, "docs", nil)
	w.shows(r, head, "Waiting", "")
	other := r.Commit("other", map[string]string{"other.md": "text\n"})
	good := document(merge, r.Tree(merge), junit(3, 0, 0))
	now := time.Now().Unix()
	r.AddRun(recorded(90, "push", other, ""))
	id := int64(100)
	for name, c := range map[string]struct {
		run    func(*githubtest.Run)
		claims map[string]any
		job    int64
		body   []byte
		status int
		code   string
	}{
		"a report from another tree":      {body: document(merge, r.Tree(other), junit(3, 0, 0)), status: 403, code: "wrong-tree"},
		"a report of another commit":      {body: document(other, "", junit(3, 0, 0)), status: 403, code: "wrong-tree"},
		"counts in the body":              {body: bytes.Replace(good, []byte(`"name":"unit"`), []byte(`"name":"unit","counts":{"passed":900}`), 1), status: 422, code: "bad-document"},
		"a report that nobody can read":   {body: document(merge, "", "three tests passed, honestly"), status: 422, code: "bad-report"},
		"a bomb in the report":            {body: document(merge, "", bomb()), status: 422, code: "bad-report"},
		"a fork":                          {run: func(r *githubtest.Run) { r.HeadRepo = 999_999 }, status: 403, code: "untrusted-producer"},
		"a run of pull_request_target":    {run: func(r *githubtest.Run) { r.Event = "pull_request_target" }, status: 403, code: "untrusted-producer"},
		"a run of workflow_run":           {run: func(r *githubtest.Run) { r.Event = "workflow_run" }, status: 403, code: "untrusted-producer"},
		"by hand on an open branch":       {run: byHand(head, "docs"), body: document(head, "", junit(3, 0, 0)), status: 403, code: "untrusted-producer"},
		"by hand on a tag":                {run: byHand(head, "docs"), claims: map[string]any{"ref": "refs/tags/docs"}, body: document(head, "", junit(3, 0, 0)), status: 403, code: "untrusted-producer"},
		"another event than the run's":    {claims: map[string]any{"event_name": "push"}, status: 403, code: "wrong-event"},
		"another workflow than the run's": {claims: map[string]any{"workflow_ref": r.FullName() + "/.github/workflows/x.yml@refs/heads/main"}, status: 403, code: "untrusted-producer"},
		"another repository's workflow":   {claims: map[string]any{"workflow_ref": "evil/shop/" + ci + "@refs/heads/main"}, status: 403, code: "untrusted-producer"},
		"another commit":                  {claims: map[string]any{"sha": other}, body: document(other, "", junit(3, 0, 0)), status: 403, code: "wrong-head"},
		"a commit that is nowhere":        {claims: map[string]any{"sha": strings.Repeat("0", 40)}, status: 403, code: "wrong-head"},
		"a run that has ended":            {run: func(r *githubtest.Run) { r.Status = "completed" }, status: 403, code: "run-ended"},
		"an attempt that was repeated":    {claims: map[string]any{"run_attempt": "2"}, status: 403, code: "run-ended"},
		"a run that is nowhere":           {claims: map[string]any{"run_id": "9"}, status: 403, code: "unknown-run"},
		"a job that has ended":            {job: testJob, status: 403, code: "job-ended"},
		"a job that is nowhere":           {claims: map[string]any{"check_run_id": "9"}, status: 403, code: "unknown-job"},
		"a job of another run":            {claims: map[string]any{"check_run_id": text(90*100 + recordJob)}, status: 403, code: "job-ended"},
		"no job":                          {claims: map[string]any{"check_run_id": nil}, status: 403, code: "unknown-job"},
		"a job of no known name":          {run: func(r *githubtest.Run) { r.Jobs[1].Name = "something" }, status: 403, code: "unknown-job"},
		"another purpose":                 {claims: map[string]any{"aud": strings.Replace(w.audience(good), "/evidence/", "/facts/", 1)}, body: good, status: 401, code: "wrong-audience"},
		"an audience of another body":     {claims: map[string]any{"aud": w.audience([]byte("{}"))}, status: 401, code: "wrong-audience"},
		"two audiences":                   {claims: map[string]any{"aud": []string{w.audience(good), "https://elsewhere"}}, body: good, status: 401, code: "wrong-audience"},
		"another issuer":                  {claims: map[string]any{"iss": "https://elsewhere.example.org"}, status: 401, code: "unknown-issuer"},
		"expired":                         {claims: map[string]any{"exp": now - 1}, status: 401, code: "expired"},
		"issued long ago":                 {claims: map[string]any{"iat": now - 700}, status: 401, code: "too-old"},
		"issued in the future":            {claims: map[string]any{"iat": now + 200}, status: 401, code: "not-yet-valid"},
		"another owner":                   {claims: map[string]any{"repository_owner_id": "1"}, status: 404, code: "unknown-repository"},
		"another repository":              {claims: map[string]any{"repository_id": "1"}, status: 404, code: "unknown-repository"},
	} {
		id++
		run := recorded(id, "pull_request", head, merge)
		if c.run != nil {
			c.run(&run)
		}
		r.AddRun(run)
		body, job := c.body, c.job
		if body == nil {
			body = good
		}
		if job == 0 {
			job = recordJob
		}
		status, answer := w.bring(r, run, job, body, c.claims)
		if status != c.status || code(answer) != c.code {
			t.Errorf("%s: %d %v, want %d %s", name, status, answer, c.status, c.code)
		}
		r.DeleteRun(id)
	}
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT","kid":"key-1"}`)) + ".e30.AA"
	if status, answer := w.present(unsigned, good); status != http.StatusUnauthorized || code(answer) != "wrong-algorithm" {
		t.Errorf("no signature: %d %v", status, answer)
	}
	w.settled()
	if got := testedRun(r, head); got.Conclusion == "success" {
		t.Errorf("one of them counts: %s", got.Output.Summary)
	}
}

func (w *world) audience(body []byte) string {
	sum := sha256.Sum256(body)
	return w.env["PLATFORM_PUBLIC_URL"] + "/evidence/" + hex.EncodeToString(sum[:])
}

func byHand(head, branch string) func(*githubtest.Run) {
	return func(r *githubtest.Run) {
		r.Event, r.SHA, r.Branch, r.Ref = "workflow_dispatch", "", branch, "refs/heads/"+branch
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "lol">`)
	for i := range 30 {
		fmt.Fprintf(&b, `<!ENTITY a%d "&a%d;&a%d;">`, i+1, i, i)
	}
	return b.String() + `]><testsuites><testsuite name="s"><testcase name="&a30;"/></testsuite></testsuites>`
}

// TestReplay: a token is good for one upload.
func TestReplay(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	_, head, merge := w.change(r, "docs", nil)
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	body := document(merge, "", junit(3, 0, 0))
	token := w.token(r, run, recordJob, body, nil)
	if status, answer := w.present(token, body); status != http.StatusAccepted {
		t.Fatal(status, answer)
	}
	if status, answer := w.present(token, body); status != http.StatusConflict || code(answer) != "token-used" {
		t.Errorf("the same token: %d %v", status, answer)
	}
	if status, answer := w.present(token, document(merge, "", junit(900, 0, 0))); status != http.StatusUnauthorized || code(answer) != "wrong-audience" {
		t.Errorf("the same token with another body: %d %v", status, answer)
	}
}

// TestEvidenceThatDoesNotCount is taken, because policies change, and does not count as it is.
func TestEvidenceThatDoesNotCount(t *testing.T) {
	t.Parallel()
	w, _ := asked(t, "isolated")
	for name, c := range map[string]struct {
		assurance string
		changes   map[string]string
		run       func(*githubtest.Run)
		job       int64
		content   string
		title     string
		ends      bool // the run may still record until then
	}{
		"another job of the workflow": {assurance: "same-job", job: otherJob, content: junit(3, 0, 0), title: "Not tested: unit: untrusted-producer", ends: true},
		"an edited workflow":          {assurance: "same-job", changes: map[string]string{ci: ciFile + "# edited\n"}, content: junit(3, 0, 0), title: "Not tested: unit: self-attested"},
		"the job that ran the tests": {assurance: "isolated", run: func(r *githubtest.Run) {
			r.Jobs = []githubtest.Job{{ID: 171, Name: "test", Status: "in_progress"}, {ID: 172, Name: "record", Status: "completed", Conclusion: "success"}}
		}, job: testJob, content: junit(3, 0, 0), title: "Waiting: unit: tests-running"},
		"zero tests":            {assurance: "isolated", content: junit(0, 0, 0), title: "Not tested: unit: zero-tests"},
		"all skipped":           {assurance: "isolated", content: junit(0, 0, 9), title: "Not tested: unit: only-skipped"},
		"one that fails":        {assurance: "isolated", content: junit(9, 1, 0), title: "Not tested: unit: tests-failed"},
		"a clock that is ahead": {assurance: "isolated", run: func(r *githubtest.Run) { r.Started = time.Now().Add(time.Hour) }, content: junit(3, 0, 0), title: "Undecided: unit: undecided"},
	} {
		func() { // one server for all of them, so not at the same time
			t.Log(name)
			r := w.next(c.assurance)
			_, head, merge := w.change(r, "docs", c.changes)
			w.shows(r, head, "Waiting", "")
			run := recorded(1, "pull_request", head, merge)
			if c.run != nil {
				c.run(&run)
			}
			r.AddRun(run)
			job := c.job
			if job == 0 {
				job = recordJob
			}
			body := document(merge, "", c.content)
			if status, answer := w.bring(r, run, job, body, nil); status != http.StatusAccepted {
				t.Fatal(status, answer)
			}
			if c.ends {
				w.shows(r, head, "Waiting: unit: tests-running", "")
				w.end(r, run, "success")
			}
			conclusion := "failure"
			if strings.HasPrefix(c.title, "Waiting") {
				conclusion = ""
			}
			w.shows(r, head, c.title, conclusion)
		}()
	}
}

// TestAnotherTenant: a copy of the repository has the same trees, and its evidence proves nothing here.
func TestAnotherTenant(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	_, copied := w.shop("evil", asking("isolated"))
	w.send(w.hub.InstallationEvent("created", w.hub.Install("nobody"), "writer")) // whatever makes the server look around
	_, head, merge := w.change(r, "docs", nil)
	_, theirHead, theirMerge := w.change(copied, "docs", nil)
	if r.Tree(merge) != copied.Tree(theirMerge) {
		t.Fatal("the copy has another tree")
	}
	w.shows(copied, theirHead, "Waiting", "")
	run := recorded(1, "pull_request", theirHead, theirMerge)
	copied.AddRun(run)
	body := document(theirMerge, "", junit(3, 0, 0))
	if status, answer := w.bring(copied, run, recordJob, body, nil); status != http.StatusAccepted {
		t.Fatal(status, answer)
	}
	w.shows(copied, theirHead, "Tested", "success")
	w.shows(r, head, "Waiting: unit: no-evidence", "")
	ours := recorded(2, "pull_request", head, merge)
	r.AddRun(ours)
	status, answer := w.bring(copied, run, recordJob, body, map[string]any{"repository_id": text(r.ID), "repository_owner_id": text(r.Owner().ID)})
	if status != http.StatusForbidden || code(answer) != "unknown-run" {
		t.Errorf("a run of another repository: %d %v", status, answer)
	}
	status, answer = w.bring(r, ours, recordJob, document(merge, "", junit(3, 0, 0)), map[string]any{"check_run_id": text(run.ID*100 + recordJob)})
	if status != http.StatusForbidden || code(answer) != "unknown-job" {
		t.Errorf("a job of another repository: %d %v", status, answer)
	}
}

// TestNewestCounts: a newer trusted run that recorded nothing cancels an older green one.
func TestNewestCounts(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	_, head, merge := w.change(r, "docs", nil)
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	w.accepted(r, run, document(merge, "", junit(3, 0, 0)))
	w.shows(r, head, "Tested", "success")
	w.end(r, run, "success")
	newer := recorded(2, "pull_request", head, merge)
	newer.Started = time.Now().Add(-time.Second)
	r.AddRun(newer)
	w.send(r.WorkflowRunEvent("in_progress", 2))
	w.shows(r, head, "Waiting: unit: tests-running", "")
	w.end(r, newer, "success")
	w.shows(r, head, "Not tested: unit: superseded", "failure")
	w.end(r, newer, "cancelled")
	w.shows(r, head, "Not tested: unit: superseded", "failure")
}

// TestEditedWorkflow: a change of what decides what tests say counts once a code owner who did not write it approved its
// head, and then in the merge queue too.
func TestEditedWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	files := asking("isolated")
	files[".github/CODEOWNERS"] = "/.github/ @writer @owner @acme/ops\n"
	_, r := w.shop("acme", files)
	r.SetRole("owner", "write")
	w.start()
	w.swept()
	n, head, merge := w.change(r, "edited", map[string]string{ci: ciFile + "# edited\n"})
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	w.accepted(r, run, document(merge, "", junit(3, 0, 0)))
	w.shows(r, head, "Not tested: unit: self-attested", "failure")
	for _, login := range []string{"writer", "reader"} { // who wrote it, and who owns nothing
		r.Review(n, login, "APPROVED")
		w.send(r.ReviewEvent("submitted", n, login))
		w.settled()
		w.shows(r, head, "Not tested: unit: self-attested", "failure")
	}
	r.Review(n, "owner", "APPROVED")
	w.send(r.ReviewEvent("submitted", n, "owner"))
	w.shows(r, head, "Tested", "success")

	group := r.MergeGroup(n)
	w.send(r.MergeGroupEvent(n, group))
	w.shows(r, group, "Tested", "success") // its tree is the one that was tested

	again := r.Commit("edited", map[string]string{ci: ciFile + "# edited again\n"})
	w.send(r.PullEvent("synchronize", n))
	w.shows(r, again, "Waiting", "")
	run = recorded(2, "pull_request", again, r.PullMerge(n))
	r.AddRun(run)
	w.accepted(r, run, document(r.PullMerge(n), "", junit(3, 0, 0)))
	w.shows(r, again, "Not tested: unit: self-attested", "failure") // the approval was of another head
}

// TestTeamOwns: whom a team consists of is asked of GitHub, and an invitation is no membership. An account that does not let
// the App see it is told so.
func TestTeamOwns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	files := asking("isolated")
	files[".github/CODEOWNERS"] = "/.github/ @Acme/Ops @elsewhere/ops\n"
	i, r := w.shop("acme", files)
	for _, login := range []string{"member", "invited"} {
		r.SetRole(login, "write")
	}
	w.hub.Join(i, "ops", "member", "active")
	w.hub.Join(i, "ops", "invited", "pending")
	w.start()
	w.swept()
	edit := func(id int64, branch, login, title, conclusion string) githubtest.CheckRun {
		t.Helper()
		n, head, merge := w.change(r, branch, map[string]string{ci: ciFile + "# " + branch + "\n"})
		r.Review(n, login, "APPROVED")
		run := recorded(id, "pull_request", head, merge)
		r.AddRun(run)
		w.accepted(r, run, document(merge, "", junit(3, 0, 0)))
		return w.shows(r, head, title, conclusion)
	}
	edit(1, "invitation", "invited", "Not tested: unit: self-attested", "failure")
	edit(2, "membership", "member", "Tested", "success")

	granted := map[string]string{}
	for _, p := range github.Permissions() {
		if p.Name != "members" {
			granted[p.Name] = p.Level
		}
	}
	w.hub.Grant(granted, github.Events())
	w.hub.ExpireTokens()
	run := edit(3, "hidden", "member", "Not tested: unit: self-attested", "failure")
	if !strings.Contains(run.Output.Summary, "members: read") {
		t.Errorf("what the account has to grant is not said:\n%s", run.Output.Summary)
	}
}

// TestGuardedPointers: a symbolic link is no file, and what it stands for decides what tests say all the same.
func TestGuardedPointers(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	_, head, merge := w.change(r, "linked", map[string]string{".github/actions/test": githubtest.Link("../../elsewhere")})
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	w.accepted(r, run, document(merge, "", junit(3, 0, 0)))
	w.shows(r, head, "Not tested: unit: self-attested", "failure")
}

// TestRecordByCommand uploads as the documentation tells: in a job of its own, without a checkout.
func TestRecordByCommand(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	_, head, merge := w.change(r, "docs", nil)
	run := recorded(1, "pull_request", head, merge)
	run.Jobs = run.Jobs[:2]
	r.AddRun(run)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "report.xml"), []byte(junit(12, 0, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), w.cli(), "evidence", "record", "--junit", "unit=report.xml", "--upload", "--server", w.env["PLATFORM_PUBLIC_URL"])
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ACTIONS_ID_TOKEN_REQUEST_URL="+w.hub.RequestURL(run.ID), "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+githubtest.RunSecret(run.ID),
		"GITHUB_SHA="+merge, "GITHUB_ACTIONS=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.shows(r, head, "Tested", "success")
}

// TestNothingRan: whatever GitHub shows of a run in which nothing ran, the check says so, and waits for nothing more.
func TestNothingRan(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	_, head, merge := w.change(r, "empty", nil)
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	w.bring(r, run, recordJob, document(merge, "", junit(0, 0, 0)), nil)
	w.end(r, run, "success")
	w.shows(r, head, "Not tested: unit: zero-tests", "failure")

	_, head, merge = w.change(r, "silent", nil)
	run = recorded(2, "pull_request", head, merge)
	r.AddRun(run)
	w.end(r, run, "success")
	w.shows(r, head, "Not tested: unit: no-evidence", "failure")
}

// TestMovedBase: what was tested before the base moved is not what a merge would make now; whoever asks anew is told so,
// and a run on the new merge answers it.
func TestMovedBase(t *testing.T) {
	t.Parallel()
	w, r := asked(t, "isolated")
	n, head, merge := w.change(r, "docs", nil)
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	w.accepted(r, run, document(merge, "", junit(3, 0, 0)))
	w.shows(r, head, "Tested", "success")
	w.end(r, run, "success")

	r.Commit("main", map[string]string{"other.md": "text\n"})
	r.Retarget(n, "main") // GitHub makes another test merge
	moved := r.PullMerge(n)
	if r.Tree(moved) == r.Tree(merge) {
		t.Fatal("the base did not move")
	}
	w.send(r.RerunEvent(head, "platform/tested", "writer"))
	w.shows(r, head, "Waiting: unit: merge-not-tested", "") // for the first two minutes of a head, then it is red
	again := recorded(2, "pull_request", head, moved)
	r.AddRun(again)
	if status, answer := w.bring(r, again, recordJob, document(merge, "", junit(3, 0, 0)), nil); status != http.StatusForbidden || code(answer) != "wrong-tree" {
		t.Errorf("the reports of the merge before: %d %v", status, answer)
	}
	w.accepted(r, again, document(moved, "", junit(3, 0, 0)))
	w.shows(r, head, "Tested", "success")
}

// TestApprovalTakenBack: a merge group brings nothing whose approval does not stand any more.
func TestApprovalTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.public()
	files := asking("isolated")
	files[".github/CODEOWNERS"] = "/.github/ @owner @reader\n"
	_, r := w.shop("acme", files)
	r.SetRole("owner", "write")
	w.start()
	w.swept()
	n, head, merge := w.change(r, "edited", map[string]string{ci: ciFile + "# edited\n"})
	run := recorded(1, "pull_request", head, merge)
	r.AddRun(run)
	w.accepted(r, run, document(merge, "", junit(3, 0, 0)))
	w.shows(r, head, "Not tested: unit: self-attested", "failure")
	r.Review(n, "reader", "APPROVED") // an owner who may not write
	w.send(r.ReviewEvent("submitted", n, "reader"))
	w.settled()
	w.shows(r, head, "Not tested: unit: self-attested", "failure")
	r.Review(n, "owner", "APPROVED")
	w.send(r.ReviewEvent("submitted", n, "owner"))
	w.shows(r, head, "Tested", "success")
	r.Review(n, "owner", "CHANGES_REQUESTED")
	w.send(r.ReviewEvent("submitted", n, "owner"))
	w.shows(r, head, "Not tested: unit: self-attested", "failure")
	group := r.MergeGroup(n)
	w.send(r.MergeGroupEvent(n, group))
	w.shows(r, group, "Not tested: unit: self-attested", "failure")
}
