// Package evidence decides from records of test runs whether a tree was really tested: same question, same decision.
//
// Nothing here reads a clock, a network or a file. What could not be had is told as missing and leaves the decision
// undecided, which blocks. A record says what a verified token, GitHub's API and the bytes of reports said; never what
// a job claimed about itself. What this cannot prove: code under test can forge its own report, so a decision says that
// a trusted workflow ran on this tree and that its reports are green.
package evidence

import "fmt"

// Tenant is whose evidence it is: an installation of the App and one repository of it, both by id. A record counts for
// its own tenant only, because a copied repository has the same trees.
type Tenant struct {
	Installation int64 `json:"installation"`
	Repository   int64 `json:"repository"`
}

// Known reports that both ids are set.
func (t Tenant) Known() bool { return t.Installation > 0 && t.Repository > 0 }

// Assurance is how far the recording was kept apart from the code under test. The zero value is none and counts
// nowhere; a higher one always suffices where a lower one is asked for.
type Assurance uint8

// The assurances, weakest first.
const (
	AssuranceNone     Assurance = iota
	AssuranceArtifact           // the server fetched the artifact of a trusted run
	AssuranceSameJob            // the job that ran the tests uploaded its reports: any test in it could have
	AssuranceIsolated           // a job without the code under test, which needs the test job, uploaded them
)

var assuranceNames = [...]string{"none", "artifact", "same-job", "isolated"}

// String is the name on the wire.
func (a Assurance) String() string {
	if int(a) < len(assuranceNames) {
		return assuranceNames[a]
	}
	return assuranceNames[AssuranceNone]
}

// MarshalText writes the name.
func (a Assurance) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a name and refuses any other word.
func (a *Assurance) UnmarshalText(b []byte) error {
	for i, name := range assuranceNames {
		if name == string(b) {
			*a = Assurance(i)
			return nil
		}
	}
	return fmt.Errorf("assurance %.40q is none of none, artifact, same-job, isolated", b)
}
