package gate

import (
	"time"

	"github.com/org/platform-action/internal/evidence"
)

// Decision is the answer to a Question.
type Decision struct {
	Outcome Outcome           `json:"outcome"`
	Basis   evidence.Basis    `json:"basis"`   // why it is approved; BasisUnknown for every other outcome
	Reasons []evidence.Reason `json:"reasons"` // against it, the one that decides first; empty: none. Of a waiver or an observed environment: what was passed over
	Notes   []string          `json:"notes"`   // what is worth telling and decides nothing, such as why a waiver does not hold
	Until   time.Time         `json:"until"`   // waiting: when to ask again at the latest; error: when it becomes a rejection; zero otherwise
	Wait    time.Time         `json:"wait"`    // waiting for a time (a soak, a freeze): when asking again may answer otherwise; zero: when something happens

	Environment string            `json:"environment"`      // as the configuration names it; empty: it names none such
	Would       Outcome           `json:"would"`            // what it would have been without observing; else the outcome
	Waiver      string            `json:"waiver,omitempty"` // id of the one that approves, whose use has to be taken in the approving transaction
	Debt        bool              `json:"debt"`             // approving opens a test debt for the tree
	Evidence    evidence.Decision `json:"evidence"`         // what was said of the tests

	Facts  string `json:"facts"`  // sha256:… over the question without its Now: the same while nothing happens
	Digest string `json:"digest"` // sha256:… over Facts and the answer
}
