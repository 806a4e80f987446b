package cost_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
)

// wrong are values that no attribute should have.
func wrong() map[string]json.RawMessage {
	return map[string]json.RawMessage{
		"null": json.RawMessage(`null`), "text": json.RawMessage(`"x"`), "empty": json.RawMessage(`""`), "flag": json.RawMessage(`true`),
		"negative": json.RawMessage(`-1`), "huge": json.RawMessage(`1e308`), "number as text": json.RawMessage(`"-1e300"`),
		"list": json.RawMessage(`["x",1,null]`), "blocks": json.RawMessage(`[{"x":[{}]},null,3]`), "no blocks": json.RawMessage(`[]`),
		"object": json.RawMessage(`{"x":{"y":-1}}`), "NaN": json.RawMessage(`"NaN"`), "Inf": json.RawMessage(`"+Inf"`),
	}
}

// TestWrongValues gives every priced type every wrong value, in each attribute of its case and in all at once: never a
// panic, and never an amount that does not follow from a price and a quantity of its own.
func TestWrongValues(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	all, err := resourcesOfCases()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range all {
		if r.After == nil {
			r.After = r.Before
		}
		if r.Data || r.After == nil || seen[r.Type] {
			continue
		}
		seen[r.Type] = true
		t.Run(r.Type, func(t *testing.T) {
			t.Parallel()
			var values map[string]json.RawMessage
			if err := json.Unmarshal(r.After, &values); err != nil {
				t.Fatal(err)
			}
			for kind, value := range wrong() {
				everything := map[string]json.RawMessage{}
				for name, good := range values {
					everything[name] = value
					values[name] = value
					priceWrong(t, e, r, values, kind+" as "+name)
					values[name] = good
				}
				priceWrong(t, e, r, everything, kind+" everywhere")
			}
		})
	}
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range entries.Types() {
		if e, err := entries.Entry(typ); err != nil || !seen[typ] && !e.UsageOnly {
			t.Errorf("%s was not tried: %v", typ, err)
		}
	}
}

func priceWrong(t *testing.T, e *cost.Estimator, r fact.Resource, values map[string]json.RawMessage, what string) {
	t.Helper()
	after, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []fact.Resource{created(r, after, nil), {Address: r.Address, Type: r.Type, Name: r.Name, Action: fact.Update, Before: r.After, After: after}} {
		got, err := e.Estimate(fact.Plan{Resources: []fact.Resource{r}})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, c := range got.Resources {
			for _, l := range c.Lines {
				for _, q := range []*fact.Quote{l.Before, l.After} {
					if q != nil {
						checkQuote(fataler{t}, what+": "+l.Name, q)
					}
				}
			}
		}
	}
}

// TestForeign holds what is said of types and actions that nobody knows: unpriced with a reason, never free.
func TestForeign(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	for i, r := range []fact.Resource{
		{Type: "foo_bar", Action: fact.Create, After: json.RawMessage(`{}`)},
		{Type: "aws_thing_of_next_year", Action: fact.Create, After: json.RawMessage(`{}`)},
		{Type: "aws_instance", Action: fact.ActionUnknown, After: json.RawMessage(`{"instance_type":"t3.micro"}`)},
		{Type: "", Action: fact.Create, After: json.RawMessage(`{}`)},
		{Type: "_blob_storage", Action: fact.Create, After: json.RawMessage(`{}`)},
	} {
		r.Address = fmt.Sprintf("%s.r%d", r.Type, i)
		got, err := e.Estimate(fact.Plan{Resources: []fact.Resource{r}})
		if err != nil {
			t.Errorf("%s: %v", r.Address, err)
			continue
		}
		if got.Coverage.Free != 0 || got.Coverage.Unpriced != 1 || len(got.Resources) != 1 || got.Resources[0].Lines[0].After.Why == "" {
			t.Errorf("%s: %+v", r.Address, got.Coverage)
		}
	}
}

// TestRegions holds that a region nobody has heard of is no free one.
func TestRegions(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	p := fact.Plan{Providers: map[string]fact.Provider{"aws": {Key: "aws", Region: "mars-north-1"}}, Resources: []fact.Resource{
		{Address: "aws_instance.a", Type: "aws_instance", Name: "a", ProviderKey: "aws", Action: fact.Create, After: json.RawMessage(`{"instance_type":"m5.large"}`)},
	}}
	got, err := e.Estimate(p)
	if err != nil || got.Coverage.Unpriced != 1 || !got.Total.After.IsZero() {
		t.Errorf("%+v %s: %v", got.Coverage, got.Total.After, err)
	}
}
