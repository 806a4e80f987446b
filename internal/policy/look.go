package policy

import (
	"context"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/verdict"
)

// look notes how many things the unit looked at. A package with `looked`, a set or a number, says so itself; else it is the
// number of resources in the document that the rule can see at all: those of its declared types, and only the judged
// ones when the package asks for `judged`. Other dialects cannot tell: -1.
func (u *unit) look(ctx context.Context, out *outcome, docs *documents, limit string) {
	switch {
	case u.dialect != "":
		out.looked = -1
	case u.looked == nil:
		out.counts = docs.ours.counts
	default:
		t, fault := u.eval(ctx, u.looked, "looked", docs.ours.value, limit)
		if fault == nil {
			switch v := t.Value.(type) {
			case ast.Set:
				out.looked = v.Len()
				return
			case ast.Number:
				if n, ok := v.Int(); ok && n >= 0 {
					out.looked = n
					return
				}
			}
			f := u.broken("rule "+u.pkg+".looked is neither a set nor a number", "write `looked contains …`")
			fault = &f
		}
		out.looked, out.findings = -1, append(out.findings, *fault)
	}
}

// seen counts the resources of the types that a rule declares.
func (u *unit) seen(r Rule, perType map[string]counts) int {
	types, _ := declared([]Rule{r})
	n := 0
	for typ, c := range perType {
		switch {
		case !matchesAny(types, typ):
		case u.needs.judged:
			n += c.judged
		default:
			n += c.all
		}
	}
	return n
}

// exceptions are conftest's: sets of names of rules of the same package that do not count.
func (u *unit) exceptions(ctx context.Context, input ast.Value, limit string) ([]string, []verdict.Finding) {
	if u.except == nil {
		return nil, nil
	}
	t, fault := u.eval(ctx, u.except, "exception", input, limit)
	if fault != nil {
		return nil, []verdict.Finding{*fault}
	}
	set, ok := t.Value.(ast.Set)
	if !ok {
		return nil, []verdict.Finding{u.broken("rule "+u.pkg+".exception is no set of lists of rule names", "write `exception contains rules if …`")}
	}
	var names []string
	for _, list := range set.Slice() {
		arr, ok := list.Value.(*ast.Array)
		if !ok {
			return nil, []verdict.Finding{u.broken("rule "+u.pkg+".exception is no set of lists of rule names", "write `rules := [\"name\"]`")}
		}
		for i := range arr.Len() {
			if s, ok := arr.Elem(i).Value.(ast.String); ok {
				names = append(names, string(s))
			}
		}
	}
	return names, nil
}

// ruleSuffix is the name by which conftest's exceptions know a rule: deny_run_as_root is run_as_root, deny is "".
func ruleSuffix(name string) string {
	_, suffix, _ := strings.Cut(name, "_")
	return suffix
}
