package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/org/platform-action/internal/control"
)

// overviewPage is what somebody may see, at a glance.
type overviewPage struct {
	Whole   bool // all that GitHub lets them see was asked for
	All     int
	Query   string
	Repos   []control.Repository
	Page    pager
	Blocked []listed
	More    bool // further ones are blocked
	Recent  []listed
	Trends  []trend
	Jobs    string // address of the queue's console; empty: not for this person
}

// listed is a verdict of a list, with its repository.
type listed struct {
	control.VerdictLine

	Repo control.Repository
}

// Link is the page about it.
func (l listed) Link() string {
	return pullLink(l.Repo, l.Number)
}

const (
	reposAt    = 30
	listLength = 15
	maxQuery   = 100
)

// overview is the first page. Whoever is not signed in reads what this is, and signs in.
func (p *pages) overview(w http.ResponseWriter, r *http.Request) {
	s := p.session(r)
	if s == nil {
		p.show(w, r, http.StatusOK, "welcome", "platform", nil, nil)
		return
	}
	repos, whole, err := p.repositories(r.Context(), s)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body := overviewPage{Whole: whole, All: len(repos), Query: strings.TrimSpace(r.URL.Query().Get("q"))}
	body.Query = body.Query[:min(len(body.Query), maxQuery)]
	found := repos
	if body.Query != "" {
		found = nil
		for _, repo := range repos {
			if strings.Contains(strings.ToLower(repo.Owner+"/"+repo.Name), strings.ToLower(body.Query)) {
				found = append(found, repo)
			}
		}
	}
	body.Page = newPager(r.URL, "page", len(found), reposAt)
	body.Repos = found[body.Page.From:body.Page.To]
	if err := p.lists(r, repos, &body); err != nil {
		p.failed(w, r, err)
		return
	}
	if body.Trends, err = p.sums(r.Context(), s, repos); err != nil {
		p.failed(w, r, err)
		return
	}
	if may, err := p.operates(r, s); err == nil && may { // an error is told there
		body.Jobs = JobsPath + "/"
	}
	p.show(w, r, http.StatusOK, "overview", "Overview", nil, body)
}

// lists reads what is blocked and what is recent.
func (p *pages) lists(r *http.Request, repos []control.Repository, body *overviewPage) error {
	ctx := r.Context()
	tenants := tenantsOf(repos)
	known := map[control.Tenant]control.Repository{}
	for _, repo := range repos {
		known[repo.Tenant] = repo
	}
	with := func(lines []control.VerdictLine) []listed {
		var out []listed
		for _, l := range lines {
			out = append(out, listed{l, known[l.Tenant]})
		}
		return out
	}
	blocked, err := p.o.Records.NewestVerdicts(ctx, tenants, true, 0, listLength+1)
	if err != nil {
		return err
	}
	body.More = len(blocked) > listLength
	body.Blocked = with(blocked[:min(len(blocked), listLength)])
	recent, err := p.o.Records.NewestVerdicts(ctx, tenants, false, 0, listLength)
	if err != nil {
		return err
	}
	body.Recent = with(recent)
	return nil
}

// sums are those of everything that somebody may see: at most a minute old, as the list is that they are of.
func (p *pages) sums(ctx context.Context, s *session, repos []control.Repository) ([]trend, error) {
	now := p.o.Now()
	seen, known := p.access.sums.Get(s.ID)
	if !known || now.Sub(seen.at) >= believed {
		var err error
		if seen.costs, err = p.o.Records.WeekCosts(ctx, tenantsOf(repos), now.Add(-trendWeeks*week)); err != nil {
			return nil, err
		}
		seen.at = now
		p.access.sums.Add(s.ID, seen)
	}
	return trendsOf(seen.costs, now), nil
}

func tenantsOf(repos []control.Repository) []control.Tenant {
	out := make([]control.Tenant, len(repos))
	for i, r := range repos {
		out[i] = r.Tenant
	}
	return out
}

// repositoryPage lists the pull requests of one repository.
type repositoryPage struct {
	Blocked []listed
	Lines   []listed
	Page    int
	Before  string
	Next    string
	Trends  []trend
}

const (
	linesAt  = 50
	maxPages = 1000
)

func (p *pages) repositoryPage(w http.ResponseWriter, r *http.Request, on subject) {
	body := repositoryPage{Page: pageOf(r.URL, "page", maxPages)}
	of := []control.Repository{on.repo}
	var lists overviewPage
	if err := p.lists(r, of, &lists); err != nil {
		p.failed(w, r, err)
		return
	}
	body.Blocked = lists.Blocked
	now := p.o.Now()
	costs, err := p.o.Records.WeekCosts(r.Context(), tenantsOf(of), now.Add(-trendWeeks*week))
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body.Trends = trendsOf(costs, now)
	lines, err := p.o.Records.NewestVerdicts(r.Context(), []control.Tenant{on.repo.Tenant}, false, (body.Page-1)*linesAt, linesAt+1)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	pages := body.Page
	if len(lines) > linesAt && body.Page < maxPages {
		pages++
	}
	nav := pager{Page: body.Page, Pages: pages}
	nav.link(r.URL, "page")
	body.Before, body.Next = nav.Before, nav.Next
	for _, l := range lines[:min(len(lines), linesAt)] {
		body.Lines = append(body.Lines, listed{l, on.repo})
	}
	p.show(w, r, http.StatusOK, "repository", on.repo.Owner+"/"+on.repo.Name, &on.repo, body)
}
