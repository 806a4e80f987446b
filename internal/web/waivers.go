package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate/scan"
	"github.com/org/platform-action/internal/waiver"
)

// waiverPage is the form that asks for a waiver.
type waiverPage struct {
	Names   []string // environments of the settings
	Asked   control.WaiverRequest
	Periods []time.Duration
	Refused string
	Back    string
}

// requestPage is one request, and who may answer for it.
type requestPage struct {
	Request control.WaiverRequest
	Own     bool // who looks asked for it
	Open    bool // it can still be approved
	Holds   bool // what came of it is not used, revoked or expired
	Until   time.Time
	Refused string
	Back    string
}

func (p *pages) waive(w http.ResponseWriter, r *http.Request, on subject) {
	asked := control.WaiverRequest{Environment: r.URL.Query().Get("environment"), Commit: r.URL.Query().Get("commit"), For: time.Hour}
	if !shaForm.MatchString(asked.Commit) {
		asked.Commit = ""
	}
	p.waiverForm(w, r, on, http.StatusOK, waiverPage{Asked: asked})
}

func (p *pages) waiverForm(w http.ResponseWriter, r *http.Request, on subject, status int, body waiverPage) {
	settings, err := p.o.Desk.Environments(r.Context(), on.repo.Tenant)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body.Names = environmentNames(settings.Ask, nil)
	body.Periods, body.Back = []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, waiver.Longest}, repoPath(on.repo)+"/environments"
	p.show(w, r, status, "waive", "Ask for a waiver", &on.repo, body)
}

// waived takes the question. Whether it can be asked, the desk decides, as for the command.
func (p *pages) waived(w http.ResponseWriter, r *http.Request, on subject) {
	if !p.formOf(w, r, on.session) {
		return
	}
	f := r.PostForm
	asked := control.WaiverRequest{
		Environment: f.Get("environment"), Commit: strings.TrimSpace(f.Get("commit")), Reason: strings.Join(strings.Fields(f.Get("reason")), " "), Ticket: strings.TrimSpace(f.Get("ticket")),
	}
	asked.For, _ = time.ParseDuration(f.Get("for")) // none is refused below
	id, err := p.o.Desk.AskWaiver(r.Context(), on.repo.Tenant, on.session.Person, asked)
	if refused, ok := errors.AsType[*control.Refused](err); ok {
		p.waiverForm(w, r, on, http.StatusForbidden, waiverPage{Asked: asked, Refused: refused.Message})
		return
	}
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.redirect(w, r, waiverLink(on.repo, id))
}

func waiverLink(r control.Repository, id string) string { return repoPath(r) + "/waivers/" + id }

// waiver shows a request to whoever may see the repository; who may answer for it is decided when they do.
func (p *pages) waiver(w http.ResponseWriter, r *http.Request, on subject) {
	if body, ok := p.request(w, r, on); ok {
		p.show(w, r, http.StatusOK, "waiver", "Waiver "+body.Request.ID(), &on.repo, body)
	}
}

func (p *pages) request(w http.ResponseWriter, r *http.Request, on subject) (requestPage, bool) {
	id := r.PathValue("id")
	list, err := p.o.Desk.WaiverRequests(r.Context(), on.repo.Tenant)
	if err != nil {
		p.failed(w, r, err)
		return requestPage{}, false
	}
	i := slices.IndexFunc(list, func(q control.WaiverRequest) bool { return q.ID() == id })
	if i < 0 {
		p.failed(w, r, control.ErrGone)
		return requestPage{}, false
	}
	q := list[i]
	body := requestPage{Request: q, Own: q.By.ID == on.session.Person.ID, Open: q.Approver == 0, Back: repoPath(on.repo) + "/environments"}
	if q.Waiver == "" {
		return body, true
	}
	body.Until = q.Issued.Add(q.For)
	kept, err := p.o.Deployments.Waivers(r.Context(), on.repo.Tenant, strings.ToLower(q.Environment), p.o.Now())
	if err != nil {
		p.failed(w, r, err)
		return body, false
	}
	body.Holds = slices.ContainsFunc(kept, func(k control.KeptWaiver) bool { return k.Waiver.ID() == q.Waiver && k.Used < k.Waiver.Uses })
	return body, true
}

// answered takes an approval, or the end of a waiver.
func (p *pages) answered(w http.ResponseWriter, r *http.Request, on subject) {
	if !p.formOf(w, r, on.session) {
		return
	}
	body, ok := p.request(w, r, on)
	if !ok {
		return
	}
	var err error
	id := body.Request.ID()
	switch r.PostForm.Get("answer") {
	case "approve":
		err = p.o.Desk.ApproveWaiver(r.Context(), on.repo.Tenant, on.session.Person, id)
	case "revoke":
		err = p.o.Desk.RevokeWaiver(r.Context(), on.repo.Tenant, on.session.Person, id)
	default:
		err = &control.Refused{Kind: control.Forbidden, Code: "waive", Message: "The form says neither approve nor revoke."}
	}
	if refused, ok := errors.AsType[*control.Refused](err); ok {
		body.Refused = refused.Message
		p.show(w, r, http.StatusForbidden, "waiver", "Not done", &on.repo, body)
		return
	}
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.redirect(w, r, body.Back)
}

// lockPage is what makes each environment a lock, and what does not.
type lockPage struct {
	Reports []lockView
	Back    string
}

type lockView struct {
	scan.Report
	State state
}

// locks asks GitHub, by the token of who looks: what they may not see is unknown.
func (p *pages) locks(w http.ResponseWriter, r *http.Request, on subject) {
	if !p.formOf(w, r, on.session) {
		return
	}
	facts, err := p.o.People.Survey(r.Context(), on.session.Token, on.repo.Owner, on.repo.Name)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	facts.App = p.o.App
	body := lockPage{Back: repoPath(on.repo) + "/environments"}
	for _, report := range scan.Look(facts) {
		body.Reports = append(body.Reports, lockView{report, lockState(report)})
	}
	p.show(w, r, http.StatusOK, "locks", "What is a lock", &on.repo, body)
}

func lockState(r scan.Report) state {
	open := func(c scan.Condition) bool { return c.Answer == scan.No }
	switch {
	case r.Locked():
		return state{"allow", "Locked"}
	case slices.ContainsFunc(r.Conditions, open) || slices.ContainsFunc(r.Notes, open):
		return state{"block", "Open"}
	}
	return state{"undecided", "Not known to be locked"}
}

// answerState is a condition's.
func answerState(a scan.Answer) state {
	switch a {
	case scan.Yes:
		return state{"allow", "yes"}
	case scan.No:
		return state{"block", "no"}
	case scan.Unknown:
	}
	return state{"undecided", "unknown"}
}
