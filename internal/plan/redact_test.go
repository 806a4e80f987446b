package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestRedactAnyShape plants secrets at random places of random values, marks them as Terraform does, and asserts
// that none stays, that what is not marked stays, and that the result is JSON.
func TestRedactAnyShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value, mask := marked(t, 0)
		text, err := json.Marshal(map[string]any{"v": value})
		if err != nil {
			t.Fatal(err)
		}
		compact, _, _ := appendCompact(nil, text)
		out := string(appendRedacted(nil, compact, map[string]any{"v": mask}))
		if strings.Contains(out, "secret") {
			t.Fatalf("%s with %v gave %s", text, mask, out)
		}
		if strings.Count(out, "plain") != strings.Count(string(text), "plain") {
			t.Fatalf("%s with %v lost something: %s", text, mask, out)
		}
		var back any
		if err := json.Unmarshal([]byte(out), &back); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
	})
}

// marked draws a value and its mask. A marked part holds only secrets, any other only plain values.
func marked(t *rapid.T, depth int) (value, mask any) {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth > 4 {
		kind %= 3
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]any{"plain", "plain\\", "\"plain\n", 7, true, nil, "[plain,{"}).Draw(t, "plain"), rapid.SampledFrom([]any{false, nil}).Draw(t, "mask")
	case 1:
		return rapid.SampledFrom([]any{"secret", "\"secret\\\"", "}secret]", []any{"secret", 1}, map[string]any{"secret": "secret"}}).Draw(t, "secret"), true
	case 2:
		return "secret", rapid.SampledFrom([]any{true, map[string]any{"x": true}, []any{true}, "yes", 1.0}).Draw(t, "odd")
	case 3:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		values, masks := make([]any, n), make([]any, n)
		for i := range n {
			values[i], masks[i] = marked(t, depth+1)
		}
		return values, masks
	}
	values, masks := map[string]any{}, map[string]any{}
	for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b\"", "c\\", "", "é", "<"}), rapid.ID).Draw(t, "keys") {
		values[key], masks[key] = marked(t, depth+1)
	}
	return values, masks
}

func TestCompact(t *testing.T) {
	for in, want := range map[string]string{
		" { \"a b\" :\t[ 1 , 2 ] ,\n\"c\\\" \" : null } ": `{"a b":[1,2],"c\" ":null}`,
		`"a  \\"`:               `"a  \\"`,
		`[1e308,1e309,-1e-400]`: `[1e308,null,null]`,
		`[ ]`:                   `[]`,
	} {
		if out, _, _ := appendCompact(nil, []byte(in)); string(out) != want {
			t.Errorf("%s gave %s, want %s", in, out, want)
		}
	}
}
