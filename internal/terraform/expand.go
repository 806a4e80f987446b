package terraform

import (
	"fmt"
	"strconv"
	"strings"

	json "github.com/go-json-experiment/json"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// expansion is how a block is repeated.
type expansion uint8

const (
	single expansion = iota
	byCount
	byEach
)

// copyOf is one instance of a block: the key in its address and what its expressions may name.
type copyOf struct {
	index string // [0], ["a"] or nothing
	key   cty.Value
	bind  binding
}

// expand is the instances of a block by count and for_each; why says that their number is not known.
func (s *scope) expand(b body) (list []copyOf, how expansion, why string) {
	if a, ok := b.attributes["count"]; ok {
		list, why = s.counted(a)
		return list, byCount, why
	}
	if a, ok := b.attributes["for_each"]; ok {
		list, why = s.each(a)
		return list, byEach, why
	}
	return []copyOf{{}}, single, ""
}

func (s *scope) counted(a attribute) ([]copyOf, string) {
	r := s.eval(a.expr, binding{})
	v, _ := r.value.Unmark()
	v, err := convert.Convert(v, cty.Number)
	if err != nil || !v.IsKnown() || v.IsNull() {
		return nil, "its count is not known: " + orElse(r.why, "no number ("+position(a.at)+")")
	}
	n, _ := v.AsBigFloat().Float64()
	if n < 0 || n != float64(int(n)) {
		return nil, "its count is no whole number (" + position(a.at) + ")"
	}
	if n > maxInstances {
		s.e.fault(position(a.at), fmt.Sprintf("count is %g; at most %d instances are evaluated", n, maxInstances), "")
		return nil, fmt.Sprintf("its count is more than %d (%s)", maxInstances, position(a.at))
	}
	var out []copyOf
	for i := range int(n) {
		out = append(out, copyOf{fmt.Sprintf("[%d]", i), cty.NumberIntVal(int64(i)), binding{count: cty.NumberIntVal(int64(i))}})
	}
	return out, ""
}

func mustPlain(v cty.Value) any {
	p, _ := plain(v)
	return p
}

func (s *scope) each(a attribute) ([]copyOf, string) {
	r := s.eval(a.expr, binding{})
	v, marks := r.value.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() || v.Type().IsTupleType() {
		return nil, "its for_each is not known: " + orElse(r.why, "no map or set ("+position(a.at)+")")
	}
	if len(marks) > 0 {
		return nil, "its for_each is sensitive (" + position(a.at) + ")"
	}
	if v.LengthInt() > maxInstances {
		s.e.fault(position(a.at), fmt.Sprintf("for_each has %d elements; at most %d instances are evaluated", v.LengthInt(), maxInstances), "")
		return nil, fmt.Sprintf("its for_each has more than %d elements (%s)", maxInstances, position(a.at))
	}
	var out []copyOf
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if v.Type().IsSetType() {
			k = e
		}
		k, _ = k.Unmark()
		if !k.IsKnown() || k.IsNull() || k.Type() != cty.String {
			return nil, "a key of its for_each is not known: " + orElse(r.why, position(a.at))
		}
		out = append(out, copyOf{"[" + quoted(k.AsString()) + "]", k, binding{key: k, value: e}})
	}
	return out, ""
}

// quoted is an instance key as addresses have it.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return strconv.Quote(s)
	}
	return string(b)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// child is one instance of a called module.
type child struct {
	scope *scope
	key   cty.Value
}

// modules are the instances of a module call; why says that they, or the module's source, cannot be had.
func (e *evaluator) modules(s *scope, call *element) (list []child, how expansion, why string) {
	type made struct {
		list []child
		how  expansion
		why  string
	}
	if m, ok := e.made[madeKey{s, call.name}].(made); ok {
		return m.list, m.how, m.why
	}
	list, how, why = e.makeModules(s, call)
	e.made[madeKey{s, call.name}] = made{list, how, why}
	return list, how, why
}

type madeKey struct {
	scope *scope
	name  string
}

func (e *evaluator) makeModules(s *scope, call *element) (list []child, how expansion, why string) {
	m, why := e.source(s, call)
	if why != "" {
		return nil, single, why
	}
	copies, how, why := s.expand(call.body)
	if why != "" {
		return nil, how, why
	}
	for _, c := range copies {
		address := "module." + call.name + c.index
		if s.address != "" {
			address = s.address + "." + address
		}
		inner := &scope{e: e, module: m, address: address, parent: s, call: call, inputs: map[string]input{}, aliases: aliases(call),
			memo: map[string]result{}, busy: map[string]bool{}}
		for name, a := range call.body.attributes {
			if _, ok := m.variables[name]; ok {
				inner.inputs[name] = input{a.expr, s, c.bind}
			}
		}
		if e.read != nil {
			e.read.scopes = append(e.read.scopes, inner)
		}
		list = append(list, child{inner, c.key})
	}
	return list, how, ""
}

// aliases are the providers that a call passes on: the name in the module → the name where it is called.
func aliases(call *element) map[string]string {
	out := map[string]string{}
	a, ok := call.body.attributes["providers"]
	if !ok {
		return out
	}
	pairs, diags := hcl.ExprMap(a.expr)
	if diags.HasErrors() {
		return out
	}
	for _, p := range pairs {
		out[dotted(p.Key)] = dotted(p.Value)
	}
	return out
}

// dotted is a reference such as aws.west as it is written.
func dotted(e hcl.Expression) string {
	if e == nil {
		return ""
	}
	if t, diags := hcl.AbsTraversalForExpr(e); !diags.HasErrors() {
		var name strings.Builder
		name.WriteString(t.RootName())
		for _, step := range t[1:] {
			name.WriteString(stepText(step))
		}
		return name.String()
	}
	s, _ := literal(e)
	return s
}
