package control

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/waiver"
)

// ErrMovedOn means that what a decision stands on has changed since it was read: it has to be decided anew.
var ErrMovedOn = errors.New("what the decision stands on has changed meanwhile")

// DeploymentKey names what is decided once. A re-run inherits nothing: it is another attempt.
type DeploymentKey struct {
	Environment string `json:"environment"` // in lower case
	Run         int64  `json:"run"`
	Attempt     int    `json:"attempt"`
}

// DeploymentStage is how far the answer is. The zero stage is that nothing is decided.
type DeploymentStage uint8

// The stages.
const (
	StageOpen     DeploymentStage = iota
	StageDecided                  // recorded; GitHub is being told, and may know it already
	StageAnswered                 // GitHub has it
	StageOver                     // nobody waits for it any more
)

// DeploymentRecord is one wait of a run for an environment, and what became of it.
type DeploymentRecord struct {
	DeploymentKey

	Name       string          `json:"name"`       // of the environment, as GitHub writes it
	Deployment int64           `json:"deployment"` // id at GitHub; 0: not told
	Commit     string          `json:"commit"`
	Tree       string          `json:"tree"`
	Digests    []string        `json:"digests,omitempty"`
	Stage      DeploymentStage `json:"stage"`

	Outcome   gate.Outcome   `json:"outcome"`
	Basis     evidence.Basis `json:"basis"`
	Digest    string         `json:"digest"` // of the decision that the ledger has
	Sequence  int64          `json:"sequence"`
	Chain     string         `json:"chain"`
	Comment   string         `json:"comment"`          // that the answer carries
	Waiver    string         `json:"waiver,omitempty"` // whose use it took
	Posting   bool           `json:"posting"`          // an answer was begun and its end not seen
	Told      gate.Outcome   `json:"told"`             // what that answer was
	ToldBasis evidence.Basis `json:"told_basis"`
	Shown     string         `json:"shown"` // digest of the last status report
	Reports   int            `json:"reports"`

	Asked      time.Time `json:"asked"`
	ErrorSince time.Time `json:"error_since"` // zero: the last answer was no error
	Errors     int       `json:"errors"`      // in a row
	Decided    time.Time `json:"decided"`
	Wake       time.Time `json:"wake"` // of an open one: when it is looked at again, whatever happens

	Locked    bool               `json:"locked,omitempty"`  // jobs asked, and no protection rule
	Suites    []string           `json:"suites,omitempty"`  // that were tested or not applicable
	Passing   []evidence.Passing `json:"passing,omitempty"` // records that counted
	Settled   bool               `json:"settled"`           // how its jobs ended is known
	Succeeded bool               `json:"succeeded"`
	Ended     time.Time          `json:"ended"`
}

// Open reports that an answer is still to be given.
func (d DeploymentRecord) Open() bool { return d.Stage == StageOpen || d.Stage == StageDecided }

// Went reports that it went ahead.
func (d DeploymentRecord) Went() bool {
	return d.Basis == evidence.BasisBypass || d.Outcome == gate.OutcomeApproved && (d.Stage == StageDecided || d.Stage == StageAnswered)
}

// Refused reports that an answer stands which is no approval.
func (d DeploymentRecord) Refused() bool {
	return d.Stage == StageAnswered && d.Outcome != gate.OutcomeApproved && d.Basis != evidence.BasisBypass
}

// Changed is when it was decided; before that, when it was asked.
func (d DeploymentRecord) Changed() time.Time {
	if d.Decided.IsZero() {
		return d.Asked
	}
	return d.Decided
}

// DueDeployment is one whose time has come.
type DueDeployment struct {
	Tenant Tenant
	Key    DeploymentKey
}

// AnyEvidence is the version of a decision that stands whatever the evidence is: GitHub has it.
const AnyEvidence int64 = -1

// DeploymentVerdict is one decision, as the ledger keeps it, with what it takes.
type DeploymentVerdict struct {
	Kind     string // of the ledger's entry: deployment or bypass
	Record   DeploymentRecord
	Body     json.RawMessage
	At       time.Time
	Evidence int64      // version of the evidence that an approval stands on
	Waiver   *TakenUse  // use of a waiver that it takes; nil: none
	Debt     *gate.Debt // that it opens; nil: none
	Beside   bool       // it is a job's own question: a record that is there stays as it is
}

// TakenUse is a use of a waiver, as it was read.
type TakenUse struct {
	ID   string
	Used int // before
}

// GateRecords is what the flow remembers of deployments. Every method is of one tenant and sees nothing of another, but for
// DueDeployments, which is the watchdog's and tells keys alone.
type GateRecords interface {
	Deployment(ctx context.Context, t Tenant, k DeploymentKey) (DeploymentRecord, bool, error)
	DeploymentsOf(ctx context.Context, t Tenant, run int64) ([]DeploymentRecord, error) // all attempts
	OpenDeployments(ctx context.Context, t Tenant) ([]DeploymentRecord, error)
	DueDeployments(ctx context.Context, at time.Time) ([]DueDeployment, error)

	// DeploymentHistory lists those that went ahead, newest first; no more than limit of each environment.
	DeploymentHistory(ctx context.Context, t Tenant, environments []string, limit int) ([]DeploymentRecord, error)

	// ChangeDeployment reads, changes and writes a record in one transaction; one that is not there is the zero value with
	// its key. change may be called more than once.
	ChangeDeployment(ctx context.Context, t Tenant, k DeploymentKey, change func(*DeploymentRecord)) (DeploymentRecord, error)

	// EndDeployment notes how the jobs of an answered deployment ended. Of one that went ahead the ledger gets an entry, in
	// the same transaction. One that is over or settled stays as it is.
	EndDeployment(ctx context.Context, t Tenant, k DeploymentKey, succeeded bool, at time.Time) error

	EvidenceVersion(ctx context.Context, t Tenant) (int64, error)

	// DecideDeployment appends the decision to the ledger, unless it is the one that the record has, takes the use of a
	// waiver, opens the debt and writes the record, in one transaction. ErrMovedOn: the evidence or the waiver's uses are
	// not what was read, or the record is decided already; nothing is written.
	DecideDeployment(ctx context.Context, t Tenant, v DeploymentVerdict) (DeploymentRecord, error)

	Debts(ctx context.Context, t Tenant, environment string, after time.Time) ([]gate.Debt, error) // oldest first

	// SaveWaiver keeps an approved waiver, and appends it to the ledger. The same one again changes nothing.
	SaveWaiver(ctx context.Context, t Tenant, w waiver.Waiver) (LedgerEntry, error)
	Waivers(ctx context.Context, t Tenant, environment string, at time.Time) ([]KeptWaiver, error) // that have not expired and are not revoked; by id
	RevokeWaiver(ctx context.Context, t Tenant, id string, by Person, at time.Time) (bool, error)
}

// KeptWaiver is one with what became of it.
type KeptWaiver struct {
	Waiver waiver.Waiver
	Used   int
}
