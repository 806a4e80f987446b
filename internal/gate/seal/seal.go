// Package seal signs what the gate answered and verifies it against keys that the verifier brings: DSSE over Ed25519,
// bound to one job and ten minutes.
package seal

import (
	"crypto/ed25519"
	"errors"
	"time"
)

// Bounds of a signed verdict.
const (
	PayloadType = "application/vnd.platform.deployment-verdict.v1+json"
	Longest     = 10 * time.Minute
	MaxBytes    = 64 << 10
)

// Bounds of what a deploying job asks about, on both sides.
const (
	MaxDigests = 100     // artifacts, and bundles that prove them
	MaxBundle  = 1 << 20 // bytes of one bundle; the usual ones have 15 KiB
	MaxBundles = 4 << 20 // of all of them
)

// Subject is what a verdict is about. All of it has to be the same where it is used.
type Subject struct {
	Server       string   `json:"server"` // the URL of the server that decided
	Installation int64    `json:"installation"`
	Repository   int64    `json:"repository"`
	Environment  string   `json:"environment"`
	RunID        int64    `json:"run_id"`
	Attempt      int      `json:"attempt"`
	Job          string   `json:"job"`
	Commit       string   `json:"commit"`
	Tree         string   `json:"tree"`
	Digests      []string `json:"digests"` // sorted; none: an empty list
}

// Verdict is what is signed.
type Verdict struct {
	Version  int       `json:"version"`
	Subject  Subject   `json:"subject"`
	Outcome  string    `json:"outcome"`  // approved, rejected, waiting or error
	Basis    string    `json:"basis"`    // evidence, waiver, observe; unknown where nothing was approved
	Decision string    `json:"decision"` // digest of the gate's decision
	Sequence int64     `json:"sequence"` // of its entry in the ledger
	Chain    string    `json:"chain"`
	Issued   time.Time `json:"issued"`  // UTC, whole seconds
	Expires  time.Time `json:"expires"` // at most Longest after Issued
}

// Key is a public key that a verifier brings.
type Key struct {
	ID     string // KeyID of it
	Public ed25519.PublicKey

	NotAfter time.Time // what is signed later is not believed; zero: it was not replaced
}

// What can be wrong with a verdict, each its own error.
var (
	ErrForm       = errors.New("it is no signed verdict")
	ErrUnknownKey = errors.New("it is signed by a key that was not given")
	ErrForged     = errors.New("its signature does not hold")
	ErrRetired    = errors.New("its key had been replaced when it was signed")
	ErrExpired    = errors.New("it is no longer valid")
	ErrNotYet     = errors.New("it is not valid yet")
	ErrSubject    = errors.New("it is about something else")
)
