// Package gate decides whether a deployment goes ahead: same question, same decision; what is not known never approves.
//
// What counts as tested is decided by package evidence, whose reasons and codes this package speaks. The gate adds what
// a deployment brings: environments, freezes, debts, waivers, policies, rollout and deadlines.
package gate

import "fmt"

// Outcome is the answer. The zero outcome is OutcomeError; only OutcomeApproved opens the gate.
type Outcome uint8

// The outcomes.
const (
	OutcomeError    Outcome = iota // a fact could not be had: ask again, until decide_by
	OutcomeRejected                // final for this run and attempt
	OutcomeWaiting                 // nothing speaks against it yet: ask again
	OutcomeApproved
)

var outcomeNames = [...]string{"error", "rejected", "waiting", "approved"}

// Outcomes lists every outcome.
func Outcomes() []Outcome {
	return []Outcome{OutcomeError, OutcomeRejected, OutcomeWaiting, OutcomeApproved}
}

// String is the outcome on the wire.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return outcomeNames[OutcomeError]
}

// Final reports an answer that is given to GitHub once and stands.
func (o Outcome) Final() bool { return o == OutcomeApproved || o == OutcomeRejected }

// MarshalText writes the name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads a name and refuses any other word.
func (o *Outcome) UnmarshalText(b []byte) error {
	for i, name := range outcomeNames {
		if name == string(b) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("outcome %.40q is none of error, rejected, waiting, approved", b)
}
