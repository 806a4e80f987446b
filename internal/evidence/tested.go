package evidence

import (
	"cmp"
	"slices"
	"time"
)

// Bounds of what is decided.
const (
	DefaultMaxAge = 7 * 24 * time.Hour
	// DefaultRetryBudget is what a policy that says nothing allows of retried cases and further attempts, together.
	DefaultRetryBudget = 5

	maxSkew = 5 * time.Minute // between GitHub's clock and ours
)

// answer is one part of a decision.
type answer struct {
	outcome Outcome
	reason  Reason
	until   time.Time // waiting: when asking again may answer otherwise; zero: when something happens
	run     int64     // of a suite: the newest run that it trusts; 0: there is none
}

// Tested decides whether what is asked about was tested. It answers OutcomeTested only if every condition holds for
// every required suite; whatever could not be had where it matters leaves the answer OutcomeUndecided.
func Tested(q Question) Decision {
	a := ask(q)
	d := Decision{Reasons: []Reason{}, Suites: []SuiteDecision{}}
	if got := a.decidable(); got.outcome != OutcomeTested {
		d.Outcome, d.Reasons = got.outcome, append(d.Reasons, got.reason)
		for _, s := range a.suites {
			d.Suites = append(d.Suites, SuiteDecision{Name: s.Name, Outcome: got.outcome, Reason: got.reason})
		}
		return d
	}
	var all []answer
	for _, condition := range []func() answer{a.digests, a.deployer, a.promotion} {
		if got := condition(); got.outcome != OutcomeTested {
			all = append(all, got)
			d.Reasons = append(d.Reasons, got.reason)
		}
	}
	for _, s := range a.suites {
		got, judged := a.suite(s)
		all = append(all, got)
		d.Suites = append(d.Suites, SuiteDecision{Name: s.Name, Outcome: got.outcome, Reason: got.reason, Record: judged, RunID: got.run})
	}
	d.Outcome, d.Until = combine(all)
	return d
}

// Admits decides the conditions of the run that asks and of what it deploys, whatever was tested: this repository's own
// code, a listed and guarded workflow, an allowed branch, artifacts that are proven. No waiver lifts them.
func Admits(q Question) Decision {
	a := &asked{q: q}
	d := Decision{Reasons: []Reason{}, Suites: []SuiteDecision{}}
	var all []answer
	for _, condition := range []func() answer{a.sound, a.guardedKnown, a.digests, a.deployer} {
		got := condition()
		all = append(all, got)
		if got.outcome != OutcomeTested {
			d.Reasons = append(d.Reasons, got.reason)
		}
	}
	d.Outcome, d.Until = combine(all)
	return d
}

// combine is the outcome of the whole: a refusal is one whatever else is unknown. A whole that waits has to wait for its
// last part.
func combine(all []answer) (Outcome, time.Time) {
	for _, o := range []Outcome{OutcomeNotTested, OutcomeUndecided, OutcomeWaiting} {
		if slices.ContainsFunc(all, func(a answer) bool { return a.outcome == o }) {
			return o, lastOf(all, o)
		}
	}
	return OutcomeTested, time.Time{}
}

// lastOf is when the last waiting part may answer otherwise; zero for any other outcome, and where one waits for an event.
func lastOf(all []answer, o Outcome) (last time.Time) {
	for _, a := range all {
		if a.outcome == o && a.until.IsZero() {
			return time.Time{}
		}
		if a.until.After(last) {
			last = a.until
		}
	}
	return last
}

// asked is a question with what is looked up more than once.
type asked struct {
	q        Question
	suites   []SuiteRequirement // by name
	attempts []*attempt         // about the subject, newest first
	others   []int              // indices in q.Records of the tenant's own of other subjects
	fault    string             // what is contradictory in the facts
}

func ask(q Question) *asked {
	a := &asked{q: q}
	a.suites = slices.Clone(q.Requirement.Suites)
	slices.SortStableFunc(a.suites, func(x, y SuiteRequirement) int { return cmp.Compare(x.Name, y.Name) })
	bound := a.gather()
	seen := newAttempts(len(bound))
	for i, r := range bound {
		at := seen.get(attemptID{r.Producer.RunID, r.Producer.Attempt})
		if at.records == nil {
			at.records = bound[i : i+1 : i+1] // nearly always the only one: no list of its own
		} else {
			at.records = append(at.records, r)
		}
		if r.Producer.RunStarted.After(at.started) {
			at.started = r.Producer.RunStarted
		}
	}
	runs, _ := q.Runs.Get()
	for i := range runs {
		if r := &runs[i]; a.isAbout(r, seen) {
			at := seen.get(attemptID{r.ID, r.Attempt})
			if at.run != nil {
				a.fault = "they name one attempt twice"
			}
			at.run, at.started = r, r.Started
		}
	}
	a.attempts = seen.newestFirst()
	return a
}

// gather are the tenant's own records that are bound to the subject; the others of its own only explain. Condition 0 is
// here: another tenant's record is not even an explanation.
func (a *asked) gather() []*Record {
	var bound []*Record
	records, _ := a.q.Records.Get()
	for i := range records {
		r := &records[i]
		switch {
		case r.Producer.Tenant != a.q.Tenant:
		case a.bound(r):
			bound = append(bound, r)
		default:
			a.others = append(a.others, i)
		}
	}
	return bound
}

// isAbout reports a run on the subject. What a pull request's run tested is no tree that its head commit has, so the tree
// decides where it is known; a re-run tests what the first attempt did.
func (a *asked) isAbout(r *Run, seen *attempts) bool {
	if r.Tree == a.q.Tree || seen.recorded(r.ID) {
		return true
	}
	return r.Tree == "" && r.HeadCommit == a.q.Commit
}

// bound is condition 1. Tree equality lets squash, rebase, a queue's fast-forward and an exact revert count, and refuses
// every merge result that nobody ran. A record of another tree does not count for naming an artifact that is built from C:
// what its workflow ran is the content of that tree, which whoever may push a branch chooses and nobody guards.
func (a *asked) bound(r *Record) bool { return r.Subject.Tree == a.q.Tree }

// holds reports that every one of want is in have.
func holds(have, want []string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}
