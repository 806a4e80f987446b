package scan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate/scan"
)

var update = flag.Bool("update", false, "write the goldens of testdata/cases anew")

// A world is what a case says is known; what it leaves away is locked production of App 7.
type world struct {
	App          *int64            `yaml:"app"`
	Environments []environment     `yaml:"environments"`
	Configured   []string          `yaml:"configured"`
	Branches     *int              `yaml:"branches"`
	Checks       []scan.Check      `yaml:"checks"`
	Owned        *bool             `yaml:"owned"`
	Secrets      []string          `yaml:"secrets"`
	Workflows    map[string]string `yaml:"workflows"`
	Missing      []string          `yaml:"missing"`
}

type environment struct {
	Name      string  `yaml:"name"`
	Protected *bool   `yaml:"protected"`
	Bypass    bool    `yaml:"bypass"`
	Rules     []int64 `yaml:"rules"`
	NoVouch   bool    `yaml:"no_vouch"`
	Unseen    bool    `yaml:"unseen"`
}

func (w world) facts(t *testing.T) scan.Facts {
	t.Helper()
	f := scan.Facts{App: 7, Configured: fact.Of([]string{"production"}), Branches: fact.Of(1), Owned: fact.Of(true), Secrets: fact.Of(w.Secrets),
		Checks: fact.Of([]scan.Check{{Name: scan.TestedCheck, App: 7}})}
	if w.App != nil {
		f.App = *w.App
	}
	if w.Branches != nil {
		f.Branches = fact.Of(*w.Branches)
	}
	if w.Owned != nil {
		f.Owned = fact.Of(*w.Owned)
	}
	if w.Configured != nil {
		f.Configured = fact.Of(w.Configured)
	}
	if w.Checks != nil {
		f.Checks = fact.Of(w.Checks)
	}
	if w.Environments == nil {
		w.Environments = []environment{{Name: "production", Rules: []int64{7}}}
	}
	const why = "GitHub answered 403"
	for _, e := range w.Environments {
		out := scan.Environment{Name: e.Name, Vouched: !e.NoVouch, Protected: fact.Of(e.Protected == nil || *e.Protected), Bypass: fact.Of(e.Bypass), Rules: fact.Of(e.Rules)}
		if e.Unseen {
			out.Protected, out.Bypass, out.Rules = fact.Missing[bool](why), fact.Missing[bool](why), fact.Missing[[]int64](why)
		}
		f.Environments = append(f.Environments, out)
	}
	jobs := []scan.Job{}
	for path, text := range w.Workflows {
		list, err := scan.Jobs(path, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, list...)
	}
	f.Jobs = fact.Of(jobs)
	for _, m := range w.Missing {
		switch m {
		case "configured":
			f.Configured = fact.Missing[[]string](why)
		case "branches":
			f.Branches = fact.Missing[int](why)
		case "checks":
			f.Checks = fact.Missing[[]scan.Check](why)
		case "owned":
			f.Owned = fact.Missing[bool](why)
		case "jobs":
			f.Jobs = fact.Missing[[]scan.Job](why)
		default:
			t.Fatalf("no group %s", m)
		}
	}
	return f
}

// TestCases looks at each world of testdata/cases, and holds what is said of it.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil || len(a.Files) == 0 || a.Files[0].Name != "world.yaml" {
				t.Fatalf("%v; want world.yaml and want.txt", err)
			}
			var w world
			if err := yaml.Unmarshal(a.Files[0].Data, &w); err != nil {
				t.Fatal(err)
			}
			got := told(scan.Look(w.facts(t)))
			if *update {
				a.Files = append(a.Files[:1], txtar.File{Name: "want.txt", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(a.Files) != 2 {
				t.Fatal("no want.txt")
			}
			if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func told(reports []scan.Report) string {
	var b strings.Builder
	for _, r := range reports {
		fmt.Fprintf(&b, "%s locked=%t\n", r.Environment, r.Locked())
		for _, c := range append(r.Conditions, r.Notes...) {
			fmt.Fprintf(&b, "  %-7s %s: %s\n", c.Answer, c.Name, c.Why)
		}
	}
	return b.String()
}

// TestNeverLocked holds that nothing is locked where anything at all is missing.
func TestNeverLocked(t *testing.T) {
	t.Parallel()
	if r := scan.Look(scan.Facts{Environments: []scan.Environment{{Name: "production", Vouched: true}}}); len(r) != 1 || r[0].Locked() {
		t.Errorf("%+v", r)
	}
	for _, missing := range []string{"configured", "branches", "checks", "owned", "jobs"} {
		if r := scan.Look(world{Missing: []string{missing}}.facts(t)); len(r) != 1 || r[0].Locked() {
			t.Errorf("locked without %s: %+v", missing, r)
		}
	}
	if !scan.Look(world{}.facts(t))[0].Locked() {
		t.Error("nothing is ever locked")
	}
}

func FuzzJobs(f *testing.F) {
	f.Add([]byte("jobs: {a: {environment: production, steps: [{run: x}]}}"))
	f.Add([]byte("jobs: {a: {environment: {name: p, deployment: false}}}"))
	f.Add([]byte("jobs: {a: {environment: [1], steps: 3}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		jobs, err := scan.Jobs("w.yml", data)
		for _, j := range jobs {
			if err != nil || j.Environment == "" && j.NoDeployment {
				t.Errorf("%+v, %v", j, err)
			}
		}
	})
}
