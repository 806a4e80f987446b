package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/config"
)

// TestOrganisation reads every testdata/organisation/*.txtar: organisation.yml and, where there is one, platform.yml in;
// what holds, and what was looser, or the exact error text, out.
func TestOrganisation(t *testing.T) {
	files, err := filepath.Glob("testdata/organisation/*.txtar")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a := readCase(t, file)
			got := under(section(a, "organisation.yml"), section(a, "platform.yml"))
			if *update {
				setSection(a, "want", got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(section(a, "want")), string(got)); diff != "" {
				t.Error("-want +got, -update writes it anew:\n" + diff)
			}
		})
	}
}

func under(organisation, own []byte) []byte {
	o, err := config.ParseOrganisation("platform.yml", organisation)
	if err != nil {
		return []byte("error:\n" + err.Error() + "\n")
	}
	c, loosened, err := o.Parse(".github/platform.yml", own)
	if err != nil {
		return []byte("error:\n" + err.Error() + "\n")
	}
	c.Digest = ""
	out, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return []byte("no JSON: " + err.Error() + "\n")
	}
	return fmt.Appendf(out, "\nloosened: %s\n", strings.Join(loosened, ", "))
}

// TestEnforcedHolds: whatever a repository writes, no limit is looser than the enforced one, and what is read twice is
// the same.
func TestEnforcedHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		threshold := func(name string, always bool) string {
			var parts []string
			for _, key := range []string{"delta", "percent"} {
				if always || rapid.Bool().Draw(t, name+key+"?") {
					parts = append(parts, fmt.Sprintf("%s: %d", key, rapid.IntRange(0, 9999).Draw(t, name+key)))
				}
			}
			if len(parts) == 0 {
				return ""
			}
			return fmt.Sprintf("  %s: {%s}\n", name, strings.Join(parts, ", "))
		}
		section := func(indent string) string {
			var b strings.Builder
			b.WriteString("cost:\n  currency: " + rapid.SampledFrom([]string{"USD", "GBP"}).Draw(t, "currency") + "\n")
			for _, name := range []string{"warn", "block", "acknowledge"} {
				b.WriteString(threshold(name, false))
			}
			if rapid.Bool().Draw(t, "unknown?") {
				b.WriteString("  unknown: " + rapid.SampledFrom([]string{"allow", "warn", "block"}).Draw(t, "unknown") + "\n")
			}
			fmt.Fprintf(&b, "  budgets: [{name: a, monthly: %d}]\n", rapid.IntRange(1, 99).Draw(t, "budget"))
			return indent + strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", "\n"+indent) + "\n"
		}
		enforced, repository := section(""), "version: 1\n"+section("")
		organisation := "version: 1\ndefaults:\n" + section("  ") + "enforced:\n  " + strings.ReplaceAll(strings.TrimSpace(enforced), "\n", "\n  ") + "\n"
		o, err := config.ParseOrganisation("o", []byte(organisation))
		if err != nil {
			t.Fatalf("%v\n%s", err, organisation)
		}
		bar, err := config.Parse("e", []byte("version: 1\n"+enforced))
		if err != nil {
			t.Fatal(err)
		}
		got, loosened, err := o.Parse("r", []byte(repository))
		if err != nil {
			t.Fatal(err)
		}
		again, twice, err := o.Parse("r", []byte(repository))
		if diff := cmp.Diff(got, again) + cmp.Diff(loosened, twice); diff != "" || err != nil {
			t.Fatalf("a second reading differs: %v %s", err, diff)
		}
		for _, l := range []struct {
			name      string
			own, hold *decimal.Decimal
		}{
			{"warn.delta", got.Cost.Warn.Delta, bar.Cost.Warn.Delta}, {"warn.percent", got.Cost.Warn.Percent, bar.Cost.Warn.Percent},
			{"block.delta", got.Cost.Block.Delta, bar.Cost.Block.Delta}, {"block.percent", got.Cost.Block.Percent, bar.Cost.Block.Percent},
			{"acknowledge.delta", got.Cost.Acknowledge.Delta, bar.Cost.Acknowledge.Delta},
			{"budget", &got.Cost.Budgets[0].Monthly, &bar.Cost.Budgets[0].Monthly},
		} {
			if l.hold != nil && (l.own == nil || l.own.GreaterThan(*l.hold)) {
				t.Errorf("%s: %v is looser than %v\n%s\n%s", l.name, l.own, l.hold, organisation, repository)
			}
		}
		if got.Cost.Currency != bar.Cost.Currency {
			t.Errorf("the currency is %s, %s is enforced", got.Cost.Currency, bar.Cost.Currency)
		}
		if strings.Contains(enforced, "unknown:") && got.Cost.Unknown > bar.Cost.Unknown {
			t.Errorf("unknown: %v is looser than %v", got.Cost.Unknown, bar.Cost.Unknown)
		}
	})
}

func FuzzParseOrganisation(f *testing.F) {
	files, err := filepath.Glob("testdata/organisation/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(section(a, "organisation.yml"), section(a, "platform.yml"))
	}
	f.Fuzz(func(t *testing.T, organisation, own []byte) {
		o, err := config.ParseOrganisation("o", organisation)
		if err != nil {
			return
		}
		c, _, err := o.Parse("r", own)
		if err != nil {
			return
		}
		limits, err := c.Limits(c.Cost.Currency)
		if err != nil {
			t.Errorf("valid, but the limits are not: %v", err)
		}
		notNegative(t, limits)
	})
}
