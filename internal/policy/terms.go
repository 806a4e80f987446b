package policy

import "github.com/open-policy-agent/opa/v1/ast"

// terms are strings that have been made into terms already: names of attributes, types and regions repeat in every
// resource. Terms are never written to, so that many objects may hold one.
type terms struct{ known map[string]*ast.Term }

// Bounds of what is kept, so that a plan of nothing but different texts gains nothing and costs little.
const (
	maxTerms    = 1 << 14
	maxTermText = 64
)

func newTerms() *terms { return &terms{map[string]*ast.Term{}} }

func (t *terms) get(s string) *ast.Term {
	if term, ok := t.known[s]; ok {
		return term
	}
	term := ast.StringTerm(s)
	if len(t.known) < maxTerms && len(s) <= maxTermText {
		t.known[s] = term
	}
	return term
}
