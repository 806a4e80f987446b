// Package plan reads Terraform and OpenTofu plan JSON into a fact.Plan in one streaming pass; what it cannot read
// is an InputError or a fault of the plan, never a silent gap.
package plan

import (
	"cmp"
	"io"
	"slices"

	"github.com/org/platform-action/internal/fact"
)

// Limits bound what Read takes in. A field that is zero or less means its default.
type Limits struct {
	MaxBytes     int64 // of the input as it is on disk; 512 MiB
	MaxResources int   // entries of any one section, such as resource_changes; 200,000
	MaxDepth     int   // nested objects and arrays, counted from the document's root; 256 (real plans stay under 40)
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 512 << 20
	}
	if l.MaxResources <= 0 {
		l.MaxResources = 200_000
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = 256
	}
	return l
}

// Read decodes the plan JSON that src holds from its beginning; name is the path for messages. It reads once, and
// once more only when the plan has no resource_changes or may show less than the whole state. Sensitive values and
// root variables are not in the result. Any error is an *InputError.
func Read(name string, src io.ReadSeeker, limits Limits) (fact.Plan, error) {
	limits = limits.withDefaults()
	in, err := openInput(name, src, limits.MaxBytes)
	if err != nil {
		return fact.Plan{}, err
	}
	d := newDecoder(name, in, limits)
	doc := document{decoder: d, plan: fact.Plan{Name: name}}
	doc.plan.Notes = append(doc.plan.Notes, in.notes...)
	doc.read()
	if err := d.problem(); err != nil {
		return fact.Plan{}, err
	}
	if err := doc.kindProblem(); err != nil {
		return fact.Plan{}, err
	}
	note, err := in.rest(d.dec.UnreadBuffer())
	if err != nil {
		return fact.Plan{}, err
	}
	doc.plan.Notes = append(doc.plan.Notes, note...)
	doc.plan.Digest = in.digest()
	if mode := doc.secondPass(); mode != passNone {
		if err := doc.readStates(src, mode); err != nil {
			return fact.Plan{}, err
		}
	}
	return doc.finish(), nil
}

// finish puts the collected parts together and in order.
func (doc *document) finish() fact.Plan {
	p := &doc.plan
	p.Complete = doc.complete != triNo && !p.Errored && doc.deferred == 0
	p.Resources = doc.ordered(p.Resources)
	p.Drift = doc.ordered(p.Drift)
	resolveConfiguration(p, doc.config, doc.variables)
	p.Faults = append(p.Faults, doc.faults...)
	slices.SortStableFunc(p.Modules, func(a, b fact.ModuleCall) int { return cmp.Compare(a.Address, b.Address) })
	slices.SortStableFunc(p.Checks, func(a, b fact.CheckResult) int { return cmp.Compare(a.Address, b.Address) })
	return *p
}

func byAddress(a, b fact.Resource) int {
	return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Deposed, b.Deposed))
}

// ordered sorts by address and keeps the first of two entries for one object; the second is a fault, because which
// of them the apply would follow is not known.
func (doc *document) ordered(list []fact.Resource) []fact.Resource {
	list = sorted(list)
	kept := list[:0]
	for _, r := range list {
		if n := len(kept); n > 0 && r.Address != "" && byAddress(kept[n-1], r) == 0 {
			if m := len(doc.faults); m == 0 || doc.faults[m-1].Where != r.Address {
				doc.faultAt(r.Address, "the plan lists this resource more than once")
			}
			continue
		}
		kept = append(kept, r)
	}
	clear(list[len(kept):])
	return kept
}

// sorted orders by address and, for equals, as the file does. It sorts indices: the entries are large.
func sorted(list []fact.Resource) []fact.Resource {
	if slices.IsSortedFunc(list, byAddress) {
		return list
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(byAddress(list[a], list[b]), cmp.Compare(a, b)) })
	out := make([]fact.Resource, len(list))
	for i, at := range order {
		out[i] = list[at]
	}
	return out
}
