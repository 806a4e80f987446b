package cost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// modulePairs are the modules that a team prices as a whole, and inside says which resources are not priced one by one
// because of that.
func (e *Estimator) modulePairs(before, after *universe) (pairs []pair, inside func(r *fact.Resource) bool) {
	old, now := e.moduleInstances(before), e.moduleInstances(after)
	whole := map[string]bool{}
	all := maps.Clone(now)
	maps.Copy(all, old)
	for _, address := range slices.Sorted(maps.Keys(all)) {
		x := now[address]
		p := pair{before: old[address], after: x, action: fact.NoOp}
		switch {
		case p.before == nil:
			p.action = fact.Create
		case x == nil:
			p.action, x = fact.Delete, p.before
		}
		p.resource = x.resource
		pairs = append(pairs, p)
		if entry, err := e.catalog.Entry(x.resource.Type); err == nil && entry.Replaces {
			whole[address] = true
		}
	}
	return pairs, func(r *fact.Resource) bool {
		if len(whole) == 0 {
			return false
		}
		for _, module := range enclosing(r.Module) {
			if whole[module] {
				return true
			}
		}
		return false
	}
}

// moduleInstances are the instances of such modules that hold a resource on this side.
func (e *Estimator) moduleInstances(u *universe) map[string]*instance {
	sources := map[string]string{}
	for _, m := range u.plan.Modules {
		sources[m.Address] = m.Source
	}
	out := map[string]*instance{}
	for i := range u.plan.Resources {
		r := &u.plan.Resources[i]
		if u.index[r] == nil || r.Data {
			continue
		}
		for _, module := range enclosing(r.Module) {
			entry := e.catalog.Module(sources[withoutKeys(module)])
			if entry == nil || out[module] != nil {
				continue
			}
			out[module] = &instance{raw: []byte("{}"), after: u.index[r].after, resource: &fact.Resource{
				Address: module, Type: entry.Type, Name: module[strings.LastIndexByte(module, '.')+1:], ProviderKey: r.ProviderKey, Provider: r.Provider,
			}}
		}
	}
	return out
}

// enclosing lists the module instances around a resource, outermost first: module.a[0], module.a[0].module.b.
func enclosing(module string) []string {
	if module == "" {
		return nil
	}
	var out []string
	quoted, escaped := false, false
	for i, r := range module {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case !quoted && i > 0 && strings.HasPrefix(module[i:], ".module."):
			out = append(out, module[:i])
		}
	}
	return append(out, module)
}

// withoutKeys is an address as the configuration has it.
func withoutKeys(address string) string { return strings.ReplaceAll(wildcard(address), "[*]", "") }

// insideNote tells of resources that a module's price stands for.
func insideNote(n int) fact.Assumption {
	return fact.Assumption{
		What: "modules priced as a whole", Value: fmt.Sprintf("%d resources inside", n),
		Why: "your catalogue prices the module, and says that this replaces the prices of what is in it",
	}
}
