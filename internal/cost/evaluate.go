package cost

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr/vm"

	"github.com/org/platform-action/internal/fact"
)

// evaluation prices one resource on one side. It is used by one goroutine.
type evaluation struct {
	estimator *Estimator
	universe  *universe
	memo      *memo
	machine   vm.VM
	record    *record // of the expression that is running
	records   records
	frames    []*frame // by depth
	service   string   // of the frame whose expression is running
	end       bandEnd
	bounded   map[string]bool // why numbers are unknown that have bounds
	trace     bool
	reads     []fact.Assumption
	asked     map[string]map[string]string // address → usage key → what counts without it, when somebody wants to know what is asked for
	askAll    bool                         // as if every key were given, so that what rests on that is asked for, too
}

// record is what the evaluation of one expression looked at.
type record struct {
	assumptions []fact.Assumption
	usage       []string // usage values used, each with where it came from
	fault       error    // unknownError or usageUnsetError, or a fault of the catalogue
}

// records hands out records for one resource and takes them all back before the next. Nobody keeps one: what is told
// of a resource is copied out of them.
type records struct {
	all  []*record
	used int
}

func (s *records) get() *record {
	if s.used == len(s.all) {
		s.all = append(s.all, &record{})
	}
	r := s.all[s.used]
	s.used++
	r.assumptions, r.usage, r.fault = r.assumptions[:0], r.usage[:0], nil
	return r
}

func (c *evaluation) assume(a fact.Assumption) {
	if c.record != nil {
		c.record.assumptions = append(c.record.assumptions, a)
	}
}

func (c *evaluation) used(what string) {
	if c.record != nil && !slices.Contains(c.record.usage, what) {
		c.record.usage = append(c.record.usage, what)
	}
}

// asks notes a usage key, and what counts where nobody gives it; a key that is needed once without that is needed.
func (c *evaluation) asks(address, key, otherwise string) {
	if c.asked == nil {
		return
	}
	if c.asked[address] == nil {
		c.asked[address] = map[string]string{}
	}
	if old, again := c.asked[address][key]; again && old != otherwise {
		otherwise = ""
	}
	c.asked[address][key] = otherwise
}

func (c *evaluation) rootOf(x *instance) (*scope, error) {
	r, err := c.estimator.compiler.get(x.resource.Type)
	if err != nil {
		return nil, err
	}
	return x.root(c, r), nil
}

// frame is one level of rules under evaluation: a resource, a block of it or a resource that it refers to.
type frame struct {
	rules   *rules
	scope   *scope
	env     map[string]any
	lets    map[string]*record
	group   string
	service string // that bills it
	key     string // of the group, equal on both sides of a change
	times   float64
	factor  error // why times could not be had
	depth   int
	told    map[string]bool // reasons that a line of this frame gives already
}

// frame is a fresh frame of the given depth. Frames of one depth follow one another, so that they share their maps.
func (c *evaluation) frame(depth int) *frame {
	for len(c.frames) <= depth {
		c.frames = append(c.frames, &frame{env: map[string]any{}, lets: map[string]*record{}})
	}
	f := c.frames[depth]
	clear(f.env)
	clear(f.lets)
	*f = frame{env: f.env, lets: f.lets, depth: depth, times: 1}
	return f
}

// enter makes a scope the one that a frame's expressions look at.
func (c *evaluation) enter(f *frame, s *scope, u *usageScope, region string, outer map[string]any) {
	maps.Copy(f.env, outer)
	parent, _ := outer["r"].(*scope)
	f.scope = s
	f.env["r"], f.env["parent"], f.env["region"], f.env["hours"], f.env["i"] = s, parent, region, float64(HoursPerMonth), 0
	f.env["u"], f.env["p"] = u, &pricer{ctx: c, region: region}
}

// run evaluates a program in an environment without bindings.
func (c *evaluation) run(p *program, env map[string]any) (any, error) {
	code, err := p.ready()
	if err != nil {
		return nil, err
	}
	v, err := c.machine.Run(code.vm, env)
	if err == nil {
		if _, ok := v.(scope); ok { // the language dereferences what a conditional yields
			return pointerTo(v), nil
		}
		return v, nil
	}
	if u, ok := errors.AsType[*unknownError](err); ok {
		return nil, u
	}
	if unset, ok := errors.AsType[*usageUnsetError](err); ok {
		return nil, unset
	}
	return nil, &unknownError{"the catalogue's rule", firstLine(err.Error())}
}

func pointerTo(v any) *scope {
	s, _ := v.(scope)
	return &s
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// eval runs a program in a frame. What its bindings looked at counts as looked at, and a binding that could not
// be had stops it.
func (c *evaluation) eval(f *frame, p *program, rec *record) (any, error) {
	code, err := p.ready()
	if err != nil {
		return nil, err
	}
	for _, name := range code.uses {
		let, ok := f.lets[name]
		if !ok {
			continue
		}
		rec.assumptions = append(rec.assumptions, let.assumptions...)
		for _, what := range let.usage {
			if !slices.Contains(rec.usage, what) {
				rec.usage = append(rec.usage, what)
			}
		}
		if let.fault != nil {
			return nil, let.fault
		}
	}
	c.record, c.service = rec, f.service
	v, err := c.run(p, f.env)
	c.record = nil
	return v, err
}

// bind evaluates a frame's bindings in order; with replaces some of them.
func (c *evaluation) bind(f *frame, with map[string]withValue) {
	for _, b := range f.rules.lets {
		rec := c.records.get()
		if w, ok := with[b.name]; ok {
			f.env[b.name], f.lets[b.name] = w.value, w.record
			continue
		}
		v, err := c.eval(f, b.expr, rec)
		rec.fault = err
		f.env[b.name], f.lets[b.name] = v, rec
	}
}

type withValue struct {
	value  any
	record *record
}

// tell reports a reason that no line of the frame has given yet: one unknown attribute that many conditions need is
// told once.
func (f *frame) tell(err error) bool {
	if f.told[err.Error()] {
		return false
	}
	if f.told == nil {
		f.told = map[string]bool{}
	}
	f.told[err.Error()] = true
	return true
}

// lines evaluates a frame's components and children.
func (c *evaluation) lines(f *frame, out *sideCost) {
	for i := range f.rules.components {
		c.component(f, &f.rules.components[i], out)
	}
	for i := range f.rules.children {
		c.children(f, &f.rules.children[i], out)
	}
}

// text fills in a name; a part that cannot be had is printed as unknown.
func (c *evaluation) text(f *frame, t text) string {
	var b strings.Builder
	for _, part := range t.parts {
		if part.expr == nil {
			b.WriteString(part.literal)
			continue
		}
		v, err := c.eval(f, part.expr, c.records.get())
		word, ok := toText(v)
		if err != nil || !ok {
			word = "unknown"
		}
		b.WriteString(word)
	}
	return b.String()
}

// finite accepts the quantities that a bill can have.
func finite(q float64) error {
	switch {
	case math.IsNaN(q) || math.IsInf(q, 0):
		return &unknownError{"quantity", "not a finite number"}
	case q < 0:
		return &unknownError{"quantity", fmt.Sprintf("negative (%g)", q)}
	case q > maxQuantity:
		return &unknownError{"quantity", fmt.Sprintf("%g is more than any account can use in a month", q)}
	}
	return nil
}
