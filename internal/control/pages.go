package control

import (
	"context"
	"errors"
	"time"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/verdict"
)

// ErrSignedOut means that GitHub no longer takes the token of somebody who signed in.
var ErrSignedOut = errors.New("GitHub no longer takes this sign-in")

// Visible is a repository as GitHub shows it to somebody: names as they are now.
type Visible struct {
	ID          int64
	Owner, Name string
}

// VerdictLine is a verdict without its report: a line of a list.
type VerdictLine struct {
	Tenant   Tenant
	Sequence int64 // its entry of the ledger
	Number   int   // of the pull request; 0: a merge group
	Head     string
	Outcome  verdict.Outcome
	Digest   string
	Headline string // empty: recorded by a version that kept none
	At       time.Time
}

// CostShare is what a verdict adds a month, by one team or provider. Amounts are in millionths of the currency: lists and
// charts show them, and nothing is decided on them.
type CostShare struct {
	Dimension  string // team or provider
	Name       string
	Currency   string
	Millionths int64
	Unknown    int // resources whose part has no amount
}

// WeekCost is the sum of shares over the pull requests whose newest verdict was made in a week.
type WeekCost struct {
	Week time.Time // its first moment
	CostShare
}

// PageRecords is what the pages read of what is remembered. Like all of Records it sees nothing of a tenant that it was not
// asked about; whether somebody may ask is decided before.
type PageRecords interface {
	Locate(ctx context.Context, repository int64) (Tenant, bool, error)
	Repository(ctx context.Context, t Tenant) (Repository, bool, error)
	// Located finds the repositories that are known and not gone; sorted by owner and name.
	Located(ctx context.Context, ids []int64) ([]Repository, error)

	Pull(ctx context.Context, t Tenant, number int) (PullRecord, bool, error)
	Check(ctx context.Context, t Tenant, head string) (CheckRecord, bool, error)
	TestedCheck(ctx context.Context, t Tenant, head string) (TestedCheck, bool, error)
	Acknowledgements(ctx context.Context, t Tenant, number int) ([]Acknowledgement, error)

	// Verdict reads a whole one, with its entry of the ledger.
	Verdict(ctx context.Context, t Tenant, sequence int64) (VerdictRecord, LedgerEntry, bool, error)
	VerdictsOf(ctx context.Context, t Tenant, number, limit int) ([]VerdictLine, error) // newest first
	VerdictsAt(ctx context.Context, t Tenant, head string, limit int) ([]VerdictLine, error)
	// EntryOf is the newest entry of the ledger about a subject.
	EntryOf(ctx context.Context, t Tenant, subject string) (LedgerEntry, bool, error)

	// NewestVerdicts are the newest ones of pull requests, newest first; blocked: of open ones that cannot be merged as they are.
	NewestVerdicts(ctx context.Context, of []Tenant, blocked bool, skip, limit int) ([]VerdictLine, error)
	WeekCosts(ctx context.Context, of []Tenant, since time.Time) ([]WeekCost, error) // by week, dimension, name, currency
}

// Environments are what the default branch and the organisation ask of deployments.
type Environments struct {
	Commit string // of the default branch, as it was last read; empty: it never was
	Ask    map[string]config.Environment
	Notes  []verdict.Finding // what is wrong with the settings
}

// DeploymentPageRecords is what the pages read of deployments. Every method is of one tenant.
type DeploymentPageRecords interface {
	// DeployedTo are the environments that something was to be deployed to, in lower case and by name.
	DeployedTo(ctx context.Context, t Tenant) ([]string, error)
	// NewestDeployments lists those to an environment, newest first.
	NewestDeployments(ctx context.Context, t Tenant, environment string, limit int) ([]DeploymentRecord, error)
	// UnpaidDebts are of the trees that went to an environment since the last one that was approved on evidence and succeeded,
	// newest first. Their tests may have arrived since: that is decided when something is deployed.
	UnpaidDebts(ctx context.Context, t Tenant, environment string) ([]gate.Debt, error)
	Waivers(ctx context.Context, t Tenant, environment string, at time.Time) ([]KeptWaiver, error)
}
