package render

import (
	"bytes"
	"encoding/csv"

	"github.com/org/platform-action/internal/fact"
)

// csvReport is a row a line item (RFC 4180), with exact amounts. An amount that is not known is empty, and its
// basis and why say so; a project without an estimate is a row too.
func csvReport(r Report) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	header := []string{
		"project", "address", "type", "provider", "service", "region", "action", "group", "component", "unit", "currency",
		"before_basis", "before_quantity", "before_rate", "before_monthly", "after_basis", "after_quantity", "after_rate", "after_monthly",
		"price_table", "price_key", "price_as_of", "why", "module", "team", "environment",
	}
	_ = w.Write(header) // the writer keeps its first error for Flush
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			_ = w.Write(csvRow(p.Name, "", &fact.ResourceCost{}, fact.LineItem{After: &fact.Quote{Why: "no estimate: " + p.Estimate.Why()}}))
		}
		for i := range e.Resources {
			c := &e.Resources[i]
			for _, l := range c.Lines {
				_ = w.Write(csvRow(p.Name, string(e.Currency), c, l))
			}
			if len(c.Lines) == 0 {
				_ = w.Write(csvRow(p.Name, string(e.Currency), c, fact.LineItem{After: &fact.Quote{Why: "the estimate has no line for it"}}))
			}
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func csvRow(project, currency string, c *fact.ResourceCost, l fact.LineItem) []string {
	q := side(l)
	source := fact.PriceSource{}
	if q.Price != nil {
		source = *q.Price
	}
	action := c.Action.String()
	if c.Address == "" {
		action = "" // a project, not a resource
	}
	row := texts(project, c.Address, c.Type, c.Provider, c.Service, c.Region, action, l.Group, l.Name, l.Unit, currency)
	row = append(row, csvQuote(l.Before)...)
	row = append(row, csvQuote(l.After)...)
	return append(row, texts(source.Table, source.Key, source.AsOf, q.Why, c.Module, c.Team, c.Environment)...)
}

func texts(list ...string) []string {
	for i, s := range list {
		list[i] = cell(s)
	}
	return list
}

// csvQuote is basis, quantity, rate and monthly amount.
func csvQuote(q *fact.Quote) []string {
	out := []string{"", "", "", ""}
	if q == nil {
		return out
	}
	out[0] = q.Basis.String()
	if q.Quantity != nil {
		out[1] = q.Quantity.String()
	}
	if q.Rate != nil {
		out[2] = q.Rate.Value().String()
	}
	if q.Monthly != nil {
		out[3] = q.Monthly.Value().String()
	}
	return out
}
