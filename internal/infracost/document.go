// Package infracost writes estimates in the form of Infracost JSON 0.2, so that policies and scripts written for
// it go on working.
package infracost

import (
	"cmp"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// Document is an estimate as a JSON value: amounts and quantities are strings, as in the original.
func Document(name string, e fact.Estimate) (any, error) {
	before, after, diff := breakdown(e, beforeSide), breakdown(e, afterSide), breakdown(e, difference)
	summary := map[string]any{
		"totalDetectedResources": e.Coverage.Resources, "totalSupportedResources": e.Coverage.Priced + e.Coverage.Unknown,
		"totalUnsupportedResources": e.Coverage.Unpriced, "totalNoPriceResources": e.Coverage.Free,
	}
	return map[string]any{
		"version": "0.2", "currency": string(e.Currency),
		"projects": []any{map[string]any{
			"name": name, "metadata": map[string]any{"path": name, "type": "terraform_plan_json"},
			"pastBreakdown": before, "breakdown": after, "diff": diff, "summary": summary,
		}},
		"totalMonthlyCost": text(e.Total.After), "pastTotalMonthlyCost": text(e.Total.Before), "diffTotalMonthlyCost": text(e.Total.Delta),
		"totalHourlyCost": hourly(e.Total.After), "pastTotalHourlyCost": hourly(e.Total.Before), "diffTotalHourlyCost": hourly(e.Total.Delta),
		"summary": summary,
	}, nil
}

// side picks one side of a line, or the difference of both; nil where there is none.
type side func(fact.LineItem) *fact.Quote

func beforeSide(l fact.LineItem) *fact.Quote { return l.Before }
func afterSide(l fact.LineItem) *fact.Quote  { return l.After }

// difference is what a line changes by; nothing for a line that stays as it is.
func difference(l fact.LineItem) *fact.Quote {
	monthly := func(q *fact.Quote) (money.Amount, decimal.Decimal) {
		if q == nil || q.Monthly == nil {
			return money.Amount{}, decimal.Zero
		}
		return *q.Monthly, *q.Quantity
	}
	before, quantityBefore := monthly(l.Before)
	after, quantityAfter := monthly(l.After)
	delta, quantity := after.Sub(before), quantityAfter.Sub(quantityBefore)
	if delta.IsZero() && quantity.IsZero() {
		return nil
	}
	q := *cmp.Or(l.After, l.Before)
	q.Monthly, q.Quantity = &delta, &quantity
	return &q
}

func breakdown(e fact.Estimate, pick side) map[string]any {
	resources := []any{}
	total := money.Amount{}.In(e.Currency)
	for i := range e.Resources {
		r, sum, ok := resource(&e.Resources[i], pick)
		if !ok {
			continue
		}
		total = total.Add(sum)
		resources = append(resources, r)
	}
	return map[string]any{"resources": resources, "totalMonthlyCost": text(total), "totalHourlyCost": hourly(total)}
}

func resource(c *fact.ResourceCost, pick side) (map[string]any, money.Amount, bool) {
	own := []any{}
	groups := map[string][]any{}
	var order []string
	sum, known := money.Amount{}, false
	for _, l := range c.Lines {
		q := pick(l)
		if q == nil {
			continue
		}
		if q.Monthly != nil {
			sum, known = sum.Add(*q.Monthly), true
		}
		if l.Group == "" {
			own = append(own, component(l, q))
			continue
		}
		if _, begun := groups[l.Group]; !begun {
			order = append(order, l.Group)
		}
		groups[l.Group] = append(groups[l.Group], component(l, q))
	}
	if len(own) == 0 && len(order) == 0 {
		return nil, sum, false
	}
	subresources := []any{}
	for _, g := range order {
		subresources = append(subresources, map[string]any{"name": g, "costComponents": groups[g], "metadata": map[string]any{}})
	}
	out := map[string]any{
		"name": c.Address, "resourceType": c.Type, "metadata": map[string]any{}, "monthlyCost": nil, "hourlyCost": nil,
		"costComponents": own, "subresources": subresources,
	}
	if known { // nothing known is no zero
		out["monthlyCost"], out["hourlyCost"] = text(sum), hourly(sum)
	}
	return out, sum, true
}

// component is one line. A missing price says so, instead of the zero that the original prints.
func component(l fact.LineItem, q *fact.Quote) map[string]any {
	out := map[string]any{
		"name": l.Name, "unit": l.Unit, "hourlyQuantity": nil, "monthlyQuantity": nil, "price": "0", "hourlyCost": nil, "monthlyCost": nil,
		"usageBased": q.Basis == fact.Usage || q.Basis == fact.UsageUnset,
	}
	if q.Quantity != nil {
		out["monthlyQuantity"] = q.Quantity.String()
	}
	if q.Rate != nil {
		out["price"] = q.Rate.Value().String()
	}
	if q.Monthly != nil {
		out["monthlyCost"], out["hourlyCost"] = text(*q.Monthly), hourly(*q.Monthly)
	}
	if q.Basis == fact.Unpriced || q.Basis == fact.Unknown {
		out["priceNotFound"] = true
	}
	return out
}

func text(a money.Amount) string { return a.Value().String() }

// hourly spreads a month over its 730 hours.
func hourly(a money.Amount) string { return a.Value().Div(decimal.NewFromInt(730)).Round(12).String() }
