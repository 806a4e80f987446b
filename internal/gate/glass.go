package gate

import (
	"cmp"
	"slices"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/waiver"
)

const mostTold = 5

// waive finds a waiver that lifts all that was found. While it is not known whether there is one, what it could lift is
// not final.
func (a *asked) waive() bool {
	if slices.ContainsFunc(a.found, func(f finding) bool { return !f.waived }) {
		return false
	}
	all, ok := a.q.Waivers.Get()
	if !ok {
		a.doubt(unknown("waivers for this deployment", a.q.Waivers.Why()))
		return false
	}
	all = slices.Clone(all)
	slices.SortFunc(all, func(x, y Glass) int {
		return cmp.Or(x.Waiver.Expires.Compare(y.Waiver.Expires), cmp.Compare(x.Waiver.ID(), y.Waiver.ID()))
	})
	var told []func() // why none of them holds; of no interest where one does
	for _, g := range all {
		switch answer := a.holds(g); answer {
		case waiver.Holds:
			a.decision.Waiver = g.Waiver.ID()
			return true
		case waiver.OtherRepository, waiver.OtherEnvironment:
		case waiver.Expired, waiver.UsedUp:
			told = append(told, func() { a.spent(g, answer) })
		case waiver.Unread:
			told = append(told, func() { a.doubt(unknown("who may not approve waiver "+brief(g), a.q.People.Why())) })
		case waiver.Malformed, waiver.OtherSubject, waiver.NotYet, waiver.NotUser, waiver.NotApprover, waiver.OwnRequest, waiver.OwnRun, waiver.OwnCommit:
			told = append(told, func() { a.useless(g, answer) })
		}
	}
	for _, tell := range told[:min(len(told), mostTold)] {
		tell()
	}
	return false
}

// holds asks a waiver. Unread: it would hold if the people were not among those who may not approve it.
func (a *asked) holds(g Glass) waiver.Answer {
	s := a.q.Subject
	use := waiver.Use{Installation: s.Tenant.Installation, Repository: s.Tenant.Repository, Environment: a.env.Name,
		Commit: s.Commit, Digests: s.Digests, Used: g.Used, Entitled: g.Entitled, Now: a.now}
	people, known := a.q.People.Get()
	if use.Actors, use.Authors = people.Actors, people.Authors; known {
		return g.Waiver.Answer(use)
	}
	use.Actors = []int64{-1} // nobody
	if answer := g.Waiver.Answer(use); answer != waiver.Holds {
		return answer
	}
	return waiver.Unread
}

// spent tells of a waiver that held once. It refuses nothing that would not be refused without it.
func (a *asked) spent(g Glass, answer waiver.Answer) {
	if a.combine(a.found) != OutcomeRejected {
		a.useless(g, answer)
		return
	}
	f := refused(evidence.CodeWaiverExpired, "a waiver for this deployment that holds", "waiver "+brief(g)+": "+answer.Says(), "deploy what was tested, or ask for another waiver")
	a.found = append([]finding{f}, a.found...)
}

func (a *asked) doubt(f finding) {
	if a.combine(a.found) != OutcomeRejected {
		return
	}
	for i := range a.found {
		if a.found[i].outcome == OutcomeRejected {
			a.found[i].outcome = OutcomeError
		}
	}
	a.found = append([]finding{f}, a.found...)
}

func (a *asked) useless(g Glass, answer waiver.Answer) {
	a.decision.Notes = append(a.decision.Notes, "waiver "+brief(g)+" does not count: "+answer.Says())
}

func brief(g Glass) string { return g.Waiver.ID()[:len("sha256:")+12] }
