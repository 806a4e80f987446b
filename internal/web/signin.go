package web

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"

	"github.com/org/platform-action/internal/control"
)

// Paths of signing in and out.
const (
	signInPath  = "/sign-in"
	signOutPath = "/sign-out"
)

const maxNext = 1000

// local is a page of ours to come back to; anything else is the first page. A browser takes \ for /, so that both may
// begin the name of another host.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || len(next) > maxNext || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.Contains(next, `\`) || strings.ContainsFunc(next, unicode.IsControl) || strings.HasPrefix(next, "//") || strings.HasPrefix(u.Path, "//") ||
		strings.HasPrefix(u.Path, signInPath) || strings.HasPrefix(u.Path, signOutPath) {
		return "/"
	}
	return next
}

// signIn sends somebody to GitHub, with a state and a proof key that only this browser can answer for.
func (p *pages) signIn(w http.ResponseWriter, r *http.Request) {
	now := p.o.Now()
	j := journey{State: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: local(r.URL.Query().Get("next")), Until: now.Add(journeyTime)}
	if err := p.journeys.put(w, j, j.Until, now); err != nil {
		p.failed(w, r, err)
		return
	}
	p.redirect(w, r, p.o.People.Address(j.State, j.Verifier))
}

// signedIn takes the code that GitHub sent somebody back with, if this browser was sent there.
func (p *pages) signedIn(w http.ResponseWriter, r *http.Request) {
	var j journey
	known := p.journeys.get(r, &j)
	p.journeys.drop(w) // it is good for one answer
	q, now := r.URL.Query(), p.o.Now()
	switch {
	case !known || !now.Before(j.Until) || subtle.ConstantTimeCompare([]byte(j.State), []byte(q.Get("state"))) != 1:
		p.say(w, r, http.StatusForbidden, note{
			Title: "This sign-in did not begin here", Text: "It was begun in another window or browser, more than ten minutes ago, or was used before. Cookies have to be allowed.",
			Action: "Sign in again", Link: signInPath,
		})
		return
	case q.Get("error") != "":
		p.say(w, r, http.StatusForbidden, note{Title: "You are not signed in", Text: "GitHub was told not to let platform know who you are. Nothing is shown without that.", Action: "Sign in", Link: signInLink(j.Next)})
		return
	case q.Get("code") == "" || len(q.Get("code")) > 200:
		p.say(w, r, http.StatusBadRequest, note{Title: "GitHub's answer holds no code", Text: "Begin again.", Action: "Sign in", Link: signInLink(j.Next)})
		return
	}
	s, err := p.welcome(r, q.Get("code"), j.Verifier)
	if err == nil {
		err = p.sessions.put(w, s, s.Until, now)
	}
	if err != nil {
		p.o.Log.WarnContext(r.Context(), "somebody could not sign in", "error", err.Error())
		text := "GitHub could not be reached. Try again in a minute."
		if errors.Is(err, control.ErrForbidden) {
			text = "GitHub did not take its own code. It is good once and for ten minutes: begin again. If that does not help, PLATFORM_OAUTH_CLIENT_ID and PLATFORM_OAUTH_CLIENT_SECRET are not the App's."
		}
		p.say(w, r, http.StatusBadGateway, note{Title: "You are not signed in", Text: text, Action: "Sign in again", Link: signInLink(j.Next)})
		return
	}
	p.o.Log.InfoContext(r.Context(), "somebody signed in", "person", s.Person.ID)
	p.redirect(w, r, j.Next)
}

// welcome makes the session of whoever the code stands for.
func (p *pages) welcome(r *http.Request, code, verifier string) (session, error) {
	ctx, now := r.Context(), p.o.Now()
	token, until, err := p.o.People.Exchange(ctx, code, verifier)
	if err != nil {
		return session{}, err
	}
	person, err := p.o.People.Whoami(ctx, token)
	if err != nil {
		return session{}, err
	}
	s := session{ID: rand.Text(), Person: person, Token: token, CSRF: rand.Text(), Until: now.Add(sessionTime)}
	if !until.IsZero() && until.Before(s.Until) {
		s.Until = until.Add(-time.Minute)
	}
	return s, nil
}

// signOut ends the session here and at GitHub: then no copy of the cookie is worth anything.
func (p *pages) signOut(w http.ResponseWriter, r *http.Request) {
	s := p.session(r)
	if s == nil {
		p.sessions.drop(w)
		p.redirect(w, r, "/")
		return
	}
	if !p.formOf(w, r, s) {
		return
	}
	p.sessions.drop(w)
	p.access.forget(s)
	if err := p.o.People.Revoke(r.Context(), s.Token); err != nil {
		p.o.Log.WarnContext(r.Context(), "a token could not be ended at GitHub: it ends by itself", "person", s.Person.ID, "error", err.Error())
	}
	p.redirect(w, r, "/")
}

func signInLink(next string) string { return signInPath + "?next=" + url.QueryEscape(local(next)) }

// formOf reads a form of ours, as this session was given it: anything else changes nothing.
func (p *pages) formOf(w http.ResponseWriter, r *http.Request, s *session) bool {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		p.say(w, r, http.StatusBadRequest, note{Title: "The form cannot be read", Text: "Nothing was changed. Go back and send it again."})
		return false
	}
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("csrf")), []byte(s.CSRF)) != 1 {
		p.say(w, r, http.StatusForbidden, note{Title: "This form is not of your sign-in", Text: "Nothing was changed. You signed in again since the page was opened, or another site sent the form. Open the page again."})
		return false
	}
	return true
}
