package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/gate/scan"
	"github.com/org/platform-action/internal/waiver"
)

// TestDeploymentStates: nothing is called approved that stands on anything but evidence.
func TestDeploymentStates(t *testing.T) {
	t.Parallel()
	for _, basis := range []evidence.Basis{evidence.BasisUnknown, evidence.BasisEvidence, evidence.BasisWaiver, evidence.BasisObserve, evidence.BasisBypass, 99} {
		for _, outcome := range []gate.Outcome{gate.OutcomeError, gate.OutcomeApproved, gate.OutcomeWaiting, gate.OutcomeRejected, 99} {
			s := deploymentState(control.DeploymentRecord{Basis: basis, Outcome: outcome})
			if s.Word == "" || (s.Class == "allow") != (basis == evidence.BasisEvidence) {
				t.Errorf("%s %s: %+v", basis, outcome, s)
			}
		}
	}
}

// TestEnvironmentsPage: deployments with their answer and its fix, debts, waivers and requests, and environments that nobody
// configured.
func TestEnvironmentsPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	sha := strings.Repeat("c", 40)
	h.asks = control.Environments{Commit: sha, Ask: map[string]config.Environment{"production": {}}}
	h.deploys = []control.DeploymentRecord{{
		DeploymentKey: control.DeploymentKey{Environment: "production", Run: 41, Attempt: 2}, Commit: sha, Outcome: gate.OutcomeRejected, Sequence: 9, Decided: h.now,
		Comment: "Rejected: zero-tests. No test ran.\nLooked for: `unit`\nFix: `run the tests`",
	}}
	h.debts = []gate.Debt{{Basis: evidence.BasisWaiver, Commit: sha, Tree: sha, At: h.now}}
	w := waiver.Waiver{Commit: sha, Requester: waiver.Person{Login: "bob"}, Approver: waiver.Approver{Person: waiver.Person{Login: "eve"}, As: "team sre"}, Reason: "outage", Expires: h.now, Uses: 1}
	used := w
	used.Reason = "used up"
	h.glasses = []control.KeptWaiver{{Waiver: w}, {Waiver: used, Used: 1}}
	h.asked = []control.WaiverRequest{{Environment: "production", Commit: sha, Reason: "hotfix", By: control.Person{ID: 6, Login: "bob"}, For: time.Hour, Asked: h.now}}
	page := h.get("/acme/shop/environments", h.cookie("ada")).Body.String()
	for _, want := range []string{
		"Rejected: zero-tests. No test ran.", "Fix: <code>run the tests</code>", "run 41, attempt 2", "ledger entry 9", "Test debt.", "on a waiver", "answered for by eve (team sre): outage",
		"Waits for an approver", "hotfix", "/acme/shop/waivers/" + h.request(), "does not name it: nothing is approved there", "environments/waive?environment=production&amp;commit=" + sha, "Look at GitHub now",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "used up") {
		t.Error("a waiver is shown that was used")
	}
}

// TestWaiverForms: what the desk refuses is said and done again nowhere; a form of another session counts for nothing.
func TestWaiverForms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.asks = control.Environments{Ask: map[string]config.Environment{"production": {}}}
	sha := strings.Repeat("c", 40)
	ask := url.Values{"environment": {"production"}, "commit": {sha}, "reason": {"outage"}, "for": {"2h"}}
	w := h.post("/acme/shop/environments/waive", ask, h.cookie("ada"))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/acme/shop/waivers/"+h.request() || h.asked[0].For != 2*time.Hour || h.asked[0].Commit != sha {
		t.Fatalf("%d %s %+v", w.Code, w.Header().Get("Location"), h.asked)
	}
	at := "/acme/shop/waivers/" + h.request()
	if page := h.get(at, h.cookie("ada")).Body.String(); !strings.Contains(page, "You asked for it") || strings.Contains(page, `value="approve"`) {
		t.Error("who asks may answer")
	}
	h.asked[0].By.ID = 77
	at = "/acme/shop/waivers/" + h.request()
	if page := h.get(at, h.cookie("ada")).Body.String(); !strings.Contains(page, `value="approve"`) {
		t.Error("nobody may answer")
	}
	if w := h.post(at, url.Values{"answer": {"approve"}, "csrf": {"other"}}, h.cookie("ada")); w.Code != http.StatusForbidden {
		t.Errorf("a form of another session: %d", w.Code)
	}
	if w := h.post(at, url.Values{"answer": {"maybe"}}, h.cookie("ada")); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "neither") {
		t.Errorf("maybe: %d", w.Code)
	}
	if w := h.post(at, url.Values{"answer": {"approve"}}); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", w.Code)
	}
	if w := h.post(at, url.Values{"answer": {"approve"}}, h.cookie("ada")); w.Code != http.StatusSeeOther {
		t.Errorf("approve: %d", w.Code)
	}
	h.refuse = "not you"
	for path, form := range map[string]url.Values{"/acme/shop/environments/waive": ask, at: {"answer": {"approve"}}} {
		if w := h.post(path, form, h.cookie("ada")); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "not you") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := h.get("/acme/shop/waivers/12345678", h.cookie("ada")); w.Code != http.StatusNotFound {
		t.Errorf("no request: %d", w.Code)
	}
}

// TestLocks: what cannot be seen is never called a lock.
func TestLocks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.facts = scan.Facts{Environments: []scan.Environment{{Name: "pr\u043eduction", Protected: fact.Of(true), Bypass: fact.Of(true)}}, Branches: fact.Of(1)}
	w := h.post("/acme/shop/environments/locks", url.Values{}, h.cookie("ada"))
	page := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(page, `pr\u043eduction`) || !strings.Contains(page, "administrators may bypass it") || !strings.Contains(page, "state block") || strings.Contains(page, ">Locked<") {
		t.Errorf("%d\n%s", w.Code, page)
	}
	h.facts.Environments[0].Bypass = fact.Missing[bool]("hidden")
	h.facts.Environments[0].Name = "production"
	h.facts.Configured = fact.Of([]string{"production"})
	if page := h.post("/acme/shop/environments/locks", url.Values{}, h.cookie("ada")).Body.String(); strings.Contains(page, ">Locked<") {
		t.Error("a lock that nobody saw")
	}
}
