package cost

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/org/platform-action/internal/cost/catalog"
)

// HoursPerMonth is the month that every provider's own calculator uses: 8,760 hours a year over 12.
const HoursPerMonth = 730

// maxDepth bounds how deep entries may use one another.
const maxDepth = 8

// program is one compiled expression and the bindings that it looks at: when one of those could not be had,
// neither can the expression.
type program struct {
	code *vm.Program
	uses []string
	src  string
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

type binding struct {
	name string
	expr *program
}

type component struct {
	name                             text
	unit                             string
	per                              float64
	when, quantity, price, low, high *program
}

type child struct {
	group             text
	each, when, times *program
	use               string
	with              []binding
	inline            *rules // bindings, components and children written in place
}

// rules are the compiled rules of an entry, a fragment or an inline child.
type rules struct {
	lets       []binding
	components []component
	children   []child
	region     *program
	entry      *catalog.Entry // nil for an inline child
	at         string         // file:line of the entry
	defaults   map[string]catalog.Default
}

// compiler turns catalogue entries into rules, once each. It is safe for concurrent use.
type compiler struct {
	catalog *catalog.Catalog
	base    environment
	mu      sync.Mutex
	rules   map[string]*rules
}

func newCompiler(c *catalog.Catalog) *compiler {
	return &compiler{catalog: c, base: baseEnvironment(), rules: map[string]*rules{}}
}

// get compiles the named entry, or returns nil when the catalogue has none.
func (c *compiler) get(name string) (*rules, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.rules[name]; ok {
		return r, nil
	}
	e, err := c.catalog.Entry(name)
	if e == nil || err != nil {
		return nil, err
	}
	r, err := compileEntry(c.base, e)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %s: %w", e.File, e.Line, e.Type, err)
	}
	c.rules[name] = r
	return r, nil
}

// environment is what an expression may name, with a sample value of each type for the type checker.
type environment struct {
	names     map[string]any
	functions []expr.Option // made once: they are the same for every expression
}

func baseEnvironment() environment {
	return environment{functions: functions(), names: map[string]any{
		"r": (*scope)(nil), "parent": (*scope)(nil), "u": (*usageScope)(nil), "p": (*pricer)(nil),
		"region": "", "hours": float64(HoursPerMonth), "i": 0,
	}}
}

func (e environment) with(name string, p *program) environment {
	next := maps.Clone(e.names)
	t := p.code.Node().Type()
	switch {
	case t == nil || t.Kind() == reflect.Interface:
		next[name] = nil
	case t == reflect.TypeFor[scope](): // the checker forgets the pointer where one branch is nil
		next[name] = (*scope)(nil)
	default:
		next[name] = reflect.Zero(t).Interface()
	}
	return environment{next, e.functions}
}

func compileEntry(base environment, e *catalog.Entry) (*rules, error) {
	r, err := compileRules(base, e.Let, e.Components, e.Children)
	if err != nil {
		return nil, err
	}
	r.entry, r.defaults, r.at = e, e.Defaults, fmt.Sprintf("%s:%d", e.File, e.Line)
	if e.Region != "" {
		if r.region, err = compile(base, e.Region, expr.AsKind(reflect.String)); err != nil {
			return nil, fmt.Errorf("region: %w", err)
		}
	}
	return r, nil
}

func compileRules(env environment, lets catalog.Bindings, comps []catalog.Component, children []catalog.Child) (*rules, error) {
	r := &rules{}
	for _, b := range lets {
		p, err := compile(env, b.Expr)
		if err != nil {
			return nil, fmt.Errorf("let %s: %w", b.Name, err)
		}
		r.lets = append(r.lets, binding{b.Name, p})
		env = env.with(b.Name, p)
	}
	for _, c := range comps {
		cc, err := compileComponent(env, c)
		if err != nil {
			return nil, fmt.Errorf("component %q: %w", c.Name, err)
		}
		r.components = append(r.components, cc)
	}
	for _, c := range children {
		cc, err := compileChild(env, c)
		if err != nil {
			return nil, fmt.Errorf("child %q: %w", c.Group, err)
		}
		r.children = append(r.children, cc)
	}
	return r, nil
}

func compileComponent(env environment, c catalog.Component) (component, error) {
	out := component{unit: c.Unit, per: c.Per}
	if out.per == 0 {
		out.per = 1
	}
	if c.Name == "" || c.Unit == "" || c.Quantity == "" || c.Price == "" {
		return out, fmt.Errorf("name, unit, quantity and price are all needed")
	}
	var errs [6]error
	out.name, errs[0] = compileText(env, c.Name)
	out.when, errs[1] = compile(env, c.When, expr.AsBool())
	out.quantity, errs[2] = compile(env, c.Quantity, expr.AsFloat64())
	out.price, errs[3] = compile(env, c.Price, expr.AsKind(reflect.Pointer))
	out.low, errs[4] = compile(env, c.Low, expr.AsFloat64())
	out.high, errs[5] = compile(env, c.High, expr.AsFloat64())
	for i, field := range []string{"name", "when", "quantity", "price", "low", "high"} {
		if errs[i] != nil {
			return out, fmt.Errorf("%s: %w", field, errs[i])
		}
	}
	return out, nil
}

func compileChild(env environment, c catalog.Child) (child, error) {
	out := child{use: c.Use}
	var errs [4]error
	out.when, errs[0] = compile(env, c.When, expr.AsBool())
	out.each, errs[1] = compile(env, c.Each)
	out.times, errs[2] = compile(env, c.Times, expr.AsFloat64())
	out.group, errs[3] = compileText(env, c.Group)
	for i, field := range []string{"when", "each", "times", "group"} {
		if errs[i] != nil {
			return out, fmt.Errorf("%s: %w", field, errs[i])
		}
	}
	if c.Use != "" && (c.Let != nil || c.Components != nil || c.Children != nil) {
		return out, fmt.Errorf("use stands alone: it cannot be mixed with let, components or children")
	}
	for _, b := range c.With {
		p, err := compile(env, b.Expr)
		if err != nil {
			return out, fmt.Errorf("with %s: %w", b.Name, err)
		}
		out.with = append(out.with, binding{b.Name, p})
	}
	var err error
	if c.Use == "" {
		out.inline, err = compileRules(env, c.Let, c.Components, c.Children)
	}
	return out, err
}

// compile returns nil for an empty source: the field is not given.
func compile(env environment, src string, options ...expr.Option) (*program, error) {
	if strings.TrimSpace(src) == "" {
		return nil, nil //nolint:nilnil // an absent field has no program
	}
	options = append(options, expr.Env(env.names), expr.Patch(receivers{}), expr.DisableBuiltin("now"),
		expr.MaxNodes(500))
	code, err := expr.Compile(src, append(options, env.functions...)...)
	if err != nil {
		return nil, err
	}
	used := &identifiers{}
	node := code.Node()
	ast.Walk(&node, used)
	slices.Sort(used.names)
	return &program{code, slices.Compact(used.names), src}, nil
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
		p, err := compile(env, inner)
		if err != nil {
			return t, err
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

// Compile compiles every entry and fragment of the catalogue, for tests and for a team's own entries.
func (e *Estimator) Compile() error {
	var errs []error
	for _, name := range e.catalog.Names() {
		if _, err := e.compiler.get(name); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
