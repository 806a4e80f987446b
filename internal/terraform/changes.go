package terraform

import (
	"bytes"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// Changes gives the resources of head the actions that lead there from base, and adds those that only base has. Both
// are evaluated source; what they set alike is no change.
func Changes(base, head fact.Plan) fact.Plan {
	old := make(map[string]*fact.Resource, len(base.Resources))
	for i := range base.Resources {
		old[base.Resources[i].Address] = &base.Resources[i]
	}
	out := slices.Clone(head.Resources)
	for i := range out {
		r := &out[i]
		from := r.Address
		was := old[from]
		if was == nil && r.PreviousAddress != "" {
			from = r.PreviousAddress
			was = old[from]
		}
		if was == nil {
			continue
		}
		delete(old, from)
		r.Before = was.After
		switch {
		case r.Action == fact.Forget:
			*r = *was
			r.Action, r.Before, r.After, r.Unknown = fact.Forget, was.After, nil, nil
		case bytes.Equal(was.After, r.After) && bytes.Equal(was.Unknown, r.Unknown) && was.Uncounted == r.Uncounted:
			r.Action = fact.NoOp
		default:
			r.Action = fact.Update
		}
	}
	for _, gone := range old {
		r := *gone
		r.Action, r.Before, r.After, r.Unknown, r.File, r.Line = fact.Delete, gone.After, nil, nil, "", 0
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b fact.Resource) int { return strings.Compare(a.Address, b.Address) })
	out = slices.DeleteFunc(out, func(r fact.Resource) bool { return r.Action == fact.Forget && r.Before == nil })
	head.Resources = out
	return head
}
