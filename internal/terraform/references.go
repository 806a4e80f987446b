package terraform

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// references lists what an expression refers to in the form of a plan: each reference, then the object that it belongs
// to, with its instance key and without.
func references(expr hcl.Expression) []string {
	var out []string
	add := func(s string) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, t := range expr.Variables() {
		object := 2
		switch t.RootName() {
		case "data", "ephemeral":
			object = 3
		case "each", "count", "var", "local", "path", "terraform", "self":
			object = len(t)
		}
		text, keys := t.RootName(), []string{}
		for i, step := range t[1:] {
			text += stepText(step)
			_, index := step.(hcl.TraverseIndex)
			if i+2 == object || i+1 == object && index {
				keys = append(keys, text)
			}
		}
		add(text)
		slices.Reverse(keys)
		for _, k := range keys {
			add(k)
		}
	}
	return out
}

func stepText(step hcl.Traverser) string {
	switch step := step.(type) {
	case hcl.TraverseAttr:
		return "." + step.Name
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String {
			return "[" + strconv.Quote(step.Key.AsString()) + "]"
		}
		return fmt.Sprintf("[%v]", mustPlain(step.Key))
	}
	return ""
}

// mention notes every attribute name that an expression of the module asks some object for, splats and the bodies of
// for expressions included.
func (e *evaluator) mention(m *module) {
	for _, group := range []map[string]*element{m.variables, m.outputs, m.providers, m.resources, m.data, m.calls} {
		for _, block := range group {
			e.mentionBody(block.body)
		}
	}
	for _, a := range m.locals {
		e.mentionIn(a.expr)
	}
}

func (e *evaluator) mentionBody(b body) {
	for _, a := range b.attributes {
		e.mentionIn(a.expr)
	}
	for _, n := range b.blocks {
		e.mentionBody(n.body)
	}
}

func (e *evaluator) mentionIn(expr hcl.Expression) {
	for _, t := range expr.Variables() {
		e.mentionSteps(t)
	}
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return
	}
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if relative, ok := n.(*hclsyntax.RelativeTraversalExpr); ok {
			e.mentionSteps(relative.Traversal)
		}
		return nil
	})
}

func (e *evaluator) mentionSteps(t hcl.Traversal) {
	for _, step := range t {
		if name := attrName(step); name != "" {
			e.mentioned[name] = true
		}
	}
}
