package cost

import (
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
)

// UsageNeed is what a resource's price depends on and no plan can say.
type UsageNeed struct {
	Address string // of the resource, or of all instances of its block, with [*] for each instance key
	Type    string
	Keys    []UsageKey // sorted
}

// UsageKey is one key of a usage file.
type UsageKey struct {
	Key string // dotted, such as standard.storage_gb
	catalog.Usage
	Otherwise string // what counts where the key is not given; empty: its line has no quantity
	Optional  bool   // counts only where it is given
}

// UsageNeeds asks every resource of a plan, as it will be, for the usage keys that its price depends on in its
// configuration, and lists them by address. It says nothing of free types.
func (e *Estimator) UsageNeeds(plan fact.Plan) ([]UsageNeed, error) {
	needed, err := e.asked(&plan, false)
	if err != nil {
		return nil, err
	}
	all, err := e.asked(&plan, true)
	if err != nil {
		return nil, err
	}
	return e.needs(&plan, needed, all)
}

// asked is what the resources ask for: as they are, or as if each key were given that they understand.
func (e *Estimator) asked(plan *fact.Plan, everything bool) (map[string]map[string]string, error) {
	u := newUniverse(plan, true)
	probe := &evaluation{estimator: e, universe: u, memo: newMemo(), asked: map[string]map[string]string{}, askAll: everything}
	for i := range plan.Resources {
		r := &plan.Resources[i]
		x := u.index[r]
		rules, err := e.compiler.get(r.Type)
		if err != nil {
			return nil, err
		}
		if x == nil || r.Data || rules == nil {
			continue
		}
		probe.side(x, rules)
		x.release()
	}
	return probe.asked, nil
}

func (e *Estimator) needs(plan *fact.Plan, needed, all map[string]map[string]string) ([]UsageNeed, error) {
	shared := map[string]int{} // address with wildcards → instances
	for i := range plan.Resources {
		shared[wildcard(plan.Resources[i].Address)]++
	}
	found := map[string]*UsageNeed{}
	for i := range plan.Resources {
		r := &plan.Resources[i]
		keys := all[r.Address]
		entry, err := e.catalog.Entry(r.Type)
		if err != nil {
			return nil, err
		}
		if len(keys) == 0 || entry == nil {
			continue
		}
		address := r.Address
		if w := wildcard(address); shared[w] > 1 {
			address = w
		}
		need := found[address]
		if need == nil {
			need = &UsageNeed{Address: address, Type: r.Type}
			found[address] = need
		}
		for key, otherwise := range keys {
			as, asIs := needed[r.Address][key]
			if asIs {
				otherwise = as
			}
			need.Keys = append(need.Keys, UsageKey{key, usageOf(entry, key), otherwise, !asIs})
		}
	}
	out := make([]UsageNeed, 0, len(found))
	for _, address := range slices.Sorted(maps.Keys(found)) {
		need := found[address]
		need.Keys = merged(need.Keys)
		out = append(out, *need)
	}
	return out, nil
}

// merged are the keys of all instances of a block, sorted: one that any of them needs is needed.
func merged(keys []UsageKey) []UsageKey {
	slices.SortFunc(keys, func(a, b UsageKey) int { return strings.Compare(a.Key, b.Key) })
	out := keys[:0]
	for _, k := range keys {
		if len(out) == 0 || out[len(out)-1].Key != k.Key {
			out = append(out, k)
			continue
		}
		last := &out[len(out)-1]
		last.Optional = last.Optional && k.Optional
		if last.Otherwise != k.Otherwise {
			last.Otherwise = ""
		}
	}
	return out
}

// usageOf describes a key of an entry; of one inside a mapping that the entry takes whole, its name tells the unit.
func usageOf(entry *catalog.Entry, key string) catalog.Usage {
	if u, ok := entry.Usage[key]; ok {
		return u
	}
	for segments := strings.Split(key, "."); len(segments) > 0; segments = segments[:len(segments)-1] {
		name := segments[len(segments)-1]
		for _, unit := range []struct{ ending, name string }{
			{"_gb", "GB"}, {"_tb", "TB"}, {"_hrs", "hours"}, {"_requests", "requests"}, {"_operations", "operations"}, {"_objects", "objects"},
		} {
			if strings.HasSuffix(name, unit.ending) {
				return catalog.Usage{Unit: unit.name}
			}
		}
	}
	return catalog.Usage{}
}

// wildcard is an address with [*] in place of every instance key.
func wildcard(address string) string {
	var out strings.Builder
	quoted, inKey, escaped := false, false, false
	for _, r := range address {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '[':
			inKey = true
			out.WriteString("[*]")
			continue
		case r == ']':
			inKey = false
			continue
		}
		if !inKey && !quoted && r != '"' {
			out.WriteRune(r)
		}
	}
	return out.String()
}
