package render

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/verdict"
)

// What the diff shows and the line about the rest add up to the total, however much is cut. Amounts are whole dollars
// of 10 and more, which are written exactly.
func TestDiffAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var resources []fact.ResourceCost
		sum := int64(0)
		for i := range rapid.IntRange(1, 80).Draw(t, "resources") {
			before := rapid.Int64Range(0, 500_000).Draw(t, "before")
			delta := rapid.OneOf(rapid.Int64Range(10, 9_000), rapid.Int64Range(-9_000, -10)).Draw(t, "delta")
			c := resourceOf(fmt.Sprintf("aws_instance.n[%d]", i), (before+10_000)*1000, (before+10_000+delta)*1000)
			if rapid.IntRange(0, 9).Draw(t, "idle") == 0 {
				c.Action = fact.NoOp // its cost moves all the same, such as with another usage file
			}
			sum += delta
			resources = append(resources, c)
		}
		limit := rapid.IntRange(900, 12_000).Draw(t, "limit")
		text := markdownReport(reportOf(resources), Options{Limit: limit})
		if n := utf8.RuneCountInString(text); n > limit {
			t.Fatalf("%d characters, limit %d", n, limit)
		}
		_, diff, ok := strings.Cut(text, "```diff\n")
		if !ok {
			t.Skip("no room for the block")
		}
		diff, _, _ = strings.Cut(diff, "```\n")
		shown := int64(0)
		for line := range strings.Lines(diff) {
			fields := strings.Fields(line)
			shown += dollars(t, fields[len(fields)-1])
		}
		if shown != sum {
			t.Fatalf("the lines add up to %d, the total is %d:\n%s", shown, sum, diff)
		}
	})
}

func dollars(t *rapid.T, s string) int64 {
	clean := strings.NewReplacer("$", "", ",", "", "−", "-", "+", "").Replace(s)
	d, err := decimal.NewFromString(clean)
	if err != nil {
		t.Fatalf("%q is no amount: %v", s, err)
	}
	return d.IntPart()
}

// Under any limit the headline, and under a limit of a few thousand the action and the table, survive.
func TestCutKeepsWhatMatters(t *testing.T) {
	r := fleet(3000)
	for _, limit := range []int{1, 50, 160, 200, 500, 1000, 1024, 2000, 3000, 5000, 20_000, 65_536, 1 << 20} {
		text := markdownReport(r, Options{Limit: limit, Marker: "<!-- platform:verdict:v1 -->"})
		if n := utf8.RuneCountInString(text); n > limit {
			t.Errorf("limit %d: %d characters", limit, n)
		}
		want := map[string]int{
			"Blocked — 300 findings block": 200, "**To unblock:** add the tag owner": 1000, "| ⛔ | `TAGS-002` Owner tag": 1000,
			"… 294 more findings": 3000, "Cost by resource": 5000,
		}
		for part, from := range want {
			if limit >= from && !strings.Contains(text, part) {
				t.Errorf("limit %d: %q is cut away:\n%s", limit, part, text)
			}
		}
		wellFormed(t, text)
	}
}

// wellFormed reports blocks that are cut open.
func wellFormed(t testing.TB, text string) {
	t.Helper()
	if a, b := strings.Count("\n"+text, "\n<details>"), strings.Count(text, "\n</details>\n"); a != b {
		t.Errorf("%d details begin and %d end", a, b)
	}
	fences, columns := 0, 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			fences++
		}
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(line, "|") - strings.Count(line, `\|`)
		if columns == 0 {
			columns = n
		}
		if n != columns || !strings.HasSuffix(line, "|\n") {
			t.Errorf("a row has %d bars and its head %d: %q", n, columns, line)
		}
	}
	if fences%2 != 0 {
		t.Errorf("%d fences: one is open", fences)
	}
}

// The same report gives the same bytes, whatever the order of its findings, and is itself left as it was.
func TestRenderIsPure(t *testing.T) {
	for _, name := range caseNames(t) {
		r, untouched := readCase(t, name), readCase(t, name)
		reversed := readCase(t, name)
		for i, j := 0, len(r.Verdict.Findings)-1; i < j; i, j = i+1, j-1 {
			f := reversed.Verdict.Findings
			f[i], f[j] = f[j], f[i]
		}
		for _, v := range views {
			first := render(t, v.format, r, Options{TTY: v.tty})
			if again := render(t, v.format, r, Options{TTY: v.tty}); again != first {
				t.Errorf("%s: %s differs when rendered again", name, v.name)
			}
			if v.format != JSON && render(t, v.format, reversed, Options{TTY: v.tty}) != first {
				t.Errorf("%s: %s depends on the order of the findings", name, v.name)
			}
		}
		same := cmp.Comparer(func(a, b fact.Known[fact.Estimate]) bool {
			x, _ := a.Get()
			y, _ := b.Get()
			return cmp.Equal(x, y) && a.Why() == b.Why()
		})
		if diff := cmp.Diff(untouched.Projects, r.Projects, same); diff != "" {
			t.Errorf("%s: rendering changed the report (-before +after):\n%s", name, diff)
		}
		if diff := cmp.Diff(untouched.Verdict, r.Verdict); diff != "" {
			t.Errorf("%s: rendering changed the verdict (-before +after):\n%s", name, diff)
		}
	}
}

func TestHeadlineFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Report{View: View(rapid.IntRange(0, 1).Draw(t, "view")), Currency: money.USD}
		r.Verdict.Outcome = verdict.Outcome(rapid.IntRange(0, 4).Draw(t, "outcome"))
		for range rapid.IntRange(0, 4).Draw(t, "findings") {
			r.Verdict.Findings = append(r.Verdict.Findings, verdict.Finding{
				Title: rapid.String().Draw(t, "title"), Severity: verdict.Outcome(rapid.IntRange(0, 4).Draw(t, "severity")),
			})
		}
		if rapid.Bool().Draw(t, "known") {
			big := money.New(decimal.New(rapid.Int64().Draw(t, "amount"), 12), money.USD)
			r.Total = fact.Of(fact.Change{Before: usd(0), After: big, Delta: big})
			r.Projects = []Project{{Estimate: fact.Of(fact.Estimate{Currency: money.USD, Resources: []fact.ResourceCost{resourceOf("a", 1, 2)}})}}
		}
		h := Headline(r)
		if n := utf8.RuneCountInString(h); n > 140 || !utf8.ValidString(h) || strings.ContainsAny(h, "\n\r\t") {
			t.Fatalf("%d characters: %q", n, h)
		}
		word := r.Verdict.Outcome.Word()
		if r.View == CheckView && !strings.HasPrefix(h, word+" — ") {
			t.Fatalf("%q does not begin with %q", h, word)
		}
		if !strings.Contains(h, " · ") {
			t.Fatalf("%q has no cost", h)
		}
	})
}
