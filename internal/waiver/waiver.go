// Package waiver is broken glass: who let which commit or artifacts into which environment without proof, why, and for
// how long; the same waiver and use give the same answer.
//
// Nothing here counts uses: the store does, by compare-and-swap in the transaction that approves.
package waiver

import "time"

// Bounds of a waiver.
const (
	Version  = 1
	Longest  = 4 * time.Hour
	MostUses = 10
)

// Waiver lets one subject into one environment without the proof that it asks for. It is made by New, never changed, and
// known by its ID.
type Waiver struct {
	Version      int       `json:"version"`
	Installation int64     `json:"installation"`
	Repository   int64     `json:"repository"` // id
	Environment  string    `json:"environment"`
	Commit       string    `json:"commit,omitempty"`  // this or Digests, or both
	Digests      []string  `json:"digests,omitempty"` // of artifacts; sorted
	Reason       string    `json:"reason"`
	Ticket       string    `json:"ticket,omitempty"`
	Requester    Person    `json:"requester"`
	Approver     Approver  `json:"approver"`
	Issued       time.Time `json:"issued"`  // when it was approved; UTC, whole seconds
	Expires      time.Time `json:"expires"` // at most Longest after Issued; it does not hold at this second
	Uses         int       `json:"uses"`    // approvals that it gives; New makes 1 of 0
}

// Person is an account of GitHub. Only the id decides: a login can be given away.
type Person struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

// Approver is who answers for it, with the facts that made them one when they approved.
type Approver struct {
	Person
	User bool   `json:"user"` // by API: an account of type User, no App and no bot
	As   string `json:"as"`   // entry of the default branch's environments.NAME.approvers, such as "team platform"; empty: none
}

// Use is what a deployment brings that wants to use a waiver.
type Use struct {
	Installation int64
	Repository   int64
	Environment  string
	Commit       string
	Digests      []string
	Used         int     // approvals that it gave so far
	Entitled     bool    // the approver still is one by the default branch, read now
	Actors       []int64 // actor and triggering actor of the run that asks
	Authors      []int64 // who wrote or pushed a commit since the last deployment that we approved on evidence; 0 is somebody without an account
	Now          time.Time
}

// Answer says whether a waiver holds for a use. The zero answer is that nobody looked; all but Holds refuse.
type Answer uint8

// The answers.
const (
	Unread Answer = iota
	Holds
	Malformed // or the time is not known
	OtherRepository
	OtherEnvironment
	OtherSubject
	NotYet
	Expired
	UsedUp
	NotUser
	NotApprover
	OwnRequest
	OwnRun
	OwnCommit
)
