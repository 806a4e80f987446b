package evidence

import (
	"fmt"
)

// view is an attempt as one suite sees it.
type view struct {
	*attempt
	at       int    // its place among all attempts
	run      *Run   // nil: the API lists none that the suite trusts
	held     []held // records of the suite that are trusted
	distrust string // why one that is not trusted is not
}

// held is a trusted record with the suite that was asked for.
type held struct {
	record    *Record
	suite     *Suite
	assurance Assurance
}

// suite decides one suite. A suite out of scope need not have run; but where it did run on this tree and is red, it is.
func (a *asked) suite(s SuiteRequirement) (answer, *Judged) {
	got, judged := a.ran(s)
	if got.outcome == OutcomeTested || got.reason.Code == CodeTestsFailed || !a.outOfScope(s) {
		return got, judged
	}
	return answer{outcome: OutcomeTested, reason: Reason{Code: CodeNotApplicable, Message: CodeNotApplicable.Message(),
		Looked: "changes under " + quoteAll(s.Paths), Found: "none since " + short(a.q.LastDeployed().Commit)}}, nil
}

// ran is condition 5: the newest trusted attempt on this tree decides, in either direction.
func (a *asked) ran(s SuiteRequirement) (answer, *Judged) {
	newest, distrust := a.newest(s)
	if newest == nil {
		return a.nothing(s, distrust), nil
	}
	got, judged := a.by(newest, s)
	got.run = newest.id.run
	return got, judged
}

// by decides by one attempt.
func (a *asked) by(newest *view, s SuiteRequirement) (answer, *Judged) {
	looked := "the newest trusted run of " + a.wanted(s)
	switch {
	case newest.started.IsZero():
		return undecided(looked, fmt.Sprintf("run %d, of which it is not known when it started", newest.id.run)), nil
	case newest.started.After(a.q.Now.Add(maxSkew)):
		return undecided(looked, fmt.Sprintf("run %d, which starts at %s, after the present time %s: the clocks differ", newest.id.run, stamp(newest.started), stamp(a.q.Now))), nil
	}
	if len(newest.held) == 0 {
		if newest.held = a.carried(newest, s); len(newest.held) == 0 {
			return a.recordedNothing(newest, s), nil
		}
	}
	if got, ok := a.finished(newest, s); !ok {
		return got, nil
	}
	return a.judge(newest, s)
}

// newest is the newest attempt that a suite trusts; nil: none, and why the newest of the others is not trusted.
func (a *asked) newest(s SuiteRequirement) (*view, string) {
	distrust := ""
	for i := range a.attempts {
		v := a.view(i, s)
		if v.run != nil || len(v.held) > 0 {
			return &v, ""
		}
		if distrust == "" {
			distrust = v.distrust
		}
	}
	return nil, distrust
}

func (a *asked) view(i int, s SuiteRequirement) view {
	v := view{attempt: a.attempts[i], at: i}
	if run := v.attempt.run; run != nil && a.trustsRun(run, s) {
		v.run = run
	}
	for _, r := range v.records {
		suite := r.suite(s.Name)
		if suite == nil {
			continue
		}
		if assurance, why := a.distrust(r, v.attempt.run, s); why != "" {
			v.distrust = max(v.distrust, why)
		} else {
			v.held = append(v.held, held{r, suite, assurance})
		}
	}
	return v
}

// before is the newest attempt before another one that holds a record of the suite of which of says yes.
func (a *asked) before(v *view, s SuiteRequirement, of func(view) bool) *view {
	for i := v.at + 1; i < len(a.attempts); i++ {
		if older := a.view(i, s); len(older.held) > 0 && of(older) {
			return &older
		}
	}
	return nil
}

func (r *Record) suite(name string) *Suite {
	for i := range r.Suites {
		if r.Suites[i].Name == name {
			return &r.Suites[i]
		}
	}
	return nil
}

// carried are the records of the earlier attempt of the same run whose job a partial re-run did not repeat.
func (a *asked) carried(newest *view, s SuiteRequirement) []held {
	last := 0
	for _, j := range jobsOf(newest.run, s.Job) {
		if j.Attempt <= 0 {
			return nil
		}
		last = max(last, j.Attempt)
	}
	// The job that recorded may have run later than the one that tested, so attempts in between are looked at too.
	older := a.before(newest, s, func(v view) bool { return v.id.run == newest.id.run && v.id.attempt >= last && last > 0 })
	if older == nil {
		return nil
	}
	return older.held
}

func jobsOf(r *Run, name string) []Job {
	jobs, _ := r.Jobs.Get()
	var out []Job
	for _, j := range jobs {
		if j.Name == name {
			out = append(out, j)
		}
	}
	return out
}

// wanted is what is looked for, as people read it.
func (a *asked) wanted(s SuiteRequirement) string {
	return fmt.Sprintf("suite %s by job %s of %s on %s", quote(s.Name), quote(s.Job), quote(s.Workflow), "tree "+short(a.q.Tree))
}
