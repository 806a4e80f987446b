package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/fact"
)

// planTerm is input.plan: everything about the plan but its resources.
func (b *builder) planTerm() *ast.Term {
	p := b.plan
	return ast.ObjectTerm(
		[2]*ast.Term{key("name"), str(p.Name)},
		[2]*ast.Term{key("format_version"), str(p.FormatVersion)},
		[2]*ast.Term{key("terraform_version"), str(p.TerraformVersion)},
		[2]*ast.Term{key("timestamp"), str(p.Timestamp)},
		[2]*ast.Term{key("complete"), ast.InternedTerm(p.Complete)},
		[2]*ast.Term{key("errored"), ast.InternedTerm(p.Errored)},
		[2]*ast.Term{key("judged"), ast.InternedTerm(b.judgedCount())},
		[2]*ast.Term{key("counts"), actionCounts(p.Resources)},
		[2]*ast.Term{key("drift"), driftTerm(p.Drift)},
		[2]*ast.Term{key("modules"), modulesTerm(p.Modules)},
		[2]*ast.Term{key("providers"), providersTerm(p.Providers)},
		[2]*ast.Term{key("checks"), checksTerm(p.Checks)},
	)
}

func (b *builder) judgedCount() int {
	n := 0
	for _, c := range b.document.counts {
		n += c.judged
	}
	return n
}

// actionCounts counts managed resources per action, zeros included.
func actionCounts(list []fact.Resource) *ast.Term {
	counts := map[fact.Action]int{}
	for i := range list {
		if !list[i].Data {
			counts[list[i].Action]++
		}
	}
	obj := ast.NewObject()
	for a := fact.ActionUnknown; a <= fact.Forget; a++ {
		obj.Insert(key(a.String()), ast.InternedTerm(counts[a]))
	}
	return ast.NewTerm(obj)
}

// driftTerm names what changed outside Terraform. Attributes are left out: no rule declares them for drift.
func driftTerm(list []fact.Resource) *ast.Term {
	var terms []*ast.Term
	for i := range list {
		r := &list[i]
		terms = append(terms, ast.ObjectTerm(
			[2]*ast.Term{key("address"), str(r.Address)},
			[2]*ast.Term{key("type"), str(r.Type)},
			[2]*ast.Term{key("action"), str(r.Action.String())}))
	}
	return ast.ArrayTerm(terms...)
}

func modulesTerm(list []fact.ModuleCall) *ast.Term {
	var terms []*ast.Term
	for _, m := range list {
		terms = append(terms, ast.ObjectTerm(
			[2]*ast.Term{key("address"), str(m.Address)},
			[2]*ast.Term{key("source"), str(m.Source)},
			[2]*ast.Term{key("version"), str(m.Version)}))
	}
	return ast.ArrayTerm(terms...)
}

func providersTerm(m map[string]fact.Provider) *ast.Term {
	var terms []*ast.Term
	for _, k := range sortedKeys(m) {
		p := m[k]
		terms = append(terms, ast.ObjectTerm(
			[2]*ast.Term{key("key"), str(k)},
			[2]*ast.Term{key("source"), str(p.Source)},
			[2]*ast.Term{key("version"), str(p.Version)},
			[2]*ast.Term{key("alias"), str(p.Alias)},
			[2]*ast.Term{key("module"), str(p.Module)},
			[2]*ast.Term{key("region"), str(p.Region)},
			[2]*ast.Term{key("tags_unknown"), ast.InternedTerm(p.TagsUnknown)}))
	}
	return ast.ArrayTerm(terms...)
}

func checksTerm(list []fact.CheckResult) *ast.Term {
	var terms []*ast.Term
	for _, c := range list {
		terms = append(terms, ast.ObjectTerm(
			[2]*ast.Term{key("address"), str(c.Address)},
			[2]*ast.Term{key("status"), str(c.Status)},
			[2]*ast.Term{key("problem"), str(c.Problem)}))
	}
	return ast.ArrayTerm(terms...)
}
