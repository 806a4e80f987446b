package evidence

import "fmt"

// Code is why, in one word that outsiders see. The zero code is CodeUndecided, which blocks.
type Code uint8

// The codes. Tested and NotApplicable let a suite pass; Running and Soak may wait; every other one refuses.
const (
	CodeUndecided Code = iota
	CodeTested
	CodeNotApplicable
	CodeRunning
	CodeNoEvidence
	CodeEvidenceMissing
	CodeWrongTree
	CodeWrongDigest
	CodeZeroTests
	CodeTestCountCollapsed
	CodeTestsFailed
	CodeOnlySkipped
	CodeUntrustedProducer
	CodeSelfAttested
	CodeStale
	CodeSuperseded
	CodeMergeNotTested
	CodeStageMissing
	CodeSoak
	CodeSubjectMismatch
	CodeFrozen
	CodePolicyError
	CodeWaiverExpired
	CodeTestDebt
	CodePolicyBlocked
)

var codeNames = [...]string{
	"undecided", "tested", "not-applicable", "tests-running", "no-evidence", "evidence-missing", "wrong-tree", "wrong-digest", "zero-tests",
	"test-count-collapsed", "tests-failed", "only-skipped", "untrusted-producer", "self-attested", "stale", "superseded",
	"merge-not-tested", "stage-missing", "soak", "subject-mismatch", "frozen", "policy-error", "waiver-expired", "test-debt", "policy-blocked",
}

// Codes lists every code.
func Codes() []Code {
	out := make([]Code, 0, len(codeNames))
	for c := CodeUndecided; int(c) < len(codeNames); c++ {
		out = append(out, c)
	}
	return out
}

// String is the code on the wire.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return codeNames[CodeUndecided]
}

// MarshalText writes the name.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name and refuses any other word.
func (c *Code) UnmarshalText(b []byte) error {
	for _, known := range Codes() {
		if known.String() == string(b) {
			*c = known
			return nil
		}
	}
	return fmt.Errorf("code %.40q is not known", b)
}
