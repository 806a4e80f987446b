package control

import (
	"context"
	"fmt"
	"time"

	"github.com/org/platform-action/internal/evidence"
)

// Commit is what git says of a commit.
type Commit struct {
	SHA, Tree string
	Parents   []string
}

// WorkflowRun is the newest attempt of a run, as GitHub has it now.
type WorkflowRun struct {
	evidence.Run

	Branch  string // that it was started for; empty for a tag
	Updated time.Time
	Actors  []int64 // who started it, and who its newest attempt; 0: an account that is gone
}

// WorkflowJob is one job of a run, as GitHub has it now.
type WorkflowJob struct {
	ID      int64 // that of its check run, too
	RunID   int64
	Attempt int
	Shown   string // its name as people see it, which is not its id in the workflow file

	Status     evidence.Status
	Conclusion string
	Runner     string // github-hosted or self-hosted; empty: it has none yet
}

// Artifact is what a run left behind.
type Artifact struct {
	ID             int64
	Name           string
	Digest         string // sha256:…; empty: GitHub tells none
	Size           int64
	Expired        bool
	Created        time.Time
	RunID          int64
	Head           string
	HeadRepository int64
}

// Review is what somebody said of a pull request's head.
type Review struct {
	By     Person
	State  string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED
	Commit string
}

// TestForge is GitHub, as far as it knows of test runs. Errors are those of Forge.
type TestForge interface {
	Commit(ctx context.Context, r Repository, sha string) (Commit, error)
	Protected(ctx context.Context, r Repository, branch string) (bool, error)
	WorkflowRun(ctx context.Context, r Repository, id int64) (WorkflowRun, error)
	RunsOf(ctx context.Context, r Repository, head string, workflows []string) (runs []WorkflowRun, whole bool, err error) // newest attempts alone
	Job(ctx context.Context, r Repository, id int64) (WorkflowJob, error)
	Jobs(ctx context.Context, r Repository, run int64) (jobs []WorkflowJob, whole bool, err error) // of the newest attempt
	Artifacts(ctx context.Context, r Repository, run int64, name string) (list []Artifact, whole bool, err error)
	Download(ctx context.Context, r Repository, a Artifact, most int64) ([]byte, error) // more than most bytes are an error

	Reviews(ctx context.Context, r Repository, number int) ([]Review, error) // oldest first

	// Writers are who wrote or committed what a pull request brings; known is false where GitHub cannot name one of them.
	Writers(ctx context.Context, r Repository, number int) (ids []int64, known bool, err error)

	// TeamMember reports whether somebody is in a team of the repository's owner; ErrForbidden that the App may not see.
	TeamMember(ctx context.Context, r Repository, slug string, p Person) (bool, error)

	FindTested(ctx context.Context, r Repository, head string) (id int64, finished bool, err error) // our check run platform/tested
}

// OversizedError says that something is larger than it may be.
type OversizedError struct {
	What string
	Most int64
}

// Error says what and how large it may be.
func (o *OversizedError) Error() string {
	return fmt.Sprintf("%s has more than %d bytes", o.What, o.Most)
}
