package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/verdict"
)

// ask is the question about a deployment. Where something cannot be read, what is missing has the reason, and the error
// says it: the decision is then an error, and never an approval. The version is that of the evidence, read before.
func (f *Flow) ask(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord, version int64) (gate.Question, error) {
	built := fact.Of([]evidence.Provenance{}) // the rule asks about trees alone
	if len(d.Digests) > 0 {                   // that nobody looks at the proof here is no proof of the contrary
		built = fact.Missing[[]evidence.Provenance]("the job that deploys the artifacts brings it when it asks")
	}
	return f.askOf(ctx, r, run, d, version, built)
}

// askOf is ask with what is proven of the artifacts.
func (f *Flow) askOf(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord, version int64, built fact.Known[[]evidence.Provenance]) (gate.Question, error) {
	q := gate.Question{Asked: d.Asked, ErrorSince: d.ErrorSince}
	q.Subject = evidence.Question{
		Tenant: tenantOf(r.Tenant), Commit: d.Commit, Tree: d.Tree, Digests: d.Digests, Environment: d.Name, RunID: d.Run, Attempt: d.Attempt, Now: f.o.Now(),
		Provenance: built,
	}
	err := f.fill(ctx, r, run, d, version, &q)
	if err != nil {
		notRead(&q, plainly(err))
	}
	return q, err
}

// plainly is an error for people at GitHub: an address or a token must not be in it.
func plainly(err error) string {
	if later, ok := errors.AsType[*Later](err); ok {
		return later.Reason
	}
	return cut(strings.Map(visible, err.Error()), 200)
}

// notRead marks what was not read.
func notRead(q *gate.Question, why string) {
	s := &q.Subject
	s.Records, s.Runs = orMissing(s.Records, why), orMissing(s.Runs, why)
	s.History, s.Guarded, s.Changes = orMissing(s.History, why), orMissing(s.Guarded, why), orMissing(s.Changes, why)
	s.Deployer, s.Provenance = orMissing(s.Deployer, why), orMissing(s.Provenance, why)
	q.Settings, q.Debts, q.Waivers = orMissing(q.Settings, why), orMissing(q.Debts, why), orMissing(q.Waivers, why)
	q.People = orMissing(q.People, why)
	q.Policies = fact.Missing[[]verdict.Finding](why) // asked last: they would have seen everything
}

func orMissing[T any](k fact.Known[T], why string) fact.Known[T] {
	if _, ok := k.Get(); ok {
		return k
	}
	return fact.Missing[T](why)
}

// fill gathers, in the order in which one thing needs another.
func (f *Flow) fill(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord, version int64, q *gate.Question) error {
	s, err := f.together(ctx, r, run, d, version)
	s.ask(run, q)
	if err != nil {
		return err
	}
	if s.env.Name == "" {
		notRead(q, "nothing is asked of an environment that is not known")
		return nil
	}
	return f.rest(ctx, r, run, d, s.commit, s.want, s.env, q)
}

// rest is what is asked beside the tests.
func (f *Flow) rest(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord, commit Commit, want requirements, env gated, q *gate.Question) error {
	var err error
	if q.Waivers, q.People, err = f.glasses(ctx, r, run, d, commit, env, q.Subject); err != nil {
		return err
	}
	q.Policies, err = f.deployPolicies(ctx, r, commit, want, env, *q)
	return err
}

// deployPolicies asks the policies of this program and of the organisation about a deployment. Which pull requests it brings
// is gathered only where a rule in force may look at them.
func (f *Flow) deployPolicies(ctx context.Context, r Repository, commit Commit, want requirements, env gated, q gate.Question) (fact.Known[[]verdict.Finding], error) {
	c, err := f.o.Engine.Control(ctx, want.settings)
	if wrong, ok := errors.AsType[*unusable](err); ok {
		return fact.Missing[[]verdict.Finding](plainly(wrong)), nil
	}
	if err != nil {
		return fact.Known[[]verdict.Finding]{}, err
	}
	rules := c.Rules()
	if !wantsPulls(rules, nil) {
		found, err := f.deployFindings(ctx, c, want, q, q.Deployment(nil, "they were not asked for"))
		if err != nil || !wantsPulls(rules, found) {
			return fact.Of(found), err
		}
	}
	pulls, why, err := f.deployPulls(ctx, r, commit, want, env, q.Subject)
	if err != nil {
		return fact.Known[[]verdict.Finding]{}, err
	}
	found, err := f.deployFindings(ctx, c, want, q, q.Deployment(pulls, why))
	return fact.Of(found), err
}

func (f *Flow) deployFindings(ctx context.Context, c *Control, want requirements, q gate.Question, d fact.Deployment) (found []verdict.Finding, err error) {
	err = f.evaluating(ctx, func() error {
		found, err = c.findings(ctx, fact.Facts{
			Plan: fact.Missing[fact.Plan]("a deployment has none"), Estimate: fact.Missing[fact.Estimate]("a deployment has none"),
			Evidence: fact.Of(evidence.Tested(q.Subject).Facts(q.Subject)), Deployment: fact.Of(d),
			Params: want.settings.Config.Policies.Params,
		})
		return err
	})
	return found, err
}

// deployer is the run that asks, as GitHub has it now.
func (f *Flow) deployer(ctx context.Context, r Repository, run WorkflowRun, want requirements, env gated) (fact.Known[evidence.Deployer], error) {
	d := evidence.Deployer{
		RepositoryID: run.RepositoryID, HeadRepositoryID: run.HeadRepositoryID, RunID: run.ID, Attempt: run.Attempt, Workflow: run.Workflow,
		HeadCommit: run.HeadCommit,
	}
	if len(env.DeployJobs) > 0 {
		jobs, err := f.deployingJobs(ctx, r, run.HeadCommit, run.Workflow, env.Name)
		if trouble, ok := errors.AsType[*troubled](err); ok {
			return fact.Missing[evidence.Deployer](trouble.why), nil
		}
		if err != nil {
			return fact.Known[evidence.Deployer]{}, err
		}
		d.Jobs = jobs
	}
	var err error
	d.Reachable, err = f.reachable(ctx, r, run.HeadCommit, want, env.From)
	return fact.Of(d), err
}

// reachable reports that a commit is on a branch.
func (f *Flow) reachable(ctx context.Context, r Repository, commit string, want requirements, from string) (fact.Known[bool], error) {
	switch {
	case from == "":
		return fact.Missing[bool]("no branch is asked for"), nil
	case from == r.DefaultBranch && commit == want.tip:
		return fact.Of(true), nil
	case from == r.DefaultBranch:
		from = want.tip
	}
	c, err := f.o.Forge.Compare(ctx, r, from, commit)
	if errors.Is(err, ErrGone) { // the branch is not there, or has no history in common
		return fact.Of(false), nil
	}
	return fact.Of(err == nil && c.MergeBase == commit), err
}

// debts are the trees in the environment that nothing has replaced since, each with what is known of its tests.
func (f *Flow) debts(ctx context.Context, r Repository, want requirements, env gated, asks evidence.Question) (fact.Known[[]gate.Debt], error) {
	list, err := f.o.Records.Debts(ctx, r.Tenant, strings.ToLower(env.Name), asks.LastDeployed().At)
	if err != nil {
		return fact.Known[[]gate.Debt]{}, err
	}
	if len(list) > mostDebts {
		return fact.Missing[[]gate.Debt](fmt.Sprintf("%d trees went there without proof; at most %d are looked at: roll back to one that was approved on evidence", len(list), mostDebts)), nil
	}
	out := []gate.Debt{}
	for _, d := range list {
		if d.Tree == asks.Tree { // what is asked about it anyway
			d.Evidence = evidence.Tested(asks)
		} else if d.Evidence, err = f.testedTree(ctx, r, want, env, d, asks.LastDeployed().Commit); err != nil {
			return fact.Known[[]gate.Debt]{}, err
		}
		out = append(out, d)
	}
	return fact.Of(out), nil
}

// mostDebts bounds what is asked of GitHub for one decision.
const mostDebts = 5

// testedTree asks about a tree that is deployed already. What decides what its tests say is held against the last commit that
// was approved on evidence: else it could pay its debt with a workflow of its own.
func (f *Flow) testedTree(ctx context.Context, r Repository, want requirements, env gated, d gate.Debt, approved string) (evidence.Decision, error) {
	s := subject{commit: d.Commit, tree: d.Tree, merged: []string{d.Commit}, base: approved}
	q, err := f.testFacts(ctx, r, d.Commit, want, s)
	if err != nil {
		return evidence.Decision{}, err
	}
	q.Environment, q.Requirement = env.Name, env.Requirement
	q.Requirement.After, q.Requirement.From = "", "" // it is there: what is owed is its tests
	if err := f.deployedBefore(ctx, r, &q); err != nil {
		return evidence.Decision{}, err
	}
	return evidence.Tested(q), nil
}

// glasses are the waivers for the environment, and who may not approve one for this deployment: asked for only where there
// are any.
func (f *Flow) glasses(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord, commit Commit, env gated, asks evidence.Question) (waivers fact.Known[[]gate.Glass], people fact.Known[gate.People], err error) {
	people = fact.Missing[gate.People]("there is no waiver")
	list, err := f.o.Records.Waivers(ctx, r.Tenant, env.Name, asks.Now)
	if err != nil || len(list) == 0 {
		return fact.Of([]gate.Glass{}), people, err
	}
	out := []gate.Glass{}
	for _, k := range list {
		g := gate.Glass{Waiver: k.Waiver, Used: k.Used}
		if d.Waiver == k.Waiver.ID() {
			g.Used-- // this attempt has its use already
		}
		e, err := f.entitled(ctx, r, env, Person{ID: k.Waiver.Approver.ID, Login: k.Waiver.Approver.Login})
		if err != nil {
			return waivers, people, err
		}
		g.Entitled = e.as != ""
		out = append(out, g)
	}
	since := asks.LastDeployed().Commit
	if since == "" && len(commit.Parents) > 0 {
		since = commit.Parents[0] // nothing was deployed before: at least the commit's own author counts
	}
	if since == "" {
		return fact.Of(out), fact.Missing[gate.People]("who wrote the commit cannot be told"), nil
	}
	authors, whole, err := f.o.Forge.Authors(ctx, r, since, asks.Commit)
	switch {
	case err != nil:
		return waivers, people, err
	case !whole:
		people = fact.Missing[gate.People]("there are more commits since the last deployment than are looked at")
	default:
		people = fact.Of(gate.People{Actors: slices.Clone(run.Actors), Authors: authors})
	}
	return fact.Of(out), people, nil
}
