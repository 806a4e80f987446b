package waiver

import (
	"slices"
	"time"
)

const maxSkew = 5 * time.Minute // between GitHub's clock and ours

// Answer says whether the waiver holds for a use, and if not, the first reason why: what it is about before when it
// holds, and when before who.
func (w Waiver) Answer(u Use) Answer {
	switch {
	case w.Validate() != nil || u.Now.IsZero():
		return Malformed
	case w.Installation != u.Installation || w.Repository != u.Repository:
		return OtherRepository
	case w.Environment != u.Environment:
		return OtherEnvironment
	case !w.names(u):
		return OtherSubject
	case w.Issued.After(u.Now.Add(maxSkew)):
		return NotYet
	case !u.Now.Before(w.Expires):
		return Expired
	case u.Used < 0 || u.Used >= w.Uses:
		return UsedUp
	}
	return w.approved(u)
}

// names reports that the waiver is about what is deployed: all that it names has to be it.
func (w Waiver) names(u Use) bool {
	if w.Commit != "" && w.Commit != u.Commit {
		return false
	}
	return len(w.Digests) == 0 || len(u.Digests) > 0 && subset(u.Digests, w.Digests)
}

func subset(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}

// approved asks who answers for it. An author without an account could be anyone, the approver too.
func (w Waiver) approved(u Use) Answer {
	switch by := w.Approver; {
	case !by.User:
		return NotUser
	case by.As == "" || !u.Entitled:
		return NotApprover
	case by.ID == w.Requester.ID:
		return OwnRequest
	case len(u.Actors) == 0 || slices.Contains(u.Actors, by.ID) || slices.Contains(u.Actors, 0):
		return OwnRun
	case slices.Contains(u.Authors, by.ID) || slices.Contains(u.Authors, 0):
		return OwnCommit
	}
	return Holds
}

// Says is the answer in one sentence.
func (a Answer) Says() string {
	switch a {
	case Unread:
		return "nobody looked at it"
	case Holds:
		return "it holds"
	case Malformed:
		return "it is no valid waiver"
	case OtherRepository:
		return "it is of another repository"
	case OtherEnvironment:
		return "it is for another environment"
	case OtherSubject:
		return "it is for another commit or other artifacts"
	case NotYet:
		return "it begins later"
	case Expired:
		return "it has expired"
	case UsedUp:
		return "it was used as often as it may be"
	case NotUser:
		return "its approver is no person"
	case NotApprover:
		return "its approver is none by the default branch"
	case OwnRequest:
		return "its approver is its requester"
	case OwnRun:
		return "its approver started the run, or nobody knows who did"
	case OwnCommit:
		return "its approver wrote or pushed what is deployed, or an author of it is not known"
	}
	return Unread.Says()
}
