package render

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// ReadJSON reads a report that Render wrote as JSON, so that it can be shown again in another format or compared to.
// Unknown fields and other schema versions are errors: what they mean is not known. The text is untrusted; every
// format escapes it as it does any other.
func ReadJSON(b []byte) (Report, error) {
	var w wire
	err := json.Unmarshal(b, &w, json.RejectUnknownMembers(true))
	version := w.Schema
	if err != nil { // perhaps because it is of another version: that is the better answer
		var head struct {
			Schema string `json:"schema_version"`
		}
		if json.Unmarshal(b, &head) != nil {
			return Report{}, fmt.Errorf("the report is not the JSON that --format json writes: %w", err)
		}
		version = head.Schema
	}
	if version != schemaVersion {
		return Report{}, fmt.Errorf("/schema_version is %.20q and this program reads %q; make the report again with this program", version, schemaVersion)
	}
	if err != nil {
		return Report{}, fmt.Errorf("the report is not the JSON that --format json writes: %w", err)
	}
	return w.report()
}

func (w wire) report() (Report, error) {
	r := Report{
		Verdict: w.Verdict, Version: w.Program, Commit: w.Commit, Policies: w.Policies, Reproduce: w.Repeat, Link: w.Link,
		Total: fact.Missing[fact.Change](w.Why),
	}
	switch w.Kind {
	case "verdict":
	case "estimate":
		r.View = CostView
	default:
		return Report{}, fmt.Errorf("/kind is %.20q, neither verdict nor estimate", w.Kind)
	}
	if w.Currency != "" {
		c, err := money.ParseCurrency(w.Currency)
		if err != nil {
			return Report{}, fmt.Errorf("/currency: %w", err)
		}
		r.Currency = c
	}
	if w.Total != nil {
		if err := change(w.Total, r.Currency); err != nil {
			return Report{}, fmt.Errorf("/total: %w", err)
		}
		r.Total = fact.Of(*w.Total)
	}
	for i, p := range w.Projects {
		project := Project{Name: p.Name, Plan: p.Plan.PlanSummary, Estimate: fact.Missing[fact.Estimate](p.Why)}
		project.Plan.Faults, project.Plan.Notes = faults(p.Plan.Faults), faults(p.Plan.Notes)
		if e := p.Estimate; e != nil {
			if e.Currency != r.Currency {
				return Report{}, fmt.Errorf("/projects/%d/estimate/currency is %.10q and the report's is %q", i, e.Currency, r.Currency)
			}
			if err := Denominate(e); err != nil {
				return Report{}, fmt.Errorf("/projects/%d/estimate: %w", i, err)
			}
			project.Estimate = fact.Of(*e)
		}
		r.Projects = append(r.Projects, project)
	}
	return r, nil
}

func faults(list []wireFault) []fact.Fault {
	var out []fact.Fault
	for _, f := range list {
		out = append(out, fact.Fault(f))
	}
	return out
}

// Denominate names the currency of every amount, which the JSON form names once, and refuses numbers that no bill has.
func Denominate(e *fact.Estimate) error {
	errs := []error{change(&e.Total, e.Currency), change(&e.UsagePart, e.Currency), change(&e.Upper, e.Currency)}
	for i := range e.Resources {
		r := &e.Resources[i]
		errs = append(errs, change(&r.Monthly, e.Currency))
		for _, l := range r.Lines {
			errs = append(errs, quote(l.Before, e.Currency), quote(l.After, e.Currency))
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func change(c *fact.Change, currency money.Currency) error {
	c.Before, c.After, c.Delta = c.Before.In(currency), c.After.In(currency), c.Delta.In(currency)
	for _, a := range []money.Amount{c.Before, c.After, c.Delta} {
		if err := writable(a.Value()); err != nil {
			return err
		}
	}
	return nil
}

func quote(q *fact.Quote, currency money.Currency) error {
	if q == nil {
		return nil
	}
	for _, a := range []*money.Amount{q.Rate, q.List, q.Monthly, q.Low, q.High} {
		if a != nil {
			*a = a.In(currency)
			if err := writable(a.Value()); err != nil {
				return err
			}
		}
	}
	if q.Quantity != nil {
		return writable(*q.Quantity)
	}
	return nil
}

// writable refuses a number that is short to read and long to write: 1e999999999 would take a gigabyte.
func writable(d decimal.Decimal) error {
	if d.Exponent() > 30 || d.Exponent() < -60 || d.NumDigits() > 90 {
		return fmt.Errorf("a number has %d digits and the exponent %d, more than any bill", d.NumDigits(), d.Exponent())
	}
	return nil
}
