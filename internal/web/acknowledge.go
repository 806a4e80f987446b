package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/render"
)

// acknowledgePage asks whether an amount is meant.
type acknowledgePage struct {
	Number  int
	Line    control.VerdictLine
	Report  render.Report
	Digest  string // of the verdict that waits; empty: none does
	Refused string // why the last answer did not count
	Acks    []control.Acknowledgement
	Back    string
}

// acknowledge shows the form.
func (p *pages) acknowledge(w http.ResponseWriter, r *http.Request, on subject) {
	body, ok := p.confirmation(w, r, on)
	if ok {
		p.show(w, r, http.StatusOK, "acknowledge", "Confirm the cost of #"+strconv.Itoa(body.Number), &on.repo, body)
	}
}

// confirmation reads what waits for one: the newest verdict on the head of a pull request that is open.
func (p *pages) confirmation(w http.ResponseWriter, r *http.Request, on subject) (acknowledgePage, bool) {
	n, ok := pullNumber(r.PathValue("number"))
	if !ok {
		p.failed(w, r, control.ErrGone)
		return acknowledgePage{}, false
	}
	body := acknowledgePage{Number: n, Back: pullLink(on.repo, n)}
	if err := p.waiting(r, on.repo.Tenant, &body); err != nil {
		p.failed(w, r, err)
		return body, false
	}
	return body, true
}

func (p *pages) waiting(r *http.Request, t control.Tenant, body *acknowledgePage) error {
	ctx := r.Context()
	pull, known, err := p.o.Records.Pull(ctx, t, body.Number)
	if err != nil {
		return err
	}
	lines, err := p.o.Records.VerdictsOf(ctx, t, body.Number, maxHistory)
	if err != nil {
		return err
	}
	if !known || len(lines) == 0 {
		return control.ErrGone
	}
	if body.Acks, err = p.o.Records.Acknowledgements(ctx, t, body.Number); err != nil {
		return err
	}
	for _, l := range lines {
		if l.Head != pull.Head {
			continue
		}
		v, _, found, err := p.o.Records.Verdict(ctx, t, l.Sequence)
		if err != nil || !found || len(v.Report) == 0 {
			return err
		}
		report, err := render.ReadJSON(v.Report)
		if err != nil {
			return err
		}
		body.Line, body.Report = l, render.Clean(report)
		if digest, waits := control.Awaits(report); waits && pull.Open {
			body.Digest = digest
		}
		return nil
	}
	return nil
}

// acknowledged takes the answer. Whether it counts, the desk decides, as for the button on the check run.
func (p *pages) acknowledged(w http.ResponseWriter, r *http.Request, on subject) {
	if !p.formOf(w, r, on.session) {
		return
	}
	body, ok := p.confirmation(w, r, on)
	if !ok {
		return
	}
	err := p.o.Desk.Confirm(r.Context(), on.repo.Tenant, body.Number, on.session.Person, r.PostForm.Get("digest"))
	if refused, ok := errors.AsType[*control.Refused](err); ok {
		body.Refused = refused.Message
		p.show(w, r, http.StatusForbidden, "acknowledge", "Not confirmed", &on.repo, body)
		return
	}
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.redirect(w, r, body.Back+"?confirmed=1")
}
