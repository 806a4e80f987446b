package evidence

import (
	"fmt"
	"time"

	"github.com/org/platform-action/internal/evidence/report"
)

// Outcome is the answer. The zero outcome is Undecided; all but OutcomeTested keep the gate shut.
type Outcome uint8

// The outcomes, in the order in which they are worse: one suite that is not tested decides, whatever else is unknown.
const (
	OutcomeUndecided Outcome = iota // a fact could not be had
	OutcomeNotTested
	OutcomeWaiting // nothing speaks against it yet: ask again
	OutcomeTested
)

var outcomeNames = [...]string{"undecided", "not-tested", "waiting", "tested"}

// String is the outcome on the wire.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return outcomeNames[OutcomeUndecided]
}

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
	return fmt.Errorf("outcome %.40q is none of undecided, not-tested, waiting, tested", b)
}

// Reason is one thing that was decided. Its texts hold names that outsiders chose, quoted, and are hostile until a
// renderer has escaped them.
type Reason struct {
	Code    Code   `json:"code"`
	Message string `json:"message"` // what it means, in one sentence
	Looked  string `json:"looked"`  // what was looked for
	Found   string `json:"found"`
	Fix     string `json:"fix"` // the one command, or the one thing to do; empty where nothing is to be done
}

// Decision is the answer to a Question.
type Decision struct {
	Outcome Outcome         `json:"outcome"`
	Reasons []Reason        `json:"reasons"` // on the subject as a whole: deployer, promotion, facts; empty: none against it
	Suites  []SuiteDecision `json:"suites"`  // one a required suite, by name
	Until   time.Time       `json:"until"`   // Waiting: when asking again may answer otherwise; zero: when something happens
}

// SuiteDecision is the answer for one suite.
type SuiteDecision struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Reason
	Record *Judged `json:"record,omitempty"` // what it was judged by; nil where there is none
	RunID  int64   `json:"run_id,omitempty"` // the newest run that may record it; 0: none is known
}

// Judged is the record that a suite was judged by.
type Judged struct {
	ID        string          `json:"id"`
	Counts    report.Counts   `json:"counts"`
	Coverage  report.Coverage `json:"coverage,omitzero"`  // the least that a record of the attempt measured
	Measured  []string        `json:"measured,omitempty"` // names of the first reports that coverage is of
	Commit    string          `json:"commit"`
	Tree      string          `json:"tree"`
	Assurance Assurance       `json:"assurance"` // as it counts for this suite
	Age       time.Duration   `json:"age"`       // since the run's attempt started
	RunID     int64           `json:"run_id"`
	Attempt   int             `json:"attempt"`
}
