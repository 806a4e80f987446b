package cost_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
)

// profiled are the estimators by which a case is priced with every profile, from small to large.
func profiled(t *testing.T) []*cost.Estimator {
	t.Helper()
	var out []*cost.Estimator
	for _, name := range cost.Profiles() {
		profile, err := cost.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, estimator(t, cost.Options{Profile: profile}))
	}
	return out
}

// profileTable is profiles.yaml as it stands: types that have a profile, and the reasons of those that have none.
func profileTable(t *testing.T) (types map[string]map[string]any, none map[string]string) {
	t.Helper()
	var table struct {
		None  map[string]string         `yaml:"_none"`
		Types map[string]map[string]any `yaml:",inline"`
	}
	if err := yaml.Unmarshal(catalog.Profiles(), &table); err != nil {
		t.Fatal(err)
	}
	return table.Types, table.None
}

// TestProfiles holds that no profile names a type or a usage key that the catalogue does not have.
func TestProfiles(t *testing.T) {
	t.Parallel()
	types, none := profileTable(t)
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for typ := range types {
		if entry, err := entries.Entry(typ); err != nil || entry == nil || len(entry.Usage) == 0 {
			t.Errorf("%s: the catalogue has no such type with usage: %v", typ, err)
		}
	}
	for typ, reason := range none {
		switch entry, err := entries.Entry(typ); {
		case err != nil || entry == nil:
			t.Errorf("_none: %s: the catalogue has no such type: %v", typ, err)
		case len(reason) < 20:
			t.Errorf("_none: %s: %q is no reason", typ, reason)
		case types[typ] != nil:
			t.Errorf("%s has a profile and a reason to have none", typ)
		}
	}
	for _, name := range cost.Profiles() {
		profile, err := cost.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range estimator(t, cost.Options{Usage: profile}).UnknownUsage() {
			t.Errorf("%s: %s has no usage key %s", name, u.Type, u.Key)
		}
	}
	if _, err := cost.Profile("huge"); err == nil || !strings.Contains(err.Error(), "small, medium, large") {
		t.Errorf("an unknown profile: %v", err)
	}
}

// TestProfilesGrow holds that no quantity shrinks from one profile to the next.
func TestProfilesGrow(t *testing.T) {
	t.Parallel()
	types, _ := profileTable(t)
	for typ, keys := range types {
		growing(t, typ, keys)
	}
}

func growing(t *testing.T, path string, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			growing(t, path+"."+key, inner)
		}
	case []any:
		numbers := make([]float64, 0, len(v))
		for _, e := range v {
			numbers = append(numbers, number(t, path, e))
		}
		if len(v) != len(cost.Profiles()) || !slices.IsSorted(numbers) || numbers[0] == numbers[len(numbers)-1] {
			t.Errorf("%s: %v: want one value for each profile, that grows, or a single one", path, v)
		}
	default:
		number(t, path, value)
	}
}

func number(t *testing.T, path string, value any) float64 {
	t.Helper()
	switch n := value.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	}
	t.Errorf("%s: %v is no number: nobody can guess a name", path, value)
	return 0
}

// TestEveryUsageHasAProfile holds that a type whose own case has lines without a quantity is profiled, or has a reason
// not to be; and that a reason is not kept longer than it is needed.
func TestEveryUsageHasAProfile(t *testing.T) {
	t.Parallel()
	types, none := profileTable(t)
	withNone := estimator(t, cost.Options{})
	large := profiled(t)[2]
	eachCase(t, func(t *testing.T, typ string, p fact.Plan) {
		t.Helper()
		open := unset(t, withNone, p, typ)
		switch {
		case len(open) == 0 && none[typ] != "":
			t.Errorf("%s waits for no usage in its case: take it out of _none", typ)
		case len(open) > 0 && types[typ] == nil && none[typ] == "":
			t.Errorf("%s has no profile for %s: give it one in catalog/profiles.yaml, or a reason under _none", typ, strings.Join(open, ", "))
		case len(open) > 0 && types[typ] != nil && len(unset(t, large, p, typ)) == len(open):
			t.Errorf("the profile of %s leaves all of its case open: %s", typ, strings.Join(open, ", "))
		}
	})
}

// unset are the keys that lines of a type wait for, sorted.
func unset(t *testing.T, e *cost.Estimator, p fact.Plan, typ string) []string {
	t.Helper()
	out, err := e.Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range out.Resources {
		for _, l := range r.Lines {
			if r.Type == typ && l.After != nil && l.After.Basis == fact.UsageUnset {
				keys = append(keys, l.After.Why)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// TestProfilesOrderTheBill holds, for every case without its usage file, that small ≤ medium ≤ large, and that a
// profile changes no line that had an amount without it: what the plan says stays.
func TestProfilesOrderTheBill(t *testing.T) {
	t.Parallel()
	all := profiled(t)
	withNone := estimator(t, cost.Options{})
	eachCase(t, func(t *testing.T, typ string, p fact.Plan) {
		t.Helper()
		plain, err := withNone.Estimate(p)
		if err != nil {
			t.Fatal(err)
		}
		last := plain.Total.After.Value()
		for i, e := range all {
			out, err := e.Estimate(p)
			if err != nil {
				t.Fatal(err)
			}
			total := out.Total.After.Value()
			if total.LessThan(last) {
				t.Errorf("%s: %s is %s a month, less than the %s of less use", typ, cost.Profiles()[i], total, last)
			}
			last = total
			sameAmounts(t, plain, out)
		}
	})
}

// lessened are lines that use makes smaller, by the rule of the provider: stored data earns throughput, and an instance
// that works is not idle.
func lessened(line string) bool {
	return slices.Contains([]string{
		"Provisioned throughput", "Idle CPU of minimum instances", "Idle memory of minimum instances",
		"Idle minimum instances/CPU allocation time", "Idle minimum instances/Memory allocation time",
	}, strings.TrimPrefix(line, "/"))
}

func sameAmounts(t *testing.T, plain, profiled fact.Estimate) {
	t.Helper()
	type id struct{ address, group, name string }
	lines := map[id][]*fact.Quote{}
	for _, r := range profiled.Resources {
		for _, l := range r.Lines {
			lines[id{r.Address, l.Group, l.Name}] = append(lines[id{r.Address, l.Group, l.Name}], l.After)
		}
	}
	for _, r := range plain.Resources {
		for _, l := range r.Lines {
			if l.After == nil || l.After.Basis != fact.Priced || lessened(l.Group+"/"+l.Name) {
				continue
			}
			same := func(q *fact.Quote) bool { return q != nil && reflect.DeepEqual(q.Quantity, l.After.Quantity) }
			if found := lines[id{r.Address, l.Group, l.Name}]; !slices.ContainsFunc(found, same) {
				t.Errorf("%s: %s/%s is priced without a profile, and something else with one", r.Address, l.Group, l.Name)
			}
		}
	}
}

// plansOfCases are the plans of all cases, without their usage files, by the type that each is about.
var plansOfCases = sync.OnceValues(func() (map[string]fact.Plan, error) { //nolint:gochecknoglobals // read once
	files, err := filepath.Glob("testdata/cases/*/*.txtar")
	if err != nil {
		return nil, err
	}
	out := map[string]fact.Plan{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			return nil, err
		}
		p, err := planOf(a)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".txtar")] = p
	}
	return out, nil
})

func eachCase(t *testing.T, check func(t *testing.T, typ string, p fact.Plan)) {
	t.Helper()
	plans, err := plansOfCases()
	if err != nil || len(plans) < 100 {
		t.Fatalf("%d cases: %v", len(plans), err)
	}
	for _, typ := range slices.Sorted(maps.Keys(plans)) {
		check(t, typ, plans[typ])
	}
}
