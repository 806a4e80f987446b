package cost_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/verdict"
)

func usd(s string) money.Amount { return money.New(decimal.RequireFromString(s), money.USD) }

// project is an estimate from an amount before to one after; open is how many changed resources have no full price.
func project(path, before, after string, open int) cost.Project {
	change := fact.Change{Before: usd(before), After: usd(after), Delta: usd(after).Sub(usd(before))}
	return cost.Project{Path: path, Estimate: fact.Estimate{Currency: money.USD, Total: change, Upper: change,
		Coverage: fact.Coverage{Changed: 3, ChangedUnknown: open}}}
}

// bounded has an upper bound that is higher than the known amount.
func bounded(p cost.Project, after string) cost.Project {
	p.Estimate.Upper.After = usd(after)
	p.Estimate.Upper.Delta = usd(after).Sub(p.Estimate.Upper.Before)
	return p
}

func delta(s string) fact.Threshold { a := usd(s); return fact.Threshold{Delta: &a} }

func percent(f float64) fact.Threshold { return fact.Threshold{Percent: &f} }

func TestJudge(t *testing.T) {
	t.Parallel()
	shop := []fact.Budget{{Name: "shop", Paths: []string{"infra/**"}, Monthly: usd("100"), WarnAt: 0.8}}
	for name, c := range map[string]struct {
		limits   fact.Limits
		projects []cost.Project
		want     string // severity id, sorted as they come
	}{
		"nothing set":                {fact.Limits{Unknown: fact.UnknownWarns}, []cost.Project{project("a", "0", "1e6", 0)}, ""},
		"under the limit":            {fact.Limits{Block: delta("100")}, []cost.Project{project("a", "0", "99.99", 0)}, ""},
		"at the limit":               {fact.Limits{Block: delta("100")}, []cost.Project{project("a", "5", "105", 0)}, "block LIMIT-001"},
		"projects add up":            {fact.Limits{Block: delta("100")}, []cost.Project{project("a", "0", "60", 0), project("b", "0", "40", 0)}, "block LIMIT-001"},
		"a decrease":                 {fact.Limits{Block: delta("0"), Warn: percent(0)}, []cost.Project{project("a", "100", "1", 0)}, ""},
		"no change and a zero limit": {fact.Limits{Block: delta("0")}, []cost.Project{project("a", "100", "100", 0)}, ""},
		"any increase":               {fact.Limits{Block: delta("0")}, []cost.Project{project("a", "100", "100.01", 0)}, "block LIMIT-001"},
		"percent reached":            {fact.Limits{Warn: percent(10)}, []cost.Project{project("a", "100", "110", 0)}, "warn LIMIT-002"},
		"percent not reached":        {fact.Limits{Warn: percent(10)}, []cost.Project{project("a", "100", "109.99", 0)}, ""},
		"percent of nothing":         {fact.Limits{Block: percent(1)}, []cost.Project{project("a", "0", "5000", 0)}, ""},
		"acknowledge":                {fact.Limits{Acknowledge: delta("50")}, []cost.Project{project("a", "0", "50", 0)}, "block needs-ack"},
		"all three":                  {fact.Limits{Block: delta("50"), Acknowledge: delta("20"), Warn: delta("10")}, []cost.Project{project("a", "0", "50", 0)}, "block LIMIT-001, block needs-ack, warn LIMIT-002"},
		"the known part decides":     {fact.Limits{Block: delta("50"), Unknown: fact.UnknownAllows}, []cost.Project{project("a", "0", "50", 2)}, "block LIMIT-001"},
		"unknown allowed":            {fact.Limits{Block: delta("50"), Unknown: fact.UnknownAllows}, []cost.Project{project("a", "0", "1", 2)}, ""},
		"unknown told":               {fact.Limits{Block: delta("50"), Unknown: fact.UnknownWarns}, []cost.Project{project("a", "0", "1", 2)}, "warn cost-unknown"},
		"unknown blocks":             {fact.Limits{Block: delta("50"), Unknown: fact.UnknownBlocks}, []cost.Project{project("a", "0", "1", 2)}, "undecided LIMIT-001, undecided cost-unknown"},
		"unknown and no limit":       {fact.Limits{Unknown: fact.UnknownBlocks}, []cost.Project{project("a", "0", "1", 2)}, "undecided cost-unknown"},
		"an upper bound that blocks": {fact.Limits{Block: delta("50"), Unknown: fact.UnknownBlocks}, []cost.Project{bounded(project("a", "0", "1", 0), "60")}, "undecided LIMIT-001"},
		"the zero rule blocks":       {fact.Limits{}, []cost.Project{project("a", "0", "1", 1)}, "undecided cost-unknown"},
		"a note is never undecided":  {fact.Limits{Warn: delta("50"), Unknown: fact.UnknownBlocks}, []cost.Project{bounded(project("a", "0", "1", 0), "60")}, ""},
		"over budget":                {fact.Limits{Budgets: shop}, []cost.Project{project("infra/prod/plan.json", "50", "100.01", 0)}, "block BUDGET-001"},
		"at the budget":              {fact.Limits{Budgets: shop}, []cost.Project{project("infra/prod/plan.json", "100", "100", 0)}, "warn BUDGET-001"},
		"over and going down":        {fact.Limits{Budgets: shop}, []cost.Project{project("infra/prod/plan.json", "500", "400", 0)}, "warn BUDGET-001"},
		"below the notice line":      {fact.Limits{Budgets: shop}, []cost.Project{project("infra/prod/plan.json", "0", "79.99", 0)}, ""},
		"at the notice line":         {fact.Limits{Budgets: shop}, []cost.Project{project("infra/prod/plan.json", "0", "80", 0)}, "warn BUDGET-001"},
		"another folder":             {fact.Limits{Budgets: shop}, []cost.Project{project("web/plan.json", "0", "5000", 0)}, ""},
		"budgets add up":             {fact.Limits{Budgets: shop}, []cost.Project{project("infra/a/plan.json", "0", "60", 0), project("infra/b/plan.json", "0", "60", 0), project("web", "0", "1e6", 0)}, "block BUDGET-001"},
		"budget and unknown":         {fact.Limits{Budgets: shop, Unknown: fact.UnknownBlocks}, []cost.Project{project("infra/a", "0", "10", 1)}, "undecided BUDGET-001, undecided cost-unknown"},
		"a budget of everything":     {fact.Limits{Budgets: []fact.Budget{{Name: "all", Monthly: usd("1")}}}, []cost.Project{project("x", "0", "2", 0)}, "block BUDGET-001"},
		"a broken pattern":           {fact.Limits{Budgets: []fact.Budget{{Name: "b", Paths: []string{"[a"}, Monthly: usd("1")}}}, []cost.Project{project("a", "0", "2", 0)}, "block BUDGET-001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range cost.Judge(c.limits, c.projects) {
				got = append(got, f.Severity.String()+" "+f.ID)
				if f.Message == "" || f.Title == "" || f.Severity != verdict.Warn && f.Fix == "" {
					t.Errorf("%s tells nobody what to do: %+v", f.ID, f)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestJudgeCurrencies holds that amounts of two currencies are never compared.
func TestJudgeCurrencies(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("an estimate in EUR was compared with a limit in USD")
		}
	}()
	p := project("a", "0", "1", 0)
	eur := func(a money.Amount) money.Amount { return money.New(a.Value(), "EUR") }
	p.Estimate.Total = fact.Change{Before: eur(p.Estimate.Total.Before), After: eur(p.Estimate.Total.After), Delta: eur(p.Estimate.Total.Delta)}
	p.Estimate.Upper = p.Estimate.Total
	cost.Judge(fact.Limits{Block: delta("100")}, []cost.Project{p})
}
