package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate/scan"
	"github.com/org/platform-action/internal/render"
)

//go:embed pages/*.html
var pageFiles embed.FS

// People is GitHub, as it signs people in and as each of them sees it. control.ErrGone says that something is not there or
// not theirs to see, control.ErrSignedOut that their token has ended.
type People interface {
	Address(state, verifier string) string
	Exchange(ctx context.Context, code, verifier string) (token string, until time.Time, err error)
	Whoami(ctx context.Context, token string) (control.Person, error)
	Repository(ctx context.Context, token, owner, name string) (control.Visible, error)
	Visible(ctx context.Context, token string) (list []control.Visible, whole bool, err error)
	Revoke(ctx context.Context, token string) error
	// InTeam reports that somebody is in a team of an organisation. A team that they may not see is none.
	InTeam(ctx context.Context, token, org, team, login string) (bool, error)
	// Survey reads how a repository deploys; what the token may not see is missing.
	Survey(ctx context.Context, token, owner, name string) (scan.Facts, error)
}

// Desk does what people ask for on a page, by the rules of every other surface.
type Desk interface {
	Confirm(ctx context.Context, t control.Tenant, number int, by control.Person, digest string) error
	Environments(ctx context.Context, t control.Tenant) (control.Environments, error)
	WaiverRequests(ctx context.Context, t control.Tenant) ([]control.WaiverRequest, error)
	AskWaiver(ctx context.Context, t control.Tenant, by control.Person, asked control.WaiverRequest) (id string, err error)
	ApproveWaiver(ctx context.Context, t control.Tenant, by control.Person, id string) error
	RevokeWaiver(ctx context.Context, t control.Tenant, by control.Person, id string) error
}

// PagesOptions are what the pages need. All are required but Operators and Jobs.
type PagesOptions struct {
	PublicURL   string // where people reach the server
	Callback    string // path to which GitHub sends people back who sign in
	WebURL      string // where GitHub shows its pages
	App         int64  // id of our own at GitHub
	Key         []byte // of the cookies: at least 32 bytes
	People      People
	Records     control.PageRecords
	Deployments control.DeploymentPageRecords
	Desk        Desk
	Operators   string                   // ORG/TEAM that may see the queue; empty: nobody
	Jobs        http.Handler             // the queue's console, below JobsPath; nil: there is none
	Allowed     func(account int64) bool // accounts that are served
	Now         func() time.Time
	Log         *slog.Logger
}

// pages shows what is known to whoever may see it.
type pages struct {
	o        PagesOptions
	sessions seal
	journeys seal
	access   *access
	reports  *lru.Cache[[32]byte, render.Report]
	pages    *template.Template
	style    []byte
	sheet    string // address of the style sheet
	policy   string // Content-Security-Policy
}

var (
	ownerForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)
	repoForm  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
)

// NewPages serves the pages about verdicts: to people who signed in at GitHub, and of repositories that GitHub lets each of
// them see.
func NewPages(o PagesOptions) (http.Handler, error) {
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("PLATFORM_PUBLIC_URL is no web address")
	}
	p := &pages{o: o}
	if err := p.shell(); err != nil {
		return nil, err
	}
	secure := public.Scheme == "https"
	if p.sessions, err = newSeal(o.Key, "platform-session", secure); err != nil {
		return nil, err
	}
	if p.journeys, err = newSeal(o.Key, "platform-sign-in", secure); err != nil {
		return nil, err
	}
	if p.access, err = newAccess(); err != nil {
		return nil, err
	}
	if p.reports, err = lru.New[[32]byte, render.Report](keptReports); err != nil {
		return nil, err
	}
	foreign := http.NewCrossOriginProtection()
	if err := foreign.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, err
	}
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.say(w, r, http.StatusForbidden, note{Title: "Another site sent this form", Text: "Nothing was changed."})
	}))
	return foreign.Handler(p.withJobs(p.routes())), nil
}

// shell is what every page stands in.
func (p *pages) shell() error {
	var err error
	if p.style, err = files.ReadFile("style.css"); err != nil {
		return err
	}
	sum := sha256.Sum256(p.style)
	p.sheet = "/assets/" + hex.EncodeToString(sum[:6]) + ".css"
	p.policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	p.pages, err = template.New("pages").Funcs(functions(p.o.WebURL)).ParseFS(pageFiles, "pages/*.html")
	return err
}

func (p *pages) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+p.sheet, p.styleSheet)
	mux.HandleFunc("GET "+signInPath, p.signIn)
	mux.HandleFunc("GET "+p.o.Callback, p.signedIn)
	mux.HandleFunc("POST "+signOutPath, p.signOut)
	mux.HandleFunc("GET /{$}", p.overview)
	mux.HandleFunc("GET /{owner}/{repo}", p.about(p.repositoryPage))
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}", p.about(p.pull))
	mux.HandleFunc("GET /{owner}/{repo}/commit/{sha}", p.about(p.commit))
	mux.HandleFunc("GET /{owner}/{repo}/environments", p.about(p.environments))
	mux.HandleFunc("POST /{owner}/{repo}/environments/locks", p.about(p.locks))
	mux.HandleFunc("GET /{owner}/{repo}/environments/waive", p.about(p.waive))
	mux.HandleFunc("POST /{owner}/{repo}/environments/waive", p.about(p.waived))
	mux.HandleFunc("GET /{owner}/{repo}/waivers/{id}", p.about(p.waiver))
	mux.HandleFunc("POST /{owner}/{repo}/waivers/{id}", p.about(p.answered))
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}/acknowledge", p.about(p.acknowledge))
	mux.HandleFunc("POST /{owner}/{repo}/pull/{number}/acknowledge", p.about(p.acknowledged))
	mux.HandleFunc("/", p.missing)
	return mux
}

// subject is a page about a repository that somebody may see.
type subject struct {
	session *session
	repo    control.Repository
}

// about lets a page be seen by whoever may see its repository. Everybody else is told what they are told of one that does
// not exist.
func (p *pages) about(show func(http.ResponseWriter, *http.Request, subject)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := p.session(r)
		if s == nil {
			p.strange(w, r)
			return
		}
		owner, name := r.PathValue("owner"), r.PathValue("repo")
		repo, err := p.repository(r.Context(), s, owner, name)
		if err != nil {
			p.failed(w, r, err)
			return
		}
		if r.Method != http.MethodPost && (repo.Owner != owner || repo.Name != name) {
			p.redirect(w, r, renamed(r.URL, repo))
			return
		}
		show(w, r, subject{s, repo})
	}
}

// renamed is the address with the names that the repository has now.
func renamed(u *url.URL, repo control.Repository) string {
	parts := strings.SplitN(u.EscapedPath(), "/", 4)
	to := "/" + url.PathEscape(repo.Owner) + "/" + url.PathEscape(repo.Name)
	if len(parts) == 4 {
		to += "/" + parts[3]
	}
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	return to
}

// strange is for whoever is not signed in: a page comes after GitHub has said who they are, a form was not sent.
func (p *pages) strange(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		p.redirect(w, r, signInLink(r.URL.RequestURI()))
		return
	}
	p.say(w, r, http.StatusUnauthorized, note{
		Title: "Your sign-in has ended", Text: "Nothing was changed. Sign in again: you come back to the form.", Action: "Sign in again", Link: signInLink(r.URL.Path),
	})
}

func (p *pages) missing(w http.ResponseWriter, r *http.Request) {
	if p.session(r) == nil {
		p.strange(w, r)
		return
	}
	p.failed(w, r, control.ErrGone)
}

// failed says why there is no page: that nothing is there, that GitHub cannot say whether somebody may see it, or that
// something of ours is broken, which the log has.
func (p *pages) failed(w http.ResponseWriter, r *http.Request, err error) {
	var later *control.Later
	switch {
	case errors.Is(err, control.ErrSignedOut):
		p.sessions.drop(w)
		p.strange(w, r)
	case errors.Is(err, control.ErrGone):
		p.say(w, r, http.StatusNotFound, note{
			Title: "Nothing here",
			Text:  "There is no such page, the repository is not among those that platform looks at, or GitHub does not let you see it. Where an organisation asks for single sign-on, sign out and in again.",
		})
	case errors.As(err, &later):
		p.say(w, r, http.StatusServiceUnavailable, note{Title: "GitHub asks you to wait", Text: later.Reason + ". Nothing is shown before GitHub has said that you may see it."})
	default:
		p.o.Log.WarnContext(r.Context(), "a page could not be shown", "route", r.Pattern, "error", err.Error())
		p.say(w, r, http.StatusServiceUnavailable, note{Title: "This page cannot be shown now", Text: "GitHub or the database did not answer. Nothing is shown before GitHub has said that you may see it. Try again in a minute."})
	}
}

// note is a page that says one thing.
type note struct{ Title, Text, Action, Link string }

func (p *pages) say(w http.ResponseWriter, r *http.Request, status int, n note) {
	p.show(w, r, status, "note", n.Title, nil, n)
}

// frame is what a template gets.
type frame struct {
	Title  string
	Sheet  string
	Person string // login; empty: nobody is signed in
	CSRF   string
	Next   string // this page, to come back to
	Repo   *control.Repository
	Tab    string
	Body   any
}

// show writes a page whole or not at all: no cache keeps it, no frame holds it, and no address leaks from it.
func (p *pages) show(w http.ResponseWriter, r *http.Request, status int, name, title string, repo *control.Repository, body any) {
	f := frame{Title: title, Sheet: p.sheet, Repo: repo, Tab: name, Body: body, Next: r.URL.RequestURI()}
	if s := p.session(r); s != nil {
		f.Person, f.CSRF = s.Person.Login, s.CSRF
	}
	var out bytes.Buffer
	if err := p.pages.ExecuteTemplate(&out, name, f); err != nil {
		p.o.Log.ErrorContext(r.Context(), "a page could not be made", "page", name, "error", err.Error())
		http.Error(w, "This page could not be made: the server's log has the reason.", http.StatusInternalServerError)
		return
	}
	p.headers(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

func (p *pages) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer a form of ours would name no origin
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", p.policy)
}

func (p *pages) redirect(w http.ResponseWriter, r *http.Request, to string) {
	p.headers(w)
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a page of ours (see local), or GitHub
}
