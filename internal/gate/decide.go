package gate

import (
	"cmp"
	"slices"
	"time"

	"github.com/org/platform-action/internal/evidence"
)

// finding is one thing that speaks against a deployment.
type finding struct {
	outcome Outcome // never OutcomeApproved
	reason  evidence.Reason
	wait    time.Time // waiting for a time; zero: for an event
	waived  bool      // a waiver lifts it
}

// asked is a question with what is looked up more than once.
type asked struct {
	q        Question // with the environment's name and requirement put in
	now      time.Time
	env      Environment
	found    []finding
	decision Decision
}

// Decide decides whether a deployment goes ahead. It approves on evidence if nothing at all speaks against it, on a waiver
// if that lifts all that does, and in an environment that is only observed; each approval has its basis.
func Decide(q Question) Decision {
	a := &asked{q: q, now: q.Subject.Now}
	a.decision = Decision{Reasons: []evidence.Reason{}, Notes: []string{},
		Evidence: evidence.Decision{Reasons: []evidence.Reason{}, Suites: []evidence.SuiteDecision{}}}
	a.q.Subject.Requirement = evidence.Requirement{}
	if a.sound() && a.environment() {
		a.admission()
		a.tests()
		a.debts()
		a.policies()
		a.freezes()
	}
	a.answer()
	a.bound()
	a.name()
	return a.decision
}

// add finds something. What is found first of equal outcomes is told first.
func (a *asked) add(f ...finding) { a.found = append(a.found, f...) }

// sound is that a run asks, at a known time.
func (a *asked) sound() bool {
	switch s := a.q.Subject; {
	case a.now.IsZero() || a.q.Asked.IsZero():
		a.add(unknown("the time of the request, and the present one", "one of them was not given"))
	case s.RunID <= 0 || s.Attempt <= 0:
		a.add(unknown("the run that asks, and its attempt", "one of them is not known"))
	default:
		return true
	}
	return false
}

// admission is what no waiver lifts: who deploys what.
func (a *asked) admission() { a.judge(evidence.Admits(a.q.Subject), false) }

// tests is everything else that evidence decides.
func (a *asked) tests() {
	a.decision.Evidence = evidence.Tested(a.q.Subject)
	a.judge(a.decision.Evidence, true)
}

// judge takes over what evidence decided. The outcome is of the whole; a reason is told with it, whatever it would be alone.
func (a *asked) judge(d evidence.Decision, waived bool) {
	outcome := outcomeOf(d.Outcome)
	if outcome == OutcomeApproved {
		return
	}
	reasons := slices.Clone(d.Reasons)
	for _, s := range d.Suites {
		if s.Outcome == d.Outcome {
			reasons = append(reasons, s.Reason)
		}
	}
	for _, r := range reasons {
		f := finding{outcome, r, d.Until, waived}
		if outcome == OutcomeRejected && r.Code == evidence.CodeUndecided {
			f.outcome = OutcomeError // told beside what decides
		}
		if !slices.ContainsFunc(a.found, func(had finding) bool { return had.reason == r }) {
			a.add(f)
		}
	}
	if len(reasons) == 0 {
		a.add(finding{outcome: OutcomeError, reason: unknown("a reason", "none was told").reason, waived: waived})
	}
}

func outcomeOf(o evidence.Outcome) Outcome {
	switch o {
	case evidence.OutcomeTested:
		return OutcomeApproved
	case evidence.OutcomeWaiting:
		return OutcomeWaiting
	case evidence.OutcomeNotTested:
		return OutcomeRejected
	case evidence.OutcomeUndecided:
	}
	return OutcomeError
}

// answer is what the findings come to, with a waiver or the observation over them.
func (a *asked) answer() {
	d := &a.decision
	d.Outcome, d.Basis = a.combine(a.found), evidence.BasisEvidence
	if d.Would = d.Outcome; d.Outcome != OutcomeApproved {
		d.Basis = evidence.BasisUnknown
		switch {
		case a.now.Before(a.env.Observe):
			d.Outcome, d.Basis = OutcomeApproved, evidence.BasisObserve
		case a.waive():
			d.Outcome, d.Would, d.Basis = OutcomeApproved, OutcomeApproved, evidence.BasisWaiver
			d.Debt = d.Evidence.Outcome != evidence.OutcomeTested
		default:
			d.Outcome = a.combine(a.found) // what was found about waivers counts as well
			d.Would = d.Outcome
		}
	}
	for _, f := range a.found {
		d.Reasons = append(d.Reasons, f.reason)
	}
}

// combine sorts the findings by what they are worth, and gives the outcome of the first: a refusal is one whatever else is
// unknown, and what waits for one thing may not be approved before it is known of the others.
func (a *asked) combine(found []finding) Outcome {
	if len(found) == 0 {
		return OutcomeApproved
	}
	slices.SortStableFunc(found, func(x, y finding) int { return cmp.Compare(worth(x.outcome), worth(y.outcome)) })
	return found[0].outcome
}

func worth(o Outcome) int {
	switch o {
	case OutcomeRejected:
		return 0
	case OutcomeError:
		return 1
	case OutcomeWaiting:
		return 2
	case OutcomeApproved:
	}
	return 3
}

// bound ends what would last for ever: errors at decide_by, waits when GitHub gives up.
func (a *asked) bound() {
	d := &a.decision
	last := a.q.Asked.Add(LongestWait)
	switch d.Outcome {
	case OutcomeWaiting:
		for _, f := range a.found {
			if f.wait.IsZero() {
				d.Wait = time.Time{}
				break
			}
			d.Wait = latest(d.Wait, f.wait)
		}
		if d.Until = last; !a.now.Before(last) || d.Wait.After(last) {
			a.giveUp("it would wait for more than " + days(LongestWait) + ", after which GitHub ends the job")
		}
	case OutcomeError:
		if a.now.IsZero() || a.q.Asked.IsZero() {
			return
		}
		since := a.q.ErrorSince
		if since.IsZero() || since.After(a.now) {
			since = a.now
		}
		d.Until = earliest(since.Add(a.decideBy()), last)
		if !a.now.Before(d.Until) {
			a.giveUp("it could not be decided for " + a.now.Sub(since).Truncate(time.Second).String() + "; decide_by allows " + a.decideBy().String() + "; re-run it then")
		}
	case OutcomeRejected, OutcomeApproved:
	}
}

func (a *asked) giveUp(why string) {
	d := &a.decision
	d.Outcome, d.Would, d.Until, d.Wait = OutcomeRejected, OutcomeRejected, time.Time{}, time.Time{}
	d.Notes = append(d.Notes, why)
}

func (a *asked) decideBy() time.Duration {
	if a.env.DecideBy > 0 {
		return a.env.DecideBy
	}
	return DefaultDecideBy
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
