package policy

import (
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// leftOut reports a unit that is about something else than what is decided. Where a deployment is decided there is no plan,
// and only what looks at the deployment, at its evidence, at parameters or at whatever there is, is asked; where none is, what
// is about one is not.
func (u *unit) leftOut(f fact.Facts) bool {
	_, deploying := f.Deployment.Get()
	if !deploying {
		return u.needs.deploys && !u.needs.missing
	}
	ours := u.dialect != DialectConftest && u.dialect != DialectInfracost
	return !ours || (u.needs.plan || u.needs.estimate) && !u.needs.deployment && !u.needs.evidence && !u.needs.whole
}

// lack is a fact that cannot be had.
type lack struct{ why, fix string }

const giveInput = "Give the missing input and run again."

// missing is why the unit's facts cannot be had, or zero. A package that asks input.missing judges that itself, and so does one
// that asks input.deployment.pull_requests_missing.
func (u *unit) missing(f fact.Facts, docs *documents) lack {
	switch u.dialect {
	case DialectConftest:
		return because("the plan document", docs.conftestY)
	case DialectInfracost:
		return because("the Infracost document", docs.infracostY)
	}
	if why := u.withoutGroup(f); why != "" && !u.needs.missing {
		return lack{why, giveInput}
	}
	if d, deploying := f.Deployment.Get(); deploying && u.needs.pulls && d.PullRequests == nil && !u.needs.told {
		return lack{"the pull requests of the deployment are not known: " + orElse(d.PullsMissing, "nobody said why"), "Ask again, or deploy fewer commits at once."}
	}
	return lack{}
}

// withoutGroup is why a group of facts cannot be had. Who looks at whatever there is needs all that is known of what is decided:
// of a deployment that is no plan, of a plan it is no evidence.
func (u *unit) withoutGroup(f fact.Facts) string {
	_, deploying := f.Deployment.Get()
	n := u.needs
	named := !deploying || n.deployment || n.evidence
	if _, known := f.Plan.Get(); (n.plan && named || n.whole && !deploying) && !known {
		return "the plan is missing: " + f.Plan.Why()
	}
	if _, known := f.Estimate.Get(); (n.estimate && named || n.whole && !deploying) && !known {
		return "the cost estimate is missing: " + f.Estimate.Why()
	}
	if _, known := f.Evidence.Get(); (n.evidence || n.whole && deploying) && !known {
		return "the test evidence is missing: " + f.Evidence.Why()
	}
	return ""
}

func because(what string, err error) lack {
	if err == nil {
		return lack{}
	}
	return lack{what + " is missing: " + err.Error(), giveInput}
}

// missingFindings says once per reason which rules could not be decided; the result is sorted later.
func missingFindings(skipped map[lack][]string) []verdict.Finding {
	var out []verdict.Finding
	for why, ids := range skipped {
		slices.Sort(ids)
		out = append(out, verdict.Finding{ID: IDMissing, Title: "Facts that policies need are missing", Severity: verdict.Undecided,
			Message: clip(why.why+"; not decided: "+strings.Join(slices.Compact(ids), ", "), maxText), Fix: why.fix})
	}
	return out
}

// noneFinding says that nothing was asked. That no policy of a bundle is about deployments is nothing to tell of each.
func noneFinding(enabled int, f fact.Facts) []verdict.Finding {
	why := "No policy is loaded or every policy is disabled."
	if _, deploying := f.Deployment.Get(); enabled > 0 && deploying {
		return nil
	} else if enabled > 0 {
		why = "Every policy that is loaded is about deployments."
	}
	return []verdict.Finding{{ID: IDNone, Title: "No policy was evaluated", Message: why, Severity: verdict.Warn, Fix: "Load a policy bundle."}}
}
