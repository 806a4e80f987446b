package terraform

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variable is an input: what the call or the settings say, else its default, else unknown.
func (s *scope) variable(name, at string) result {
	e, ok := s.module.variables[name]
	if !ok {
		return unknownBecause(fmt.Sprintf("var.%s is not declared (%s)", name, at))
	}
	return s.remember("var."+name, func() result {
		r, given := s.given(name)
		if !given {
			a, has := e.body.attributes["default"]
			if !has {
				return unknownBecause(fmt.Sprintf("var.%s has no value (%s)", name, position(e.at)))
			}
			r = s.eval(a.expr, binding{})
		}
		r = typed(r, e)
		if secret, _ := s.eval(e.body.attributes["sensitive"].expr, binding{}).value.UnmarkDeep(); secret.Type() == cty.Bool && secret.IsKnown() && !secret.IsNull() && secret.True() {
			r.value = r.value.Mark(sensitive{})
		}
		return r
	})
}

// given is what the module's call, or for the root the settings, say about a variable.
func (s *scope) given(name string) (result, bool) {
	if s.parent == nil {
		v, ok := s.e.values[name]
		return v, ok
	}
	in, ok := s.inputs[name]
	if !ok {
		return result{}, false
	}
	return in.in.eval(in.expr, in.bind), true
}

// typed converts a value to the type that the variable declares, and fills in the defaults of optional attributes. A
// value that cannot be converted stays as it is: Terraform will say so when it plans.
func typed(r result, e *element) result {
	a, ok := e.body.attributes["type"]
	if !ok {
		return r
	}
	want, defaults, diags := typeexpr.TypeConstraintWithDefaults(a.expr)
	if diags.HasErrors() {
		return r
	}
	if defaults != nil && r.value.IsKnown() && !r.value.IsNull() && !r.value.IsMarked() {
		r.value = defaults.Apply(r.value)
	}
	if v, err := convert.Convert(r.value, want); err == nil {
		r.value = v
	}
	return r
}

// moduleValue is the outputs of a module call: an object, or one for each instance.
func (s *scope) moduleValue(name, at string) result {
	call, ok := s.module.calls[name]
	if !ok {
		return unknownBecause(fmt.Sprintf("module.%s is not defined (%s)", name, at))
	}
	return s.remember("module."+name, func() result {
		instances, expanded, why := s.e.modules(s, call)
		if why != "" {
			return unknownBecause(why)
		}
		first := ""
		return assemble(expanded, len(instances), func(i int) (cty.Value, cty.Value) {
			outputs := map[string]cty.Value{}
			inner := instances[i]
			for _, output := range slices.Sorted(maps.Keys(inner.scope.module.outputs)) {
				r := inner.scope.output(output)
				outputs[output] = r.value
				if first == "" {
					first = r.why
				}
			}
			return inner.key, cty.ObjectVal(outputs)
		}, &first)
	})
}

func (s *scope) output(name string) result {
	e := s.module.outputs[name]
	return s.remember("output."+name, func() result {
		r := s.eval(e.body.attributes["value"].expr, binding{})
		if _, secret := e.body.attributes["sensitive"]; secret {
			r.value = r.value.Mark(sensitive{})
		}
		return r
	})
}

// assemble puts instances together: alone, in a list or in a map.
func assemble(how expansion, n int, instance func(i int) (key, value cty.Value), why *string) result {
	if how == single {
		_, v := instance(0)
		return result{v, *why}
	}
	list, byKey := make([]cty.Value, 0, n), map[string]cty.Value{}
	for i := range n {
		k, v := instance(i)
		list = append(list, v)
		if how == byEach {
			byKey[k.AsString()] = v
		}
	}
	if how == byEach {
		return result{cty.ObjectVal(byKey), *why}
	}
	return result{cty.TupleVal(list), *why}
}
