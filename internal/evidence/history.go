package evidence

import (
	"fmt"
	"time"
)

// History is what our own ledger knows. GitHub's deployment statuses are no part of it: any token that may write
// deployments can forge one.
type History struct {
	Passing     []Passing    // records of the base branch whose tree was deployed with an evidence-based approval
	Deployments []Deployment // to E and to Requirement.After, of any basis
}

// Passing is one record that counted.
type Passing struct {
	Suite   string
	RunID   int64
	Ran     int // executed without the skipped ones
	Started time.Time
}

// Basis is why a deployment went ahead. Only BasisEvidence counts for rollback, soak, scope and history.
type Basis uint8

// The bases; the zero one is not known and counts for nothing.
const (
	BasisUnknown  Basis = iota
	BasisEvidence       // we approved it on evidence
	BasisWaiver         // somebody broke the glass
	BasisObserve        // the environment was only observed
	BasisBypass         // without an approval of ours
)

var basisNames = [...]string{"unknown", "evidence", "waiver", "observe", "bypass"}

// Bases lists every basis.
func Bases() []Basis {
	return []Basis{BasisUnknown, BasisEvidence, BasisWaiver, BasisObserve, BasisBypass}
}

// String is the name on the wire.
func (b Basis) String() string {
	if int(b) < len(basisNames) {
		return basisNames[b]
	}
	return basisNames[BasisUnknown]
}

// MarshalText writes the name.
func (b Basis) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a name and refuses any other word.
func (b *Basis) UnmarshalText(text []byte) error {
	for i, name := range basisNames {
		if name == string(text) {
			*b = Basis(i)
			return nil
		}
	}
	return fmt.Errorf("basis %.40q is none of unknown, evidence, waiver, observe, bypass", text)
}

// Deployment is one deployment in the ledger.
type Deployment struct {
	Environment string // compared without case, as GitHub does
	Commit      string
	Tree        string
	Digests     []string
	Basis       Basis
	Succeeded   bool // the job that deployed succeeded
	At          time.Time
	Suites      []string // suites that were tested or not applicable then
}
