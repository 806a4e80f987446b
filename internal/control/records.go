package control

import (
	"context"
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/ledger"
	"github.com/org/platform-action/internal/verdict"
)

// Repository is what is known of a repository. Its id stays when its name changes.
type Repository struct {
	Tenant        Tenant
	AccountID     int64 // of the owner
	Owner, Name   string
	DefaultBranch string
	Private       bool
	Archived      bool
	Gone          bool // no longer part of the installation
}

// PullRecord is what the store remembers of a pull request: which head it last had, and the comment that is ours.
type PullRecord struct {
	Number        int
	Head          string
	Base          string // branch name
	Open          bool
	Seen          time.Time // when GitHub last changed it, as far as we were told
	CommentID     int64     // 0: none is known; CommentTried: one may have been made
	CommentDigest string    // sha256:… of the text that we last wrote
}

// CommentTried stands for a comment whose creation began, and whose answer we have not seen: it may be there.
const CommentTried int64 = -1

// CheckRecord is what the store remembers of the check run on one commit.
type CheckRecord struct {
	Head     string
	ID       int64 // of the check run at GitHub; 0 while its creation is not known to have worked
	Finished bool
	Notes    string    // digest of the annotations that it shows; empty: it shows none
	Verdict  string    // digest of the verdict that it shows
	Started  time.Time // when it was set in progress
	Updated  time.Time
}

// VerdictRecord is one decision on one pull request (or merge group, number 0).
type VerdictRecord struct {
	Number  int
	Head    string
	Outcome verdict.Outcome
	Digest  string
	Report  json.RawMessage // render's JSON; emptied by the retention, which leaves the digest
	At      time.Time

	Headline string      // for lists; not read back
	Costs    []CostShare // likewise
}

// Acknowledgement says that somebody meant an amount.
type Acknowledgement struct {
	Number    int
	Amount    decimal.Decimal // monthly increase that was shown
	Currency  string
	Resources []string // whose cost grows; sorted
	By        string   // login, as it was then
	ByID      int64
	Verdict   string // digest that was acknowledged
	At        time.Time
}

// Upload is a plan's facts that a workflow run brought.
type Upload struct {
	Head     string // commit that they speak of
	Root     string // folder
	RunID    int64
	Attempt  int
	Trusted  bool   // may decide (security: only a workflow of the default branch)
	Why      string // why not
	Digest   string
	Document json.RawMessage
	At       time.Time
}

// LedgerEntry is one line of a tenant's append-only, hash-chained ledger.
type LedgerEntry = ledger.Entry

// Records is what the flow remembers. Every method is of one tenant and sees nothing of another. A row that is not
// there is the zero value and no error.
type Records interface {
	Repository(ctx context.Context, t Tenant) (Repository, bool, error)
	Repositories(ctx context.Context, installation Tenant) ([]Repository, error) // sorted by id; gone ones left out
	SaveRepository(ctx context.Context, r Repository) error
	Locate(ctx context.Context, repository int64) (Tenant, bool, error) // whose it is; not of one that is gone

	Pull(ctx context.Context, t Tenant, number int) (PullRecord, bool, error)
	PullsAt(ctx context.Context, t Tenant, head string) ([]PullRecord, error) // open ones, sorted by number
	OpenPulls(ctx context.Context, t Tenant) ([]PullRecord, error)
	SavePull(ctx context.Context, t Tenant, p PullRecord) error // leaves the comment, and a record that was seen later
	SaveComment(ctx context.Context, t Tenant, number int, id int64, digest string) error

	Check(ctx context.Context, t Tenant, head string) (CheckRecord, bool, error)
	SaveCheck(ctx context.Context, t Tenant, c CheckRecord) error
	UnfinishedChecks(ctx context.Context, t Tenant, before time.Time) ([]CheckRecord, error) // started before, sorted by head

	// Stale lists the repositories that have such checks, for the watchdog: ids alone.
	Stale(ctx context.Context, before time.Time) ([]Tenant, error)

	// Record appends the verdict and its ledger entry in one transaction, and returns the ledger's head. A verdict
	// equal to the newest of its (number, head) is not appended again.
	Record(ctx context.Context, t Tenant, v VerdictRecord) (LedgerEntry, error)
	LatestVerdict(ctx context.Context, t Tenant, number int, head string) (VerdictRecord, bool, error)

	// Acknowledge appends the acknowledgement and its ledger entry in one transaction. That of the same verdict by the
	// same person is not appended again.
	Acknowledge(ctx context.Context, t Tenant, a Acknowledgement) (LedgerEntry, error)
	Acknowledgements(ctx context.Context, t Tenant, number int) ([]Acknowledgement, error) // oldest first

	// Once reports whether a thing is claimed for the first time. Who claims and then fails has claimed all the same: what
	// must not be lost is done first and remembered afterwards.
	Once(ctx context.Context, t Tenant, key string, at time.Time) (first bool, err error)

	// Remember keeps a small document of a tenant under a name, such as the last good configuration.
	Remember(ctx context.Context, t Tenant, name string, doc []byte) error
	Recall(ctx context.Context, t Tenant, name string) ([]byte, bool, error)
	// RecallAll reads those whose name begins so and that were remembered after a time, by name; no more than 1,000.
	RecallAll(ctx context.Context, t Tenant, prefix string, after time.Time) ([][]byte, error)

	SaveUpload(ctx context.Context, t Tenant, u Upload) error // replaces that of the same (head, root)
	Uploads(ctx context.Context, t Tenant, head string) ([]Upload, error)

	Ledger(ctx context.Context, t Tenant, after int64, limit int) ([]LedgerEntry, error)

	EvidenceRecords
	GateRecords
}
