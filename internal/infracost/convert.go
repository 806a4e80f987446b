package infracost

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// rawProject is a project as it stands in the document.
type rawProject struct {
	name, display   string
	metadata        projectMetadata
	summary         *wireSummary
	past, now       []wireResource
	hasPast, hasNow bool
}

// maxDepth is how deep resources may stand in resources: the original has two levels.
const maxDepth = 8

// complete checks what only the whole document tells, and turns its projects into estimates.
func (r *reader) complete() error {
	switch {
	case r.version == "":
		return errors.New("has no version: this is no Infracost JSON")
	case r.version != version:
		return fmt.Errorf("has version %.20q; this program reads %s, which the 0.10 line of the program writes", r.version, version)
	case !r.seen:
		return errors.New("has no projects")
	}
	sum := fact.Change{}
	for i := range r.raw {
		p, err := convert(&r.raw[i], r.out.Currency)
		if err != nil {
			return fmt.Errorf("project %.80q: %w", r.raw[i].name, err)
		}
		sum = plus(sum, p.Estimate.Total)
		r.out.Projects = append(r.out.Projects, p)
	}
	r.compare("totalMonthlyCost", r.totals.now, sum.After)
	r.compare("pastTotalMonthlyCost", r.totals.past, sum.Before)
	return nil
}

// compare tells a stated total that its own lines do not come to: one of the two was changed.
func (r *reader) compare(member string, stated *number, lines money.Amount) {
	if stated == nil || stated.Sub(lines.Value()).Abs().LessThanOrEqual(decimal.New(1, -2)) || len(r.out.Projects) == 0 {
		return
	}
	p := &r.out.Projects[0]
	p.Faults = append(p.Faults, fact.Fault{
		Where:   "/" + member,
		Message: fmt.Sprintf("the document says %s and its lines come to %s", stated.Round(2), lines.Value().Round(2)),
		Fix:     "make the document anew",
	})
}

func convert(raw *rawProject, currency money.Currency) (Project, error) {
	p := Project{
		Name: cmp.Or(raw.name, raw.metadata.Path), Display: raw.display, Path: raw.metadata.Path, Kind: raw.metadata.Type,
		Module: raw.metadata.ModulePath, Workspace: raw.metadata.Workspace, Past: raw.hasPast && len(raw.past) > 0, Tags: map[string]map[string]string{},
	}
	for _, e := range raw.metadata.Errors {
		p.Faults = append(p.Faults, fact.Fault{Where: "Infracost", Message: cmp.Or(e.Message, "an error without a message"), Fix: "mend what it says, and make the document anew"})
	}
	for _, w := range raw.metadata.Warnings {
		p.Notes = append(p.Notes, fact.Fault{Where: "Infracost", Message: w.Message})
	}
	if !raw.hasNow && len(p.Faults) == 0 {
		return p, errors.New("has no breakdown")
	}
	list, err := p.resources(raw, currency)
	if err != nil {
		return p, err
	}
	resources := make([]fact.ResourceCost, 0, len(list))
	for _, name := range slices.Sorted(maps.Keys(list)) {
		c := list[name]
		regroup(c.Lines)
		c.Action = actionOf(c, raw.hasPast && len(raw.past) > 0)
		resources = append(resources, *c)
	}
	p.Estimate = cost.Sum(resources, currency)
	p.Estimate.Notes = []fact.Assumption{{What: "prices", Value: "of the Infracost document", Why: "this estimate was read and not made here: no price of the book stands in it"}}
	unsupported(&p.Estimate, raw.summary, p.Past)
	return p, nil
}

// resources puts both sides of every resource together, by name.
func (p *Project) resources(raw *rawProject, currency money.Currency) (map[string]*fact.ResourceCost, error) {
	list := map[string]*fact.ResourceCost{}
	for _, s := range []struct {
		resources []wireResource
		after     bool
	}{{raw.past, false}, {raw.now, true}} {
		lines := map[string][]item{}
		for i := range s.resources {
			w := &s.resources[i]
			if w.Name == "" {
				return nil, errors.New("a resource has no name")
			}
			if list[w.Name] == nil {
				typ := cmp.Or(w.Type, typeOf(w.Name))
				list[w.Name] = &fact.ResourceCost{Address: w.Name, Type: typ, Provider: providerOf(typ)}
			}
			if len(w.Tags) > 0 {
				p.Tags[w.Name] = w.Tags
			}
			found, err := items(w, "", currency, 0)
			if err != nil {
				return nil, fmt.Errorf("%.120s: %w", w.Name, err)
			}
			lines[w.Name] = append(lines[w.Name], found...)
		}
		for name, found := range lines {
			place(list[name], found, s.after)
		}
	}
	return list, nil
}

// unsupported adds the resources that the document only counts: they cost, or do not, and nobody says which.
func unsupported(e *fact.Estimate, s *wireSummary, past bool) {
	if s == nil {
		return
	}
	for _, t := range slices.Sorted(maps.Keys(s.Lacking)) {
		n := s.Lacking[t]
		if n <= 0 || n > 10_000_000 {
			continue
		}
		listed := 0
		for i := range e.Unpriced {
			if e.Unpriced[i].Type == t {
				listed = e.Unpriced[i].Count
			}
		}
		if n -= listed; n <= 0 {
			continue
		}
		changed := n
		if past {
			changed = 0 // which of them changed is not told, and a document of a difference lists what did
		}
		e.Unpriced = append(e.Unpriced, fact.TypeCount{Type: t, Count: n, Changed: changed, Why: "Infracost does not support the type"})
		e.Coverage.Unpriced += n
		e.Coverage.Resources += n
		e.Coverage.ChangedUnpriced += changed
		e.Coverage.Changed += changed
	}
	if free := s.NoPrice; free > 0 && free <= 10_000_000 {
		e.Coverage.Free += free
		e.Coverage.Resources += free
	}
}

func actionOf(c *fact.ResourceCost, past bool) fact.Action {
	before, after, same := false, false, true
	for _, l := range c.Lines {
		before, after = before || l.Before != nil, after || l.After != nil
		same = same && l.Before == l.After
	}
	switch {
	case after && !before && past, !past:
		return fact.Create
	case before && !after:
		return fact.Delete
	case same:
		return fact.NoOp
	}
	return fact.Update
}

// item is one component of the document.
type item struct {
	group, name, unit string
	quote             *fact.Quote
}

func items(w *wireResource, group string, currency money.Currency, depth int) ([]item, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("subresources stand more than %d deep in each other", maxDepth)
	}
	var out []item
	for i := range w.Components {
		c := &w.Components[i]
		out = append(out, item{group, c.Name, c.Unit, quoteOf(c, currency)})
	}
	for i := range w.Subresources {
		s := &w.Subresources[i]
		inner, err := items(s, strings.TrimPrefix(group+" / "+s.Name, " / "), currency, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, inner...)
	}
	return out, nil
}

// quoteOf says how a component is known. A price of zero that the document does not vouch for is a missing price: the
// program wrote zero for what it did not find before it had a word for it.
func quoteOf(c *wireComponent, currency money.Currency) *fact.Quote {
	q := &fact.Quote{}
	if c.MonthlyQuantity != nil {
		q.Quantity = &c.MonthlyQuantity.Decimal
	}
	zero := c.Price == nil || c.Price.IsZero()
	switch {
	case c.PriceNotFound != nil && *c.PriceNotFound:
		q.Basis, q.Why = fact.Unpriced, "Infracost found no price"
		return q
	case zero && c.PriceNotFound == nil && (c.Monthly == nil || c.Monthly.IsZero()):
		q.Basis, q.Why = fact.Unpriced, "the document has the price 0, which its program wrote for a price that it did not find"
		return q
	case c.Price != nil:
		rate := money.New(c.Price.Decimal, currency)
		q.Rate = &rate
	}
	switch {
	case c.Monthly == nil && c.MonthlyQuantity == nil:
		q.Basis = fact.UsageUnset
		return q
	case c.Monthly == nil:
		q.Basis, q.Why = fact.Unknown, "the document has a quantity and no cost"
		return q
	case zero && c.Monthly.IsZero():
		q.Basis = fact.Free
	case c.UsageBased:
		q.Basis, q.Why = fact.Usage, "the quantity of the Infracost document"
	default:
		q.Basis = fact.Priced
	}
	monthly := money.New(c.Monthly.Decimal, currency)
	q.Monthly = &monthly
	return q
}

// place puts the items of one side beside those of the other that have the same group, name and unit.
func place(c *fact.ResourceCost, found []item, after bool) {
	type key struct{ group, name, unit string }
	open := map[key][]int{} // lines that have a before side alone
	for i, l := range c.Lines {
		k := key{l.Group, l.Name, l.Unit}
		open[k] = append(open[k], i)
	}
	for _, x := range found {
		line := fact.LineItem{Group: x.group, Name: x.name, Unit: x.unit}
		if !after {
			line.Before = x.quote
			c.Lines = append(c.Lines, line)
			continue
		}
		k := key{x.group, x.name, x.unit}
		if len(open[k]) == 0 {
			line.After = x.quote
			c.Lines = append(c.Lines, line)
			continue
		}
		l := &c.Lines[open[k][0]]
		open[k] = open[k][1:]
		if l.After = x.quote; equal(l.Before, x.quote) {
			l.After = l.Before
		}
	}
}

// regroup puts a resource's own lines first and those of one subresource together, as they are written.
func regroup(lines []fact.LineItem) {
	order := map[string]int{"": 0}
	for _, l := range lines {
		if _, ok := order[l.Group]; !ok {
			order[l.Group] = len(order)
		}
	}
	slices.SortStableFunc(lines, func(a, b fact.LineItem) int { return order[a.Group] - order[b.Group] })
}

func equal(a, b *fact.Quote) bool {
	same := func(x, y *money.Amount) bool { return x == nil && y == nil || x != nil && y != nil && x.Equal(*y) }
	quantity := a.Quantity == nil && b.Quantity == nil || a.Quantity != nil && b.Quantity != nil && a.Quantity.Equal(*b.Quantity)
	return a.Basis == b.Basis && quantity && same(a.Rate, b.Rate) && same(a.Monthly, b.Monthly)
}

// typeOf is the Terraform type in an address, for documents that do not name it.
func typeOf(address string) string {
	var plain strings.Builder
	depth := 0
	for _, r := range address {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth == 0:
			plain.WriteRune(r)
		}
	}
	parts := strings.Split(plain.String(), ".")
	return parts[max(len(parts)-2, 0)]
}

func providerOf(typ string) string {
	switch {
	case strings.HasPrefix(typ, "aws_"):
		return "aws"
	case strings.HasPrefix(typ, "azurerm_"), strings.HasPrefix(typ, "azapi_"):
		return "azure"
	case strings.HasPrefix(typ, "google_"):
		return "google"
	}
	return ""
}
