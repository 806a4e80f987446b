package gate_test

import (
	"encoding/json"
	"testing"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
)

// TestDeploymentFacts holds what policies see: pull requests that are not known are absent, and none are an empty list.
func TestDeploymentFacts(t *testing.T) {
	t.Parallel()
	q := world{Digests: []string{"sha256:b", "sha256:a"}, Debts: []debt{{}}, Deployments: []deployment{{Tree: "t", Basis: evidence.BasisEvidence, Age: "9h"}}}.question(t)
	const head = `{"environment":"production","commit":"84a516841ba77a5b4648de2cd0dfcb30ea46dbb4","tree":"8efd86fb78a56a5145ed7739dcb00c78581c5375",` +
		`"digests":["sha256:a","sha256:b"],"run_id":20,"attempt":1,"workflow":".github/workflows/deploy.yml","jobs":["deploy"],"at":"2026-03-02T12:00:00Z","rollback":true,"debts":1`
	for want, pulls := range map[string]*[]fact.PullRequest{
		head + `,"pull_requests_missing":"too many"}`: nil,
		head + `,"pull_requests":[]}`:                 {},
		head + `,"pull_requests":[{"number":7,"title":"OPS-1","author":"ada","approvals":2,"commit":"84a5168"}]}`: {{Number: 7, Title: "OPS-1", Author: "ada", Approvals: 2, Commit: "84a5168"}},
	} {
		why := ""
		if pulls == nil {
			why = "too many"
		}
		got, err := json.Marshal(q.Deployment(pulls, why))
		if err != nil || string(got) != want {
			t.Errorf("%v\n%s, want\n%s", err, got, want)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	a, b := world{}.question(t), world{}.question(t)
	b.Subject.Environment = "PRODUCTION"
	if a.Key() != b.Key() {
		t.Error("GitHub takes both for one environment, and they are decided twice")
	}
	b.Subject.Attempt++
	if a.Key() == b.Key() {
		t.Error("a re-run inherits the decision")
	}
}
