package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/verdict"
)

// environment finds what is asked of the environment that the request names, letter by letter. GitHub takes names that
// differ in case for one environment; which of two spellings has whose secrets is not for us to guess.
func (a *asked) environment() bool {
	s, ok := a.q.Settings.Get()
	if !ok {
		a.add(unknown("the configuration of the default branch", a.q.Settings.Why()))
		return false
	}
	name := a.q.Subject.Environment
	var same []Environment
	for _, e := range s.Environments {
		if strings.EqualFold(e.Name, name) {
			same = append(same, e)
		}
	}
	const looked = "an environment of .github/platform.yml on the default branch"
	switch {
	case name == "" || len(same) == 0:
		a.add(refused(evidence.CodePolicyError, looked, ascii(name)+", which it does not name", "name it under environments, or correct the workflow's environment"))
	case len(same) > 1:
		a.add(refused(evidence.CodePolicyError, looked, ascii(name)+", which it names twice, in another case", "keep one of them"))
	case same[0].Name != name:
		a.add(refused(evidence.CodePolicyError, looked, fmt.Sprintf("%s, where it has %s", ascii(name), ascii(same[0].Name)), "write the environment of the workflow as "+ascii(same[0].Name)))
	default:
		a.env, a.decision.Environment = same[0], name
		a.q.Subject.Requirement = same[0].Requirement
		return true
	}
	return false
}

// policies are what Rego said of this deployment. It can add reasons, and takes none away.
func (a *asked) policies() {
	findings, ok := a.q.Policies.Get()
	if !ok {
		a.addWaived(unknown("what the policies say", a.q.Policies.Why()))
		return
	}
	v := verdict.Verdict{Findings: slices.Clone(findings)}
	v.Sort()
	for _, f := range v.Findings {
		a.policy(f)
	}
}

// debts are trees that went here without proof. Until one is paid nothing else goes here but what replaces it for certain:
// a tree that was proven here before.
func (a *asked) debts() {
	debts, ok := a.q.Debts.Get()
	if !ok {
		a.addWaived(unknown("test debts of the environment", a.q.Debts.Why()))
		return
	}
	debts = slices.Clone(debts)
	slices.SortFunc(debts, func(x, y Debt) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Tree, y.Tree), cmp.Compare(x.Commit, y.Commit), cmp.Compare(x.Basis, y.Basis))
	})
	for _, d := range debts {
		arrived := d.Evidence.Outcome == evidence.OutcomeTested || d.Tree == a.q.Subject.Tree && a.decision.Evidence.Outcome == evidence.OutcomeTested
		if !arrived && !a.replaced(d) && !a.q.Subject.RollsBack() {
			a.addWaived(a.owed(d))
		}
	}
}

// replaced reports that another tree was deployed with success since, by an approval that somebody answered for. One past
// us pays nothing: whoever may write deployments could forge it.
func (a *asked) replaced(debt Debt) bool {
	return slices.ContainsFunc(a.q.Subject.Deployments(a.env.Name), func(d evidence.Deployment) bool {
		ours := d.Basis == evidence.BasisEvidence || d.Basis == evidence.BasisWaiver
		return ours && d.Succeeded && d.At.After(debt.At) && !d.At.After(a.now) && d.Tree != debt.Tree
	})
}

func (a *asked) owed(d Debt) finding {
	looked := fmt.Sprintf("evidence for tree %s of %s, which is in %s by %s", object(d.Tree), object(d.Commit), ascii(a.env.Name), by(d.Basis))
	why, fix := firstReason(d.Evidence)
	if fix == "" {
		fix = "run its tests"
	}
	fix += ", or roll back to a tree that was approved on evidence"
	switch outcomeOf(d.Evidence.Outcome) {
	case OutcomeWaiting:
		return finding{outcome: OutcomeWaiting, reason: reason(evidence.CodeTestDebt, looked, why, fix), wait: d.Evidence.Until}
	case OutcomeRejected:
		return refused(evidence.CodeTestDebt, looked, why, fix)
	case OutcomeError, OutcomeApproved:
	}
	return unknown(looked, why)
}

func by(b evidence.Basis) string {
	switch b {
	case evidence.BasisWaiver:
		return "a waiver"
	case evidence.BasisBypass:
		return "going past this gate"
	case evidence.BasisEvidence, evidence.BasisObserve, evidence.BasisUnknown:
	}
	return "a way that is not known"
}

// firstReason is why a tree is not tested, and what to do.
func firstReason(d evidence.Decision) (why, fix string) {
	for _, r := range d.Reasons {
		return r.Code.String() + ": " + r.Found, r.Fix
	}
	for _, s := range d.Suites {
		if s.Outcome == d.Outcome {
			return s.Code.String() + ": " + s.Found, s.Fix
		}
	}
	return "it was not looked at", ""
}
