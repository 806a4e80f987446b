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
}

// UsageNeeds asks every resource of a plan, as it will be, for the usage keys that its price depends on in its
// configuration, and lists them by address. It says nothing of free types.
func (e *Estimator) UsageNeeds(plan fact.Plan) ([]UsageNeed, error) {
	u := newUniverse(&plan, true)
	probe := &evaluation{estimator: e, universe: u, memo: newMemo(), asked: map[string]map[string]bool{}}
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
	return e.needs(&plan, probe.asked)
}

func (e *Estimator) needs(plan *fact.Plan, asked map[string]map[string]bool) ([]UsageNeed, error) {
	shared := map[string]int{} // address with wildcards → instances
	for i := range plan.Resources {
		shared[wildcard(plan.Resources[i].Address)]++
	}
	found := map[string]*UsageNeed{}
	for i := range plan.Resources {
		r := &plan.Resources[i]
		keys := asked[r.Address]
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
		for key := range keys {
			need.Keys = append(need.Keys, UsageKey{key, entry.Usage[key]})
		}
	}
	out := make([]UsageNeed, 0, len(found))
	for _, address := range slices.Sorted(maps.Keys(found)) {
		need := found[address]
		slices.SortFunc(need.Keys, func(a, b UsageKey) int { return strings.Compare(a.Key, b.Key) })
		need.Keys = slices.CompactFunc(need.Keys, func(a, b UsageKey) bool { return a.Key == b.Key })
		out = append(out, *need)
	}
	return out, nil
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
