package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/verdict"
)

// process is what a step runs in.
type process struct {
	env     func(string) string
	environ []string
	out     io.Writer
	now     func() time.Time
	chdir   func(string) error

	policyTime time.Duration // for policies; 0: the usual
}

// run is the whole program but for the process around it.
func run(ctx context.Context, p process) int {
	runner := actions.New(p.env, p.out)
	outcome, err := begin(ctx, p, runner)
	if err == nil {
		return outcome.ExitCode()
	}
	if errors.Is(err, context.Canceled) {
		err = &faultError{errors.New("interrupted: nothing was decided")}
	}
	code := verdict.ExitUsage
	var fault *faultError
	if errors.As(err, &fault) || errors.Is(err, context.DeadlineExceeded) {
		code = verdict.Undecided.ExitCode()
	}
	runner.Fail("platform: nothing was decided", err)
	// A later step that asks for the outcome must not find an empty one: it is none of the words that block.
	if err := runner.WriteOutputs(actions.Outputs{Outcome: verdict.Undecided}); err != nil {
		runner.Say("%v", err)
	}
	if err := runner.WriteSummary(failed(err)); err != nil {
		runner.Say("%v", err)
	}
	return code
}

// faultError is a failure of ours, or of GitHub's: nothing could be decided. Any other error is one that whoever wrote
// the workflow or its files can mend.
type faultError struct{ error }

func (e *faultError) Unwrap() error { return e.error }

func begin(ctx context.Context, p process, runner *actions.Runner) (verdict.Outcome, error) {
	in, err := runner.Inputs(p.environ)
	if err != nil {
		return verdict.Undecided, err
	}
	event, err := runner.Event()
	if err != nil {
		return verdict.Undecided, err
	}
	if err := p.chdir(event.Workspace); err != nil {
		return verdict.Undecided, fmt.Errorf("the workspace cannot be read: %w", err)
	}
	c := &step{process: p, runner: runner, in: in, event: event}
	if c.root, err = os.OpenRoot(event.Workspace); err != nil {
		return verdict.Undecided, fmt.Errorf("the workspace cannot be read: %w", err)
	}
	defer func() { _ = c.root.Close() }()
	switch in.Command {
	case actions.Check:
		return c.check(ctx)
	case actions.RecordTests:
		return c.record(ctx)
	case actions.VerifyDeploy:
		return c.verify(ctx)
	case actions.NoCommand:
	}
	return verdict.Undecided, errors.New("command: nothing is to be done")
}

// needs explains what a job lacks, where that is why GitHub refused.
func needs(err error, permission string) error {
	if errors.Is(err, control.ErrForbidden) || errors.Is(err, control.ErrGone) {
		return &faultError{fmt.Errorf("%w\ngive the job this permission in the workflow:\n  permissions:\n    %s", err, permission)}
	}
	return &faultError{err}
}
