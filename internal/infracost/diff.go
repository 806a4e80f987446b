package infracost

import (
	"fmt"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
)

// Diff writes what changes, line by line: + new, - gone, ~ changed. What is not known is said, and never a zero.
func Diff(projects []Project, currency money.Currency, skipped bool) string {
	var b strings.Builder
	zero := money.Amount{}.In(currency)
	total := fact.Change{Before: zero, After: zero, Delta: zero}
	for i := range projects {
		p := &projects[i]
		fmt.Fprintf(&b, "Project: %s\n\n", clean(p.Label()))
		for _, f := range p.Faults {
			fmt.Fprintf(&b, "Not estimated: %s: %s\n\n", clean(f.Where), clean(f.Message))
		}
		for j := range p.Estimate.Resources {
			changed(&b, &p.Estimate.Resources[j])
		}
		e := p.Estimate
		fmt.Fprintf(&b, "Monthly cost change for %s:%s %s%s\n\n", clean(p.Label()), strings.TrimSuffix(partly(p), ":"), change(e.Total), open(&e))
		total = plus(total, e.Total)
	}
	if len(projects) > 1 {
		fmt.Fprintf(&b, "Monthly cost change of all projects: %s\n", change(total))
	}
	b.WriteString("Key: ~ changed, + added, - removed\n" + coverage(projects, skipped))
	return b.String()
}

func change(c fact.Change) string {
	out := render.Signed(c.Delta) + " (" + render.Cents(c.Before) + " → " + render.Cents(c.After) + ")"
	if !c.After.Sub(c.Before).Equal(c.Delta) {
		return render.Signed(c.Delta)
	}
	return out
}

// open says how many changed resources have no full number.
func open(e *fact.Estimate) string {
	n := e.Coverage.ChangedUnknown + e.Coverage.ChangedUnpriced
	switch n {
	case 0:
		return ""
	case 1:
		return " + 1 resource without a number"
	}
	return fmt.Sprintf(" + %d resources without a number", n)
}

func changed(b *strings.Builder, c *fact.ResourceCost) {
	var lines []string
	for _, l := range c.Lines {
		if line := changedLine(l); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return
	}
	sign := "~"
	switch c.Action {
	case fact.Create:
		sign = "+"
	case fact.Delete:
		sign = "-"
	case fact.ActionUnknown, fact.NoOp, fact.Read, fact.Update, fact.DeleteThenCreate, fact.CreateThenDelete, fact.Forget:
	}
	fmt.Fprintf(b, "%s %s\n", sign, clean(c.Address))
	if !c.Monthly.Delta.IsZero() {
		fmt.Fprintf(b, "  %s\n", change(c.Monthly))
	}
	b.WriteString("\n")
	for _, l := range lines {
		b.WriteString("    " + l + "\n")
	}
	b.WriteString("\n")
}

func changedLine(l fact.LineItem) string {
	name := clean(l.Name)
	if l.Was != "" {
		name = clean(l.Was) + " → " + name
	}
	if l.Group != "" {
		name = clean(l.Group) + " / " + name
	}
	switch {
	case l.Before == l.After:
		return ""
	case l.Before == nil:
		return "+ " + name + ": " + sideText(l.After)
	case l.After == nil:
		return "- " + name + ": " + sideText(l.Before)
	case equal(l.Before, l.After):
		return ""
	}
	return "~ " + name + ": " + sideText(l.Before) + " → " + sideText(l.After)
}

func sideText(q *fact.Quote) string {
	switch {
	case q.Monthly != nil:
		return render.Cents(*q.Monthly)
	case q.Basis == fact.UsageUnset && q.Rate != nil:
		return "by usage, " + render.Rate(*q.Rate) + " each"
	}
	return q.Basis.String()
}
