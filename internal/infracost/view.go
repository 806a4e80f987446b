package infracost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
)

// Fields lists the columns that a table may have beside the name.
func Fields() []string {
	return []string{"price", "monthlyQuantity", "unit", "hourlyCost", "monthlyCost"}
}

// ParseFields reads --fields; "all" stands for every column.
func ParseFields(list []string) ([]string, error) {
	if len(list) == 1 && list[0] == "all" {
		return Fields(), nil
	}
	for _, f := range list {
		if !slices.Contains(Fields(), f) {
			return nil, fmt.Errorf("--fields: %.40q is no column; choose of %s, or all", f, strings.Join(Fields(), ", "))
		}
	}
	return list, nil
}

// clean makes a text of the document fit for a terminal and free of secrets.
func clean(s string) string { return render.Plain(render.Redact(s)) }

// Table writes what everything costs after the change, line by line. A line without a price says so in the place of its
// cost, and below the table.
func Table(projects []Project, currency money.Currency, fields []string, skipped bool) string {
	var b strings.Builder
	total := money.Amount{}.In(currency)
	for i := range projects {
		p := &projects[i]
		fmt.Fprintf(&b, "Project: %s\n", clean(p.Label()))
		for _, f := range p.Faults {
			fmt.Fprintf(&b, "Not estimated: %s: %s\n", clean(f.Where), clean(f.Message))
		}
		t := newTable(fields)
		for j := range p.Estimate.Resources {
			rows(t, &p.Estimate.Resources[j], fields)
		}
		if t.Length() > 0 {
			b.WriteString("\n" + trimmed(t.Render()) + "\n\n")
		}
		fmt.Fprintf(&b, "Project total%s %s a month%s\n\n", partly(p), render.Cents(p.Estimate.Total.After), without(&p.Estimate))
		total = total.Add(p.Estimate.Total.After)
	}
	if len(projects) > 1 {
		fmt.Fprintf(&b, "Total %s a month\n", render.Cents(total))
	}
	b.WriteString(coverage(projects, skipped))
	return b.String()
}

// partly says that a total is not that of the whole project.
func partly(p *Project) string {
	if len(p.Faults) > 0 {
		return " of what could be estimated:"
	}
	return ""
}

func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

func newTable(fields []string) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{}
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	header := table.Row{"Name"}
	var columns []table.ColumnConfig
	for i, f := range fields {
		header = append(header, columnName(f))
		if f != "unit" {
			columns = append(columns, table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.SetColumnConfigs(columns)
	t.AppendHeader(header)
	return t
}

func columnName(field string) string {
	switch field {
	case "price":
		return "Price"
	case "monthlyQuantity":
		return "Monthly quantity"
	case "unit":
		return "Unit"
	case "hourlyCost":
		return "Hourly cost"
	}
	return "Monthly cost"
}

func rows(t table.Writer, c *fact.ResourceCost, fields []string) {
	begun, group := false, ""
	for _, l := range c.Lines {
		if l.After == nil {
			continue
		}
		if !begun {
			begun = true
			t.AppendRow(table.Row{clean(c.Address)})
		}
		if l.Group != group {
			group = l.Group
			t.AppendRow(table.Row{"  " + clean(group)})
		}
		indent := "  "
		if l.Group != "" {
			indent = "    "
		}
		row := table.Row{indent + clean(l.Name)}
		for _, f := range fields {
			row = append(row, cell(f, l))
		}
		t.AppendRow(row)
	}
}

func cell(field string, l fact.LineItem) string {
	q := l.After
	switch field {
	case "price":
		if q.Rate == nil || unpriced(q) {
			return q.Basis.String()
		}
		return render.Rate(*q.Rate)
	case "monthlyQuantity":
		return render.Quantity(q.Quantity)
	case "unit":
		return clean(l.Unit)
	}
	switch {
	case q.Monthly != nil && field == "hourlyCost":
		return render.Rate(money.New(hourly(*q.Monthly).Decimal, q.Monthly.Currency()))
	case q.Monthly != nil:
		return render.Cents(*q.Monthly)
	case q.Basis == fact.UsageUnset && q.Rate != nil:
		return "by usage: " + render.Rate(*q.Rate) + " each"
	}
	return q.Basis.String()
}

// without says what a total leaves out.
func without(e *fact.Estimate) string {
	open, usage := 0, 0
	for i := range e.Resources {
		for _, l := range e.Resources[i].Lines {
			switch {
			case l.After == nil:
			case unpriced(l.After):
				open++
			case l.After.Basis == fact.UsageUnset:
				usage++
			}
		}
	}
	if missing := e.Coverage.Unpriced + e.Coverage.Unknown; open == 0 && missing > 0 {
		open = missing
	}
	var parts []string
	if open > 0 {
		parts = append(parts, fmt.Sprintf("%d without a price or a quantity", open))
	}
	if usage > 0 {
		parts = append(parts, fmt.Sprintf("%d by usage that is not given", usage))
	}
	if len(parts) == 0 {
		return ""
	}
	return ", without what has no number: " + strings.Join(parts, ", ")
}

// coverage names what has no price; each type with skipped, else their number.
func coverage(projects []Project, skipped bool) string {
	var b strings.Builder
	resources, free, unpriced, unknown := 0, 0, 0, 0
	for i := range projects {
		c := projects[i].Estimate.Coverage
		resources, free, unpriced, unknown = resources+c.Resources, free+c.Free, unpriced+c.Unpriced, unknown+c.Unknown
	}
	word := "resources"
	if resources == 1 {
		word = "resource"
	}
	fmt.Fprintf(&b, "%d %s: %d priced, %d free, %d without a price, %d not known before apply\n", resources, word, resources-free-unpriced-unknown, free, unpriced, unknown)
	if unpriced > 0 && !skipped {
		b.WriteString("--show-skipped names those without a price\n")
	}
	for i := range projects {
		for _, t := range projects[i].Estimate.Unpriced {
			if skipped {
				fmt.Fprintf(&b, "  %d × %s: %s\n", t.Count, clean(t.Type), clean(t.Why))
			}
		}
	}
	return b.String()
}
