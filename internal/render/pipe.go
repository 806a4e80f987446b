package render

import (
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// pipeReport is for scripts: rows of kind and columns, in a fixed order.
func pipeReport(r Report) string {
	var b strings.Builder
	row := func(columns ...string) {
		for i, c := range columns {
			columns[i] = terminal(c)
		}
		b.WriteString(strings.Join(columns, "\t") + "\n")
	}
	if r.View == CheckView {
		row("verdict", r.Verdict.Outcome.String(), Headline(r), r.Verdict.Digest)
	} else {
		row("estimate", Headline(r), r.Verdict.Digest)
	}
	for _, f := range worstFirst(r.Verdict.Findings) {
		row("finding", f.Severity.String(), f.ID, f.Address, place(f), f.Message, f.Fix)
	}
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			row("project", p.Name, "unknown", p.Estimate.Why())
			continue
		}
		row("project", p.Name, string(e.Currency), e.Total.Before.Value().String(), e.Total.After.Value().String(), e.Total.Delta.Value().String())
		for i := range e.Resources {
			c := &e.Resources[i]
			for _, l := range c.Lines {
				if r.View == CostView || c.Action.Changes() {
					row("line", p.Name, c.Address, l.Group, l.Name, l.Unit, pipeQuote(l.Before), pipeQuote(l.After))
				}
			}
		}
	}
	return b.String()
}

// pipeQuote is the exact monthly amount, or the basis in words.
func pipeQuote(q *fact.Quote) string {
	switch {
	case q == nil:
		return "-"
	case q.Monthly != nil:
		return q.Monthly.Value().String()
	}
	return q.Basis.String()
}
