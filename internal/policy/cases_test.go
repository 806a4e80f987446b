package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
)

// caseFacts is the facts.json of a case.
type caseFacts struct {
	Plan *struct {
		Name       string
		Complete   *bool
		Errored    bool
		Resources  []caseResource
		Providers  map[string]fact.Provider
		Modules    []fact.ModuleCall
		PlanChecks []fact.CheckResult
	}
	Estimate json.RawMessage // as fact.Estimate
	Evidence *fact.Evidence
	Params   map[string]any
	Disabled []string
	Timeout  string
}

type caseResource struct {
	Address, Type, Name, Action, File string
	Line                              int
	Data                              bool
	Importing                         bool
	ProviderKey                       string
	Before, After, Unknown            json.RawMessage
}

func (c caseFacts) facts(t *testing.T) fact.Facts {
	t.Helper()
	f := fact.Facts{Params: c.Params, Plan: fact.Missing[fact.Plan]("plan.json could not be read"), Estimate: fact.Missing[fact.Estimate]("no prices")}
	if c.Plan != nil {
		p := fact.Plan{Name: c.Plan.Name, Complete: c.Plan.Complete == nil || *c.Plan.Complete, Errored: c.Plan.Errored, Providers: c.Plan.Providers, Modules: c.Plan.Modules, Checks: c.Plan.PlanChecks}
		for _, r := range c.Plan.Resources {
			res := fact.Resource{Address: r.Address, Type: r.Type, Name: r.Name, Data: r.Data, Importing: r.Importing, ProviderKey: r.ProviderKey,
				Before: r.Before, After: r.After, Unknown: r.Unknown, File: r.File, Line: r.Line}
			if r.Action != "" {
				if err := res.Action.UnmarshalText([]byte(r.Action)); err != nil {
					t.Fatal(err)
				}
			}
			p.Resources = append(p.Resources, res)
		}
		f.Plan = fact.Of(p)
	}
	if len(c.Estimate) > 0 {
		var e fact.Estimate
		if err := json.Unmarshal(c.Estimate, &e); err != nil {
			t.Fatal(err)
		}
		f.Estimate = fact.Of(e)
	}
	if c.Evidence != nil {
		f.Evidence = fact.Of(*c.Evidence)
	}
	return f
}

// TestCases runs every testdata/cases/*.txtar: bundles (bundle NAME/…, or the built-in one), facts.json, raw.json and
// infracost.json in; findings and checks, or the compile error, out.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := runCase(t, ar)
			at := -1
			for i, f := range ar.Files {
				if f.Name == "want" {
					at = i
				}
			}
			if at < 0 {
				ar.Files = append(ar.Files, txtar.File{Name: "want"})
				at = len(ar.Files) - 1
			}
			if *update {
				ar.Files[at].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[at].Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func runCase(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	bundles := map[string]fstest.MapFS{}
	var names []string
	in := policy.Input{}
	var cf caseFacts
	opts := policy.Options{}
	for _, f := range ar.Files {
		switch {
		case f.Name == "facts.json":
			if err := json.Unmarshal(f.Data, &cf); err != nil {
				t.Fatal(err)
			}
		case f.Name == "raw.json":
			in.Raw = func() (any, error) { return json.RawMessage(f.Data), nil }
		case f.Name == "infracost.json":
			in.Infracost = func() (any, error) {
				var v any
				err := json.Unmarshal(f.Data, &v)
				return v, err
			}
		case f.Name == "builtin":
			opts.Bundles = append(opts.Bundles, builtin())
		case strings.HasPrefix(f.Name, "bundle/"):
			bundle, path, _ := strings.Cut(strings.TrimPrefix(f.Name, "bundle/"), "/")
			if bundles[bundle] == nil {
				bundles[bundle] = fstest.MapFS{}
				names = append(names, bundle)
			}
			bundles[bundle][path] = &fstest.MapFile{Data: f.Data}
		}
	}
	for _, n := range names {
		opts.Bundles = append(opts.Bundles, policy.Bundle{Name: n, FS: bundles[n]})
	}
	opts.Disabled = cf.Disabled
	if cf.Timeout != "" {
		d, err := time.ParseDuration(cf.Timeout)
		if err != nil {
			t.Fatal(err)
		}
		opts.Timeout = d
	}
	set, err := policy.Compile(t.Context(), opts)
	if err != nil {
		if _, ok := errors.AsType[*policy.PolicyError](err); !ok {
			t.Fatalf("not a *PolicyError: %v", err)
		}
		return "compile error:\n" + err.Error() + "\n"
	}
	in.Facts = cf.facts(t)
	res, err := set.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return show(res)
}

func show(res policy.Result) string {
	var b strings.Builder
	for _, f := range res.Findings {
		fmt.Fprintf(&b, "%s %s [%s] %s", f.Severity, f.ID, f.Address, f.Message)
		if f.File != "" {
			fmt.Fprintf(&b, " @ %s:%d", f.File, f.Line)
		}
		if f.Dialect != "" {
			fmt.Fprintf(&b, " (%s)", f.Dialect)
		}
		if f.Bundle != "" {
			fmt.Fprintf(&b, " <%s>", f.Bundle)
		}
		b.WriteByte('\n')
	}
	b.WriteString("checks:\n")
	for _, c := range res.Checks {
		if c.Looked != 0 || c.Findings != 0 {
			fmt.Fprintf(&b, "%s looked %d found %d\n", c.ID, c.Looked, c.Findings)
		}
	}
	return b.String()
}
