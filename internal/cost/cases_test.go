package cost_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/terraform"
)

var update = flag.Bool("update", false, "write the goldens of testdata/cases anew")

// TestCases prices every case of testdata/cases: main.tf (what it says, created) or plan.json, perhaps usage.yml, and
// golden, the bill as text.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(file, "testdata/cases/"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			e := estimateCase(t, archive, cost.Options{})
			got := bill(e)
			if *update {
				set(archive, "golden", got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(section(archive, "golden"), got); diff != "" {
				t.Errorf("the bill differs (-golden +got); read it as a bill, then run: go test ./internal/cost -update\n%s", diff)
			}
			if want := strings.TrimSuffix(filepath.Base(file), ".txtar"); !strings.Contains(section(archive, "plan.json"), want+".") && !strings.Contains(section(archive, "main.tf"), `"`+want+`"`) && !strings.Contains(section(archive, "usage.yml"), want+".") {
				t.Errorf("the case never mentions %s", want)
			}
		})
	}
}

func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func set(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

func estimateCase(t *testing.T, a *txtar.Archive, o cost.Options) fact.Estimate {
	t.Helper()
	if text := section(a, "usage.yml"); text != "" {
		var err error
		if o.Usage, err = cost.ParseUsage("usage.yml", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := planOf(a)
	if err != nil {
		t.Fatal(err)
	}
	e, err := estimator(t, o).Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// planOf is the plan of a case.
func planOf(a *txtar.Archive) (fact.Plan, error) {
	source := section(a, "main.tf")
	if source == "" {
		return readText(section(a, "plan.json"))
	}
	p, err := terraform.Evaluate(context.Background(), fstest.MapFS{"main.tf": {Data: []byte(source)}}, ".", terraform.Settings{})
	if err == nil && len(p.Faults) > 0 {
		err = fmt.Errorf("faults in main.tf: %+v", p.Faults)
	}
	return p, err
}

func readText(text string) (fact.Plan, error) {
	p, err := plan.Read("plan.json", bytes.NewReader([]byte(text)), plan.Limits{})
	if err == nil && len(p.Faults) > 0 {
		err = fmt.Errorf("faults in the plan: %+v", p.Faults)
	}
	return p, err
}

func estimator(t testing.TB, o cost.Options) *cost.Estimator {
	t.Helper()
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	e, err := cost.New(price.Embedded(), entries, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// bill is an estimate as a person checks it: quantity × rate = amount, and how it is known.
func bill(e fact.Estimate) string {
	var b strings.Builder
	for _, r := range e.Resources {
		fmt.Fprintf(&b, "%s (%s, %s, %s)\n", r.Address, r.Action, r.Service, r.Region)
		for _, l := range r.Lines {
			name := l.Name
			if l.Group != "" {
				name = l.Group + " / " + name
			}
			fmt.Fprintf(&b, "  %s [%s]\n", name, l.Unit)
			if l.Was != "" {
				fmt.Fprintf(&b, "    was %s\n", l.Was)
			}
			side(&b, "before", l.Before)
			side(&b, "after", l.After)
		}
		for _, a := range r.Assumptions {
			fmt.Fprintf(&b, "  assumed %s = %s (%s)\n", a.What, a.Value, a.Why)
		}
	}
	fmt.Fprintf(&b, "total %s -> %s, delta %s\n", e.Total.Before.Value(), e.Total.After.Value(), e.Total.Delta.Value())
	for _, u := range e.Unpriced {
		fmt.Fprintf(&b, "unpriced %s x %d: %s\n", u.Type, u.Count, u.Why)
	}
	fmt.Fprintf(&b, "%d resources: %d priced, %d free, %d unknown, %d unpriced\n", e.Coverage.Resources, e.Coverage.Priced,
		e.Coverage.Free, e.Coverage.Unknown, e.Coverage.Unpriced)
	return b.String()
}

func side(b *strings.Builder, name string, q *fact.Quote) {
	if q == nil {
		return
	}
	fmt.Fprintf(b, "    %-6s %s", name, q.Basis)
	if q.Quantity != nil {
		fmt.Fprintf(b, " %s", q.Quantity)
	}
	if q.Rate != nil {
		fmt.Fprintf(b, " x %s", q.Rate.Value())
	}
	if q.Monthly != nil {
		fmt.Fprintf(b, " = %s", q.Monthly.Value())
	}
	if q.Low != nil && q.High != nil {
		fmt.Fprintf(b, " from %s to %s", q.Low.Value(), q.High.Value())
	}
	if q.Why != "" {
		fmt.Fprintf(b, " (%s)", q.Why)
	}
	b.WriteByte('\n')
}

// TestEveryEntryHasACase proves that a type in the catalogue compiles and is shown by a case of its own.
func TestEveryEntryHasACase(t *testing.T) {
	t.Parallel()
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if len(entries.Types()) < 40 {
		t.Fatalf("only %d types", len(entries.Types()))
	}
	for _, typ := range entries.Types() {
		e, err := entries.Entry(typ)
		if err != nil {
			t.Errorf("%s: %v", typ, err)
			continue
		}
		if e.Service == "" || !strings.HasPrefix(e.Source, "https://") {
			t.Errorf("%s:%d: %s names no service or no pricing page", e.File, e.Line, typ)
		}
		if entries.Free(typ) {
			t.Errorf("%s is both priced and in a list of free types", typ)
		}
		if _, err := os.Stat(filepath.Join("testdata/cases", e.Provider, typ+".txtar")); err != nil {
			t.Errorf("%s:%d: %s has no case: add internal/cost/testdata/cases/%s/%s.txtar", e.File, e.Line, typ, e.Provider, typ)
		}
	}
}

// TestEveryRuleCompiles compiles fragments and entries alike: a broken fragment must never wait for a user's plan.
func TestEveryRuleCompiles(t *testing.T) {
	t.Parallel()
	if err := estimator(t, cost.Options{}).Compile(); err != nil {
		t.Error(err)
	}
}
