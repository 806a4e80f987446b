package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Delivery is one webhook that was accepted, without its body: a webhook is a hint that something changed, and the
// present state is read from GitHub. Only what a Task carries as Input outlives the request.
type Delivery struct {
	ID       string // X-GitHub-Delivery: a redelivery has the same
	Event    string
	Action   string
	Tenant   Tenant
	Digest   string // sha256:… of the body, so that a replay under the same id with another body is seen
	Received time.Time
	Pull     *PullRecord // what it says of a pull request; nil: nothing
}

// TaskKind says what a task does. It is stored, so a name never changes its meaning.
type TaskKind string

// The kinds of tasks. Subject is what the comment says.
const (
	EvaluateHead     TaskKind = "head"             // commit SHA: evaluate every open pull request with this head
	EvaluateGroup    TaskKind = "group"            // commit SHA of a merge group; Input is a GroupInput
	SweepRepository  TaskKind = "repository"       // "": look at every open pull request and unfinished check
	ReadBranch       TaskKind = "branch"           // "": read what the default branch says, so that no pull request waits for it
	SyncInstallation TaskKind = "installation"     // "": keep the list of repositories in step, and sweep them
	AnswerCommand    TaskKind = "command"          // comment id; Input is a CommandInput
	AnswerButton     TaskKind = "button"           // check run id, sender and action; Input is a ButtonInput
	RestoreComment   TaskKind = "comment"          // pull request number: our comment was edited or deleted
	FetchDeliveries  TaskKind = "deliveries"       // "": ask GitHub for deliveries that failed
	SweepEverything  TaskKind = "sweep"            // "": sweep every installation
	EndStale         TaskKind = "stale"            // "": end checks that have been in progress for too long
	LookAtRun        TaskKind = "run"              // workflow run id: it began or ended; take its artifact, if it is evidence
	EvaluateTested   TaskKind = "tested"           // commit SHA of a head or a merge group: was it tested? Input is a TestedInput, or empty
	WakeTested       TaskKind = "tested-timer"     // commit SHA whose check waits: asks for EvaluateTested, with the same Input
	DecideDeployment TaskKind = "deployment"       // run id and environment in lower case: a run waits for an answer; Input is a DeploymentInput, or empty
	WakeDeployment   TaskKind = "deployment-timer" // the same, whose answer waits: asks for DecideDeployment
	SettleDeployment TaskKind = "deployed"         // deployment id: it says that it has succeeded; Input is a DeploymentInput
	WakeDeployments  TaskKind = "deployments-wait" // commit SHA or workflow run id: something happened to it; asks for DecideDeployment of what waits
	FindDeployments  TaskKind = "deployments"      // "": look for runs that wait and that nobody told of
	EndDeployments   TaskKind = "deployments-due"  // "": look at every deployment whose time has come, of all tenants
	CollectGarbage   TaskKind = "retention"        // "": apply the retention
	TellSink         TaskKind = "events"           // name of a sink: tell it what the ledger has got since
	WakeSinks        TaskKind = "events-due"       // "": look for sinks that are behind, of all tenants
)

// Task is one piece of work. At most one task of a (tenant, kind, subject) is worked on at a time; what is wanted anew
// while it is worked on is worked on once more afterwards, with the newest Input.
type Task struct {
	Tenant    Tenant          `json:"tenant"`
	Kind      TaskKind        `json:"kind"`
	Subject   string          `json:"subject"`
	Input     json.RawMessage `json:"input,omitempty"`
	NotBefore time.Time       `json:"not_before,omitzero"` // zero: at once
	Origin    string          `json:"-"`                   // W3C trace context of what asked for it; empty: nobody traces. The store fills it in
}

// Trace names what the task is about in every line of the log, from the webhook to the verdict, over all attempts.
func (t Task) Trace() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", t.Tenant, t.Kind, t.Subject))
	return hex.EncodeToString(sum[:8])
}

// LogAttrs are the fields by which the log names a task. The head stands under its own name.
func (t Task) LogAttrs() []any {
	fields := []any{"trace", t.Trace(), "kind", string(t.Kind), "installation", t.Tenant.Installation, "repository", t.Tenant.Repository}
	switch {
	case t.Kind == EvaluateHead:
		return append(fields, "head", t.Subject)
	case t.Subject != "":
		return append(fields, "subject", t.Subject)
	}
	return fields
}

// Inbox takes webhooks.
type Inbox interface {
	// Accept writes the delivery, what it says of a pull request unless something newer is known, and what it asks for,
	// in one durable transaction. fresh is false for a delivery that
	// is already there: then nothing is written. An error means that nothing was written.
	Accept(ctx context.Context, d Delivery, tasks []Task) (fresh bool, err error)
}

// Queue takes work that no webhook asked for.
type Queue interface {
	Want(ctx context.Context, tasks ...Task) error
}

// Handler does one task. A nil error ends it; *Later asks for another time, which does not count as a failure;
// *Parked ends it for good, with a reason for the operator; any other error is tried again with growing waits, and
// parked at last.
type Handler func(ctx context.Context, t Task, attempt int) error

// Later is a refusal that says when to come back: a rate limit, a read that lags.
type Later struct {
	After  time.Duration
	Reason string
}

// Error says how long to wait and why.
func (l *Later) Error() string {
	return fmt.Sprintf("again in %s: %s", l.After.Round(time.Second), l.Reason)
}

// Parked ends a task that no further attempt can help.
type Parked struct{ Reason string }

// Error is the reason.
func (p *Parked) Error() string { return "parked: " + p.Reason }
