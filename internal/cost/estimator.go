// Package cost turns a plan, a price book and a usage file into an estimate and its delta; every line says how it
// is known.
package cost

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/price"
)

// Options are what an estimate rests on beside the plan.
type Options struct {
	Usage    *Usage         // defaults to no usage: usage lines show their rate
	Profile  *Usage         // of Profile: what the usage file does not say; defaults to none
	Currency money.Currency // defaults to USD
	Exchange Exchange       // needed when Currency is not USD
	Explain  bool           // record the attributes that were read

	Discounts []fact.Discount    // off list prices
	Prices    []fact.CustomPrice // instead of list prices
}

// Exchange is a set of pinned exchange rates: how much of the estimate's currency one unit of another buys.
type Exchange struct {
	Rates map[money.Currency]decimal.Decimal
	Date  string // YYYY-MM-DD, printed beside every converted total
}

// Estimator prices plans. It is safe for concurrent use; compiled rules are kept between plans.
type Estimator struct {
	book     *price.Book
	catalog  *catalog.Catalog
	compiler *compiler
	options  Options
	exchange decimal.Decimal
	adjust   adjustments
	planOnly bool // leave out what stands in the usage file alone
}

// New makes an estimator. It fails when the wanted currency has no exchange rate: an estimate in a currency that
// it was not converted to would be believed.
func New(book *price.Book, entries *catalog.Catalog, options Options) (*Estimator, error) {
	e := &Estimator{book: book, catalog: entries, compiler: newCompiler(entries), options: options, exchange: decimal.NewFromInt(1)}
	if e.options.Currency == "" {
		e.options.Currency = money.USD
	}
	var err error
	if e.adjust, err = newAdjustments(options, book, entries); err != nil {
		return nil, err
	}
	if err := e.compileAll(entries.OwnNames()); err != nil {
		return nil, fmt.Errorf("your catalogue: %w", err)
	}
	if e.options.Currency != money.USD {
		by, ok := options.Exchange.Rates[money.USD]
		if !ok || !by.IsPositive() {
			return nil, fmt.Errorf("no exchange rate from USD to %s: list prices are in USD; set cost.exchange_rates: {USD: RATE, date: YYYY-MM-DD} in the configuration, or leave --currency away",
				e.options.Currency)
		}
		e.exchange = by
	}
	return e, nil
}

func (e *Estimator) convert(usd decimal.Decimal) money.Amount {
	return money.New(usd.Mul(e.exchange).Round(10), e.options.Currency)
}

// Estimate prices a plan: what its resources cost a month before and after it is applied.
func (e *Estimator) Estimate(plan fact.Plan) (fact.Estimate, error) {
	plan = e.withUsageOnly(plan)
	before, after := newUniverse(&plan, false), newUniverse(&plan, true)
	return e.estimate(pairsOf(&plan, before, after), before, after, plan.Deferred)
}

// Compare prices what changes from one plan's result to another's: both sides with the same book and the same
// exchange rate.
func (e *Estimator) Compare(base, head fact.Plan) (fact.Estimate, error) {
	base, head = e.withUsageOnly(base), e.withUsageOnly(head)
	before, after := newUniverse(&base, true), newUniverse(&head, true)
	return e.estimate(pairsBetween(before, after), before, after, base.Deferred+head.Deferred)
}

// pair is one resource on both sides; nil where it does not exist on that side.
type pair struct {
	resource      *fact.Resource // for address, type and action
	action        fact.Action
	before, after *instance
}

func pairsOf(plan *fact.Plan, before, after *universe) []pair {
	pairs := make([]pair, 0, len(plan.Resources))
	for i := range plan.Resources {
		r := &plan.Resources[i]
		if r.Data {
			continue
		}
		p := pair{resource: r, action: r.Action, before: before.index[r], after: after.index[r]}
		switch r.Action {
		case fact.NoOp, fact.Forget, fact.Read:
			// What is only forgotten goes on costing. One side stands for both, so that nothing can differ.
			if p.after == nil || r.Action == fact.Forget {
				p.after = p.before
			}
			p.before = p.after
		case fact.Create:
			p.before = nil
		case fact.Delete:
			p.after = nil
		case fact.ActionUnknown, fact.Update, fact.DeleteThenCreate, fact.CreateThenDelete:
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// pairsBetween matches two plans by address, then by the head's moves.
func pairsBetween(before, after *universe) []pair {
	old := map[string]*instance{}
	for i := range before.plan.Resources {
		if r := &before.plan.Resources[i]; !r.Data {
			old[r.Address] = before.index[r]
		}
	}
	var pairs []pair
	forgotten := map[string]bool{}
	for i := range after.plan.Resources {
		r := &after.plan.Resources[i]
		x := after.index[r]
		forgotten[r.Address] = r.Action == fact.Forget
		if r.Data || x == nil {
			continue
		}
		was, from := old[r.Address], r.Address
		if was == nil && r.PreviousAddress != "" {
			was, from = old[r.PreviousAddress], r.PreviousAddress
		}
		delete(old, from)
		p := pair{resource: r, action: fact.Update, before: was, after: x}
		switch {
		case was == nil:
			p.action = fact.Create
		case bytes.Equal(was.raw, x.raw) && bytes.Equal(was.resource.Unknown, r.Unknown):
			p.action = fact.NoOp // what it refers to may have changed: both sides are priced all the same
		}
		pairs = append(pairs, p)
	}
	for i := range before.plan.Resources {
		r := &before.plan.Resources[i]
		x := old[r.Address]
		switch {
		case x == nil || r.Data || before.index[r] != x:
		case forgotten[r.Address]:
			pairs = append(pairs, pair{resource: r, action: fact.Forget, before: x, after: x})
		default:
			pairs = append(pairs, pair{resource: r, action: fact.Delete, before: x})
		}
	}
	return pairs
}

// estimate prices all pairs on every core; each writes to its own place, so that the order never shows.
// deferred are changes that nothing is said of: each is a resource with an unknown cost.
func (e *Estimator) estimate(pairs []pair, before, after *universe, deferred int) (fact.Estimate, error) {
	modules, inside := e.modulePairs(before, after)
	pairs = append(pairs, modules...)
	results := make([]result, len(pairs))
	workers := min(runtime.GOMAXPROCS(0), 1+len(pairs)/64)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			m := newMemo()
			w := &worker{
				before: &evaluation{estimator: e, universe: before, memo: m, trace: e.options.Explain},
				after:  &evaluation{estimator: e, universe: after, memo: m, trace: e.options.Explain},
			}
			for i := int(next.Add(1)) - 1; i < len(pairs); i = int(next.Add(1)) - 1 {
				results[i] = w.price(pairs[i], inside)
				pairs[i].before.release()
				pairs[i].after.release()
			}
		})
	}
	wg.Wait()
	for _, r := range results {
		if r.err != nil {
			return fact.Estimate{}, r.err
		}
	}
	out := e.sum(pairs, results)
	for _, n := range []*int{&out.Coverage.Resources, &out.Coverage.Changed, &out.Coverage.Unknown, &out.Coverage.ChangedUnknown} {
		*n += deferred
	}
	return out, nil
}

// result is what one pair comes to.
type result struct {
	cost   fact.ResourceCost
	free   bool
	inside bool   // of a module that is priced as a whole
	why    string // of an unpriced type
	err    error  // a fault of the catalogue's own data
}

type worker struct{ before, after *evaluation }

func (w *worker) price(p pair, inside func(*fact.Resource) bool) result {
	r := p.resource
	out := result{cost: fact.ResourceCost{
		Address: displayAddress(r), Previous: r.PreviousAddress, Type: r.Type, Provider: providerOf(r.Type), Action: p.action,
	}}
	e := w.after.estimator
	if inside(r) {
		out.free, out.inside = true, true
		return out
	}
	rules, err := e.compiler.get(r.Type)
	switch {
	case err != nil:
		out.err = err
		return out
	case rules == nil && e.catalog.Free(r.Type), rules != nil && rules.entry.Free != "":
		out.free = true
		return out
	case rules == nil:
		out.why = cmp.Or(r.Uncounted, "the type is not in the catalogue")
		out.cost.Lines = unpricedLine(p, out.why)
		return out
	case p.action == fact.ActionUnknown:
		out.why = "the plan's action is not known"
		out.cost.Lines = unpricedLine(p, out.why)
		return out
	}
	var before, after *sideCost
	if p.after != nil {
		after = w.after.side(p.after, rules)
	}
	switch {
	case p.before == p.after:
		before = after
	case p.before != nil:
		before = w.before.side(p.before, rules)
	}
	merge(&out.cost, before, after)
	cmp.Or(p.after, p.before).place(&out.cost, w.after.universe.plan)
	if r.Uncounted != "" {
		perInstance(out.cost.Lines, r.Uncounted)
	}
	out.free = len(out.cost.Lines) == 0
	return out
}

// perInstance turns the bill of one instance into that of a number of them that nobody knows: at least nothing, with
// what each would cost.
func perInstance(lines []fact.LineItem, why string) {
	of := func(q *fact.Quote) *fact.Quote {
		if q == nil || q.Monthly == nil {
			return q
		}
		nothing := q.Monthly.Sub(*q.Monthly)
		return &fact.Quote{Basis: fact.Unknown, Rate: q.Rate, Price: q.Price, Low: &nothing,
			Why: fmt.Sprintf("at least 0, per instance %s %s: %s", q.Monthly.Value().StringFixed(2), q.Monthly.Currency(), why)}
	}
	for i := range lines {
		lines[i].Before, lines[i].After = of(lines[i].Before), of(lines[i].After)
	}
}

func displayAddress(r *fact.Resource) string {
	if r.Deposed != "" {
		return r.Address + " (deposed " + r.Deposed + ")"
	}
	return r.Address
}

func unpricedLine(p pair, why string) []fact.LineItem {
	l := fact.LineItem{Name: "Cost of " + p.resource.Type, Unit: "months"}
	q := fact.Quote{Basis: fact.Unpriced, Why: why}
	if p.before != nil {
		l.Before = &q
	}
	if p.after != nil || p.before == nil {
		l.After = &q
	}
	return []fact.LineItem{l}
}
