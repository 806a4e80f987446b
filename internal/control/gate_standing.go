package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
)

// standing is what deployments of one commit to one environment by one workflow have in common, whichever run asks. Those
// that ask at the same time share it, so that nobody may change what it holds.
type standing struct {
	want     requirements
	env      gated
	commit   Commit
	asks     evidence.Question             // the facts alone: subject, run and time are each decision's own
	deployer fact.Known[evidence.Deployer] // but for what is the run's own
	debts    fact.Known[[]gate.Debt]
}

// together is the standing of a deployment. Evidence often wakes many of one tree at once: those that ask while one is being
// gathered share the next, which begins once that one is there. So nobody gets what was read before they asked, and many need
// two gatherings. The version is part of the question as well: it says what this program kept before.
func (f *Flow) together(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord, version int64) (*standing, error) {
	key := fmt.Sprintf("%+v %d %q %q %q %q", r.Tenant, version, d.Name, d.Commit, run.HeadCommit, run.Workflow)
	for {
		v, err, _ := f.asked.Do(key, func() (any, error) {
			s := &standing{}
			end, err := f.turns.take(ctx, key)
			if err != nil {
				return s, errLeft
			}
			defer end()
			f.asked.Forget(key) // who comes from now on is late
			if err = f.gatherStanding(ctx, r, run, d, s); ctx.Err() != nil {
				err = errLeft
			}
			return s, err
		})
		if ctx.Err() != nil {
			return &standing{}, ctx.Err()
		}
		if errors.Is(err, errLeft) { // another one's time was up
			continue
		}
		s, ok := v.(*standing)
		if !ok {
			return &standing{}, errors.Join(errors.New("nothing was gathered"), err)
		}
		return s, err
	}
}

// errLeft is that whoever gathered for others went away.
var errLeft = errors.New("whoever gathered this went away")

// gatherStanding goes on as far as it can: what is known is told, even where the rest cannot be read.
func (f *Flow) gatherStanding(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord, s *standing) (err error) {
	if s.want, err = f.requirements(ctx, r); err != nil {
		return err
	}
	if s.env = s.want.gateNamed(d.Name); s.env.Name == "" {
		return nil
	}
	commit, err := f.o.Forge.Commit(ctx, r, d.Commit)
	if errors.Is(err, ErrGone) {
		err = fmt.Errorf("commit %.12s is not in this repository", d.Commit)
	}
	if err != nil {
		return err
	}
	s.commit = commit
	asks := &s.asks
	asks.Tenant, asks.Commit, asks.Tree, asks.Environment, asks.Requirement, asks.Now = tenantOf(r.Tenant), d.Commit, commit.Tree, d.Name, s.env.Requirement, f.o.Now()
	if err := f.deployedBefore(ctx, r, asks); err != nil {
		return err
	}
	about := subject{commit: commit.SHA, tree: commit.Tree, merged: []string{commit.SHA}, base: asks.LastDeployed().Commit}
	if len(commit.Parents) > 1 {
		about.merged = append(about.merged, commit.Parents...)
	}
	facts, err := f.testFacts(ctx, r, commit.SHA, s.want, about)
	if err != nil {
		return err
	}
	asks.Merged, asks.Records, asks.Runs, asks.Guarded = facts.Merged, facts.Records, facts.Runs, facts.Guarded
	if s.deployer, err = f.deployer(ctx, r, run, s.want, s.env); err != nil {
		return err
	}
	s.debts, err = f.debts(ctx, r, s.want, s.env, *asks)
	return err
}

// ask puts the question of one run on it.
func (s *standing) ask(run WorkflowRun, q *gate.Question) {
	q.Settings, q.Debts = s.want.gates, s.debts
	asks, facts := &q.Subject, s.asks
	if facts.Tree != "" {
		asks.Tree, asks.Requirement = facts.Tree, facts.Requirement
	}
	asks.History, asks.Changes = facts.History, facts.Changes
	asks.Merged, asks.Records, asks.Runs, asks.Guarded = facts.Merged, facts.Records, facts.Runs, facts.Guarded
	if d, known := s.deployer.Get(); known {
		d.RepositoryID, d.HeadRepositoryID, d.RunID, d.Attempt = run.RepositoryID, run.HeadRepositoryID, run.ID, run.Attempt
		asks.Deployer = fact.Of(d)
	} else {
		asks.Deployer = s.deployer
	}
}
