// Package infracost reads and writes estimates in the form of Infracost JSON 0.2, reads its configuration file and
// runs its program, so that what was made for it goes on working.
package infracost

import (
	"bytes"
	"cmp"
	stdjson "encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// Options say of a document what no estimate says.
type Options struct {
	Command   string    // breakdown, diff, output or comment
	Generated time.Time // zero: left away, where a document must be the same whenever it is made
	Commit    string
	Branch    string
}

// Document is the estimate of one plan as a JSON value, as policies see it. It holds no time: the same facts must get
// the same verdict.
func Document(name string, e fact.Estimate) (any, error) {
	var b bytes.Buffer
	err := Write(&b, []Project{{Name: name, Path: name, Kind: "terraform_plan_json", Estimate: e}}, e.Currency, Options{Command: "breakdown"})
	return stdjson.RawMessage(b.Bytes()), err
}

// Write writes projects of one currency as one document, resource by resource.
func Write(w io.Writer, projects []Project, currency money.Currency, o Options) error {
	return json.MarshalWrite(w, root(projects, currency, o), json.Deterministic(true), jsontext.EscapeForHTML(true), jsontext.AllowInvalidUTF8(true))
}

func root(projects []Project, currency money.Currency, o Options) wireRoot {
	out := wireRoot{
		Version: version, Metadata: rootMetadata{Command: o.Command, Commit: o.Commit, Branch: o.Branch}, Currency: string(currency), Projects: projects,
		Summary: wireSummary{Counts: map[string]int{}, Lacking: map[string]int{}, Free: map[string]int{}},
	}
	if !o.Generated.IsZero() {
		out.TimeGenerated = o.Generated.UTC().Format(time.RFC3339Nano)
	}
	zero := money.Amount{}.In(currency)
	total, usage := fact.Change{Before: zero, After: zero, Delta: zero}, fact.Change{Before: zero, After: zero, Delta: zero}
	for i := range projects {
		e := &projects[i].Estimate
		out.Summary.add(summary(e))
		total, usage = plus(total, e.Total), plus(usage, e.UsagePart)
		for j := range e.Resources {
			out.note(&e.Resources[j])
		}
	}
	out.PastMonthly, out.TotalMonthly, out.DiffMonthly = amountNumber(total.Before), amountNumber(total.After), amountNumber(total.Delta)
	out.PastHourly, out.TotalHourly, out.DiffHourly = hourly(total.Before), hourly(total.After), hourly(total.Delta)
	out.PastUsage, out.TotalUsage, out.DiffUsage = amountNumber(usage.Before), amountNumber(usage.After), amountNumber(usage.Delta)
	return out
}

// note counts the lines without a price at the top of the document, where the original's readers look for them.
func (r *wireRoot) note(c *fact.ResourceCost) {
	for _, l := range c.Lines {
		if l.After != nil && unpriced(l.After) {
			r.MissingPrices++
			if name := c.Type + " " + l.Name; !slices.Contains(r.MissingNames, name) && len(r.MissingNames) < 100 {
				r.MissingNames = append(r.MissingNames, name)
			}
		}
	}
}

func plus(a, b fact.Change) fact.Change {
	return fact.Change{Before: a.Before.Add(b.Before), After: a.After.Add(b.After), Delta: a.Delta.Add(b.Delta)}
}

func (s *wireSummary) add(b wireSummary) {
	s.Detected, s.Supported, s.Unsupported = s.Detected+b.Detected, s.Supported+b.Supported, s.Unsupported+b.Unsupported
	s.UsageBased, s.NoPrice = s.UsageBased+b.UsageBased, s.NoPrice+b.NoPrice
	for _, m := range []struct{ to, from map[string]int }{{s.Counts, b.Counts}, {s.Lacking, b.Lacking}, {s.Free, b.Free}} {
		for t, n := range m.from {
			m.to[t] += n
		}
	}
}

func project(p *Project) wireProject {
	out := wireProject{
		Name: p.Name, DisplayName: p.Display, Summary: summary(&p.Estimate),
		Metadata: projectMetadata{Path: cmp.Or(p.Path, p.Name), Type: cmp.Or(p.Kind, "terraform_plan_json"), ModulePath: p.Module, Workspace: p.Workspace},
	}
	for _, f := range p.Faults {
		out.Metadata.Errors = append(out.Metadata.Errors, diagnostic{Message: f.Where + ": " + f.Message, IsError: true})
	}
	for _, f := range p.Notes {
		out.Metadata.Warnings = append(out.Metadata.Warnings, diagnostic{Message: f.Where + ": " + f.Message})
	}
	out.PastBreakdown, out.Breakdown, out.Diff = breakdown{p, beforeSide}, breakdown{p, afterSide}, breakdown{p, difference}
	return out
}

// summary counts resources by type. A resource with an unknown line is a supported one; of free ones only their number
// is known.
func summary(e *fact.Estimate) wireSummary {
	out := wireSummary{
		Detected: e.Coverage.Resources, Supported: e.Coverage.Priced + e.Coverage.Unknown, Unsupported: e.Coverage.Unpriced, NoPrice: e.Coverage.Free,
		Counts: map[string]int{}, Lacking: map[string]int{}, Free: map[string]int{},
	}
	for i := range e.Resources {
		usage := false
		for _, l := range e.Resources[i].Lines {
			q := cmp.Or(l.After, l.Before)
			usage = usage || q != nil && usageBased(q)
		}
		if usage {
			out.UsageBased++
		}
		out.Counts[e.Resources[i].Type]++
	}
	for _, t := range e.Unpriced {
		out.Lacking[t.Type] += t.Count
		if out.Counts[t.Type] -= t.Count; out.Counts[t.Type] <= 0 {
			delete(out.Counts, t.Type)
		}
	}
	return out
}

// side picks one side of a line, or the difference of both; nil where there is none.
type side func(fact.LineItem) *fact.Quote

func beforeSide(l fact.LineItem) *fact.Quote { return l.Before }
func afterSide(l fact.LineItem) *fact.Quote  { return l.After }

// difference is what a line changes by; nothing for a line that stays as it is.
func difference(l fact.LineItem) *fact.Quote {
	monthly := func(q *fact.Quote) (money.Amount, decimal.Decimal) {
		if q == nil || q.Monthly == nil || q.Quantity == nil {
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

// projectList writes projects one after the other: three breakdowns of a large plan at once would take gigabytes.
type projectList []Project

// MarshalJSONTo implements json.MarshalerTo.
func (l projectList) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for i := range l {
		if err := json.MarshalEncode(e, project(&l[i])); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndArray)
}

// breakdown writes one side of a project, or the difference of both.
type breakdown struct {
	project *Project
	pick    side
}

// MarshalJSONTo implements json.MarshalerTo.
func (b breakdown) MarshalJSONTo(e *jsontext.Encoder) error {
	estimate := &b.project.Estimate
	total, usage := money.Amount{}.In(estimate.Currency), money.Amount{}.In(estimate.Currency)
	errs := []error{e.WriteToken(jsontext.BeginObject), e.WriteToken(jsontext.String("resources")), e.WriteToken(jsontext.BeginArray)}
	for i := range estimate.Resources {
		r, sum, used, ok := resource(&estimate.Resources[i], b.pick)
		if !ok {
			continue
		}
		r.Tags = b.project.Tags[estimate.Resources[i].Address]
		total, usage = total.Add(sum), usage.Add(used)
		if err := json.MarshalEncode(e, &r); err != nil {
			return err
		}
	}
	errs = append(errs, e.WriteToken(jsontext.EndArray))
	for _, member := range []struct {
		name  string
		value *number
	}{{"totalHourlyCost", hourly(total)}, {"totalMonthlyCost", amountNumber(total)}, {"totalMonthlyUsageCost", amountNumber(usage)}} {
		errs = append(errs, e.WriteToken(jsontext.String(member.name)), e.WriteToken(jsontext.String(member.value.String())))
	}
	return errors.Join(append(errs, e.WriteToken(jsontext.EndObject))...)
}

func resource(c *fact.ResourceCost, pick side) (out wireResource, sum, usage money.Amount, ok bool) {
	out = wireResource{Name: c.Address, Type: c.Type, Components: []wireComponent{}, Subresources: []wireResource{}}
	groups := map[string]int{}
	known := false
	for _, l := range c.Lines {
		q := pick(l)
		if q == nil {
			continue
		}
		ok = true
		if q.Monthly != nil {
			sum, known = sum.Add(*q.Monthly), true
			if usageBased(q) {
				usage = usage.Add(*q.Monthly)
			}
		}
		if l.Group == "" {
			out.Components = append(out.Components, component(l, q))
			continue
		}
		at, begun := groups[l.Group]
		if !begun {
			at = len(out.Subresources)
			groups[l.Group] = at
			out.Subresources = append(out.Subresources, wireResource{Name: l.Group, Components: []wireComponent{}, Subresources: []wireResource{}})
		}
		out.Subresources[at].add(component(l, q))
	}
	if known { // nothing known is no zero
		out.Monthly, out.Hourly, out.Usage = amountNumber(sum), hourly(sum), amountNumber(usage)
	}
	return out, sum, usage, ok
}

func (r *wireResource) add(c wireComponent) {
	r.Components = append(r.Components, c)
	if c.Monthly == nil {
		return
	}
	if r.Monthly == nil {
		r.Monthly, r.Hourly = &number{}, &number{}
	}
	r.Monthly = &number{r.Monthly.Add(c.Monthly.Decimal)}
	r.Hourly = &number{r.Hourly.Add(c.Hourly.Decimal)}
}

// component is one line. A missing price says so, beside the zero that the original's readers need there.
func component(l fact.LineItem, q *fact.Quote) wireComponent {
	missing := unpriced(q)
	out := wireComponent{Name: l.Name, Unit: l.Unit, Price: &number{}, UsageBased: usageBased(q), PriceNotFound: &missing}
	if q.Quantity != nil {
		out.MonthlyQuantity = &number{*q.Quantity}
		out.HourlyQuantity = perHour(*q.Quantity)
	}
	if q.Rate != nil {
		out.Price = amountNumber(*q.Rate)
	}
	if q.Monthly != nil {
		out.Monthly, out.Hourly = amountNumber(*q.Monthly), hourly(*q.Monthly)
	}
	return out
}

func usageBased(q *fact.Quote) bool { return q.Basis == fact.Usage || q.Basis == fact.UsageUnset }

// unpriced reports a line without a number where there should be one.
func unpriced(q *fact.Quote) bool { return q.Basis == fact.Unpriced || q.Basis == fact.Unknown }

// hoursPerMonth is what a month has in every list price.
const hoursPerMonth = 730

// hourly spreads a month over its hours.
func hourly(a money.Amount) *number { return perHour(a.Value()) }

func perHour(d decimal.Decimal) *number {
	return &number{d.Div(decimal.NewFromInt(hoursPerMonth)).Round(12)}
}
