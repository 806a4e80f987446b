package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// deployment is what a job is about to deploy, as far as the job knows. Who decides believes none of it unproven.
type deployment struct {
	environment string
	commit      string   // that the run is of
	digests     []string // of what is deployed
	run         string   // id and attempt
}

// decision is what is said of a deployment. The zero decision is no approval.
type decision struct {
	outcome verdict.Outcome
	why     string
}

// verify is the second lock, inside of the deploying job: nothing is deployed unless somebody decides, now, that it may.
func (c *step) verify(ctx context.Context) (verdict.Outcome, error) {
	if c.in.Server != "" {
		if err := webAddress(c.in.Server); err != nil {
			return verdict.Undecided, err
		}
	}
	what, err := c.deployed()
	if err != nil {
		return verdict.Undecided, err
	}
	d := c.decide(ctx, what)
	if err := c.runner.WriteOutputs(actions.Outputs{Outcome: d.outcome}); err != nil {
		return verdict.Undecided, &faultError{err}
	}
	text := fmt.Sprintf("%s of %.7s to %s: %s", d.outcome.Word(), what.commit, what.environment, d.why)
	c.runner.Say("%s", text)
	if err := c.runner.WriteSummary("### " + render.Symbol(d.outcome) + " Deployment\n\n" + render.Inert(text)); err != nil {
		c.runner.Warn("platform", "the job's summary was not written: %v", err)
	}
	if d.outcome != verdict.Allow && d.outcome != verdict.Warn {
		c.runner.Fail("platform: deployment "+d.outcome.Word(), errors.New(text))
	}
	return d.outcome, nil // whatever fail-on says: this is a lock
}

// deployed reads what the job would deploy. A checkout of another commit than the run's is not what was asked about.
func (c *step) deployed() (deployment, error) {
	d := deployment{
		environment: c.in.Environment, commit: c.event.SHA, run: c.event.Run,
		digests: slices.Compact(slices.Sorted(slices.Values(c.in.Digests))),
	}
	if head := local.Head(c.event.Workspace); head != "" && head != c.event.SHA {
		return d, fmt.Errorf("the run is of commit %.7s and %.7s is checked out: what would be deployed is not what the run is of, so check out without a ref", c.event.SHA, head)
	}
	return d, nil
}

// decide has nobody to ask: this version knows no gate, and what nobody decides is never approved.
func (c *step) decide(context.Context, deployment) decision {
	return decision{verdict.Undecided, "this version decides on no deployment; only a decision of the gate approves one"}
}
