package control

import (
	"reflect"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
)

// TestSealCoversEverything changes one field of an estimate at a time: each must change the digest, and a field that
// is added later must too.
func TestSealCoversEverything(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	note := func(what string, e fact.Estimate) {
		digest, err := seal(render.Report{Projects: []render.Project{{Name: "p", Estimate: fact.Of(e)}}})
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[digest]; twice {
			t.Errorf("%s has the digest of %s", what, other)
		}
		seen[digest] = what
	}
	whole := func() reflect.Value {
		v := reflect.New(reflect.TypeFor[fact.Estimate]()).Elem()
		fill(v)
		return v
	}
	note("the whole", whole().Interface().(fact.Estimate))
	for _, path := range leaves(whole(), nil) {
		v := whole()
		at := v
		name := ""
		for _, step := range path {
			at, name = follow(at, step, name)
		}
		changeLeaf(t, at)
		note(name, v.Interface().(fact.Estimate))
	}
	if len(seen) < 60 {
		t.Errorf("only %d fields were changed", len(seen))
	}
}

// fill gives every field a value: slices and pointers one element.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case money.Amount:
		v.Set(reflect.ValueOf(money.New(decimal.NewFromInt(7), money.USD)))
		return
	case decimal.Decimal:
		v.Set(reflect.ValueOf(decimal.NewFromInt(7)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.String:
		v.SetString("x")
	default:
	}
}

// leaves lists the steps to every field that holds a value; -1 steps into a slice or through a pointer.
func leaves(v reflect.Value, path []int) [][]int {
	path = append([]int{}, path...)
	switch v.Interface().(type) {
	case money.Amount, decimal.Decimal:
		return [][]int{path}
	}
	switch v.Kind() {
	case reflect.Struct:
		var out [][]int
		for i := range v.NumField() {
			out = append(out, leaves(v.Field(i), append(path, i))...)
		}
		return out
	case reflect.Slice:
		return append([][]int{path}, leaves(v.Index(0), append(path, -1))...)
	case reflect.Pointer:
		return append([][]int{path}, leaves(v.Elem(), append(path, -1))...)
	default:
		return [][]int{path}
	}
}

func follow(v reflect.Value, step int, name string) (reflect.Value, string) {
	switch {
	case step >= 0:
		return v.Field(step), name + "." + v.Type().Field(step).Name
	case v.Kind() == reflect.Slice:
		return v.Index(0), name + "[0]"
	}
	return v.Elem(), name
}

func changeLeaf(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case money.Amount:
		v.Set(reflect.ValueOf(money.New(decimal.NewFromInt(8), money.USD)))
		return
	case decimal.Decimal:
		v.Set(reflect.ValueOf(decimal.NewFromInt(8)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("y")
	case reflect.Int:
		v.SetInt(3)
	case reflect.Uint8:
		v.SetUint(3)
	case reflect.Slice, reflect.Pointer:
		v.SetZero()
	default:
		t.Fatalf("the test cannot change a %s", v.Type())
	}
}
