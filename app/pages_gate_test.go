package main

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestWaiverOnAPage: from a rejected deployment to broken glass, by the rules of the command: who asks does not answer, who is
// not listed may not, and what went ahead owes its tests.
func TestWaiverOnAPage(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, r := w.shop("acme", guardedFiles("    approvers: [{user: boss}]\n"))
	r.SetRole("boss", "maintain")
	w.start()
	w.swept()
	w.testedOn(r, 1, r.Head("main"), 3, 0)
	urgent := r.Commit("main", map[string]string{"urgent.md": "text\n"})
	w.send(r.Deploy(deploying(10, urgent), "production"))
	w.gate(r, 10, "rejected")

	const page = "/acme/shop/environments"
	writer, boss, reader := w.browser(), w.browser(), w.browser()
	body := writer.signIn("writer", page)
	ask := page + "/waive?environment=production&amp;commit=" + urgent
	for _, want := range []string{"Rejected", "wrong-tree", "Fix: ", ask, "run 10, attempt 1"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q on the page of environments", want)
		}
	}
	_, _, form := writer.get(strings.ReplaceAll(ask, "&amp;", "&"))
	if !strings.Contains(form, urgent) {
		t.Error("the form does not have the commit")
	}
	values := url.Values{"csrf": {csrf(t, form)}, "environment": {"production"}, "commit": {urgent}, "reason": {"the site is down"}, "for": {"1h0m0s"}}
	for field, bad := range map[string]string{"commit": "main", "for": "5h", "environment": "Production ", "reason": " "} {
		wrong := maps.Clone(values)
		wrong.Set(field, bad)
		if _, status, _ := writer.post(page+"/waive", wrong); status != http.StatusForbidden {
			t.Errorf("%s %q was answered %d", field, bad, status)
		}
	}
	own := maps.Clone(values)
	own.Set("csrf", csrf(t, reader.signIn("reader", page)))
	if _, status, _ := reader.post(page+"/waive", own); status != http.StatusForbidden {
		t.Errorf("somebody who may read asked for a waiver: %d", status)
	}
	at, status, _ := writer.post(page+"/waive", values)
	if status != http.StatusOK || !strings.HasPrefix(at, "/acme/shop/waivers/") {
		t.Fatalf("%d at %s", status, at)
	}
	if _, status, body := writer.post(at, url.Values{"csrf": values["csrf"], "answer": {"approve"}}); status != http.StatusForbidden || !strings.Contains(body, "does not approve it") {
		t.Errorf("who asks approved it: %d", status)
	}
	answer := url.Values{"csrf": {csrf(t, boss.signIn("boss", at))}, "answer": {"approve"}}
	if back, status, body := boss.post(at, answer); status != http.StatusOK || back != page || !strings.Contains(body, "A waiver holds") || !strings.Contains(body, "the site is down") {
		t.Fatalf("%d at %s\n%s", status, back, body)
	}

	w.send(r.Deploy(deploying(11, urgent), "production"))
	w.gate(r, 11, "approved")
	w.deployed(r, deploying(11, urgent), "success")
	_, _, body = writer.get(page)
	if !strings.Contains(body, "On a waiver") || !strings.Contains(body, "Test debt.") || strings.Contains(body, "A waiver holds") {
		t.Errorf("after it:\n%s", body)
	}
	if _, _, body := boss.get(at); !strings.Contains(body, "A waiver that is over") {
		t.Error("it is used, and the page calls it otherwise")
	}
	if _, status, _ := boss.post(at, url.Values{"csrf": answer["csrf"], "answer": {"revoke"}}); status != http.StatusOK && status != http.StatusForbidden {
		t.Errorf("revoking a used one: %d", status)
	}
}

// TestLocksOnAPage asks GitHub by the person's own token.
func TestLocksOnAPage(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, r := w.shop("acme", guardedFiles(""))
	w.start()
	w.swept()
	r.Deploy(deploying(10, r.Head("main")), "production")
	b := w.browser()
	token := csrf(t, b.signIn("writer", "/acme/shop/environments"))
	_, status, body := b.post("/acme/shop/environments/locks", url.Values{"csrf": {token}})
	if status != http.StatusOK || !strings.Contains(body, "production") || strings.Contains(body, ">Locked<") || !strings.Contains(body, "credentials only in the environment") {
		t.Errorf("%d\n%s", status, body)
	}
}
