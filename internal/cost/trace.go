package cost

import (
	"fmt"

	"github.com/org/platform-action/internal/fact"
)

// Why a rule has the value of an attribute, in an explanation.
const (
	readFromPlan = "read from the plan"
	readNothing  = "looked for, and not set"
	readUnknown  = "looked for, and not known"
)

// read notes an attribute that a rule looked at, when an explanation was asked for.
func (c *evaluation) read(s *scope, path string, st state, value any) {
	if !c.trace {
		return
	}
	text, why := "not set", readNothing
	switch st {
	case unset:
	case unknown:
		text, why = "unknown", readUnknown
	case set:
		why = readFromPlan
		switch v := value.(type) {
		case []any:
			text = fmt.Sprintf("a list of %d", len(v))
		case map[string]any:
			text = "a block"
		case string:
			if text = v; v == "" {
				text = `""`
			}
		default:
			text, _ = toText(value)
		}
	}
	c.trail(s, path, text, why)
}

// found notes what a rule found by following references.
func (c *evaluation) found(s *scope, what string, x *instance) {
	if !c.trace {
		return
	}
	text, why := "nothing in the plan", readNothing
	if x != nil {
		text, why = x.resource.Address, readFromPlan
	}
	c.trail(s, what, text, why)
}

func (c *evaluation) trail(s *scope, what, value, why string) {
	c.reads = append(c.reads, fact.Assumption{What: s.instance.resource.Address + "." + s.path + what, Value: value, Why: why})
}
