package terraform

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// matchKeysFunc is the values whose key is among the wanted ones.
func matchKeysFunc() function.Function {
	list := cty.List(cty.DynamicPseudoType)
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "values", Type: list}, {Name: "keys", Type: list}, {Name: "searchset", Type: list}},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			if !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
				return cty.UnknownVal(want), nil
			}
			values, keys := args[0].AsValueSlice(), args[1].AsValueSlice()
			if len(values) != len(keys) || len(values)*args[2].LengthInt() > maxInstances*100 {
				return cty.NilVal, fmt.Errorf("matchkeys takes as many keys as values")
			}
			var out []cty.Value
			for i, k := range keys {
				for it := args[2].ElementIterator(); it.Next(); {
					_, wanted := it.Element()
					if equal, err := stdlib.Equal(k, wanted); err == nil && equal.True() {
						out = append(out, values[i])
						break
					}
				}
			}
			if len(out) == 0 {
				return cty.ListValEmpty(want.ElementType()), nil
			}
			return cty.ListVal(out), nil
		},
	})
}

// transposeFunc turns a map of lists of texts around.
func transposeFunc() function.Function {
	form := cty.Map(cty.List(cty.String))
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "values", Type: form}},
		Type:   function.StaticReturnType(form),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(form), nil
			}
			turned := map[string][]string{}
			for it := args[0].ElementIterator(); it.Next(); {
				k, list := it.Element()
				for inner := list.ElementIterator(); inner.Next(); {
					_, v := inner.Element()
					if v.IsNull() {
						return cty.NilVal, fmt.Errorf("transpose takes no null")
					}
					turned[v.AsString()] = append(turned[v.AsString()], k.AsString())
				}
			}
			out := map[string]cty.Value{}
			for _, name := range slices.Sorted(maps.Keys(turned)) {
				slices.Sort(turned[name])
				var list []cty.Value
				for _, k := range turned[name] {
					list = append(list, cty.StringVal(k))
				}
				out[name] = cty.ListVal(list)
			}
			if len(out) == 0 {
				return cty.MapValEmpty(cty.List(cty.String)), nil
			}
			return cty.MapVal(out), nil
		},
	})
}
