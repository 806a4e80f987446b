package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/verdict"
)

// streams are where a command reads and writes; tests give buffers.
type streams struct {
	in             io.Reader
	out, err       io.Writer
	env            func(string) string
	outTTY, errTTY bool
	width          func() int
	now            func() time.Time
}

const exitCodes = `Exit codes:
  0  allowed, with or without notes
  1  blocked (waiting for an acknowledgement among it)
  2  usage error or unreadable input
  3  undecided: a fact, a price or a policy that the decision needs could not be had`

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	return exitCode(err, s.err)
}

// outcomeError carries a verdict's outcome to the exit code; it has been printed already.
type outcomeError struct{ outcome verdict.Outcome }

func (e *outcomeError) Error() string { return e.outcome.String() }

// faultError is a failure of ours: nothing could be decided.
type faultError struct{ err error }

func (e *faultError) Error() string { return e.err.Error() }
func (e *faultError) Unwrap() error { return e.err }

// exitCode is the one table from what happened to the exit code.
func exitCode(err error, w io.Writer) int {
	if err == nil {
		return verdict.Allow.ExitCode()
	}
	if o, ok := errors.AsType[*outcomeError](err); ok {
		return o.outcome.ExitCode()
	}
	if errors.Is(err, context.Canceled) {
		err = &faultError{errors.New("interrupted: nothing was decided")}
	}
	fmt.Fprintf(w, "platform: %v\n", err)
	var f *faultError
	if errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return verdict.Undecided.ExitCode()
	}
	return verdict.ExitUsage
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "platform",
		Short: "Cost and policy of Terraform plans, as one verdict",
		Long: "platform reads Terraform and OpenTofu plans, prices what they change, judges them by policy and says one\n" +
			"verdict. It works offline and needs no key.\n\n" + exitCodes,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("platform {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(newCheck(s), newCost(s), newPrices(s), newPolicy(s), newEvidence(s), newGate(s), newWaiver(s), newDoctor(s), newInfracost(s))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w\nsee: %s --help", err, c.CommandPath())
	})
	return root
}

// noCommand refuses a word that is no command, and shows the help when there is none.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q for %s%s\nsee: %s --help", args[0], c.CommandPath(), hint, c.CommandPath())
}
