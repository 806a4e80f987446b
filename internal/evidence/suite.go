package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// attempt is what is known of one attempt of a run, for one suite.
type attempt struct {
	id       attemptID
	started  time.Time
	run      *Run   // nil: the API does not list it
	records  []held // that are trusted
	distrust string // why a record of this attempt is not
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
		Looked: "changes under " + quoteAll(s.Paths), Found: "none since " + short(a.lastDeployed().Commit)}}, nil
}

// ran is condition 5: the newest trusted attempt on this tree decides, in either direction.
func (a *asked) ran(s SuiteRequirement) (answer, *Judged) {
	all := a.attempts(s)
	trusted := slices.DeleteFunc(slices.Clone(all), func(t attempt) bool { return t.run == nil && len(t.records) == 0 })
	if len(trusted) == 0 {
		return a.nothing(s, all), nil
	}
	newest := trusted[0]
	looked := "the newest trusted run of " + a.wanted(s)
	switch {
	case newest.started.IsZero():
		return undecided(looked, fmt.Sprintf("run %d, of which it is not known when it started", newest.id.run)), nil
	case newest.started.After(a.q.Now.Add(maxSkew)):
		return undecided(looked, fmt.Sprintf("run %d, which starts at %s, after the present time %s: the clocks differ", newest.id.run, stamp(newest.started), stamp(a.q.Now))), nil
	}
	if len(newest.records) == 0 {
		if older := a.carried(newest, trusted, s); older != nil {
			newest.records = older.records
		} else {
			return a.recordedNothing(newest, trusted, s), nil
		}
	}
	if got, ok := a.finished(newest, s); !ok {
		return got, nil
	}
	return a.judge(newest, trusted, s)
}

// attempts are those about the subject, newest first. The order is by start, then by id, so that no re-run of an old run
// and no new run hides behind the other.
func (a *asked) attempts(s SuiteRequirement) []attempt {
	found := map[attemptID]*attempt{}
	get := func(id attemptID) *attempt {
		if found[id] == nil {
			found[id] = &attempt{id: id}
		}
		return found[id]
	}
	for _, r := range a.records {
		suite := r.suite(s.Name)
		if suite == nil {
			continue
		}
		at := get(attemptID{r.Producer.RunID, r.Producer.Attempt})
		if r.Producer.RunStarted.After(at.started) {
			at.started = r.Producer.RunStarted
		}
		if assurance, why := a.distrust(r, s); why != "" {
			at.distrust = max(at.distrust, why)
		} else {
			at.records = append(at.records, held{r, suite, assurance})
		}
	}
	for id, r := range a.runs {
		if a.isAbout(r) && a.trustsRun(r, s) {
			at := get(id)
			at.run, at.started = r, r.Started
		}
	}
	out := make([]attempt, 0, len(found))
	for _, at := range found {
		out = append(out, *at)
	}
	slices.SortFunc(out, func(x, y attempt) int {
		return cmp.Or(y.started.Compare(x.started), cmp.Compare(y.id.run, x.id.run), cmp.Compare(y.id.attempt, x.id.attempt))
	})
	return out
}

func (r *Record) suite(name string) *Suite {
	for i := range r.Suites {
		if r.Suites[i].Name == name {
			return &r.Suites[i]
		}
	}
	return nil
}

// isAbout reports a run on the subject. What a pull request's run tested is no tree that its head commit has, so the tree
// decides where it is known; a re-run tests what the first attempt did.
func (a *asked) isAbout(r *Run) bool {
	if a.about[r.ID] || r.Tree != "" && r.Tree == a.q.Tree {
		return true
	}
	return r.Tree == "" && r.HeadCommit == a.q.Commit
}

// carried is the earlier attempt of the same run whose job a partial re-run did not repeat, if it recorded.
func (a *asked) carried(newest attempt, all []attempt, s SuiteRequirement) *attempt {
	if newest.run == nil {
		return nil
	}
	jobs := jobsOf(newest.run, s.Job)
	last := 0
	for _, j := range jobs {
		if j.Attempt <= 0 || j.Attempt >= newest.id.attempt {
			return nil
		}
		last = max(last, j.Attempt)
	}
	// The job that recorded may have run later than the one that tested, so attempts in between are looked at too.
	for i := range all {
		if all[i].id.run == newest.id.run && all[i].id.attempt >= last && last > 0 && len(all[i].records) > 0 {
			return &all[i]
		}
	}
	return nil
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
	return fmt.Sprintf("suite %s by job %s of %s on %s", quote(s.Name), quote(s.Job), quote(s.Workflow), a.what())
}
