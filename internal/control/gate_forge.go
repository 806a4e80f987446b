package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrAnswered means that GitHub has an answer of ours already, or waits for none.
var ErrAnswered = errors.New("GitHub waits for no answer")

// DeploymentInput is what a delivery says of a deployment. All of it is a hint but Commit, which can refuse.
type DeploymentInput struct {
	Run         int64     `json:"run"` // 0: not told
	Environment string    `json:"environment"`
	Commit      string    `json:"commit,omitzero"`
	Deployment  int64     `json:"deployment,omitzero"`
	Asked       time.Time `json:"asked,omitzero"`
}

// DeploymentSubject is the subject of the tasks that decide on a run's deployment to an environment.
func DeploymentSubject(run int64, environment string) string {
	return fmt.Sprintf("%d %s", run, strings.ToLower(environment))
}

// DeploymentAnswer is what is said of a run that waits. The zero answer opens nothing.
type DeploymentAnswer uint8

// The answers.
const (
	DeploymentReported DeploymentAnswer = iota // how far we are; the run goes on waiting
	DeploymentRejected
	DeploymentApproved
)

// DeploymentReview is one answer for one environment of a run.
type DeploymentReview struct {
	Environment string // as GitHub writes it
	Answer      DeploymentAnswer
	Comment     string // at most 1,024 characters
}

// DeploymentState is what GitHub says of a deployment.
type DeploymentState struct {
	ID          int64
	Commit      string
	Environment string
	Creator     Person
}

// DeployForge is GitHub, as far as it knows of deployments. Errors are those of Forge.
type DeployForge interface {
	// ReviewDeployment is ErrAnswered where GitHub has an answer already. After any other error nobody knows whether it
	// has ours.
	ReviewDeployment(ctx context.Context, r Repository, run int64, v DeploymentReview) error
	PendingEnvironments(ctx context.Context, r Repository, run int64) ([]string, error)
	WaitingRuns(ctx context.Context, r Repository) ([]WorkflowRun, error)
	Deployment(ctx context.Context, r Repository, id int64) (DeploymentState, error)
	Authors(ctx context.Context, r Repository, base, head string) (ids []int64, whole bool, err error)

	// PullsOf lists the pull requests of a commit, open ones too; Between the commits that lead to head and not to base,
	// without their trees. whole is false where there are more than GitHub tells at once.
	PullsOf(ctx context.Context, r Repository, sha string) (list []MergedPull, whole bool, err error)
	Between(ctx context.Context, r Repository, base, head string) (list []Commit, whole bool, err error)
	CreateIssue(ctx context.Context, r Repository, title, body string) (number int, err error)
}
