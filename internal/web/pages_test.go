package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/gate/scan"
	"github.com/org/platform-action/internal/verdict"
)

// house is the pages over records and people of a test, which answer whatever it wants.
type house struct {
	t     testing.TB
	now   time.Time
	pages http.Handler
	log   strings.Builder

	repo    control.Repository
	report  []byte
	line    control.VerdictLine
	tested  control.TestedCheck
	acks    []control.Acknowledgement
	costs   []control.WeekCost
	asks    control.Environments
	deploys []control.DeploymentRecord
	debts   []gate.Debt
	glasses []control.KeptWaiver
	asked   []control.WaiverRequest
	facts   scan.Facts
	refuse  string // what the desk refuses with; empty: nothing
	lookups int
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{
		t: t, now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.FixedZone("far", 13*3600)),
		repo: control.Repository{Tenant: control.Tenant{Installation: 1, Repository: 2}, AccountID: 3, Owner: "acme", Name: "shop"},
		line: control.VerdictLine{Sequence: 7, Number: 1, Head: strings.Repeat("a", 40), Outcome: verdict.Block, Digest: "sha256:1234567890abcdef", Headline: "Blocked — why"},
	}
	h.line.At = h.now
	pages, err := NewPages(PagesOptions{
		PublicURL: "https://platform.example", Callback: "/sign-in/callback", WebURL: "https://github.com", Key: []byte(strings.Repeat("k", 32)), People: h, Records: records{h}, Deployments: h, Desk: h,
		Allowed: func(int64) bool { return true }, Now: func() time.Time { return h.now }, Log: slog.New(slog.NewTextHandler(&h.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.pages = pages
	return h
}

// cookie is that of somebody who signed in.
func (h *house) cookie(login string) *http.Cookie {
	h.t.Helper()
	s, err := newSeal([]byte(strings.Repeat("k", 32)), "platform-session", true)
	if err != nil {
		h.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := s.put(w, session{ID: "id", Person: control.Person{ID: 5, Login: login, Kind: "User"}, Token: "ghu_canary", CSRF: "C", Until: h.now.Add(time.Hour)}, h.now.Add(time.Hour), h.now); err != nil {
		h.t.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

func (h *house) get(path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodGet, path, http.NoBody)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.pages.ServeHTTP(w, r)
	return w
}

// post sends a form of this session's.
func (h *house) post(path string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	h.t.Helper()
	if form.Get("csrf") == "" {
		form.Set("csrf", "C")
	}
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://platform.example")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.pages.ServeHTTP(w, r)
	return w
}

// request is the id of what is asked for.
func (h *house) request() string { return h.asked[0].ID() }

func (h *house) Address(state, _ string) string { return "https://github.com/login?state=" + state }
func (h *house) Exchange(_ context.Context, code, _ string) (string, time.Time, error) {
	if code != "good" {
		return "", time.Time{}, control.ErrForbidden
	}
	return "ghu_canary", h.now.Add(time.Hour), nil
}
func (h *house) Whoami(context.Context, string) (control.Person, error) {
	return control.Person{ID: 5, Login: "ada", Kind: "User"}, nil
}
func (h *house) Repository(_ context.Context, _ string, owner, name string) (control.Visible, error) {
	h.lookups++
	if !strings.EqualFold(owner+"/"+name, "acme/shop") {
		return control.Visible{}, control.ErrGone
	}
	return control.Visible{ID: 2, Owner: h.repo.Owner, Name: h.repo.Name}, nil
}
func (h *house) Visible(context.Context, string) ([]control.Visible, bool, error) {
	return []control.Visible{{ID: 2, Owner: h.repo.Owner, Name: h.repo.Name}}, true, nil
}
func (h *house) Revoke(context.Context, string) error { return nil }

// records answers what the pages read; Repository is of both ports, so that it stands behind a name of its own.
type records struct{ *house }

func (r records) Repository(context.Context, control.Tenant) (control.Repository, bool, error) {
	return r.repo, true, nil
}
func (h *house) Locate(context.Context, int64) (control.Tenant, bool, error) {
	return h.repo.Tenant, true, nil
}
func (h *house) Located(context.Context, []int64) ([]control.Repository, error) {
	return []control.Repository{h.repo}, nil
}
func (h *house) Pull(context.Context, control.Tenant, int) (control.PullRecord, bool, error) {
	return control.PullRecord{Number: 1, Head: h.line.Head, Open: true}, true, nil
}
func (h *house) Check(context.Context, control.Tenant, string) (control.CheckRecord, bool, error) {
	return control.CheckRecord{Finished: true}, true, nil
}
func (h *house) TestedCheck(context.Context, control.Tenant, string) (control.TestedCheck, bool, error) {
	return h.tested, h.tested.Head != "", nil
}
func (h *house) Acknowledgements(context.Context, control.Tenant, int) ([]control.Acknowledgement, error) {
	return h.acks, nil
}
func (h *house) Verdict(context.Context, control.Tenant, int64) (control.VerdictRecord, control.LedgerEntry, bool, error) {
	return control.VerdictRecord{Number: 1, Head: h.line.Head, Outcome: h.line.Outcome, Digest: h.line.Digest, Report: h.report, At: h.line.At},
		control.LedgerEntry{Sequence: 7, Chain: "sha256:chain", At: h.line.At}, true, nil
}
func (h *house) VerdictsOf(context.Context, control.Tenant, int, int) ([]control.VerdictLine, error) {
	return []control.VerdictLine{h.line}, nil
}
func (h *house) VerdictsAt(context.Context, control.Tenant, string, int) ([]control.VerdictLine, error) {
	return []control.VerdictLine{h.line}, nil
}
func (h *house) EntryOf(context.Context, control.Tenant, string) (control.LedgerEntry, bool, error) {
	return control.LedgerEntry{Sequence: 8}, true, nil
}
func (h *house) NewestVerdicts(context.Context, []control.Tenant, bool, int, int) ([]control.VerdictLine, error) {
	l := h.line
	l.Tenant = h.repo.Tenant
	return []control.VerdictLine{l}, nil
}
func (h *house) WeekCosts(context.Context, []control.Tenant, time.Time) ([]control.WeekCost, error) {
	return h.costs, nil
}
func (h *house) Confirm(context.Context, control.Tenant, int, control.Person, string) error {
	return nil
}
func (h *house) Environments(context.Context, control.Tenant) (control.Environments, error) {
	return h.asks, nil
}
func (h *house) DeployedTo(context.Context, control.Tenant) ([]string, error) {
	return []string{"elsewhere"}, nil
}
func (h *house) NewestDeployments(context.Context, control.Tenant, string, int) ([]control.DeploymentRecord, error) {
	return h.deploys, nil
}
func (h *house) UnpaidDebts(context.Context, control.Tenant, string) ([]gate.Debt, error) {
	return h.debts, nil
}
func (h *house) Waivers(context.Context, control.Tenant, string, time.Time) ([]control.KeptWaiver, error) {
	return h.glasses, nil
}
func (h *house) WaiverRequests(context.Context, control.Tenant) ([]control.WaiverRequest, error) {
	return h.asked, nil
}
func (h *house) AskWaiver(_ context.Context, _ control.Tenant, by control.Person, asked control.WaiverRequest) (string, error) {
	asked.By, asked.Asked = by, h.now
	h.asked = append(h.asked, asked)
	return asked.ID(), h.refusal()
}
func (h *house) ApproveWaiver(context.Context, control.Tenant, control.Person, string) error {
	return h.refusal()
}
func (h *house) RevokeWaiver(context.Context, control.Tenant, control.Person, string) error {
	return h.refusal()
}
func (h *house) refusal() error {
	if h.refuse == "" {
		return nil
	}
	return &control.Refused{Kind: control.Forbidden, Code: "waive", Message: h.refuse}
}
func (h *house) Survey(context.Context, string, string, string) (scan.Facts, error) {
	return h.facts, nil
}
func (h *house) InTeam(context.Context, string, string, string, string) (bool, error) {
	return false, nil
}
