package main

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestGitHubDownAtStart: the server takes webhooks at once, and does the work when GitHub is back.
func TestGitHubDownAtStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	sha := r.Commit("bigger", bigger("m5.large"))
	n := r.OpenPull("A change", "bigger", "main", "writer")
	w.hub.Down(true)
	w.start()
	w.send(r.PullEvent("opened", n))
	w.hub.Down(false)
	equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
	equal(t, "comments", len(r.Comments(n)), 1)
}

// TestAnswersThatNobodySaw: GitHub did it, and the connection ended before it said so. There is still one check run and
// one comment.
func TestAnswersThatNobodySaw(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	w.hub.Fault(githubtest.Fault{Method: http.MethodPost, Path: "/check-runs", AfterEffect: true})
	w.hub.Fault(githubtest.Fault{Method: http.MethodPatch, Path: "/check-runs/", AfterEffect: true})
	w.hub.Fault(githubtest.Fault{Method: http.MethodPost, Path: "/comments", AfterEffect: true})
	sha := r.Commit("bigger", bigger("m5.large"))
	n := r.OpenPull("A change", "bigger", "main", "writer")
	w.send(r.PullEvent("opened", n))
	w.eventually("the comment is there", func() bool { return sticky(r.Comments(n)).ID != 0 })
	equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
	w.idle()
	equal(t, "check runs", len(r.CheckRuns(sha)), 1)
	equal(t, "comments", len(r.Comments(n)), 1)
}

// TestRefusals: whatever GitHub answers in between, the verdict comes.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault githubtest.Fault
	}{
		{"reading a pull request fails", githubtest.Fault{Path: "/pulls/", Status: http.StatusBadGateway, Times: 2}},
		{"the source cannot be fetched", githubtest.Fault{Path: "/_codeload/", Status: http.StatusServiceUnavailable}},
		{"the source ends halfway", githubtest.Fault{Path: "/_codeload/", Close: true}},
		{"writing the check is refused for the rate", githubtest.Fault{
			Method: http.MethodPost, Path: "/check-runs", Status: http.StatusForbidden, Header: http.Header{"Retry-After": {"1"}},
			Body: map[string]string{"message": "You have exceeded a secondary rate limit."},
		}},
		{"too many requests", githubtest.Fault{Path: "/compare/", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}}},
		{"no token", githubtest.Fault{Path: "/access_tokens", Status: http.StatusInternalServerError}},
		{"the token was revoked", githubtest.Fault{Path: "/compare/", Status: http.StatusUnauthorized}},
		{"the comment cannot be written", githubtest.Fault{Method: http.MethodPost, Path: "/comments", Status: http.StatusBadGateway}},
		{"the end of the check cannot be written", githubtest.Fault{Method: http.MethodPatch, Path: "/check-runs/", Status: http.StatusInternalServerError}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubtest.Options{})
			_, r := w.shop("acme", nil)
			w.start()
			w.swept()
			w.hub.ExpireTokens()
			w.hub.Fault(c.fault)
			sha := r.Commit("bigger", bigger("m5.large"))
			n := r.OpenPull("A change", "bigger", "main", "writer")
			w.send(r.PullEvent("opened", n))
			w.eventually("the comment is there", func() bool { return sticky(r.Comments(n)).ID != 0 })
			equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
			w.idle()
			equal(t, "check runs", len(r.CheckRuns(sha)), 1)
			equal(t, "comments", len(r.Comments(n)), 1)
		})
	}
}

// TestDeliveriesThatWereMissed are asked for again.
func TestDeliveriesThatWereMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	address := w.url + "/webhooks/github"
	w.env["PLATFORM_LISTEN"] = strings.TrimPrefix(w.url, "http://") // GitHub knows one address
	w.swept()
	w.halt()
	sha := r.Commit("bigger", bigger("m5.large"))
	n := r.OpenPull("A change", "bigger", "main", "writer")
	if status := w.hub.Send(t.Context(), address, r.PullEvent("opened", n)); status != 0 {
		t.Fatalf("somebody answered %d", status)
	}
	w.start()
	equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
	w.eventually("the delivery is asked for again", func() bool { return w.hub.Redelivered() == 1 })
	equal(t, "comments", len(r.Comments(n)), 1)
}

// TestReadsThatLag: a pull request that GitHub still shows as it was is not judged by that.
func TestReadsThatLag(t *testing.T) {
	t.Parallel()
	clock := &ticking{at: time.Now().Add(-time.Minute).Truncate(time.Second)}
	w := newWorld(t, githubtest.Options{Now: clock.now})
	_, r := w.shop("acme", nil)
	w.start()
	n, first, _ := w.propose(r, "bigger", bigger("m5.large"))
	clock.tick(30 * time.Second)
	second := r.Commit("bigger", bigger("m5.xlarge"))
	r.Lag(2)
	w.send(r.PullEvent("synchronize", n))
	equal(t, "conclusion of the new head", w.check(r, second).Conclusion, "success")
	w.eventually("the comment is about the new head", func() bool { return strings.Contains(sticky(r.Comments(n)).Body, second[:7]) })
	equal(t, "writes of the old head's check", r.CheckRuns(first)[0].Writes, 2)
}

// TestRenamed: what is known by its id is found under any name.
func TestRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	event := r.PullEvent("synchronize", n)
	r.Rename("store")
	sha := r.Commit("bigger", bigger("m5.xlarge"))
	w.send(event) // with the old name, about an old head
	w.send(r.PullEvent("synchronize", n))
	equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
	w.send(r.RepositoryEvent("renamed", "writer"))
	w.settled()
	equal(t, "comments", len(r.Comments(n)), 1)
}

// TestUninstalled: nothing is asked of an account that has left.
func TestUninstalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	i, r := w.shop("acme", nil)
	w.start()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	gone := w.hub.InstallationEvent("deleted", i, "writer")
	w.hub.Uninstall(i)
	w.send(gone)
	w.settled()
	w.hub.ResetLog()
	w.send(r.PullEvent("synchronize", n))
	w.settled()
	if _, writes, list := w.calls(); writes != 0 {
		t.Errorf("calls after the App was removed: %q", list)
	}
}

// idle waits until nothing is due later either.
func (w *world) idle() {
	w.t.Helper()
	w.eventually("nothing waits", func() bool {
		m := w.metrics()
		for _, state := range []string{"available", "running", "retryable", "scheduled"} {
			if m[`platform_queue_jobs{state="`+state+`"}`] != 0 {
				return false
			}
		}
		return true
	})
}

// ticking is a clock that a test moves.
type ticking struct {
	mu sync.Mutex
	at time.Time
}

func (c *ticking) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *ticking) tick(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// TestTenants: every id of one account in a delivery for another reaches nothing.
func TestTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	one, theirs := w.shop("acme", limited())
	_, r := w.shop("globex", limited())
	w.start()
	w.swept()
	n, sha, run := w.propose(theirs, "bigger", bigger("m5.large"))
	m, other, _ := w.propose(r, "bigger", bigger("m5.xlarge"))
	before := w.hub.Log()
	events := []githubtest.Event{
		theirs.PullEvent("synchronize", n), theirs.CheckRunEvent("requested_action", sha, run.Actions[0].Identifier, "writer"),
		theirs.CheckRunEvent("rerequested", sha, "", "writer"), theirs.MergeGroupEvent(n, theirs.MergeGroup(n)),
		theirs.CommentEvent("created", theirs.Comment(n, "writer", "/platform ack "+strings.TrimPrefix(run.Actions[0].Identifier, "ack-")), "writer"),
		theirs.PushEvent("main", sha, "writer", "infra/main.tf"), theirs.RepositoryEvent("renamed", "writer"), w.hub.InstallationEvent("created", one, "writer"),
	}
	mine := text(r.ID)
	for _, e := range events {
		for _, swap := range [][2]string{
			{`"installation":{"id":` + text(one.ID), `"installation":{"id":` + text(r.Installation())},
			{`"id":` + text(theirs.ID) + `,`, `"id":` + mine + `,`},
			{sha, other},
		} {
			changed := e
			changed.Body = []byte(strings.ReplaceAll(string(e.Body), swap[0], swap[1]))
			if string(changed.Body) == string(e.Body) {
				continue // that would be their own word
			}
			changed.GUID = strings.Replace(e.GUID, "0000-11f0", text(int64(len(swap[0])))+"-11f0", 1)
			w.hub.Send(t.Context(), w.url+"/webhooks/github", changed)
		}
	}
	w.settled()
	equal(t, "conclusion of the one", theirs.CheckRuns(sha)[0].Conclusion, "action_required")
	equal(t, "conclusion of the other", r.CheckRuns(other)[0].Conclusion, "action_required")
	equal(t, "comments of the one", ours(theirs.Comments(n)), 1)
	equal(t, "comments of the other", ours(r.Comments(m)), 1)
	for _, call := range w.hub.Log()[len(before):] {
		if call.Tenant == one.ID && strings.Contains(call.Path, "globex") || call.Tenant == r.Installation() && strings.Contains(call.Path, "acme") {
			if call.Status < 400 {
				t.Errorf("a token of one account reached the other: %+v", call)
			}
		}
	}
	equal(t, "checks on the other account's commit", len(theirs.CheckRuns(other)), 0)
}

// TestDrain: a server that is asked to end takes no more, finishes what it is at, and exits 0.
func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	w.hub.Fault(githubtest.Fault{Method: http.MethodGet, Path: "/tarball", Times: 2, Delay: time.Second})
	sha := r.Commit("bigger", bigger("m5.large"))
	n := r.OpenPull("A change", "bigger", "main", "writer")
	event := r.PullEvent("opened", n)
	w.send(event)
	w.eventually("the work begins", func() bool { return len(r.CheckRuns(sha)) == 1 })
	w.stop()
	equal(t, "exit code", <-w.done, 0)
	w.stop = nil
	equal(t, "status", r.CheckRuns(sha)[0].Status, "completed")
	equal(t, "comments", len(r.Comments(n)), 1)
	equal(t, "a webhook afterwards", w.hub.Send(t.Context(), w.url+"/webhooks/github", event), 0)
}

// TestDrainOfSlowBodies: a body that trickles in holds neither the end of the server up nor its tasks.
func TestDrainOfSlowBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	w.start()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	head := "POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: ping\r\nX-GitHub-Delivery: slow\r\n" +
		"X-Hub-Signature-256: sha256=" + strings.Repeat("0", 64) + "\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
	if _, err := conn.Write([]byte(head)); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the server does not ask for the body: %q, %v", line, err)
	}
	before := time.Now()
	w.stop()
	equal(t, "exit code", <-w.done, 0)
	w.stop = nil
	if took := time.Since(before); took > answerTime+5*time.Second {
		t.Errorf("the end took %s", took)
	}
}

// TestDatabaseIsLost: the comment is found again, and everything open gets its verdict.
func TestDatabaseIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	n, sha, run := w.propose(r, "bigger", bigger("m5.large"))
	w.halt()
	w.env["PLATFORM_DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	w.hub.ResetLog()
	w.start()
	w.swept()
	w.eventually("there is a new check", func() bool { return r.CheckRuns(sha)[0].ID != run.ID })
	equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
	equal(t, "comments", len(r.Comments(n)), 1)
}

// TestNotReady: whoever asks learns that the database is gone, and not where it is.
func TestNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	file := strings.TrimPrefix(w.env["PLATFORM_DATABASE_URL"], "sqlite:")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	status, body := w.get(w.url + "/readyz")
	if status != http.StatusServiceUnavailable || strings.Contains(body, "platform.db") {
		t.Errorf("%d: %s", status, body)
	}
	sha := r.Commit("bigger", bigger("m5.large"))
	event := r.PullEvent("opened", r.OpenPull("A change", "bigger", "main", "writer"))
	equal(t, "a webhook without a database", w.hub.Send(t.Context(), w.url+"/webhooks/github", event), http.StatusServiceUnavailable)
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	w.send(event)
	equal(t, "conclusion", w.check(r, sha).Conclusion, "success")
}

// TestLockedConversation: where no comment can be written the check has the verdict, and nothing is left undone.
func TestLockedConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.start()
	w.swept()
	w.hub.Fault(githubtest.Fault{
		Method: http.MethodPost, Path: "/comments", Times: 100, Status: http.StatusForbidden,
		Body: map[string]string{"message": "Unable to create comment because issue is locked."},
	})
	_, _, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "success")
	w.idle()
	tried := 0
	for _, call := range w.hub.Log() {
		if call.Write && strings.HasSuffix(call.Path, "/comments") {
			tried++
		}
	}
	equal(t, "attempts at the comment", tried, 1)
}
