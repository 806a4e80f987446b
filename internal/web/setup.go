// Package web serves the pages that people see: plain HTML without scripts, under a policy that lets nothing else in.
package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

//go:embed *.html style.css
var files embed.FS

// SetupOptions are what the set-up pages need. All are required.
type SetupOptions struct {
	PublicURL   string // where GitHub reaches the server
	WebURL      string // where GitHub shows its pages
	Token       string // whoever knows it may set the App up
	Manifest    any    // of the App, in GitHub's JSON form
	Permissions []Permission
	Make        func(ctx context.Context, code string) (Made, error) // exchanges GitHub's code; errors are shown
	Now         func() time.Time
	Log         *slog.Logger
}

// Permission is what the App asks an account for, and why.
type Permission struct{ Name, Level, Why string }

// Made is an App that now exists.
type Made struct {
	ID        int64
	Page      string      // where GitHub shows it
	Variables [][2]string // names and values to show once; none: the credentials are kept
	Note      string      // why they could not be kept
}

const (
	proposalTime = 10 * time.Minute // from the form to GitHub's answer
	maxProposals = 100
)

// setup makes one App. After that its pages are gone.
type setup struct {
	SetupOptions

	manifest string
	pages    *template.Template
	style    template.CSS

	mu        sync.Mutex
	proposals map[string]time.Time // by the state that comes back from GitHub
	made      bool
}

// NewSetup serves /setup, which explains and proposes the App, and /setup/callback, to which GitHub sends people back.
func NewSetup(o SetupOptions) (http.Handler, error) {
	if o.Token == "" {
		return nil, errors.New("set-up needs a token: without one anybody could own the App")
	}
	manifest, err := json.Marshal(o.Manifest)
	if err != nil {
		return nil, err
	}
	pages, err := template.ParseFS(files, "*.html")
	if err != nil {
		return nil, err
	}
	style, err := files.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	s := &setup{SetupOptions: o, manifest: string(manifest), pages: pages, style: template.CSS(style), proposals: map[string]time.Time{}} //nolint:gosec // our own file
	routes := http.NewServeMux()
	routes.HandleFunc("GET /setup", s.propose)
	routes.HandleFunc("GET /setup/callback", s.finish)
	return routes, nil
}

// page is what the templates show.
type page struct {
	Title string
	Nonce string
	Style template.CSS
	// of the proposal
	Token, Owner, Action, Manifest, Host string
	Local                                bool
	Permissions                          []Permission
	// of the end
	App Made
	// of a refusal
	Text string
}

var accountForm = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$`)

// propose explains what will be made, and leads to GitHub.
func (s *setup) propose(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case s.done():
		s.refuse(w, http.StatusGone, "The App is set up", "The server is configured, or waits to be started again. See /readyz.")
		return
	case subtle.ConstantTimeCompare([]byte(q.Get("token")), []byte(s.Token)) != 1:
		s.refuse(w, http.StatusNotFound, "Nothing to see here", "The address of this page holds a token. The server's log shows it, at its start, in the line \"set up the App\".")
		return
	}
	owner := strings.TrimSpace(q.Get("owner"))
	if owner != "" && !accountForm.MatchString(owner) {
		s.refuse(w, http.StatusBadRequest, "No such organisation", "A name at GitHub has letters, digits and hyphens, at most 39. Go back and correct it.")
		return
	}
	state := s.newState()
	if state == "" {
		s.refuse(w, http.StatusTooManyRequests, "Too often", "This page was opened too often. Try again in ten minutes.")
		return
	}
	target := s.WebURL + "/settings/apps/new?state=" + state
	if owner != "" {
		target = s.WebURL + "/organizations/" + url.PathEscape(owner) + "/settings/apps/new?state=" + state
	}
	public, err := url.Parse(s.PublicURL)
	local := err != nil || public.Hostname() == "localhost" || strings.HasPrefix(public.Hostname(), "127.") || public.Hostname() == "::1"
	s.show(w, http.StatusOK, "propose.html", page{
		Title: "Set up the App", Token: s.Token, Owner: owner, Action: target, Manifest: s.manifest, Local: local,
		Host: s.PublicURL, Permissions: s.Permissions,
	})
}

// finish takes the code that GitHub gave and keeps, or shows, what it stands for.
func (s *setup) finish(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.done() {
		s.refuse(w, http.StatusGone, "The App is set up", "Nothing is left to do here.")
		return
	}
	if !s.takeState(q.Get("state")) {
		s.refuse(w, http.StatusForbidden, "Not from here", "This address was not made by the set-up page of this server, was used before, or is older than ten minutes. Open the set-up page again.")
		return
	}
	made, err := s.Make(r.Context(), q.Get("code"))
	if err != nil {
		s.Log.WarnContext(r.Context(), "the App could not be set up", "error", err.Error())
		s.refuse(w, http.StatusBadGateway, "GitHub did not confirm the App", err.Error())
		return
	}
	s.mu.Lock()
	s.made = true
	s.mu.Unlock()
	s.Log.InfoContext(r.Context(), "the App is set up: start the server again", "app", made.ID, "kept", made.Variables == nil)
	s.show(w, http.StatusOK, "made.html", page{Title: "The App exists", App: made})
}

func (s *setup) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// newState is empty when too many are out.
func (s *setup) newState() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	for state, until := range s.proposals {
		if now.After(until) {
			delete(s.proposals, state)
		}
	}
	if len(s.proposals) >= maxProposals {
		return ""
	}
	state := rand.Text()
	s.proposals[state] = now.Add(proposalTime)
	return state
}

// takeState reports whether the state was given out, is young enough and was not used.
func (s *setup) takeState(state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, found := s.proposals[state]
	delete(s.proposals, state)
	return found && !s.Now().After(until)
}

func (s *setup) refuse(w http.ResponseWriter, status int, title, text string) {
	s.show(w, status, "refused.html", page{Title: title, Text: text})
}

// show writes a page that no cache keeps, no frame holds and no address leaks from.
func (s *setup) show(w http.ResponseWriter, status int, name string, p page) {
	p.Nonce, p.Style = rand.Text(), s.style
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+p.Nonce+"'; form-action 'self' "+s.WebURL+
		"; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if err := s.pages.ExecuteTemplate(w, name, p); err != nil {
		s.Log.Warn("a page could not be written", "page", name, "error", err.Error())
	}
}
