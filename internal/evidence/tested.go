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
		d.Suites = append(d.Suites, SuiteDecision{Name: s.Name, Outcome: got.outcome, Reason: got.reason, Record: judged})
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
		if o != OutcomeWaiting || a.outcome == o && a.until.IsZero() {
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
	q       Question
	suites  []SuiteRequirement // by name
	records []*Record          // of the tenant's own, that are bound to the subject
	others  []int              // indices in q.Records of the tenant's own of other subjects
	runs    map[attemptID]*Run // of the tenant's own repository
	about   map[int64]bool     // ids of the runs that recorded what is bound
	fault   string             // what is contradictory in the facts
}

// attemptID is one attempt of a run.
type attemptID struct {
	run     int64
	attempt int
}

func ask(q Question) *asked {
	a := &asked{q: q, runs: map[attemptID]*Run{}, about: map[int64]bool{}}
	a.suites = slices.Clone(q.Requirement.Suites)
	slices.SortStableFunc(a.suites, func(x, y SuiteRequirement) int { return cmp.Compare(x.Name, y.Name) })
	records, _ := q.Records.Get()
	for i := range records {
		if r := &records[i]; r.Producer.Tenant != q.Tenant {
			continue
		} else if a.bound(r) {
			a.records = append(a.records, r)
			a.about[r.Producer.RunID] = true
		} else {
			a.others = append(a.others, i)
		}
	}
	runs, _ := q.Runs.Get()
	for i := range runs {
		r := &runs[i]
		id := attemptID{r.ID, r.Attempt}
		if r.RepositoryID != q.Tenant.Repository {
			continue
		}
		if _, twice := a.runs[id]; twice {
			a.fault = "they name one attempt twice"
		}
		a.runs[id] = r
	}
	return a
}

// bound is condition 1. Tree equality lets squash, rebase, a queue's fast-forward and an exact revert count, and refuses
// every merge result that nobody ran. Digests bind a record of another tree if each is proven to be built from C.
func (a *asked) bound(r *Record) bool {
	return r.Subject.Tree == a.q.Tree || len(a.q.Digests) > 0 && holds(r.Subject.Digests, a.q.Digests) && a.unproven() == ""
}

// unproven is the first digest without verified provenance from C.
func (a *asked) unproven() string {
	proven, _ := a.q.Provenance.Get()
	for _, d := range a.q.Digests {
		if !slices.Contains(proven, Provenance{Digest: d, Commit: a.q.Commit}) {
			return d
		}
	}
	return ""
}

// holds reports that every one of want is in have.
func holds(have, want []string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}
