package gate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
)

var update = flag.Bool("update", false, "write the goldens of testdata/cases anew")

func foot() gate.Foot {
	return gate.Foot{Link: "https://platform.example.com/r/2/d/20", Sequence: 7, Chain: digest("chain")}
}

// TestCases decides every case of testdata/cases: what it shows as the comment, question.json as a world, the decision and
// the comment of the review as goldens.
func TestCases(t *testing.T) {
	t.Parallel()
	eachCase(t, func(t *testing.T, file string, a *txtar.Archive) {
		t.Helper()
		d := gate.Decide(parseWorld(t, a.Files[0].Data).question(t))
		holds(t, file, d)
		want := []txtar.File{a.Files[0], {Name: "decision", Data: []byte(told(d))}, {Name: "comment", Data: []byte(d.Status(foot()) + "\n")}}
		if *update {
			a.Files = want
			if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(want, a.Files); diff != "" {
			t.Errorf("%s differs (-got +golden); read it as a decision, then run: go test ./internal/gate -update\n%s", file, diff)
		}
	})
}

func eachCase(t testing.TB, do func(*testing.T, string, *txtar.Archive)) {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil || len(a.Comment) == 0 || len(a.Files) == 0 {
			t.Fatalf("%s needs a comment that says what it shows, and question.json: %v", file, err)
		}
		do(t.(*testing.T), file, a)
	}
}

// holds is what is true of every decision, whatever was asked.
func holds(t interface{ Errorf(string, ...any) }, name string, d gate.Decision) {
	approved := d.Outcome == gate.OutcomeApproved
	status := d.Status(foot())
	for what, wrong := range map[string]bool{
		"approved without a basis, or a basis without approval": approved != (d.Basis != evidence.BasisUnknown),
		"a bypass is no basis":                             d.Basis == evidence.BasisBypass,
		"evidence with something against it":               d.Basis == evidence.BasisEvidence && (len(d.Reasons) > 0 || d.Evidence.Outcome != evidence.OutcomeTested),
		"a waiver that lifts nothing, or none":             (d.Basis == evidence.BasisWaiver) != (d.Waiver != "") || d.Basis == evidence.BasisWaiver && len(d.Reasons) == 0,
		"a debt of what is proven, or none of what is not": d.Debt != (d.Basis == evidence.BasisWaiver && d.Evidence.Outcome != evidence.OutcomeTested),
		"no reason":                             !approved && len(d.Reasons) == 0,
		"a wait without an end":                 d.Outcome == gate.OutcomeWaiting && d.Until.IsZero(),
		"an end of what has ended":              d.Outcome.Final() && (!d.Until.IsZero() || !d.Wait.IsZero()),
		"it would have been something else":     d.Would != d.Outcome && d.Basis != evidence.BasisObserve,
		"a comment that GitHub does not take":   len(status) > gate.MaxStatus,
		"a comment without its link and ledger": !strings.Contains(status, foot().Link) || !strings.Contains(status, foot().Chain),
		"a comment that hides that it observes": d.Basis == evidence.BasisObserve && !strings.HasPrefix(status, "OBSERVE"),
		"a comment with characters that steer":  strings.ContainsFunc(status, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x202e }),
		"no digest":                             len(d.Digest) != 71 || len(d.Facts) != 71,
	} {
		if wrong {
			t.Errorf("%s: %s\n%s", name, what, told(d))
		}
	}
}

// told is a decision as a golden shows it.
func told(d gate.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s, would be %s, in %q", d.Outcome, d.Basis, d.Would, d.Environment)
	for _, at := range []struct {
		what string
		at   time.Time
	}{{"wait", d.Wait}, {"until", d.Until}} {
		if !at.at.IsZero() {
			fmt.Fprintf(&b, ", %s %s", at.what, at.at.Format(time.RFC3339))
		}
	}
	if d.Waiver != "" {
		fmt.Fprintf(&b, ", waiver %.19s", d.Waiver)
	}
	if d.Debt {
		b.WriteString(", opens a debt")
	}
	b.WriteString("\n")
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "- %s\n    looked  %s\n    found   %s\n    fix     %s\n", r.Code, r.Looked, r.Found, r.Fix)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}
