package cost

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/expr-lang/expr"

	"github.com/org/platform-action/internal/cost/catalog"
)

// HoursPerMonth is the month that every provider's own calculator uses: 8,760 hours a year over 12.
const HoursPerMonth = 730

// maxDepth bounds how deep entries may use one another.
const maxDepth = 8

type binding struct {
	name string
	expr *program
}

type component struct {
	name, unit            text
	per                   float64
	when, quantity, price *program
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
	rules   map[string]func() (*rules, error)
}

func newCompiler(c *catalog.Catalog) *compiler {
	return &compiler{catalog: c, base: baseEnvironment(), rules: map[string]func() (*rules, error){}}
}

// get compiles the named entry, or returns nil when the catalogue has none.
func (c *compiler) get(name string) (*rules, error) {
	c.mu.Lock()
	compiled, ok := c.rules[name]
	if !ok {
		compiled = sync.OnceValues(func() (*rules, error) { return c.compile(name) })
		c.rules[name] = compiled
	}
	c.mu.Unlock()
	return compiled()
}

func (c *compiler) compile(name string) (*rules, error) {
	e, err := c.catalog.Entry(name)
	if e == nil || err != nil {
		return nil, err
	}
	r, err := compileEntry(c.base, e)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %s: %w", e.File, e.Line, e.Type, err)
	}
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

func (e environment) with(name string, c *code) environment {
	next := maps.Clone(e.names)
	t := c.vm.Node().Type()
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
		r.region = compile(base, e.Region, expr.AsKind(reflect.String))
	}
	return r, nil
}

func compileRules(env environment, lets catalog.Bindings, comps []catalog.Component, children []catalog.Child) (*rules, error) {
	r := &rules{}
	for _, b := range lets {
		p := compile(env, b.Expr)
		if p == nil {
			return nil, fmt.Errorf("let %s: is empty", b.Name)
		}
		c, err := p.compile() // at once: what follows is checked against its type
		if err != nil {
			return nil, fmt.Errorf("let %s: %w", b.Name, err)
		}
		r.lets = append(r.lets, binding{b.Name, p})
		env = env.with(b.Name, c)
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
	out := component{per: c.Per}
	if out.per == 0 {
		out.per = 1
	}
	if c.Name == "" || c.Unit == "" || c.Quantity == "" || c.Price == "" {
		return out, fmt.Errorf("name, unit, quantity and price are all needed")
	}
	out.when = compile(env, c.When, expr.AsBool())
	out.quantity = compile(env, c.Quantity, expr.AsFloat64())
	out.price = compile(env, c.Price, expr.AsKind(reflect.Pointer))
	var err error
	if out.name, err = compileText(env, c.Name); err != nil {
		return out, fmt.Errorf("name: %w", err)
	}
	if out.unit, err = compileText(env, c.Unit); err != nil {
		return out, fmt.Errorf("unit: %w", err)
	}
	return out, nil
}

func compileChild(env environment, c catalog.Child) (child, error) {
	out := child{
		use: c.Use, when: compile(env, c.When, expr.AsBool()), each: compile(env, c.Each), times: compile(env, c.Times, expr.AsFloat64()),
	}
	var err error
	if out.group, err = compileText(env, c.Group); err != nil {
		return out, fmt.Errorf("group: %w", err)
	}
	if c.Use != "" && (c.Let != nil || c.Components != nil || c.Children != nil) {
		return out, fmt.Errorf("use stands alone: it cannot be mixed with let, components or children")
	}
	for _, b := range c.With {
		out.with = append(out.with, binding{b.Name, compile(env, b.Expr)})
	}
	if c.Use == "" {
		out.inline, err = compileRules(env, c.Let, c.Components, c.Children)
	}
	return out, err
}

// Compile compiles every expression of the catalogue.
func (e *Estimator) Compile() error { return e.compileAll(e.catalog.Names()) }

func (e *Estimator) compileAll(names []string) error {
	var errs []error
	for _, name := range names {
		r, err := e.compiler.get(name)
		if err == nil {
			if err = r.check(e.compiler); err != nil {
				err = fmt.Errorf("%s: %s: %w", r.at, name, err)
			}
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// check compiles what waits to be needed, and finds what is used.
func (r *rules) check(in *compiler) error {
	if r == nil {
		return nil
	}
	var errs []error
	check := func(where string, programs ...*program) {
		for _, p := range programs {
			if p == nil {
				continue
			}
			if _, err := p.compile(); err != nil {
				errs = append(errs, fmt.Errorf("%s: %q: %w", where, p.src, err))
			}
		}
	}
	check("region", r.region)
	for _, c := range r.components {
		check("component "+c.name.src, append(slices.Concat(c.name.programs(), c.unit.programs()), c.when, c.quantity, c.price)...)
	}
	for _, c := range r.children {
		check("child "+c.group.src, append(c.group.programs(), c.each, c.when, c.times)...)
		for _, b := range c.with {
			check("with "+b.name, b.expr)
		}
		if used, err := in.get(c.use); c.use != "" && used == nil {
			errs = append(errs, errors.Join(err, fmt.Errorf("child %s: use: the catalogue has no %s", c.group.src, c.use)))
		}
		errs = append(errs, c.inline.check(in))
	}
	return errors.Join(errs...)
}
