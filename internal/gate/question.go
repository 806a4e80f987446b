package gate

import (
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
	"github.com/org/platform-action/internal/waiver"
)

// Bounds of what is decided.
const (
	DefaultDecideBy = 30 * time.Minute
	LongestWait     = 30 * 24 * time.Hour // GitHub gives up a waiting job after as long
)

// Question is everything that a decision looks at. A group that could not be had is fact.Missing with its reason and
// leaves the decision an error, wherever it would have mattered.
type Question struct {
	// Subject is what is deployed, by which run, and what is known of its tests. Its Environment is the name as the
	// request has it; its Requirement is not looked at: Settings say what is asked.
	Subject evidence.Question

	Settings fact.Known[Settings]          // of the default branch, under the organisation's
	Policies fact.Known[[]verdict.Finding] // what the policies say of this deployment; none: an empty list
	Debts    fact.Known[[]Debt]            // of this environment, whether they are paid or not
	Waivers  fact.Known[[]Glass]           // of this repository
	People   fact.Known[People]            // asked for only where there are waivers

	Asked      time.Time // when GitHub asked
	ErrorSince time.Time // since when every answer was an error; zero: the last one was none
}

// Key names what is decided once. A re-run inherits nothing: it has another attempt.
type Key struct {
	Tenant      evidence.Tenant
	Environment string // in lower case, as GitHub compares it
	RunID       int64
	Attempt     int
}

// Key is under which the question is decided once.
func (q Question) Key() Key {
	return Key{q.Subject.Tenant, strings.ToLower(q.Subject.Environment), q.Subject.RunID, q.Subject.Attempt}
}

// Settings are the environments of the configuration that is in force.
type Settings struct{ Environments []Environment }

// Environment is what a deployment to one environment must prove.
type Environment struct {
	Name string
	evidence.Requirement
	Freeze   []Freeze
	DecideBy time.Duration // how long errors may last. Defaults to DefaultDecideBy
	Observe  time.Time     // until then everything is approved and only told; from the organisation's file alone; zero: never
}

// Freeze is a time in which nothing is deployed. Its times are local to Zone.
type Freeze struct {
	Name   string
	From   string // YYYY-MM-DDTHH:MM
	Until  string // same form, exclusive
	Zone   string // IANA name. Defaults to UTC
	Exempt []string
	Except []Opening
}

// Opening is a named time within a freeze in which deployments go ahead, in the same form.
type Opening struct{ Name, From, Until string }

// ExemptRollback lets a tree through a freeze that already ran in the environment with our approval.
const ExemptRollback = "rollback"

// Debt is a tree that went to the environment without proof, by a waiver or past us. It is paid when evidence for it
// arrives, or when another tree has replaced it.
type Debt struct {
	Basis    evidence.Basis // BasisWaiver or BasisBypass
	Commit   string
	Tree     string
	At       time.Time
	Evidence evidence.Decision // evidence.Tested about that tree, before any run; the zero one is not known
}

// Glass is a waiver with what is known of it now.
type Glass struct {
	Waiver   waiver.Waiver
	Used     int  // approvals that it gave so far
	Entitled bool // its approver still is one by the default branch
}

// People are who may not approve a waiver for this deployment.
type People struct {
	Actors  []int64 // actor and triggering actor of the run that asks
	Authors []int64 // of every commit since the last deployment that we approved on evidence, and who pushed them; 0: somebody without an account
}
