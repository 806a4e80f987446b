package web

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/render"
)

// pager cuts a list into pages.
type pager struct {
	From, To, All int // what this page shows, and of how many
	Page, Pages   int
	Before, Next  string // addresses; empty: there is none
}

// newPager reads the page's number from the address, under a name of its own: several lists stand on one page.
func newPager(at *url.URL, name string, all, size int) pager {
	pages := max((all+size-1)/size, 1)
	p := pager{All: all, Page: pageOf(at, name, pages), Pages: pages}
	p.From, p.To = min((p.Page-1)*size, all), min(p.Page*size, all)
	p.link(at, name)
	return p
}

func pageOf(at *url.URL, name string, pages int) int {
	n, err := strconv.Atoi(at.Query().Get(name))
	if err != nil {
		return 1
	}
	return min(max(n, 1), pages)
}

func (p *pager) link(at *url.URL, name string) {
	to := func(n int) string {
		q := at.Query()
		q.Set(name, strconv.Itoa(n))
		return at.EscapedPath() + "?" + q.Encode() + "#" + name
	}
	if p.Page > 1 {
		p.Before = to(p.Page - 1)
	}
	if p.Page < p.Pages {
		p.Next = to(p.Page + 1)
	}
}

// projectCosts are the resources of a project that a page shows.
type projectCosts struct {
	render.Project

	Known     *fact.Estimate // without its resources; nil: there is no estimate
	Resources []costRows
	First     bool // the project begins on this page
}

type costRows struct {
	fact.ResourceCost

	More int // lines beyond those that are shown
}

const (
	rowsAt   = 120 // lines of a page
	maxLines = 100 // of one resource
	maxPlain = 50  // projects without a resource, types and notes
)

// changedFirst puts what the change touches before what it leaves alone.
func changedFirst(projects []render.Project) []render.Project {
	out := slices.Clone(projects)
	for i := range out {
		e, ok := out[i].Estimate.Get()
		if !ok {
			continue
		}
		e.Resources = slices.Clone(e.Resources)
		slices.SortStableFunc(e.Resources, func(a, b fact.ResourceCost) int {
			switch ca, cb := a.Action.Changes(), b.Action.Changes(); {
			case ca && !cb:
				return -1
			case cb && !ca:
				return 1
			}
			return 0
		})
		out[i].Estimate = fact.Of(e)
	}
	return out
}

// costsOf cuts the estimates into pages of about as many lines each.
func costsOf(r render.Report, at *url.URL) ([]projectCosts, pager) {
	starts, all := pageStarts(r)
	p := pager{All: all, Pages: len(starts)}
	p.Page = pageOf(at, "cost", len(starts))
	p.From, p.To = starts[p.Page-1], all
	if p.Page < len(starts) {
		p.To = starts[p.Page]
	}
	p.link(at, "cost")
	var out []projectCosts
	seen, bare := 0, 0
	for _, project := range r.Projects {
		e, known := project.Estimate.Get()
		own := projectCosts{Project: project, First: seen >= p.From && seen < p.To || p.All == 0 || len(e.Resources) == 0}
		var rows []costRows
		for i := range e.Resources {
			if seen >= p.From && seen < p.To {
				rows = append(rows, cutLines(e.Resources[i]))
			}
			seen++
		}
		empty := len(e.Resources) == 0
		if empty {
			bare++
		}
		if len(rows) == 0 && (!empty || p.Page > 1 || bare > maxPlain) {
			continue
		}
		if known {
			e.Resources = nil
			e.Unpriced, e.Notes = e.Unpriced[:min(len(e.Unpriced), maxPlain)], e.Notes[:min(len(e.Notes), maxPlain)]
			own.Known = &e
		}
		own.Plan.Faults, own.Plan.Notes = own.Plan.Faults[:min(len(own.Plan.Faults), maxPlain)], own.Plan.Notes[:min(len(own.Plan.Notes), maxPlain)]
		own.Resources = rows
		out = append(out, own)
	}
	return out, p
}

// pageStarts says with which resource each page begins, and how many there are.
func pageStarts(r render.Report) (starts []int, all int) {
	starts = []int{0}
	rows := 0
	for _, project := range r.Projects {
		e, _ := project.Estimate.Get()
		for i := range e.Resources {
			n := 1 + min(len(e.Resources[i].Lines), maxLines) + len(e.Resources[i].Assumptions)
			if rows > 0 && rows+n > rowsAt {
				starts, rows = append(starts, all), 0
			}
			rows += n
			all++
		}
	}
	return starts, all
}

func cutLines(c fact.ResourceCost) costRows {
	out := costRows{ResourceCost: c}
	if len(c.Lines) > maxLines {
		out.More = len(c.Lines) - maxLines
		out.Lines = c.Lines[:maxLines]
	}
	out.Assumptions = c.Assumptions[:min(len(c.Assumptions), maxLines)]
	return out
}
