package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

func newPolicy(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Work on policies",
		Args:  noCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newPolicyList(s), newPolicyTest(s), newPolicyExplain(s))
	return c
}

// policyOptions are the flags that say which policies.
type policyOptions struct {
	dirs      []string
	noBuiltin bool
}

func (o *policyOptions) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.dirs, "policy", nil, "folder of Rego policies; may be given more than once")
	c.Flags().BoolVar(&o.noBuiltin, "no-builtin-policies", false, "leave the built-in policies away")
}

func newPolicyList(s streams) *cobra.Command {
	var o policyOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "Every policy: id, severity, what it looks at, where it stands",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := o.compile(c.Context())
			if err != nil {
				return err
			}
			rows := [][]string{}
			for _, r := range set.Rules() {
				rows = append(rows, []string{r.ID, r.Severity.String(), r.Title, r.Bundle, fmt.Sprintf("%s:%d", r.File, r.Line)})
			}
			_, err = fmt.Fprintln(s.out, render.Table(s.outTTY, []string{"id", "severity", "title", "bundle", "where"}, rows))
			return err
		},
	}
	o.flags(c)
	return c
}

func (o *policyOptions) compile(ctx context.Context) (*policy.Set, error) {
	bundles, err := bundlesOf(o.dirs, o.noBuiltin)
	if err != nil {
		return nil, err
	}
	if len(bundles) == 0 {
		return nil, fmt.Errorf("no policies: name a folder with --policy DIR, or leave --no-builtin-policies away")
	}
	return policy.Compile(ctx, policy.Options{Bundles: bundles})
}

func newPolicyTest(s streams) *cobra.Command {
	var failOnEmpty, verbose bool
	c := &cobra.Command{
		Use:   "test [DIR…]",
		Short: "Run the tests of policies, with coverage",
		Long:  "test runs the _test.rego files of each folder, or of the built-in policies when none is named.\nExit code 1: a test failed; 2: a policy does not compile.",
		RunE: func(c *cobra.Command, dirs []string) error {
			bundles, err := bundlesOf(dirs, len(dirs) > 0)
			if err != nil {
				return err
			}
			report, err := policy.Test(c.Context(), bundles)
			if err != nil {
				return err
			}
			return printTests(s, report, failOnEmpty, verbose)
		},
	}
	c.Flags().BoolVar(&failOnEmpty, "fail-on-empty", false, "fail when a folder has no test, or a rule is not tested")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "list passed tests too")
	return c
}

func printTests(s streams, report policy.TestReport, failOnEmpty, verbose bool) error {
	empty, passed, failed := false, 0, 0
	for _, b := range report.Bundles {
		for _, t := range b.Tests {
			ok := t.Outcome == policy.TestPass
			if ok {
				passed++
			} else {
				failed++
			}
			if !ok || verbose {
				fmt.Fprintf(s.out, "%s\t%s\t%s:%d\t%s\n", t.Outcome, render.Plain(t.Name), render.Plain(t.File), t.Row, render.Plain(t.Message))
			}
		}
		if b.Empty {
			empty = true
			fmt.Fprintf(s.out, "no tests\t%s\n", render.Plain(b.Name))
		}
		for _, id := range b.Untested {
			empty = true
			fmt.Fprintf(s.out, "untested\t%s\t%s\n", render.Plain(b.Name), render.Plain(id))
		}
		fmt.Fprintf(s.out, "coverage\t%s\t%.1f %%\n", render.Plain(b.Name), b.Coverage)
	}
	fmt.Fprintf(s.out, "%d passed, %d failed\n", passed, failed)
	if !report.Passed() || failOnEmpty && empty {
		return &outcomeError{verdict.Block}
	}
	return nil
}

func newPolicyExplain(s streams) *cobra.Command {
	var o policyOptions
	var in inputs
	c := &cobra.Command{
		Use:     "explain ID PLAN",
		Short:   "Why a policy fired on a plan, or did not",
		Example: "  platform policy explain SEC-001 plan.json",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return explainPolicy(c.Context(), s, o, in, args[0], args[1])
		},
	}
	o.flags(c)
	in.flags(c)
	return c
}

func explainPolicy(ctx context.Context, s streams, o policyOptions, in inputs, id, path string) error {
	set, err := o.compile(ctx)
	if err != nil {
		return err
	}
	read, err := in.load(ctx, s, newProgress(s, false), []string{path})
	if err != nil {
		return err
	}
	currency, estimator, err := newEstimator(read, "", false)
	if err != nil {
		return err
	}
	policies := func() (control.Judge, error) { return set, nil }
	e, err := control.New(estimator, policies, read.usage, currency).Explain(ctx, id, control.Request{Sources: read.sources, Params: read.config.Policies.Params})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.out, control.Explanation(e))
	return err
}
