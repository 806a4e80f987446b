package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// leftovers evaluates the expressions that read files and that nothing asked for: a plan of Terraform's own may depend
// on them. What they name beside their module is not known here.
func (e *evaluator) leftovers() {
	unknown := binding{count: cty.UnknownVal(cty.Number), key: cty.UnknownVal(cty.String), value: cty.DynamicVal, self: cty.DynamicVal}
	entered := map[*module]bool{}
	for i := 0; i < len(e.read.scopes); i++ { // evaluating one may make others
		s := e.read.scopes[i]
		entered[s.module] = true
		for _, expr := range e.readers(s.module) {
			if !e.read.done[site{s, expr}] {
				s.eval(expr, unknown)
			}
		}
	}
	for _, m := range e.parsed {
		if m != nil && !entered[m] && len(e.readers(m)) > 0 {
			e.read.any("the module in " + quote(m.dir) + " reads files and is not evaluated")
		}
	}
	seen := map[string]bool{}
	for i := 0; i < len(e.read.grunts); i++ {
		if g := e.read.grunts[i]; !seen[g.file] {
			seen[g.file] = true
			g.leftovers()
		}
	}
}

// readers are the expressions of a module that read files.
func (e *evaluator) readers(m *module) []hcl.Expression {
	if list, known := e.reading[m]; known {
		return list
	}
	var out []hcl.Expression
	visit := func(a attribute) {
		if e.readsIn(a.expr) {
			out = append(out, a.expr)
		}
	}
	for _, group := range []map[string]*element{m.variables, m.outputs, m.providers, m.resources, m.data, m.calls} {
		for _, block := range group {
			block.body.each(visit)
		}
	}
	for _, a := range m.locals {
		visit(a)
	}
	e.reading[m] = out
	return out
}

func (b body) each(visit func(attribute)) {
	for _, a := range b.attributes {
		visit(a)
	}
	for _, n := range b.blocks {
		n.body.each(visit)
	}
}

// settle notes what an expression of a Terragrunt configuration reads. Its functions that read files give nothing here,
// so that no value shows which were called.
func (g *grunt) settle(expr hcl.Expression, ctx *hcl.EvalContext, v cty.Value) {
	if g.e.read != nil {
		g.e.settle(expr, ctx, v, true, func(_ string, args []cty.Value) { g.note(args[0]) })
	}
}

// note notes a file, or all below a folder: relative to the configuration, or to the one that everything is for.
func (g *grunt) note(v cty.Value) {
	if name, ok := g.e.text(v); ok {
		g.e.follow(g.at(name))
		if !strings.HasPrefix(name, "/") {
			g.e.follow(path.Join(g.leaf, name))
		}
	}
}

// leftovers evaluates what nothing asked for, and notes the variable files that Terraform is to be started with.
func (g *grunt) leftovers() {
	g.body.each(func(a attribute) { g.eval(a.expr) })
	for _, n := range g.body.blocks {
		for _, inner := range n.body.blocks {
			if n.kind == "terraform" && inner.kind == "extra_arguments" {
				g.arguments(inner.body)
			}
		}
	}
}

// arguments are the variable files that extra_arguments names.
func (g *grunt) arguments(b body) {
	for name, a := range b.attributes {
		if !slices.Contains([]string{"required_var_files", "optional_var_files", "arguments"}, name) {
			continue
		}
		v, _ := g.eval(a.expr).value.UnmarkDeep()
		if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
			g.e.read.any("the variable files are not known (" + position(a.at) + ")")
			continue
		}
		for it := v.ElementIterator(); it.Next(); {
			_, item := it.Element()
			text, ok := g.e.text(item)
			file, is := strings.CutPrefix(text, "-var-file=")
			if ok && (is || name != "arguments") {
				g.note(cty.StringVal(file))
			}
		}
	}
}
