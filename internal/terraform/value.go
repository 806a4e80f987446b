package terraform

import (
	"math/big"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zclconf/go-cty/cty"

	"github.com/org/platform-action/internal/fact"
)

// sensitive marks a value that must not be shown: of a sensitive variable, or read from a file.
type sensitive struct{}

// maxValueText bounds the text in one value: a few lines of source can double a text with every step.
const maxValueText = 1 << 20

// plain turns a value into what JSON holds, and a mask that is true where the value is not known. What is sensitive
// becomes the marker while it is turned, so that nothing behind this point can print it.
func plain(v cty.Value) (value, unknown any) {
	if v == cty.NilVal {
		return nil, nil
	}
	if v.HasMark(sensitive{}) {
		return fact.SensitiveMarker, nil
	}
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown():
		return nil, true
	case v.IsNull():
		return nil, nil
	}
	t := v.Type()
	switch {
	case t == cty.String:
		return v.AsString(), nil
	case t == cty.Bool:
		return v.True(), nil
	case t == cty.Number:
		return number(v.AsBigFloat()), nil
	case t.IsListType(), t.IsSetType(), t.IsTupleType():
		return plainList(v)
	case t.IsMapType(), t.IsObjectType():
		return plainMap(v)
	}
	return nil, true // a capsule of some extension: nobody can say what it is
}

func plainList(v cty.Value) (value, unknown any) {
	values, masks, any0 := []any{}, []any{}, false
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		item, mask := plain(e)
		values, masks = append(values, item), append(masks, mask)
		any0 = any0 || mask != nil
	}
	if !any0 {
		return values, nil
	}
	for i, m := range masks {
		if m == nil {
			masks[i] = false
		}
	}
	return values, masks
}

func plainMap(v cty.Value) (value, unknown any) {
	values, masks := map[string]any{}, map[string]any{}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		k, _ = k.Unmark()
		item, mask := plain(e)
		values[k.AsString()] = item
		if mask != nil {
			masks[k.AsString()] = mask
		}
	}
	if len(masks) == 0 {
		return values, nil
	}
	return values, masks
}

// number keeps a number's digits: a float64 would round large ones.
func number(f *big.Float) any {
	text := f.Text('f', -1)
	if len(text) > 60 {
		text = f.Text('g', 17)
	}
	if !jsontext.Value(text).IsValid() {
		return nil
	}
	return jsontext.Value(text)
}

// textSize is the length of all texts in a value, up to the bound.
func textSize(v cty.Value) int {
	if v == cty.NilVal || v.Type() == cty.Number || v.Type() == cty.Bool {
		return 0
	}
	size := 0
	_ = cty.Walk(v, func(_ cty.Path, e cty.Value) (bool, error) {
		if size++; size > maxValueText {
			return false, nil
		}
		e, _ = e.Unmark()
		if e.Type() == cty.String && e.IsKnown() && !e.IsNull() {
			size += len(e.AsString())
		}
		return true, nil
	})
	return size
}
