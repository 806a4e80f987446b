package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// maxHeadline is the length of a GitHub status description, the shortest place that shows a headline.
const maxHeadline = 140

// Symbol stands before the outcome's word, never alone.
func Symbol(o verdict.Outcome) string {
	switch o {
	case verdict.Allow:
		return "✅"
	case verdict.Warn:
		return "⚠️"
	case verdict.Block:
		return "⛔"
	case verdict.Undecided:
		return "⏸"
	}
	return "⏸"
}

// Headline is the one sentence that every sink begins with: Word — why · cost. It is at most 140 characters and
// has no text from a pull request in it.
func Headline(r Report) string {
	if r.View == CostView {
		return headlineOf("Cost", costClause(r))
	}
	why := whyClause(r.Verdict)
	return headlineOf(r.Verdict.Outcome.Word()+" — "+why, costClause(r))
}

func headlineOf(left, cost string) string {
	h := left
	if cost != "" {
		h += " · " + cost
	}
	if runes := []rune(h); len(runes) > maxHeadline {
		return string(runes[:maxHeadline-1]) + "…"
	}
	return h
}

// whyClause counts what made the outcome.
func whyClause(v verdict.Verdict) string {
	var block, warn, undecided int
	ack := false
	for _, f := range v.Findings {
		switch f.Severity {
		case verdict.Block:
			block++
			ack = ack || f.ID == "needs-ack"
		case verdict.Warn:
			warn++
		case verdict.Undecided:
			undecided++
		case verdict.Allow:
		}
	}
	var parts []string
	switch v.Outcome {
	case verdict.Undecided:
		parts = append(parts, undecidedClause(v, undecided))
		if block > 0 {
			parts = append(parts, plural(block, "finding blocks", "findings block"))
		}
	case verdict.Block:
		if ack && block == 1 {
			parts = append(parts, "needs an acknowledgement of the cost")
		} else {
			parts = append(parts, plural(block, "finding blocks", "findings block"))
		}
		if warn > 0 {
			parts = append(parts, plural(warn, "note", "notes"))
		}
	case verdict.Warn:
		parts = append(parts, plural(warn, "note", "notes"))
	case verdict.Allow:
		parts = append(parts, fmt.Sprintf("%s looked", plural(len(v.Checks), "policy", "policies")))
	}
	return strings.Join(parts, ", ")
}

// undecidedClause names the missing thing when it is one.
func undecidedClause(v verdict.Verdict, n int) string {
	titles := map[string]bool{}
	title := ""
	for _, f := range v.Findings {
		if f.Severity == verdict.Undecided {
			titles[f.Title], title = true, f.Title
		}
	}
	if len(titles) == 1 && title != "" && len(title) <= 60 {
		return strings.ToLower(title[:1]) + oneLine(title[1:])
	}
	return plural(n, "thing could not be decided", "things could not be decided")
}

// costClause is the money of the headline; what is not known is said, never printed as zero.
func costClause(r Report) string {
	total, ok := r.Total.Get()
	if !ok {
		return "cost unknown"
	}
	open, changed, any := 0, 0, false
	for _, p := range r.Projects {
		e, known := p.Estimate.Get()
		if !known {
			return "cost unknown"
		}
		open += e.Coverage.ChangedUnknown + e.Coverage.ChangedUnpriced
		changed += e.Coverage.Changed
		any = any || len(e.Resources) > 0
	}
	switch {
	case !any && changed == 0:
		return "no cost change"
	case !any:
		return "nothing that costs"
	}
	text := "cost " + changeText(total)
	if open > 0 {
		text += fmt.Sprintf(" + %s unknown", plural(open, "resource", "resources"))
	}
	return text
}

// Action is the one thing that unblocks, and where; empty when nothing blocks.
func action(v verdict.Verdict) (f verdict.Finding, ok bool) {
	if v.Outcome == verdict.Allow || v.Outcome == verdict.Warn {
		return f, false
	}
	candidates := worstFirst(v.Findings)
	for _, c := range candidates {
		if c.Fix != "" && c.Severity <= verdict.Block {
			return c, true
		}
	}
	return f, false
}

// worstFirst sorts a copy: outcome, id, address.
func worstFirst(findings []verdict.Finding) []verdict.Finding {
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b verdict.Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Address, b.Address))
	})
	return out
}

// movers are the resources whose cost changes or whose change is not known, greatest first.
func movers(r Report) []mover {
	var out []mover
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			continue
		}
		for i := range e.Resources {
			c := &e.Resources[i]
			m := mover{project: p.Name, cost: c, open: isOpen(c)}
			if c.Action.Changes() && (!c.Monthly.Delta.IsZero() || m.open) {
				out = append(out, m)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b mover) int {
		return cmp.Or(b.cost.Monthly.Delta.Abs().Cmp(a.cost.Monthly.Delta.Abs()), cmp.Compare(a.cost.Address, b.cost.Address))
	})
	return out
}

type mover struct {
	project string
	cost    *fact.ResourceCost
	open    bool
}

// isOpen reports a line without a number where there should be one.
func isOpen(c *fact.ResourceCost) bool {
	for _, l := range c.Lines {
		for _, q := range []*fact.Quote{l.Before, l.After} {
			if q != nil && (q.Basis == fact.Unknown || q.Basis == fact.Unpriced) {
				return true
			}
		}
	}
	return false
}

// openWhy says why a resource has no full number.
func openWhy(c *fact.ResourceCost) string {
	for _, l := range c.Lines {
		for _, q := range []*fact.Quote{l.After, l.Before} {
			if q != nil && (q.Basis == fact.Unknown || q.Basis == fact.Unpriced) {
				return q.Basis.String() + ": " + q.Why
			}
		}
	}
	return ""
}
