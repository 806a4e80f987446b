package gate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
)

// BenchmarkDecide decides over as many records and runs, of other trees but one, and as many deployments.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			q := world{}.question(b)
			records, runs := tested(b, "green", "t", present())
			var deployments []evidence.Deployment
			for i := 1; i < n; i++ {
				rec, run := records[0], runs[0]
				rec.Producer.RunID, run.ID = int64(100+i), int64(100+i)
				rec.Producer.RunStarted, run.Started = rec.Producer.RunStarted.Add(-time.Hour), run.Started.Add(-time.Hour)
				rec.Subject.Tree, rec.Subject.Commit, run.Tree, run.HeadCommit = object("u"), object("d"), object("u"), object("d")
				records, runs = append(records, rec), append(runs, run)
				deployments = append(deployments, evidence.Deployment{Environment: "production", Tree: object(fmt.Sprint(i)), Basis: evidence.BasisEvidence, Succeeded: true,
					At: present().Add(-time.Duration(i) * time.Hour)})
			}
			q.Subject.Records, q.Subject.Runs = fact.Of(records), fact.Of(runs)
			q.Subject.History = fact.Of(evidence.History{Deployments: deployments})
			b.ReportAllocs()
			for b.Loop() {
				if d := gate.Decide(q); d.Outcome != gate.OutcomeApproved {
					b.Fatal(told(d))
				}
			}
		})
	}
}
