package cost_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
)

// TestSyncUsage runs every testdata/sync/*.txtar: main.tf and perhaps usage.yml in, the usage file that sync-usage
// writes out. Doing it again changes nothing, and the estimate is what it was.
func TestSyncUsage(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/sync/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			before := bill(estimateCase(t, a, cost.Options{}))
			got := synced(t, a)
			set(a, "usage.yml", got)
			if again := synced(t, a); again != got {
				t.Errorf("a second time changes it:\n%s", cmp.Diff(got, again))
			}
			if after := bill(estimateCase(t, a, cost.Options{})); before != after {
				t.Errorf("an unfilled skeleton changes the estimate:\n%s", cmp.Diff(before, after))
			}
			if *update {
				a, _ = txtar.ParseFile(file)
				set(a, "golden", got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(section(a, "golden"), got); diff != "" {
				t.Errorf("-golden +got; -update writes it anew\n%s", diff)
			}
		})
	}
}

func synced(t *testing.T, a *txtar.Archive) string {
	t.Helper()
	p, err := planOf(a)
	if err != nil {
		t.Fatal(err)
	}
	needs, err := estimator(t, cost.Options{}).UsageNeeds(p)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cost.SyncUsage("usage.yml", []byte(section(a, "usage.yml")), needs)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestUsageKeysAreDeclared holds that every usage key that a case asks for is known to its type's entry: one that is not
// would be told as unknown to the person who gives it.
func TestUsageKeysAreDeclared(t *testing.T) {
	t.Parallel()
	e := estimator(t, cost.Options{})
	files, err := filepath.Glob("testdata/cases/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := planOf(a)
		if err != nil {
			t.Fatal(err)
		}
		needs, err := e.UsageNeeds(p)
		if err != nil {
			t.Fatal(err)
		}
		for i := range needs {
			for j := range needs[i].Keys {
				needs[i].Keys[j].Optional = false
			}
		}
		skeleton, err := cost.SyncUsage(file, nil, needs)
		if err != nil {
			t.Fatal(err)
		}
		given, err := cost.ParseUsage(file, bytes.NewReader(skeleton))
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range estimator(t, cost.Options{Usage: given}).UnknownUsage() {
			t.Errorf("%s asks for usage %q and does not declare it under usage", u.Type, u.Key)
		}
	}
}
