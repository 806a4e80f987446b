package gate

import (
	"strings"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/verdict"
)

// policy takes over one finding of a policy. A severity that is not known is undecided.
func (a *asked) policy(f verdict.Finding) {
	looked := strings.TrimSpace("policy " + f.ID + " " + f.Title)
	switch f.Severity {
	case verdict.Allow:
	case verdict.Warn:
		a.decision.Notes = append(a.decision.Notes, looked+": "+f.Message)
	case verdict.Block:
		a.addWaived(refused(evidence.CodePolicyBlocked, looked, f.Message, f.Fix))
	case verdict.Undecided:
		a.addWaived(unknownPolicy(looked, f))
	default:
		a.addWaived(unknownPolicy(looked, f))
	}
}

func unknownPolicy(looked string, f verdict.Finding) finding {
	u := unknown(looked, f.Message)
	if f.Fix != "" {
		u.reason.Fix = f.Fix
	}
	return u
}

func (a *asked) addWaived(f finding) {
	f.waived = true
	a.add(f)
}
