package policy

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// trimmer is the allow-list of attributes: what the loaded rules declare in custom.reads, per resource type. What
// no rule declares never reaches the input document, so that a policy cannot print a secret it has no business with.
type trimmer struct {
	exact    map[string][]string
	patterns []pattern // sorted
}

type pattern struct {
	prefix string
	attrs  []string
}

func newTrimmer(rules []Rule) trimmer {
	t := trimmer{exact: map[string][]string{}}
	for _, r := range rules {
		if r.Disabled {
			continue
		}
		for typ, attrs := range r.Reads {
			if prefix, star := strings.CutSuffix(typ, "*"); star {
				t.patterns = append(t.patterns, pattern{prefix, attrs})
				continue
			}
			t.exact[typ] = append(t.exact[typ], attrs...)
		}
	}
	return t
}

// wanted are the attributes of a type as interned keys.
func (t trimmer) wanted(typ string) map[string]*ast.Term {
	names := slices.Clone(t.exact[typ])
	for _, p := range t.patterns {
		if strings.HasPrefix(typ, p.prefix) {
			names = append(names, p.attrs...)
		}
	}
	want := make(map[string]*ast.Term, len(names))
	for _, n := range names {
		want[n] = ast.InternedTerm(n)
	}
	return want
}
