package render

import (
	"fmt"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// assumptionLines say what the estimate took for granted and what has no price. What holds for several resources is
// one line.
func assumptionLines(r Report) []string {
	var l basisLines
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			l.add(fmt.Sprintf("%s: no estimate: %s", code(middle(p.Name, 64)), markdown(middle(p.Estimate.Why(), 300))), "")
			continue
		}
		l.estimate(e)
	}
	return l.lines()
}

// basisLines groups the resources that a statement is true of, in the order of its first appearance.
type basisLines struct {
	order []string
	of    map[string][]string
}

// add notes a statement, and the resource that it is about, if any.
func (l *basisLines) add(statement, address string) {
	if l.of == nil {
		l.of = map[string][]string{}
	}
	if _, seen := l.of[statement]; !seen {
		l.order = append(l.order, statement)
		l.of[statement] = nil
	}
	if address != "" {
		l.of[statement] = append(l.of[statement], address)
	}
}

// lines name at most three resources of a statement and count the others.
func (l *basisLines) lines() []string {
	const named = 3
	out := make([]string, 0, len(l.order))
	for _, statement := range l.order {
		addresses := l.of[statement]
		var names []string
		for _, a := range addresses[:min(len(addresses), named)] {
			names = append(names, code(middle(a, 120)))
		}
		if n := len(addresses) - named; n > 0 {
			names = append(names, fmt.Sprintf("%d more", n))
		}
		line := "- " + statement
		if len(names) > 0 {
			line += ": " + strings.Join(names, ", ")
		}
		out = append(out, line+"\n")
	}
	return out
}

func (l *basisLines) estimate(e fact.Estimate) {
	for _, t := range e.Unpriced {
		l.add(fmt.Sprintf("unpriced: %s × %d: %s", code(middle(t.Type, 64)), t.Count, markdown(middle(t.Why, 200))), "")
	}
	for _, n := range e.Notes {
		l.add(fmt.Sprintf("%s = %s: %s", markdown(middle(n.What, 120)), code(middle(n.Value, 120)), markdown(middle(n.Why, 200))), "")
	}
	if n := e.Coverage.UsageUnsetLines; n > 0 {
		l.add(plural(n, "usage-based line is", "usage-based lines are")+" shown by rate only: no usage was given, so it is in no total", "")
	}
	if !e.UsagePart.After.IsZero() || !e.UsagePart.Before.IsZero() {
		l.add("of the total, "+markdown(changeText(e.UsagePart))+" rest on usage assumptions", "")
	}
	for i := range e.Resources {
		l.resource(&e.Resources[i])
	}
}

func (l *basisLines) resource(c *fact.ResourceCost) {
	if !c.Action.Changes() {
		return
	}
	if why := openWhy(c); why != "" {
		l.add(markdown(middle(why, 200)), c.Address)
	}
	for _, a := range c.Assumptions {
		if !strings.HasSuffix(a.What, " region") { // the estimate's notes name regions once for all
			l.add(fmt.Sprintf("%s = %s (%s)", markdown(middle(a.What, 120)), code(middle(a.Value, 120)), markdown(middle(a.Why, 200))), c.Address)
		}
	}
}
