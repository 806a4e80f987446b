package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestConsole: the queue's page is for the operators' team alone; everybody else gets what they get of a page that does not
// exist, also of its API, and a change is logged with who made it.
func TestConsole(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	w.env["PLATFORM_OPERATORS_TEAM"] = "acme/platform"
	i, r := w.shop("acme", nil)
	w.hub.Join(i, "platform", "boss", "active")
	w.hub.Join(i, "platform", "writer", "pending")
	r.SetRole("boss", "read")
	w.start()
	w.swept()
	boss := w.browser()
	boss.signIn("boss", "/acme/shop")
	if _, _, front := boss.get("/"); !strings.Contains(front, `href="/-/jobs/"`) {
		t.Error("an operator is not led to the queue")
	}
	if _, status, body := boss.get("/-/jobs/"); status != http.StatusOK || !strings.Contains(body, "<title>River</title>") {
		t.Errorf("%d\n%s", status, body)
	}
	if _, status, body := boss.get("/-/jobs/api/jobs?state=completed&limit=20"); status != http.StatusOK || !strings.Contains(body, `"kind":"task"`) {
		t.Errorf("%d\n%s", status, body)
	}
	for _, login := range []string{"writer", "reader"} { // an invitation, and nothing at all
		b := w.browser()
		b.signIn(login, "/acme/shop")
		if _, _, page := b.get("/"); strings.Contains(page, "/-/jobs") {
			t.Errorf("%s is led to the queue", login)
		}
		for _, path := range []string{"/-/jobs", "/-/jobs/", "/-/jobs/api/jobs", "/-/jobs/assets/x.js"} {
			_, status, body := b.get(path)
			_, _, none := b.get("/-/none")
			equal(t, login+" at "+path, status, http.StatusNotFound)
			equal(t, "page", body, none)
		}
		if _, status, _ := b.post("/-/jobs/api/queues/default/pause", url.Values{}); status != http.StatusNotFound {
			t.Errorf("%s paused the queue: %d", login, status)
		}
	}
	if _, status, _ := w.browser().post("/-/jobs/api/queues/default/pause", url.Values{}); status != http.StatusUnauthorized {
		t.Errorf("a stranger paused the queue: %d", status)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.url+"/-/jobs/api/queues/default/pause", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if _, status, _ := boss.do(req); status != http.StatusForbidden {
		t.Errorf("another site paused the queue: %d", status)
	}
	boss.post("/-/jobs/api/jobs/retry", url.Values{})
	if !strings.Contains(w.log.String(), "an operator changes the queue") {
		t.Error("nobody is told what an operator did")
	}
}

// TestNoConsole: without a team it is nobody's.
func TestNoConsole(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	w.shop("acme", nil)
	w.start()
	w.swept()
	b := w.browser()
	b.signIn("writer", "/acme/shop")
	if _, _, page := b.get("/"); strings.Contains(page, "/-/jobs") {
		t.Error(page)
	}
	if _, status, _ := b.get("/-/jobs/"); status != http.StatusNotFound {
		t.Error(status)
	}
}
