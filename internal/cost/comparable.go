package cost

import (
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// openNames are the components of one side of a resource that have no number.
type openNames struct {
	components map[string]bool // by group and name, without the tier
	alone      map[string]bool // of those that stand on this side alone: by group and name without what it says in brackets
}

// openParts are the components that have no number before, and those that have none after.
func openParts(lines []fact.LineItem) (before, after openNames) {
	for i := range lines {
		l := &lines[i]
		if isOpen(l.Before) {
			before.add(l, l.After == nil)
		}
		if isOpen(l.After) {
			after.add(l, l.Before == nil)
		}
	}
	return before, after
}

func (n *openNames) add(l *fact.LineItem, alone bool) {
	if n.components == nil {
		n.components, n.alone = map[string]bool{}, map[string]bool{}
	}
	n.components[l.Group+"/"+untiered(l.Name)] = true
	if l.Was != "" {
		n.components[l.Group+"/"+untiered(l.Was)] = true
	}
	if alone {
		n.alone[l.Group+"/"+plainName(l.Name)] = true
	}
}

// becomes reports that a line of the other side alone may be what one of these components was, or is going to be: a
// tier of it, or the same thing of another kind that stands in its place.
func (n *openNames) becomes(l *fact.LineItem) bool {
	return len(n.components) > 0 && (n.components[l.Group+"/"+untiered(l.Name)] || n.alone[l.Group+"/"+plainName(l.Name)])
}

// comparableLine is false where one side of a line has no number: the other is then no saving and no increase either. A
// line that stands on one side alone is compared with what its component was, or becomes, on the other.
func comparableLine(l *fact.LineItem, before, after openNames) bool {
	switch {
	case l.Before == nil:
		return !before.becomes(l)
	case l.After == nil:
		return !after.becomes(l)
	}
	return !isOpen(l.Before) && !isOpen(l.After)
}

func isOpen(q *fact.Quote) bool {
	if q == nil {
		return false
	}
	switch q.Basis {
	case fact.Unknown, fact.Unpriced, fact.UsageUnset:
		return true
	case fact.Usage, fact.Priced, fact.Free:
	}
	return false
}

// untiered is the name of a line without the tier that tierName, or another program, put at its end.
func untiered(name string) string {
	at := strings.LastIndex(name, " (")
	if at < 0 {
		return name
	}
	for _, word := range [...]string{"first ", "next ", "over "} {
		if strings.HasPrefix(name[at+2:], word) {
			return name[:at]
		}
	}
	return name
}
