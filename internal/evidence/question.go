package evidence

import (
	"time"

	"github.com/org/platform-action/internal/fact"
)

// Question is everything that a decision looks at. A group that could not be had is fact.Missing with its reason and
// leaves the decision undecided, wherever it would have mattered.
type Question struct {
	Tenant      Tenant
	Commit      string   // C, cross-checked by the server
	Tree        string   // T, read by the server from GitHub
	Digests     []string // D: artifacts that are about to be deployed; empty: the question is about the tree alone
	Merged      []string // commits that C is the merge, squash or rebase of: its parents and the heads of its pull requests
	Environment string   // E; empty before a merge
	RunID       int64    // the run that asks; 0: none does, as before a merge
	Attempt     int

	Requirement Requirement
	Records     fact.Known[[]Record]     // of this tenant, of any tree: other trees explain what is missing
	Runs        fact.Known[[]Run]        // one entry an attempt
	History     fact.Known[History]      //
	Guarded     fact.Known[[]Guarded]    // guarded content that differs from the last tree approved in E
	Changes     fact.Known[Changes]      // asked for only where a suite has paths
	Provenance  fact.Known[[]Provenance] // asked for only where digests are
	Deployer    fact.Known[Deployer]     // asked for only where a run asks
	Now         time.Time
}

// Requirement is what the default branch's policy asks for in E.
type Requirement struct {
	Suites      []SuiteRequirement // at least one; names differ
	MaxAge      time.Duration      // of a record's run. Defaults to 7 days
	Assurance   Assurance          // the least that counts. Defaults to isolated
	Runners     []string           // runner environments that count beside github-hosted
	RetryBudget int                // retried cases and attempts beyond the first, together; 0: none of either

	After string        // environment that must have had the same subject before; empty: none
	Soak  time.Duration // for how long

	From            string   // branch from which C must be reachable; empty: any
	DeployWorkflows []string // paths of the workflows that may deploy; empty: any
	DeployJobs      []string // jobs that may name E; empty: any
	BuildWorkflows  []string // paths of the workflows that may build what is deployed by digest; empty: those that may deploy
}

// SuiteRequirement is one suite and where it must come from.
type SuiteRequirement struct {
	Name     string
	Workflow string   // path in the repository
	Job      string   // id of the job that runs the tests
	MinTests int      // cases that ran. Defaults to 1
	Paths    []string // doublestar patterns of what the suite covers. Defaults to everything
	Guards   []string // patterns of content that decides what the tests say, beside .github/**
	Called   []string // reusable workflows of other repositories that may hold the job: owner/name/path@COMMIT
}

// Run is one attempt of a workflow run as GitHub's API knows it.
type Run struct {
	RepositoryID     int64
	ID               int64
	Attempt          int
	Workflow         string // path
	Event            string
	RefProtected     bool
	HeadCommit       string // head_sha
	HeadRepositoryID int64  // 0: not told, as for a fork that was deleted
	Tree             string // that it ran on, as far as known: of head_sha for all events but pull_request
	Started          time.Time
	Status           Status
	Conclusion       string            // once it is completed
	Jobs             fact.Known[[]Job] // asked for only where the run as a whole does not say it
	Gone             bool              // we knew it, and GitHub says 404 now; the rest is as our ledger has it
}

// Job is one job of a run attempt.
type Job struct {
	Name       string // id in the workflow file; the jobs of a matrix share it
	Attempt    int    // in which it ran: a partial re-run lists the jobs that it did not repeat with their own attempt
	Status     Status
	Conclusion string
	Runner     string // github-hosted or self-hosted; empty: not known, which no gate takes for github-hosted
}

// Status is how far a run or a job is. The zero status is not known.
type Status uint8

// The statuses, as far as they matter.
const (
	StatusUnknown Status = iota
	StatusQueued         // queued, requested or pending: it has not begun
	StatusRunning        // in_progress
	StatusWaiting        // for an approval of a deployment: it records nothing until then
	StatusCompleted
)

// Conclusion that is a pass. Skipped, neutral, cancelled, timed_out, action_required and stale never are.
const success = "success"

// Guarded is one path whose guarded content differs, and whether a code owner who is not its author approved that.
type Guarded struct {
	Path     string // in the repository, or owner/name/path@ref of a called workflow, which guards every suite
	Commit   string
	Approved bool
	Why      string // why it is not approved
}

// Changes are the files that differ between the last deployed commit and C.
type Changes struct {
	Since     string   // the commit compared with
	Ahead     bool     // Since is C or an ancestor of it; else GitHub's comparison is none of the two trees
	Truncated bool     // the list is not whole
	Files     []string // both names of a renamed file
}

// Provenance is a statement of how an artifact was built whose signature holds, by GitHub's word about the run that signed.
// What it says is judged here.
type Provenance struct {
	Digest         string
	RepositoryID   int64  // whose commit it was built from
	Commit         string // that it was built from
	Workflow       string // path of the workflow whose job signed; owner/name/path for one of another repository
	WorkflowCommit string // as of which that workflow was
	Event          string // of the run
	Ref            string // such as refs/heads/main
	Runner         string // github-hosted or self-hosted
	Broken         string // why a statement that was brought does not hold; nothing else of it is known then
}

// Deployer is the run that asks, by API.
type Deployer struct {
	RepositoryID     int64
	HeadRepositoryID int64
	RunID            int64
	Attempt          int
	Workflow         string
	HeadCommit       string
	Reachable        fact.Known[bool] // C from Requirement.From
	Jobs             []string         // jobs of the run that name E
}
