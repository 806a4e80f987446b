package evidence_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
)

// TestFacts holds what policies see: a suite without a record has no counts, and one that was left out is not tested.
func TestFacts(t *testing.T) {
	t.Parallel()
	w := world{
		Records:     []record{{Coverage: &report.Coverage{Lines: 100_000, Covered: 79_999}}},
		Require:     require{After: "staging", Suites: []suite{{Name: "unit"}, {Name: "e2e"}, {Name: "api", Paths: []string{"api/**"}}}},
		Deployments: []deployment{{Commit: "before", Age: "24h", Suites: []string{"api"}}}, Changes: &changes{Files: []string{"docs/a.md"}},
	}
	q := w.question(t)
	got, err := json.MarshalIndent(evidence.Tested(q).Facts(q), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "environment": "production",
 "outcome": "not-tested",
 "commit": "84a516841ba77a5b4648de2cd0dfcb30ea46dbb4",
 "tree": "8efd86fb78a56a5145ed7739dcb00c78581c5375",
 "codes": [
  "stage-missing"
 ],
 "suites": [
  {
   "name": "api",
   "tested": false,
   "code": "not-applicable"
  },
  {
   "name": "e2e",
   "tested": false,
   "code": "no-evidence"
  },
  {
   "name": "unit",
   "tested": true,
   "code": "tested",
   "executed": 30,
   "passed": 30,
   "failed": 0,
   "errored": 0,
   "skipped": 0,
   "retried": 0,
   "commit": "84a516841ba77a5b4648de2cd0dfcb30ea46dbb4",
   "tree": "8efd86fb78a56a5145ed7739dcb00c78581c5375",
   "age_hours": 2,
   "assurance": "isolated",
   "run_id": 10,
   "coverage": {
    "covered": 79999,
    "total": 100000,
    "percent": 79.99,
    "reports": [
     "cover.info"
    ]
   }
  }
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
