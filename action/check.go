package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// step is one run of a command.
type step struct {
	process

	runner *actions.Runner
	in     actions.Inputs
	event  actions.Event
	job    *github.Job // nil without a token
	root   *os.Root    // of the workspace: nothing outside of it is read by a name that a pull request chose
}

// check judges plans or source.
func (c *step) check(ctx context.Context) (verdict.Outcome, error) {
	if err := c.event.Known(); err != nil {
		return verdict.Undecided, err
	}
	if err := c.connect(ctx); err != nil {
		return verdict.Undecided, err
	}
	if c.in.Server != "" {
		outcome, err := c.served(ctx)
		return c.in.FailOn.Failure(outcome), err
	}
	standards, err := c.standards(ctx)
	if err != nil {
		return verdict.Undecided, err
	}
	question, err := c.question(ctx, standards[0])
	if err != nil {
		return verdict.Undecided, err
	}
	report, err := c.judge(ctx, standards, question)
	if err != nil {
		return verdict.Undecided, err
	}
	return c.in.FailOn.Failure(report.Verdict.Outcome), c.publish(ctx, report)
}

// connect prepares to ask GitHub. A run without a token can still judge plans on the default branch.
func (c *step) connect(ctx context.Context) error {
	if c.in.Token == "" {
		if c.event.OnDefault() {
			return nil
		}
		return errors.New("no token: leave the input github-token away, so that it is the job's own; the settings are read from the default branch with it")
	}
	var err error
	if c.job, err = github.NewJob(github.JobOptions{
		APIURL: c.event.APIURL, Token: c.in.Token, Owner: c.event.Owner, Name: c.event.Repo, Now: c.now,
	}); err != nil {
		return err
	}
	if c.event.DefaultBranch == "" {
		if c.event.DefaultBranch, err = c.job.DefaultBranch(ctx); err != nil {
			return needs(err, "contents: read")
		}
	}
	return nil
}

// judge asks the control plane under each standard; the worst verdict counts, and of equal ones the default branch's.
func (c *step) judge(ctx context.Context, standards []standard, q question) (render.Report, error) {
	var worst render.Report
	for i, s := range standards {
		report, err := c.judgeBy(ctx, s, q)
		if err != nil {
			return report, err
		}
		if i == 0 || report.Verdict.Outcome < worst.Verdict.Outcome {
			worst = report
		}
	}
	worst.Version, worst.Commit = version, c.event.Head
	worst.Reproduce = strings.Join(append([]string{"platform check"}, q.names...), " ")
	if len(q.names) == 0 {
		worst.Reproduce = "platform check --base-ref origin/" + cmp.Or(c.event.Into, c.event.DefaultBranch)
	}
	worst.Files = c.event.ServerURL + "/" + c.event.Owner + "/" + c.event.Repo + "/blob/" + c.event.Head + "/"
	return worst, nil
}

func (c *step) judgeBy(ctx context.Context, s standard, q question) (render.Report, error) {
	currency := control.CurrencyOf(s.config)
	if c.in.Currency != "" {
		var err error
		if currency, err = money.ParseCurrency(c.in.Currency); err != nil {
			return render.Report{}, fmt.Errorf("currency: %w", err)
		}
	}
	entries, err := catalog.Embedded()
	if err != nil {
		return render.Report{}, &faultError{err}
	}
	estimator, err := control.NewEstimator(entries, s.config, s.usage, currency, false)
	if err != nil {
		return render.Report{}, err
	}
	if err := local.InCurrency(estimator, q.sources); err != nil {
		return render.Report{}, err
	}
	limits, err := s.config.Limits(currency)
	if err != nil {
		return render.Report{}, err
	}
	bundles := append([]policy.Bundle{control.Builtin()}, s.bundles...)
	policies := func() (control.Judge, error) {
		set, err := policy.Compile(ctx, policy.Options{Bundles: bundles, Disabled: s.config.Policies.Disable, Timeout: c.policyTime})
		if err != nil {
			return nil, err // not a nil *Set in a Judge, which is not nil
		}
		return set, nil
	}
	report, err := control.New(estimator, policies, s.usage, currency).Check(ctx, control.Request{
		Sources: q.sources, Limits: limits, Params: s.config.Policies.Params, Inputs: s.inputs, Notes: slices.Concat(s.notes, q.notes),
	})
	if _, theirs := errors.AsType[*policy.PolicyError](err); err == nil || theirs {
		return report, err
	}
	return report, &faultError{err}
}
