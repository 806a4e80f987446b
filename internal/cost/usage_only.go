package cost

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// UsageOnly lists what the usage file prices without a resource, such as data transfer, sorted by address.
func (e *Estimator) UsageOnly() []string {
	var out []string
	if e == nil || e.options.Usage == nil || e.planOnly {
		return nil
	}
	for _, address := range slices.Sorted(maps.Keys(e.options.Usage.resources)) {
		if entry, err := e.catalog.Entry(typeOf(address)); err == nil && entry != nil && entry.UsageOnly {
			out = append(out, address)
		}
	}
	return out
}

// PlanOnly prices what plans hold and nothing else: of several plans with one usage file, only the first may count
// what stands in that file alone.
func (e *Estimator) PlanOnly() *Estimator {
	c := *e
	c.planOnly = true
	return &c
}

// withUsageOnly adds what stands in the usage file alone. It goes on whatever the plan changes.
func (e *Estimator) withUsageOnly(plan fact.Plan) fact.Plan {
	for _, address := range e.UsageOnly() {
		typ := typeOf(address)
		values, err := json.Marshal(e.options.Usage.resources[address])
		if err != nil {
			continue // a file that was read holds nothing that cannot be written
		}
		plan.Resources = append(slices.Clip(plan.Resources), fact.Resource{
			Address: address, Type: typ, Name: address[strings.LastIndexByte(address, '.')+1:], ProviderKey: providerOf(typ),
			Action: fact.NoOp, Before: values, After: values, Unknown: json.RawMessage("{}"),
		})
	}
	return plan
}
