package main

import (
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestBrowserGate goes from a rejected deployment to a waiver without scripts, and looks at the pages on the way.
func TestBrowserGate(t *testing.T) {
	c := newChrome(t)
	w := newPagesWorld(t)
	r := w.rejectedDeployment()
	w.hub.Browse("ada")
	const page = "/acme/shop/environments"
	c.run(chromedp.Navigate(w.url+"/sign-in"), chromedp.WaitVisible("main", chromedp.ByQuery))
	c.see("gate-rejected", w.url+page)
	c.run(chromedp.Navigate(w.url+page), chromedp.Click(`a[href*="/environments/waive"]`, chromedp.ByQuery), chromedp.WaitVisible(`button.main`, chromedp.ByQuery))
	var form, request string
	c.run(chromedp.Location(&form))
	c.see("gate-waive", form)
	c.run(chromedp.Navigate(form), chromedp.SendKeys(`input[name=reason]`, "the shop is down", chromedp.ByQuery), chromedp.Click(`button.main`, chromedp.ByQuery),
		chromedp.WaitVisible(`.facts`, chromedp.ByQuery), chromedp.Location(&request))
	c.see("gate-request", request)

	boss := w.browser()
	answer := url.Values{"csrf": {csrf(t, boss.signIn("boss", page))}, "answer": {"approve"}}
	boss.post(request[len(w.url):], answer)
	w.send(r.Deploy(deploying(12, r.Head("main")), "production"))
	w.gate(r, 12, "approved")
	w.deployed(r, deploying(12, r.Head("main")), "success")
	c.see("gate-debt", w.url+page)
	c.run(chromedp.Navigate(w.url+page), chromedp.Click(`#lock ~ form button`, chromedp.ByQuery), chromedp.WaitVisible(`td .state`, chromedp.ByQuery))
	c.picture("gate-locks")
	c.axed("what is a lock")
}

// rejectedDeployment is a shop whose production had a tested deployment, and refused an untested one.
func (w *world) rejectedDeployment() *githubtest.Repo {
	w.t.Helper()
	_, r := w.shop("acme", guardedFiles("    approvers: [{user: boss}]\n"))
	r.SetRole("boss", "maintain")
	r.SetRole("ada", "write")
	w.start()
	w.swept()
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 212, 0)
	w.send(r.Deploy(deploying(10, tip), "production"))
	w.gate(r, 10, "approved")
	w.deployed(r, deploying(10, tip), "success")
	w.send(r.Deploy(deploying(11, r.Commit("main", map[string]string{"urgent.md": "text\n"})), "production"))
	w.gate(r, 11, "rejected")
	return r
}
