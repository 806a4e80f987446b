package render

import (
	"bytes"
	"encoding/csv"

	"github.com/org/platform-action/internal/fact"
)

// csvReport is a row a line item (RFC 4180), with exact amounts. An amount that is not known is empty, and its
// basis says why.
func csvReport(r Report) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	header := []string{
		"project", "address", "type", "provider", "service", "region", "action", "group", "component", "unit", "currency",
		"before_basis", "before_quantity", "before_monthly", "after_basis", "after_quantity", "after_rate", "after_monthly",
		"price_table", "price_key", "price_as_of", "why",
	}
	_ = w.Write(header) // the writer keeps its first error for Flush
	for _, p := range r.Projects {
		e, _ := p.Estimate.Get()
		for i := range e.Resources {
			for _, l := range e.Resources[i].Lines {
				_ = w.Write(csvRow(p.Name, string(e.Currency), &e.Resources[i], l))
			}
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func csvRow(project, currency string, c *fact.ResourceCost, l fact.LineItem) []string {
	row := []string{project, c.Address, c.Type, c.Provider, c.Service, c.Region, c.Action.String(), l.Group, l.Name, l.Unit, currency}
	row = append(row, csvQuote(l.Before, false)...)
	row = append(row, csvQuote(l.After, true)...)
	q := l.After
	if q == nil {
		q = l.Before
	}
	source := fact.PriceSource{}
	if q.Price != nil {
		source = *q.Price
	}
	row = append(row, source.Table, source.Key, source.AsOf, q.Why)
	for i, s := range row {
		row[i] = cell(s)
	}
	return row
}

func csvQuote(q *fact.Quote, rate bool) []string {
	out := []string{"", "", ""}
	if rate {
		out = append(out, "")
	}
	if q == nil {
		return out
	}
	out[0] = q.Basis.String()
	if q.Quantity != nil {
		out[1] = q.Quantity.String()
	}
	if rate && q.Rate != nil {
		out[2] = q.Rate.Value().String()
	}
	if q.Monthly != nil {
		out[len(out)-1] = q.Monthly.Value().String()
	}
	return out
}
