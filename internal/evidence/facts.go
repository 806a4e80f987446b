package evidence

import (
	"time"

	"github.com/org/platform-action/internal/fact"
)

// Facts is the decision on a question as policies see it.
func (d Decision) Facts(q Question) fact.Evidence {
	out := fact.Evidence{Environment: q.Environment, Outcome: d.Outcome.String(), Commit: q.Commit, Tree: q.Tree,
		Codes: []string{}, Suites: []fact.SuiteEvidence{}}
	for _, r := range d.Reasons {
		out.Codes = append(out.Codes, r.Code.String())
	}
	for _, s := range d.Suites {
		suite := fact.SuiteEvidence{Name: s.Name, Tested: s.Code == CodeTested && s.Outcome == OutcomeTested, Code: s.Code.String()}
		if r := s.Record; r != nil {
			suite.SuiteRecord = &fact.SuiteRecord{Executed: r.Counts.Executed, Passed: r.Counts.Passed, Failed: r.Counts.Failed, Errored: r.Counts.Errored,
				Skipped: r.Counts.Skipped, Retried: r.Counts.Retried, Commit: r.Commit, Tree: r.Tree, AgeHours: int(r.Age / time.Hour), Assurance: r.Assurance.String(),
				RunID: r.RunID, Coverage: coverageOf(r)}
		}
		out.Suites = append(out.Suites, suite)
	}
	return out
}

// coverageOf is nil where nothing was measured: no policy may take that for a share.
func coverageOf(r *Judged) *fact.SuiteCoverage {
	if !r.Coverage.Valid() {
		return nil
	}
	return &fact.SuiteCoverage{Covered: r.Coverage.Covered, Total: r.Coverage.Lines, Percent: float64(r.Coverage.Hundredths()) / 100, Reports: r.Measured}
}
