package cost_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
)

// TestEveryLineIsExplained asserts for each resource of every case that the explanation of its lines is whole: rule with
// file and line, pricing page, what the rule looked at, price row with its source and date, and a reason for all that is
// not simply priced.
func TestEveryLineIsExplained(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range estimateCase(t, archive, cost.Options{Explain: true}).Resources {
			what := filepath.Base(file) + ": " + r.Address
			if !regexp.MustCompile(`^[a-z]+/[a-z0-9_]+\.yaml:[0-9]+$`).MatchString(r.Rule) || !strings.HasPrefix(r.Pricing, "https://") {
				t.Errorf("%s: rule %q, pricing page %q", what, r.Rule, r.Pricing)
			}
			unset := func(l fact.LineItem) bool { return l.After != nil && l.After.Basis == fact.UsageUnset } // ends the reading
			if len(r.Attributes)+len(r.Assumptions) == 0 && !slices.ContainsFunc(r.Lines, unset) && looks(t, r.Rule) {
				t.Errorf("%s: does not say what was read of it", what)
			}
			for _, a := range r.Attributes {
				if a.What == "" || a.Value == "" || a.Why == "" {
					t.Errorf("%s: an attribute that does not say what was read: %+v", what, a)
				}
			}
			for _, l := range r.Lines {
				for _, q := range []*fact.Quote{l.Before, l.After} {
					if q != nil {
						checkQuote(fataler{t}, what+": "+l.Name, q)
						checkOrigin(t, what+": "+l.Name, q)
					}
				}
			}
		}
	}
}

// looks reports that the entry at file:line of the catalogue has an expression that looks at the resource.
func looks(t *testing.T, rule string) bool {
	t.Helper()
	file, at, _ := strings.Cut(rule, ":")
	text, err := os.ReadFile(filepath.Join("catalog", file))
	if err != nil {
		t.Fatal(err)
	}
	line, err := strconv.Atoi(at)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")[line:]
	if end := slices.IndexFunc(lines, regexp.MustCompile(`^[a-z_]`).MatchString); end >= 0 {
		lines = lines[:end]
	}
	return regexp.MustCompile(`\b(str|num|flag|has|known|list|block|strs|ref|referrers|between)\("`).MatchString(strings.Join(lines, "\n"))
}

func checkOrigin(t *testing.T, what string, q *fact.Quote) {
	t.Helper()
	switch {
	case q.Rate != nil && (q.Price == nil || q.Price.Table == "" || q.Price.Key == "" || q.Price.Region == "" || q.Price.AsOf == "" || q.Price.Source == ""):
		t.Errorf("%s: a rate without its row: %+v", what, q)
	case q.Basis == fact.Usage && q.Why == "":
		t.Errorf("%s: usage without its assumption", what)
	case q.Basis == fact.UsageUnset && q.Rate != nil && q.Rate.IsZero():
		t.Errorf("%s: usage that is not given of what costs nothing: %+v", what, q)
	case q.Monthly != nil && q.Monthly.IsZero() && q.Basis != fact.Free && (q.Quantity == nil || !q.Quantity.IsZero()):
		t.Errorf("%s: nothing, and not free: %+v", what, q)
	}
}
