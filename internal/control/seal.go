package control

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	json "github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
)

// seal is the digest over inputs' digests, outcome, findings and estimates: not over names of surfaces, time or links.
// Estimates are written in a form of their own, because a plan of thousands of resources has megabytes of JSON.
func seal(r render.Report) (string, error) {
	head, err := json.Marshal(r.Verdict, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("sealing the verdict: %w", err)
	}
	var c canonical
	c.text(string(head))
	for _, p := range r.Projects {
		c.text(p.Name)
		e, known := p.Estimate.Get()
		c.flag(known)
		c.estimate(e)
	}
	sum := sha256.Sum256(c)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// canonical is a sequence of values from which they could be read back: no two sequences are written alike.
type canonical []byte

func (c *canonical) number(n int) { *c = binary.AppendVarint(*c, int64(n)) }

func (c *canonical) flag(set bool) {
	if set {
		*c = append(*c, 1)
		return
	}
	*c = append(*c, 0)
}

func (c *canonical) text(list ...string) {
	for _, s := range list {
		c.number(len(s))
		*c = append(*c, s...)
	}
}

func (c *canonical) decimal(d *decimal.Decimal) {
	if c.flag(d != nil); d != nil {
		c.text(d.String())
	}
}

func (c *canonical) amount(a *money.Amount) {
	if c.flag(a != nil); a != nil {
		c.text(a.Value().String(), string(a.Currency()))
	}
}

func (c *canonical) change(x fact.Change) {
	c.amount(&x.Before)
	c.amount(&x.After)
	c.amount(&x.Delta)
}

func (c *canonical) estimate(e fact.Estimate) {
	c.text(string(e.Currency), e.BookDigest, e.BookAsOf)
	c.change(e.Total)
	c.change(e.UsagePart)
	c.change(e.Upper)
	v := e.Coverage
	for _, n := range []int{v.Resources, v.Changed, v.Free, v.Priced, v.Unknown, v.Unpriced, v.ChangedUnknown, v.ChangedUnpriced, v.UsageUnsetLines} {
		c.number(n)
	}
	c.number(len(e.Unpriced))
	for _, t := range e.Unpriced {
		c.text(t.Type, t.Why)
		c.number(t.Count)
		c.number(t.Changed)
	}
	c.assumptions(e.Notes)
	c.resources(e.Resources)
}

// resourcesAtOnce is how many resources share one digest. It is part of the form.
const resourcesAtOnce = 512

// resources writes the digests of groups of resources, which every core works on.
func (c *canonical) resources(list []fact.ResourceCost) {
	c.number(len(list))
	sums := make([][sha256.Size]byte, (len(list)+resourcesAtOnce-1)/resourcesAtOnce)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(sums)) {
		wg.Go(func() {
			var own canonical
			for i := int(next.Add(1)) - 1; i < len(sums); i = int(next.Add(1)) - 1 {
				own = own[:0]
				for j := i * resourcesAtOnce; j < min(len(list), (i+1)*resourcesAtOnce); j++ {
					own.resource(&list[j])
				}
				sums[i] = sha256.Sum256(own)
			}
		})
	}
	wg.Wait()
	for _, sum := range sums {
		*c = append(*c, sum[:]...)
	}
}

func (c *canonical) resource(r *fact.ResourceCost) {
	c.text(r.Address, r.Previous, r.Type, r.Provider, r.Service, r.Region, r.Module, r.Team, r.Environment, r.Rule, r.Pricing)
	c.number(int(r.Action))
	c.change(r.Monthly)
	c.number(len(r.Lines))
	for i := range r.Lines {
		l := &r.Lines[i]
		c.text(l.Group, l.Name, l.Was, l.Unit)
		c.quote(l.Before)
		c.quote(l.After)
	}
	c.assumptions(r.Assumptions)
	c.assumptions(r.Attributes)
}

func (c *canonical) quote(q *fact.Quote) {
	if c.flag(q != nil); q == nil {
		return
	}
	c.number(int(q.Basis))
	c.decimal(q.Quantity)
	c.amount(q.Rate)
	c.amount(q.List)
	c.amount(q.Monthly)
	c.amount(q.Low)
	c.amount(q.High)
	c.text(q.Why)
	if c.flag(q.Price != nil); q.Price != nil {
		p := q.Price
		c.text(p.Table, p.Key, p.Region, p.AsOf, p.Source, p.Derived, p.Adjusted)
	}
}

func (c *canonical) assumptions(list []fact.Assumption) {
	c.number(len(list))
	for _, a := range list {
		c.text(a.What, a.Value, a.Why, a.Source)
	}
}
