package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// judge applies what a record itself has to hold: conditions 2, 3 and 6, guarded content and assurance.
func (a *asked) judge(at *view, s SuiteRequirement) (answer, *Judged) {
	for _, h := range at.held {
		if err := h.record.Validate(); err != nil {
			return undecided("a readable record of "+a.wanted(s), err.Error()), nil
		}
	}
	h := deciding(at.held)
	least := leastCovered(at.held)
	judged := &Judged{ID: h.record.ID(), Counts: h.suite.Counts, Coverage: least.Coverage, Measured: least.Measured(), Commit: h.record.Subject.Commit, Tree: h.record.Subject.Tree,
		Assurance: h.assurance, Age: a.q.Now.Sub(h.record.Producer.RunStarted), RunID: h.record.Producer.RunID, Attempt: h.record.Producer.Attempt}
	for _, condition := range []func(held, *view, SuiteRequirement) answer{
		a.green, a.retries, a.vacuous, a.shrunk, a.attested, a.assured, a.fresh,
	} {
		if got := condition(h, at, s); got.outcome != OutcomeTested {
			return got, judged
		}
	}
	got := passed()
	got.reason.Message = CodeTested.Message()
	got.reason.Looked, got.reason.Found = a.wanted(s), fmt.Sprintf("%s, %s in run %d, attempt %d", plural(ran(h.suite), "test"), h.assurance, judged.RunID, judged.Attempt)
	if n := h.suite.Counts.Retried; n > 0 {
		got.reason.Found += fmt.Sprintf(", %d of them flaky", n)
	}
	if c := judged.Coverage; c.Valid() {
		got.reason.Found += fmt.Sprintf(", %s of %d lines covered", c, c.Lines)
	}
	return got, judged
}

// deciding is the record of an attempt that decides: a red one, whoever recorded a green one beside it; else that of the
// highest assurance, and of those the one with the fewest tests.
func deciding(records []held) held {
	return slices.MinFunc(records, func(x, y held) int {
		return cmp.Or(cmp.Compare(color(x), color(y)), cmp.Compare(y.assurance, x.assurance), cmp.Compare(ran(x.suite), ran(y.suite)),
			y.record.Recorded.Compare(x.record.Recorded), cmp.Compare(x.record.ID(), y.record.ID()))
	})
}

// leastCovered is the suite whose coverage counts of an attempt: the least of all its records, whichever of them decides, so
// that no further upload lifts what another one says; one that measured nothing is the least.
func leastCovered(records []held) *Suite {
	return slices.MinFunc(records, func(x, y held) int {
		return cmp.Or(cmp.Compare(x.suite.Coverage.Hundredths(), y.suite.Coverage.Hundredths()), cmp.Compare(x.suite.Coverage.Lines, y.suite.Coverage.Lines),
			cmp.Compare(x.record.ID(), y.record.ID()))
	}).suite
}

func color(h held) int {
	if h.suite.Counts.Failed+h.suite.Counts.Errored > 0 {
		return 0
	}
	return 1
}

// ran is how many tests really ran.
func ran(s *Suite) int { return s.Counts.Executed - s.Counts.Skipped }

func show(h held, log string) string {
	return fmt.Sprintf("gh run view %d%s", h.record.Producer.RunID, log)
}

// green is condition 3.
func (a *asked) green(h held, at *view, s SuiteRequirement) answer {
	c := h.suite.Counts
	if c.Failed == 0 && c.Errored == 0 {
		return passed()
	}
	found := fmt.Sprintf("%d failed and %d errored of %s in run %d, attempt %d", c.Failed, c.Errored, plural(c.Executed, "test"), h.record.Producer.RunID, h.record.Producer.Attempt)
	if older := a.before(at, s, func(v view) bool { return color(deciding(v.held)) == 1 }); older != nil {
		found += fmt.Sprintf("; it is newer than the green run %d", older.id.run)
	}
	return refuse(CodeTestsFailed, "no failed and no errored test of "+a.wanted(s), found, show(h, " --log-failed"))
}

// retries is the other half of condition 3: what passes only now and then is not green.
func (a *asked) retries(h held, at *view, s SuiteRequirement) answer {
	budget, attempts := a.q.Requirement.RetryBudget, h.record.Producer.Attempt-1
	if h.suite.Counts.Retried+attempts <= budget {
		return passed()
	}
	return refuse(CodeTestsFailed, fmt.Sprintf("at most %d retried cases and further attempts together for %s", budget, a.wanted(s)),
		fmt.Sprintf("%d retried and %d further attempts in run %d", h.suite.Counts.Retried, attempts, at.id.run), "mend the flaky tests, and push: a new run begins at attempt 1")
}

// vacuous is condition 2: a green run that ran nothing proves nothing.
func (a *asked) vacuous(h held, _ *view, s SuiteRequirement) answer {
	c, least := h.suite.Counts, max(1, s.MinTests)
	looked := fmt.Sprintf("at least %s that ran for %s", plural(least, "test"), a.wanted(s))
	found := fmt.Sprintf("%d ran, of %d that the reports list", ran(h.suite), c.Executed)
	switch {
	case c.Executed == 0:
		return refuse(CodeZeroTests, looked, "reports that list no test", show(h, " --log"))
	case c.Skipped == c.Executed:
		return refuse(CodeOnlySkipped, looked, fmt.Sprintf("all %d skipped", c.Skipped), show(h, " --log"))
	case ran(h.suite) < least:
		return refuse(CodeTestCountCollapsed, looked, found, show(h, " --log"))
	}
	return passed()
}

// The shrink guard: at least four fifths of the median of the last ten records that counted, from three on.
const (
	shrinkFrom = 3
	shrinkOver = 10
)

// shrunk compares with what ran before this record did, so that a rollback is not measured by later growth.
func (a *asked) shrunk(h held, _ *view, s SuiteRequirement) answer {
	history, _ := a.q.History.Get()
	var before []Passing
	for _, p := range history.Passing {
		if p.Suite == s.Name && p.RunID != h.record.Producer.RunID && p.Started.Before(h.record.Producer.RunStarted) {
			before = append(before, p)
		}
	}
	if len(before) < shrinkFrom {
		return passed()
	}
	slices.SortStableFunc(before, func(x, y Passing) int {
		return cmp.Or(y.Started.Compare(x.Started), cmp.Compare(y.RunID, x.RunID))
	})
	counts := make([]int, 0, shrinkOver)
	for _, p := range before[:min(len(before), shrinkOver)] {
		counts = append(counts, p.Ran)
	}
	slices.Sort(counts)
	twice := counts[(len(counts)-1)/2] + counts[len(counts)/2] // the median, twice
	if 10*ran(h.suite) >= 4*twice {
		return passed()
	}
	return refuse(CodeTestCountCollapsed, fmt.Sprintf("at least 80 %% of what ran before for %s", a.wanted(s)),
		fmt.Sprintf("%d ran; the median of the last %d that counted is %g", ran(h.suite), len(counts), float64(twice)/2),
		show(h, " --log")+"; if tests went on purpose, give the suite another name on the default branch: it begins without a history")
}

// attested is the part of condition 4 that the subject's content decides.
func (a *asked) attested(_ held, _ *view, s SuiteRequirement) answer {
	if g := a.unapproved(s.Guards...); g != nil {
		return a.selfAttested(g)
	}
	return passed()
}

// assured asks for the assurance that the policy names; one that names none means the highest.
func (a *asked) assured(h held, _ *view, s SuiteRequirement) answer {
	least := a.q.Requirement.Assurance
	if least == AssuranceNone {
		least = AssuranceIsolated
	}
	if h.assurance >= least {
		return passed()
	}
	return refuse(CodeUntrustedProducer, fmt.Sprintf("assurance %s or higher for %s", least, a.wanted(s)), fmt.Sprintf("assurance %s", h.assurance),
		"record in a job of its own that needs the test job (docs/evidence.md), or ask for less under environments.NAME.tested.assurance")
}

// fresh is condition 6. A rollback is as old as it is.
func (a *asked) fresh(h held, at *view, s SuiteRequirement) answer {
	most := a.q.Requirement.MaxAge
	if most <= 0 {
		most = DefaultMaxAge
	}
	age := a.q.Now.Sub(h.record.Producer.RunStarted)
	if age <= most || a.q.RollsBack() {
		return passed()
	}
	return refuse(CodeStale, fmt.Sprintf("evidence of at most %s for %s", most, a.wanted(s)), fmt.Sprintf("evidence that is %s old", age.Truncate(time.Second)), fmt.Sprintf("gh run rerun %d", at.id.run))
}
