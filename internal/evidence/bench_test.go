package evidence_test

import (
	"testing"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/fact"
)

// many is a question over n records of five suites, every one of this tree, as a runaway schedule of re-runs leaves them,
// or of trees of their own.
func many(t testing.TB, n int, sameTree bool) evidence.Question {
	t.Helper()
	names := []string{"api", "e2e", "lint", "unit", "web"}
	suites := map[string]report.Counts{}
	var required []suite
	for _, name := range names {
		suites[name] = *green(900)
		required = append(required, suite{Name: name})
	}
	q := world{Require: require{Suites: required}}.question(t)
	one, r := record{Suites: suites}.record(t), run{}.run(t)
	var records []evidence.Record
	var runs []evidence.Run
	for i := range n {
		rec, other := one, r
		rec.Producer.RunID, other.ID = int64(i+1), int64(i+1)
		if i > 0 {
			older := -time.Duration(i*7919%n+1) * time.Second // in no order
			rec.Producer.RunStarted, other.Started = rec.Producer.RunStarted.Add(older), other.Started.Add(older)
		}
		if !sameTree && i > 0 {
			rec.Subject.Tree, other.Tree = object("u"), object("u")
			rec.Subject.Commit, other.HeadCommit = object("d"), object("d")
		}
		records, runs = append(records, rec), append(runs, other)
	}
	q.Records, q.Runs = fact.Of(records), fact.Of(runs)
	return q
}

// BenchmarkTested decides five suites over 10,000 records and as many runs.
func BenchmarkTested(b *testing.B) {
	for name, same := range map[string]bool{"other trees": false, "one tree": true} {
		b.Run(name, func(b *testing.B) {
			q := many(b, 10_000, same)
			b.ReportAllocs()
			for b.Loop() {
				if d := evidence.Tested(q); d.Outcome != evidence.OutcomeTested {
					b.Fatal(told(d, nil))
				}
			}
		})
	}
}
