package cost_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
)

// TestUsage reads every testdata/usage/*.txtar: usage.yml in; the addresses it names, or the exact error, out.
func TestUsage(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/usage/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			u, err := cost.ParseUsage("usage.yml", strings.NewReader(section(a, "usage.yml")))
			got := "addresses: " + strings.Join(u.Unmatched(nil), ", ") + "\n"
			if err != nil {
				got = "error:\n" + err.Error() + "\n"
			}
			if *update {
				set(a, "want", got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(section(a, "want"), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestUsageTooLarge holds that a file beyond the bound is refused before it is parsed.
func TestUsageTooLarge(t *testing.T) {
	t.Parallel()
	_, err := cost.ParseUsage("usage.yml", bytes.NewReader(bytes.Repeat([]byte("#\n"), 5<<20)))
	if err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") {
		t.Error(err)
	}
}

// TestUsageOnly prices what no resource stands for, once: the base has it too, and PlanOnly leaves it out.
func TestUsageOnly(t *testing.T) {
	t.Parallel()
	u, err := cost.ParseUsage("usage.yml", strings.NewReader("resource_usage:\n  aws_data_transfer.eu:\n    region: eu-west-1\n    monthly_intra_region_gb: 100\n"))
	if err != nil {
		t.Fatal(err)
	}
	e := estimator(t, cost.Options{Usage: u})
	if got := e.UsageOnly(); len(got) != 1 || got[0] != "aws_data_transfer.eu" {
		t.Error(got)
	}
	for name, want := range map[string]string{"both": "2", "none": "0"} {
		of := e
		if name == "none" {
			of = e.PlanOnly()
		}
		alone, err := of.Estimate(fact.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		compared, err := of.Compare(fact.Plan{}, fact.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []fact.Estimate{alone, compared} {
			if got.Total.After.Value().String() != want || !got.Total.Delta.IsZero() {
				t.Errorf("%s: %s, delta %s", name, got.Total.After, got.Total.Delta)
			}
		}
	}
}

// FuzzUsage asserts that no file makes the parser panic, and that what it takes can be asked.
func FuzzUsage(f *testing.F) {
	files, err := filepath.Glob("testdata/usage/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(section(a, "usage.yml")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		u, err := cost.ParseUsage("usage.yml", bytes.NewReader(text))
		if err != nil {
			var listed *cost.UsageError
			if errors.As(err, &listed) && len(listed.Problems) == 0 {
				t.Fatal("an error without a problem")
			}
			return
		}
		addresses := u.Unmatched(nil)
		if left := u.Unmatched(addresses); len(left) > 0 {
			for _, l := range left {
				if !strings.Contains(l, "[*]") {
					t.Fatalf("%q does not match itself", l)
				}
			}
		}
	})
}
