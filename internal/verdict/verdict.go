// Package verdict is the vocabulary of what was decided; its zero outcome is Undecided, and every outcome but
// Allow and Warn blocks.
package verdict

import (
	"cmp"
	"fmt"
	"slices"
)

// Outcome is the one word that a decision comes down to. "Denied" and "could not decide" are different values.
type Outcome uint8

const (
	// Undecided means that a fact, a policy or a price that the decision needs could not be had. It blocks.
	Undecided Outcome = iota
	// Block means that the change was judged and refused, or waits for an acknowledgement.
	Block
	// Warn allows with notes.
	Warn
	// Allow is the only silent outcome.
	Allow
)

// Outcomes lists every outcome, worst first.
func Outcomes() []Outcome { return []Outcome{Undecided, Block, Warn, Allow} }

// String is the outcome's name on the wire: undecided, block, warn or allow.
func (o Outcome) String() string {
	switch o {
	case Allow:
		return "allow"
	case Warn:
		return "warn"
	case Block:
		return "block"
	case Undecided:
		return "undecided"
	}
	return "undecided"
}

// Word is the outcome as the headline says it.
func (o Outcome) Word() string {
	switch o {
	case Allow:
		return "Passes"
	case Warn:
		return "Passes with notes"
	case Block:
		return "Blocked"
	case Undecided:
		return "Undecided"
	}
	return "Undecided"
}

// ExitCode is the process exit code of the outcome: 0 allowed, 1 blocked, 3 undecided (2 is usage or unreadable
// input, which is no outcome).
func (o Outcome) ExitCode() int {
	switch o {
	case Allow, Warn:
		return 0
	case Block:
		return 1
	case Undecided:
		return 3
	}
	return 3
}

// ExitUsage is the exit code of a usage error or an unreadable input.
const ExitUsage = 2

// MarshalText writes the name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads a name and refuses any other word.
func (o *Outcome) UnmarshalText(b []byte) error {
	for _, known := range Outcomes() {
		if known.String() == string(b) {
			*o = known
			return nil
		}
	}
	return fmt.Errorf("outcome %.40q is none of undecided, block, warn, allow", b)
}

// Severity is what a finding asks of the outcome. The zero severity blocks, so that a policy that forgets to say
// cannot open the gate.
type Severity = Outcome

// Finding is one reason in a verdict: what rule, where, why and how to mend it. All text may come from a pull
// request and is hostile until a renderer has escaped it.
type Finding struct {
	ID       string   `json:"id"`                // AREA-NNN, or a lower-case code of the product itself such as "needs-ack"
	Title    string   `json:"title"`             // at most 60 characters
	Message  string   `json:"msg"`               // why, in one sentence
	Severity Severity `json:"severity"`          // block, warn, undecided; allow is a note
	Project  string   `json:"project,omitempty"` // which plan or directory, when there are several
	Address  string   `json:"address,omitempty"` // Terraform address
	File     string   `json:"file,omitempty"`    // relative to the repository, slash-separated
	Line     int      `json:"line,omitempty"`    // 1-based; 0 is unknown
	Fix      string   `json:"fix,omitempty"`     // imperative: what to do, or the command to run
	Bundle   string   `json:"bundle,omitempty"`  // which policy bundle said so
	Dialect  string   `json:"dialect,omitempty"` // "conftest" or "infracost" for policies of another dialect
}

// Check says what one rule looked at, so that a rule that matched nothing is told from one that passed.
type Check struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Area     string `json:"area"` // cost, tags, security, change, …
	Bundle   string `json:"bundle,omitempty"`
	Looked   int    `json:"looked"`   // how many resources it looked at; -1 where the dialect cannot tell
	Findings int    `json:"findings"` // how many findings it made
}

// Input names one thing that was read, and its digest.
type Input struct {
	Kind   string `json:"kind"`   // plan, base, estimate, usage, config, policies, book, catalogue
	Name   string `json:"name"`   // path or bundle name as the user gave it
	Digest string `json:"digest"` // sha256:… of what was read
}

// Verdict is the decision: outcome, reasons and what it was made from. It holds no time, surface or link, so that
// the same inputs give the same verdict everywhere.
type Verdict struct {
	Outcome  Outcome   `json:"outcome"`
	Findings []Finding `json:"findings"`
	Checks   []Check   `json:"checks"`
	Inputs   []Input   `json:"inputs"`
	Digest   string    `json:"digest"` // sha256:… over everything above and the estimate
}

// Combine is the worst of the severities; no finding at all is Allow. An unknown value counts as Undecided.
func Combine(findings []Finding) Outcome {
	worst := Allow
	for _, f := range findings {
		if f.Severity > Allow {
			return Undecided
		}
		worst = min(worst, f.Severity)
	}
	return worst
}

// Sort orders findings worst first, then by id, address and message; checks by id; inputs by kind and name.
func (v *Verdict) Sort() {
	slices.SortFunc(v.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Project, b.Project),
			cmp.Compare(a.Address, b.Address), cmp.Compare(a.Message, b.Message))
	})
	slices.SortFunc(v.Checks, func(a, b Check) int { return cmp.Or(cmp.Compare(a.Bundle, b.Bundle), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(v.Inputs, func(a, b Input) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
}
