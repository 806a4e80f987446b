package policy

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// estimate is fact.Estimate in its JSON form. The line items, by far the largest part, come only when a rule asks.
func (b *builder) estimate(est fact.Estimate, lines bool) (*ast.Term, error) {
	if lines {
		return b.viaJSON(est)
	}
	resources := make([]*ast.Term, 0, len(est.Resources))
	for i := range est.Resources {
		resources = append(resources, b.cost(&est.Resources[i]))
	}
	est.Resources = nil
	t, err := b.viaJSON(est)
	if err != nil {
		return nil, err
	}
	t.Value.(ast.Object).Insert(key("resources"), ast.ArrayTerm(resources...))
	return t, nil
}

func (b *builder) cost(r *fact.ResourceCost) *ast.Term {
	key, str := b.terms.get, b.terms.get
	return ast.ObjectTerm(
		[2]*ast.Term{key("address"), ast.StringTerm(r.Address)},
		[2]*ast.Term{key("previous_address"), str(r.Previous)},
		[2]*ast.Term{key("type"), str(r.Type)},
		[2]*ast.Term{key("provider"), str(r.Provider)},
		[2]*ast.Term{key("service"), str(r.Service)},
		[2]*ast.Term{key("region"), str(r.Region)},
		[2]*ast.Term{key("action"), str(r.Action.String())},
		[2]*ast.Term{key("monthly"), ast.ObjectTerm(
			[2]*ast.Term{key("before"), amountTerm(r.Monthly.Before)},
			[2]*ast.Term{key("after"), amountTerm(r.Monthly.After)},
			[2]*ast.Term{key("delta"), amountTerm(r.Monthly.Delta)})})
}

func amountTerm(a money.Amount) *ast.Term { return ast.NumberTerm(json.Number(a.Value().String())) }
