package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// result is a value and, where part of it is not known, the reason with its place in the source.
type result struct {
	value cty.Value
	why   string
}

func unknownBecause(why string) result { return result{cty.DynamicVal, why} }

// scope is one instance of a module. Everything in it is evaluated when it is first asked for.
type scope struct {
	e       *evaluator
	module  *module
	address string // such as module.a[0]; empty for the root
	parent  *scope
	call    *element          // that made it
	inputs  map[string]input  // by variable
	aliases map[string]string // providers that the call passes: name here → name in the parent
	memo    map[string]result
	busy    map[string]bool
}

// input is an argument of a module call: an expression of the parent's.
type input struct {
	expr hcl.Expression
	in   *scope
	bind binding
}

// binding is what an expression may name beside what its module defines.
type binding struct {
	count, key, value cty.Value // count.index, each.key and each.value; NilVal outside of them
	iterators         map[string]cty.Value
	self              cty.Value
}

func (b binding) with(name string, v cty.Value) binding {
	b.iterators = maps.Clone(b.iterators)
	if b.iterators == nil {
		b.iterators = map[string]cty.Value{}
	}
	b.iterators[name] = v
	return b
}

// remember evaluates once. What asks for itself on the way is a circle: unknown, and told.
func (s *scope) remember(key string, of func() result) result {
	if r, ok := s.memo[key]; ok {
		return r
	}
	if s.busy[key] {
		s.e.fault(s.where(), key+" refers to itself", "break the circle")
		return unknownBecause(key + " refers to itself")
	}
	if s.e.depth++; s.e.depth > maxReferences {
		s.e.depth--
		return unknownBecause(fmt.Sprintf("references follow one another more than %d deep", maxReferences))
	}
	s.busy[key] = true
	r := of()
	delete(s.busy, key)
	s.e.depth--
	if textSize(r.value) > maxValueText {
		r = unknownBecause(key + " is larger than any value that is kept")
	}
	s.memo[key] = r
	return r
}

func (s *scope) where() string {
	if s.address == "" {
		return s.module.dir
	}
	return s.address
}

// eval evaluates an expression. What cannot be evaluated is unknown, with the reason.
func (s *scope) eval(expr hcl.Expression, b binding) result {
	if expr == nil {
		return result{value: cty.NullVal(cty.DynamicPseudoType)}
	}
	if why := s.e.exhausted(); why != "" {
		return unknownBecause(why)
	}
	vars, why := s.variables(expr, b)
	ctx := &hcl.EvalContext{Variables: vars, Functions: s.e.functions(s.module)}
	v, diags := expr.Value(ctx)
	s.settle(expr, ctx, v, diags.HasErrors())
	if diags.HasErrors() {
		if why == "" {
			why = fmt.Sprintf("%s (%s)", problem(diags), position(expr.Range()))
		}
		return unknownBecause(why)
	}
	if plainValue, _ := v.UnmarkDeep(); plainValue.IsWhollyKnown() {
		return result{value: v}
	}
	if why == "" {
		why = "known only after apply (" + position(expr.Range()) + ")"
	}
	return result{v, why}
}

func problem(diags hcl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return strings.TrimSuffix(d.Summary, ".")
		}
	}
	return "cannot be evaluated"
}

// variables are the values that an expression names, and the reason of the first that is unknown.
func (s *scope) variables(expr hcl.Expression, b binding) (map[string]cty.Value, string) {
	roots := map[string]map[string]cty.Value{}
	vars := map[string]cty.Value{}
	traversals := expr.Variables()
	reasons := make([]string, len(traversals))
	at := 0
	put := func(root, name string, r result) {
		if roots[root] == nil {
			roots[root] = map[string]cty.Value{}
		}
		roots[root][name] = r.value
		if reasons[at] == "" {
			reasons[at] = r.why
		}
	}
	for i, t := range traversals {
		at = i
		root, name := t.RootName(), ""
		if len(t) > 1 {
			name = attrName(t[1])
		}
		switch {
		case b.iterators[root] != cty.NilVal:
			vars[root] = b.iterators[root]
		case root == "var" || root == "local" || root == "module":
			for _, n := range s.names(root, name) {
				put(root, n, s.named(root, n, position(t.SourceRange())))
			}
		case root == "data" || root == "ephemeral":
			third := ""
			if len(t) > 2 {
				third = attrName(t[2])
			}
			r := unknownBecause(root + " is known only while planning")
			if root == "data" {
				r = s.dataSource(name, third, position(t.SourceRange()))
			}
			if roots[root] == nil {
				roots[root] = map[string]cty.Value{}
			}
			roots[root][name] = withMember(roots[root][name], third, r.value)
			reasons[at] = r.why
		case special(root):
			vars[root] = s.special(root, b)
		default:
			put(root, name, s.resource(root, name, position(t.SourceRange())))
		}
	}
	for root, members := range roots {
		vars[root] = cty.ObjectVal(members)
	}
	return vars, firstReason(traversals, reasons, vars)
}

// firstReason is why the first reference that is not known is not: of what it belongs to, other parts may be.
func firstReason(traversals []hcl.Traversal, reasons []string, vars map[string]cty.Value) string {
	for i, t := range traversals {
		if reasons[i] == "" {
			continue
		}
		v, diags := t.TraverseAbs(&hcl.EvalContext{Variables: vars})
		if v, _ = v.UnmarkDeep(); diags.HasErrors() || !v.IsWhollyKnown() {
			return reasons[i]
		}
	}
	return ""
}

func withMember(object cty.Value, name string, v cty.Value) cty.Value {
	members := map[string]cty.Value{}
	if object != cty.NilVal {
		members = object.AsValueMap()
	}
	if members == nil {
		members = map[string]cty.Value{}
	}
	members[name] = v
	return cty.ObjectVal(members)
}

func attrName(step hcl.Traverser) string {
	switch step := step.(type) {
	case hcl.TraverseAttr:
		return step.Name
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() {
			return step.Key.AsString()
		}
	}
	return ""
}

// names is the one that is named, or all where an expression takes the whole.
func (s *scope) names(root, name string) []string {
	if name != "" {
		return []string{name}
	}
	switch root {
	case "var":
		return slices.Sorted(maps.Keys(s.module.variables))
	case "local":
		return slices.Sorted(maps.Keys(s.module.locals))
	}
	return slices.Sorted(maps.Keys(s.module.calls))
}

func (s *scope) named(root, name, at string) result {
	switch root {
	case "var":
		return s.variable(name, at)
	case "local":
		a, ok := s.module.locals[name]
		if !ok {
			return unknownBecause(fmt.Sprintf("local.%s is not defined (%s)", name, at))
		}
		return s.remember("local."+name, func() result { return s.eval(a.expr, binding{}) })
	}
	return s.moduleValue(name, at)
}

func special(root string) bool {
	return slices.Contains([]string{"each", "count", "path", "terraform", "tofu", "self"}, root)
}

func (s *scope) special(root string, b binding) cty.Value {
	orUnknown := func(v cty.Value) cty.Value {
		if v == cty.NilVal {
			return cty.DynamicVal
		}
		return v
	}
	switch root {
	case "count":
		return cty.ObjectVal(map[string]cty.Value{"index": orUnknown(b.count)})
	case "each":
		return cty.ObjectVal(map[string]cty.Value{"key": orUnknown(b.key), "value": orUnknown(b.value)})
	case "path":
		return cty.ObjectVal(map[string]cty.Value{
			"module": cty.StringVal(s.module.dir), "root": cty.StringVal(s.e.dir), "cwd": cty.UnknownVal(cty.String),
		})
	case "self":
		return orUnknown(b.self)
	}
	return cty.ObjectVal(map[string]cty.Value{"workspace": cty.StringVal(s.e.settings.Workspace)})
}
