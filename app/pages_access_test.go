package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestTwoTenants: of every route, somebody of one organisation gets of the other's repository what they get of one that does
// not exist, byte for byte but for its name, and neither list shows the other's.
func TestTwoTenants(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, ours := w.shop("acme", limited())
	other := w.hub.AddRepository(w.hub.Install("rival"), "vault")
	other.Commit("main", map[string]string{"infra/main.tf": instance("t3.micro"), ".github/platform.yml": limited()[".github/platform.yml"]})
	other.SetRole("eve", "admin")
	w.start()
	w.swept()
	n, sha, _ := w.propose(ours, "bigger", bigger("m5.large"))
	theirs, secret, _ := w.propose(other, "hidden", bigger("m5.2xlarge"))
	people := map[string]*browser{"writer": w.browser(), "eve": w.browser()}
	people["writer"].signIn("writer", fmt.Sprintf("/acme/shop/pull/%d", n))
	people["eve"].signIn("eve", fmt.Sprintf("/rival/vault/pull/%d", theirs))
	for _, c := range []struct {
		person, repo, sha string
		number            int
	}{{"writer", "/rival/vault", secret, theirs}, {"eve", "/acme/shop", sha, n}} {
		b := people[c.person]
		_, _, front := b.get("/")
		if strings.Contains(front, c.repo) {
			t.Errorf("%s's first page lists %s", c.person, c.repo)
		}
		for _, path := range []string{
			"", "/environments", "/commit/" + c.sha, fmt.Sprintf("/pull/%d", c.number), fmt.Sprintf("/pull/%d?entry=1", c.number),
			fmt.Sprintf("/pull/%d/acknowledge", c.number), "/environments/waive", "/waivers/12345678", "/pull/99", "/commit/" + strings.Repeat("0", 40),
		} {
			_, status, body := b.get(c.repo + path)
			_, absent, none := b.get("/nobody/nothing" + path)
			equal(t, "status of "+c.repo+path, status, http.StatusNotFound)
			equal(t, "status of what is not there", absent, http.StatusNotFound)
			equal(t, "page of "+c.repo+path, body, none)
		}
		form := url.Values{"csrf": {csrf(t, front)}, "digest": {"00000000"}}
		_, status, body := b.post(fmt.Sprintf("%s/pull/%d/acknowledge", c.repo, c.number), form)
		_, absent, none := b.post(fmt.Sprintf("/nobody/nothing/pull/%d/acknowledge", c.number), form)
		equal(t, "status of the form", status, absent)
		equal(t, "answer to the form", body, none)
		for _, path := range []string{"/environments/locks", "/environments/waive", "/waivers/12345678"} {
			_, status, body := b.post(c.repo+path, form)
			_, absent, none := b.post("/nobody/nothing"+path, form)
			equal(t, "status of "+path, status, absent)
			equal(t, "answer of "+path, body, none)
		}
	}
	// An entry of the ledger, or a commit, of the other tenant under a repository of one's own.
	for _, path := range []string{"/commit/" + secret, fmt.Sprintf("/pull/%d?entry=999", n), fmt.Sprintf("/pull/%d?entry=-1", n), fmt.Sprintf("/pull/%d?entry=x", n), "/pull/0", "/pull/-1", "/pull/01", "/pull/9999999999"} {
		if _, status, body := people["writer"].get("/acme/shop" + path); status != http.StatusNotFound || strings.Contains(body, "m5.2xlarge") {
			t.Errorf("/acme/shop%s: %d", path, status)
		}
	}
}

// TestConfirmOnAPage: the form follows the rules of the button, and counts once a writer has sent it.
func TestConfirmOnAPage(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, sha, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "action_required")
	digest := strings.TrimPrefix(run.Actions[0].Identifier, "ack-")
	page := fmt.Sprintf("/acme/shop/pull/%d", n)
	reader, writer := w.browser(), w.browser()
	form := url.Values{"csrf": {csrf(t, reader.signIn("reader", page+"/acknowledge"))}, "digest": {digest}}
	if _, status, body := reader.post(page+"/acknowledge", form); status != http.StatusForbidden || !strings.Contains(body, "not write to it") {
		t.Errorf("somebody who may read confirmed a cost: %d\n%s", status, body)
	}
	own := csrf(t, writer.signIn("writer", page+"/acknowledge"))
	for what, values := range map[string]url.Values{
		"another's form": form, "no token": {"digest": {digest}}, "another digest": {"csrf": {own}, "digest": {"00000000"}}, "no digest": {"csrf": {own}},
	} {
		if _, status, _ := writer.post(page+"/acknowledge", values); status != http.StatusForbidden {
			t.Errorf("%s was answered %d", what, status)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+page+"/acknowledge", strings.NewReader(url.Values{"csrf": {own}, "digest": {digest}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if _, status, body := writer.do(req); status != http.StatusForbidden || !strings.Contains(body, "Another site") {
		t.Errorf("a form of another site was answered %d", status)
	}
	equal(t, "conclusion so far", w.check(r, sha).Conclusion, "action_required")
	at, status, _ := writer.post(page+"/acknowledge", url.Values{"csrf": {own}, "digest": {digest}})
	equal(t, "status", status, http.StatusOK)
	equal(t, "where the form leads", at, page+"?confirmed=1")
	w.eventually("the confirmation counts", func() bool { return w.check(r, sha).Conclusion == "success" })
	if _, _, body := writer.get(page); !strings.Contains(body, "writer confirmed") || strings.Contains(body, "Confirm the cost") {
		t.Error(body)
	}
}

// TestSignInEnds: a session that GitHub no longer takes shows nothing, and a form that is sent then changes nothing.
func TestSignInEnds(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, sha, run := w.propose(r, "bigger", bigger("m5.large"))
	page := fmt.Sprintf("/acme/shop/pull/%d", n)
	b := w.browser()
	token := csrf(t, b.signIn("writer", page+"/acknowledge"))
	at, _ := url.Parse(w.url)
	kept := b.client.Jar.Cookies(at)
	b.client.Jar.SetCookies(at, []*http.Cookie{{Name: "platform-session", MaxAge: -1, Path: "/"}})
	_, status, body := b.post(page+"/acknowledge", url.Values{"csrf": {token}, "digest": {strings.TrimPrefix(run.Actions[0].Identifier, "ack-")}})
	if status != http.StatusUnauthorized || !strings.Contains(body, "Nothing was changed") || !strings.Contains(body, url.QueryEscape(page+"/acknowledge")) {
		t.Errorf("%d\n%s", status, body)
	}
	equal(t, "conclusion", w.check(r, sha).Conclusion, "action_required")
	b.client.Jar.SetCookies(at, kept)
	w.hub.RevokeUserTokens()
	w.hub.Browse("")
	if at, _, body := b.get("/acme/other"); !strings.HasPrefix(at, "http") || strings.Contains(body, "To unblock") { // GitHub asks for a password
		t.Errorf("%s\n%s", at, body)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == "platform-session" {
			t.Error("the cookie of a session that has ended is kept")
		}
	}
}

// TestRepositoriesMove: an old name leads to the new one, and what is removed or deleted is not there.
func TestRepositoriesMove(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	i, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	r.Rename("store")
	b := w.browser()
	w.hub.Browse("reader")
	at, status, body := b.get(fmt.Sprintf("/acme/shop/pull/%d?cost=1", n))
	equal(t, "where the old name leads", at, fmt.Sprintf("/acme/store/pull/%d?cost=1", n))
	if status != http.StatusOK || !strings.Contains(body, "To unblock") {
		t.Errorf("%d\n%s", status, body)
	}
	if at, _, _ := b.get(fmt.Sprintf("/ACME/Store/pull/%d", n)); at != fmt.Sprintf("/acme/store/pull/%d", n) {
		t.Errorf("names of another case lead to %s", at)
	}
	r.Remove()
	w.send(w.hub.InstallationRepositoriesEvent("removed", i, "writer"))
	w.settled()
	_, status, body = b.get(fmt.Sprintf("/acme/store/pull/%d", n))
	if status != http.StatusNotFound || strings.Contains(body, "To unblock") {
		t.Errorf("a repository that was removed: %d", status)
	}
}

// TestGitHubCannotSay: who cannot be asked about is shown nothing.
func TestGitHubCannotSay(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	b := w.browser()
	w.hub.Browse("reader")
	if _, status, _ := b.get("/acme/none"); status != http.StatusNotFound {
		t.Fatal(status)
	}
	w.hub.Fault(githubtest.Fault{Method: http.MethodGet, Path: "/repos/acme/shop", Status: http.StatusBadGateway, Times: 1})
	_, status, body := b.get(fmt.Sprintf("/acme/shop/pull/%d", n))
	if status != http.StatusServiceUnavailable || strings.Contains(body, "To unblock") {
		t.Errorf("%d\n%s", status, body)
	}
	if _, status, _ = b.get(fmt.Sprintf("/acme/shop/pull/%d", n)); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
}

// TestNobodyCanSignIn: without sign-in nothing is shown, and checks lead nowhere.
func TestNobodyCanSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, _, run := w.propose(r, "bigger", bigger("m5.large"))
	if strings.Contains(run.DetailsURL, w.url) {
		t.Errorf("the check leads to %s", run.DetailsURL)
	}
	for _, path := range []string{"/", fmt.Sprintf("/acme/shop/pull/%d", n), "/sign-in", "/acme/shop"} {
		status, body := w.get(w.url + path)
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "PLATFORM_OAUTH_CLIENT_ID") || strings.Contains(body, "acme/") {
			t.Errorf("%s: %d\n%s", path, status, body)
		}
	}
}

// TestStrangers: whoever is not signed in learns nothing, and GitHub's answer counts for the browser that asked.
func TestStrangers(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, r := w.shop("acme", limited())
	w.start()
	w.swept()
	n, _, _ := w.propose(r, "bigger", bigger("m5.large"))
	b := w.browser()
	for _, path := range []string{fmt.Sprintf("/acme/shop/pull/%d", n), "/acme/shop", "/nobody/nothing", "/acme/shop/environments"} {
		if at, _, body := b.get(path); !strings.HasPrefix(at, w.hub.URL()) || strings.Contains(body, "acme/shop") {
			t.Errorf("%s came to %s", path, at)
		}
	}
	if _, status, body := w.browser().get("/sign-in/callback?code=code1&state=x"); status != http.StatusForbidden || !strings.Contains(body, "did not begin here") {
		t.Errorf("an answer that nobody asked for: %d", status)
	}
	w.hub.Browse("reader")
	w.hub.Deny(true)
	if _, status, body := w.browser().get(fmt.Sprintf("/acme/shop/pull/%d", n)); status != http.StatusForbidden || strings.Contains(body, "To unblock") {
		t.Errorf("somebody who refused at GitHub: %d", status)
	}
	w.hub.Deny(false)
	if at, _, _ := w.browser().get("/sign-in?next=https://evil.example/"); at != "/" {
		t.Errorf("signing in led to %s", at)
	}
}
