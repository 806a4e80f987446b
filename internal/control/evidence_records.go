package control

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/org/platform-action/internal/evidence"
)

// SeenRun is one attempt of a workflow run that records a suite, as GitHub last told it.
type SeenRun struct {
	Run     evidence.Run // without jobs
	Trouble string       // why its artifact could not be taken for evidence; empty: nothing is wrong
	Seen    time.Time
}

// Kept is what one upload, or one run that has ended, leaves behind.
type Kept struct {
	Once    string // what may happen once alone, as for Records.Once; empty: nothing
	Records []evidence.Record
	Runs    []SeenRun
	Tasks   []Task
}

// EvidenceSearch says which records are looked for: of each suite those of the trees, commits and heads, those that
// name one of the digests, and the newest ones of any tree. There is no look-up without a tenant and a suite.
type EvidenceSearch struct {
	Suites  []string
	Trees   []string
	Commits []string // that were tested, or that a run was started for
	Digests []string
	Newest  int // of each suite, whatever their tree
}

// TestedCheck is what the store remembers of the check platform/tested on one commit.
type TestedCheck struct {
	Head     string
	Queued   bool   // the commit is that of a merge group
	Tree     string // that was last asked about; empty: none could be
	ID       int64  // of the check run at GitHub; 0 while its creation is not known to have worked
	Finished bool
	Shown    string // digest of the text that it shows
	Decided  string // digest of the decision that the ledger has
	First    time.Time
	Updated  time.Time
	Answer   json.RawMessage // what was decided, in words: a TestedAnswer; empty: nothing was yet
}

// TestedVerdict is one decision on whether a commit was tested, as the ledger keeps it.
type TestedVerdict struct {
	Head   string
	Digest string
	Body   json.RawMessage
	At     time.Time
}

// EvidenceRecords is what the flow remembers of test runs. Every method is of one tenant and sees nothing of another.
type EvidenceRecords interface {
	// KeepEvidence writes everything in one transaction, or nothing: fresh is false where Once was claimed before. A record
	// is kept under its own digest; the same one again changes nothing.
	KeepEvidence(ctx context.Context, t Tenant, k Kept) (fresh bool, err error)
	Evidence(ctx context.Context, t Tenant, s EvidenceSearch) ([]evidence.Record, error) // newest run first

	// SeeRuns replaces what is known of the attempts, as KeepEvidence does. A tree or a trouble that is known stays where
	// none is given.
	SeeRuns(ctx context.Context, t Tenant, runs []SeenRun) error
	SeenRuns(ctx context.Context, t Tenant, heads, trees []string) ([]SeenRun, error) // sorted by run and attempt

	TestedCheck(ctx context.Context, t Tenant, head string) (TestedCheck, bool, error)
	TestedChecks(ctx context.Context, t Tenant, tree string) ([]TestedCheck, error) // sorted by head
	SaveTestedCheck(ctx context.Context, t Tenant, c TestedCheck) error             // leaves Decided

	// RecordTested appends the decision to the ledger, unless it is the last one of its head, and returns the ledger's end.
	RecordTested(ctx context.Context, t Tenant, v TestedVerdict) (LedgerEntry, error)
}

// sortedKeys are a set's members.
func sortedKeys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
