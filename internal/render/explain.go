package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// Explain writes how each number of one resource came about: rule, attributes read, price row, assumption.
func Explain(w io.Writer, c fact.ResourceCost) error {
	c = cleaner(CleanText).resource(c)
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", terminal(c.Address), c.Action)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", name, terminal(value))
		}
	}
	row("service", c.Service)
	row("region", c.Region)
	row("rule", c.Rule)
	row("pricing", c.Pricing)
	for _, a := range c.Attributes {
		row("read", strings.TrimPrefix(a.What, c.Address+".")+" = "+a.Value)
	}
	for _, a := range c.Assumptions {
		row("assumed", strings.TrimSpace(fmt.Sprintf("%s = %s (%s) %s", a.What, a.Value, a.Why, a.Source)))
	}
	for _, l := range c.Lines {
		name := l.Name
		if l.Group != "" {
			name = l.Group + " / " + name
		}
		fmt.Fprintf(&b, "\n  %s\n", terminal(name))
		explainSide(&b, "before", l.Before, l.Unit)
		explainSide(&b, "after", l.After, l.Unit)
	}
	fmt.Fprintf(&b, "\n  total %s\n", resourceCost(c))
	_, err := io.WriteString(w, b.String())
	return err
}

func explainSide(b *strings.Builder, side string, q *fact.Quote, unit string) {
	if q == nil {
		return
	}
	fmt.Fprintf(b, "    %-7s", side)
	switch {
	case q.Quantity != nil && q.Rate != nil:
		fmt.Fprintf(b, "%s %s × %s = %s", quantityText(q.Quantity), terminal(unit), rateText(*q.Rate), quoteText(q))
	default:
		b.WriteString(terminal(lineText(q, unit)))
	}
	fmt.Fprintf(b, " [%s]\n", q.Basis)
	if q.Why != "" {
		fmt.Fprintf(b, "           because %s\n", terminal(q.Why))
	}
	if p := q.Price; p != nil {
		fmt.Fprintf(b, "           price   %s %s in %s, as of %s, %s\n", terminal(p.Table), terminal(p.Key), terminal(p.Region), terminal(p.AsOf), terminal(p.Source))
		if p.Derived != "" {
			fmt.Fprintf(b, "           derived %s\n", terminal(p.Derived))
		}
		if p.Adjusted != "" {
			list := "no list price"
			if q.List != nil {
				list = "list " + rateText(*q.List)
			}
			fmt.Fprintf(b, "           yours   %s → %s, %s\n", list, rateText(*q.Rate), terminal(p.Adjusted))
		}
	}
}
