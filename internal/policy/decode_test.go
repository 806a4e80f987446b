package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
)

func TestPick(t *testing.T) {
	want := map[string]*ast.Term{"acl": ast.StringTerm("acl"), "tags": ast.StringTerm("tags")}
	for in, out := range map[string]string{
		``: `null`, `null`: `null`, `{}`: `{}`,
		`{"acl":"a","secret":{"x":[1,{"acl":"no"}]},"tags":{"a":1.50,"b":null,"c":[true]}}`: `{"acl":"a","tags":{"a":1.50,"b":null,"c":[true]}}`,
		`{"\u0061cl":"escaped"}`: `{"acl":"escaped"}`,
		`[1]`:                    "error", `{"acl":`: "error", `{"acl":"a"`: "error", `{"x":}`: "error", `"acl"`: "error",
		`{"acl":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`: "error",
	} {
		got := "error"
		if term, err := newDecoder(newTerms()).pick([]byte(in), want); err == nil {
			got = term.String()
		}
		a, b := got, out
		if diff := cmp.Diff(strings.ReplaceAll(b, " ", ""), strings.ReplaceAll(a, " ", "")); diff != "" {
			t.Errorf("%.60s: %s", in, diff)
		}
	}
}

// FuzzPick: whatever the bytes are, nothing but the wanted members comes out, and they are what encoding/json reads.
func FuzzPick(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"acl":"a"}`, `{"acl":{"acl":[1,null,true,"x",1e9]},"b":2}`, `{"\u0061cl":1}`, `{"acl":1,"acl":2}`, `[`, `{"acl":"\ud800"}`} {
		f.Add([]byte(s))
	}
	want := map[string]*ast.Term{"acl": ast.StringTerm("acl")}
	f.Fuzz(func(t *testing.T, raw []byte) {
		term, err := newDecoder(newTerms()).pick(raw, want)
		if err != nil {
			return
		}
		obj, ok := term.Value.(ast.Object)
		if !ok {
			return
		}
		var ref map[string]any
		if json.Unmarshal(raw, &ref) != nil {
			return // bytes after the object: only its members are read
		}
		for _, k := range obj.Keys() {
			if k.Value.Compare(ast.String("acl")) != 0 {
				t.Fatalf("%s came through", k)
			}
		}
		if v, ok := ref["acl"]; ok {
			if _, err := ast.InterfaceToValue(v); err == nil && obj.Len() != 1 {
				t.Fatalf("acl is lost in %q", raw)
			}
		}
	})
}
