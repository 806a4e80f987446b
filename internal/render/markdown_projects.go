package render

import (
	"fmt"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// markdownProjects is a row each when there are several plans: those that cost or change most matter first.
func markdownProjects(r Report, rows int) string {
	if len(r.Projects) < 2 || rows == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n| Project | Changes | Cost |\n|---------|---------|------|\n")
	for i, p := range r.Projects {
		if i == rows {
			fmt.Fprintf(&b, "| … %s | | %s |\n", plural(len(r.Projects)-i, "more project", "more projects"), restOfProjects(r.Projects[i:]))
			break
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code(middle(p.Name, 64)), planText(p.Plan), markdown(projectCost(p)))
	}
	return b.String()
}

// projectCost is a project's change of cost, or why there is none.
func projectCost(p Project) string {
	e, ok := p.Estimate.Get()
	if !ok {
		return "unknown: " + middle(p.Estimate.Why(), 120)
	}
	return costText(e.Total, openOf(e))
}

// restOfProjects adds up the projects that have no row.
func restOfProjects(rest []Project) string {
	var sum fact.Change
	unknown := 0
	for _, p := range rest {
		e, ok := p.Estimate.Get()
		if !ok {
			unknown++
			continue
		}
		sum.Delta = sum.Delta.Add(e.Total.Delta)
		if o := openOf(e); o.unknown+o.usage > 0 {
			unknown++
		}
	}
	text := Signed(sum.Delta) + "/mo"
	if unknown > 0 {
		text += fmt.Sprintf(" + %s not fully known", plural(unknown, "project", "projects"))
	}
	return text
}

// planText is "2 to add, 1 to change, 0 to destroy", as Terraform says it.
func planText(p PlanSummary) string {
	text := "no changes"
	if p.Create+p.Update+p.Replace+p.Delete > 0 {
		text = fmt.Sprintf("%d to add, %d to change, %d to destroy", p.Create+p.Replace, p.Update, p.Delete+p.Replace)
	}
	if p.Import > 0 {
		text += fmt.Sprintf(", %d to import", p.Import)
	}
	if p.Forget > 0 {
		text += fmt.Sprintf(", %d to forget", p.Forget)
	}
	switch {
	case p.Errored:
		text += " (the plan failed part-way)"
	case !p.Complete:
		text += " (partial plan)"
	}
	return text
}
