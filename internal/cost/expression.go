package cost

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// program is one expression. It is compiled when it is first needed: most components of an entry are for other sizes
// and editions than the one at hand.
type program struct {
	src     string
	compile func() (*code, error)
}

// code is a compiled expression and the bindings that it looks at: when one of those could not be had, neither can
// the expression.
type code struct {
	vm   *vm.Program
	uses []string
}

// text is a name with {expression} parts.
type text struct {
	parts []textPart
	src   string
}

type textPart struct {
	literal string
	expr    *program
}

// ready is the code, or what a line says when a rule of the catalogue is broken.
func (p *program) ready() (*code, error) {
	c, err := p.compile()
	if err != nil {
		return nil, &unknownError{"the catalogue's rule", firstLine(err.Error())}
	}
	return c, nil
}

// compile returns nil for an empty source: the field is not given.
func compile(env environment, src string, options ...expr.Option) *program {
	if strings.TrimSpace(src) == "" {
		return nil
	}
	return &program{src, sync.OnceValues(func() (*code, error) { return compileNow(env, src, options) })}
}

func compileNow(env environment, src string, options []expr.Option) (*code, error) {
	options = append(options, expr.Env(env.names), expr.Patch(receivers{}), expr.DisableBuiltin("now"), expr.MaxNodes(500))
	c, err := expr.Compile(src, append(options, env.functions...)...)
	if err != nil {
		return nil, err
	}
	used := &identifiers{}
	node := c.Node()
	ast.Walk(&node, used)
	slices.Sort(used.names)
	return &code{c, slices.Compact(used.names)}, nil
}

func compileText(env environment, src string) (text, error) {
	t := text{src: src}
	rest := src
	for {
		before, after, found := strings.Cut(rest, "{")
		if before != "" {
			t.parts = append(t.parts, textPart{literal: before})
		}
		if !found {
			return t, nil
		}
		inner, tail, closed := strings.Cut(after, "}")
		if !closed {
			return t, fmt.Errorf("%q has a { without a }", src)
		}
		p := compile(env, inner)
		if p == nil {
			return t, fmt.Errorf("%q has nothing between its braces", src)
		}
		t.parts = append(t.parts, textPart{expr: p})
		rest = tail
	}
}

// receivers adds the implied first argument of a call: str("size") means str(r, "size").
type receivers struct{}

// Visit implements ast.Visitor.
func (receivers) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok || len(call.Arguments) == 0 {
		return
	}
	name, ok := call.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	receiver := receiverOf[name.Value]
	if receiver == "" {
		return
	}
	if _, literal := call.Arguments[0].(*ast.StringNode); !literal && receiver == "r" {
		return // the caller names the scope itself
	}
	if first, isName := call.Arguments[0].(*ast.IdentifierNode); isName && first.Value == receiver {
		return
	}
	call.Arguments = append([]ast.Node{&ast.IdentifierNode{Value: receiver}}, call.Arguments...)
}

// identifiers collects the names that an expression looks at.
type identifiers struct{ names []string }

// Visit implements ast.Visitor.
func (v *identifiers) Visit(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok {
		v.names = append(v.names, id.Value)
	}
}

func (t text) programs() []*program {
	var out []*program
	for _, part := range t.parts {
		out = append(out, part.expr)
	}
	return out
}
