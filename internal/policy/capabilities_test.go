package policy

import (
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// TestEveryBuiltinIsDecided fails when OPA has a builtin that is neither allowed nor denied, or no longer has one of
// either list: the sandbox is widened by hand only.
func TestEveryBuiltinIsDecided(t *testing.T) {
	ok, no := allowed(), denied()
	var have []string
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		have = append(have, b.Name)
		_, refused := no[b.Name]
		if slices.Contains(ok, b.Name) == refused {
			t.Errorf("builtin %s must be on exactly one of the two lists", b.Name)
		}
		if b.Nondeterministic && !refused && b.Name != "json.match_schema" && b.Name != "json.verify_schema" {
			t.Errorf("builtin %s is not a function of its input and is allowed", b.Name)
		}
	}
	for _, n := range ok {
		if !slices.Contains(have, n) {
			t.Errorf("OPA has no builtin %s", n)
		}
	}
	for n, why := range no {
		if !slices.Contains(have, n) || why == "" {
			t.Errorf("OPA has no builtin %s, or it has no reason", n)
		}
	}
	if caps := capabilities(); caps.AllowNet == nil || len(caps.AllowNet) != 0 || len(caps.Builtins) != len(ok) {
		t.Error("AllowNet must be empty and not nil: nil is any host")
	}
}

func TestNearest(t *testing.T) {
	known := []string{"SEC-001", "SEC-002", "TAGS-001"}
	for word, want := range map[string]string{"SEC-02": "SEC-002", "sec-001": "SEC-001", "TAG-001": "TAGS-001", "nothing": "", "": ""} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
