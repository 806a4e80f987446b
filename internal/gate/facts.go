package gate

import (
	"slices"

	"github.com/org/platform-action/internal/fact"
)

// Deployment is the question as policies see it, with the pull requests that it brings; nil: they are not known, and why.
func (q Question) Deployment(pulls *[]fact.PullRequest, why string) fact.Deployment {
	deployer, _ := q.Subject.Deployer.Get()
	debts, _ := q.Debts.Get()
	out := fact.Deployment{
		Environment: q.Subject.Environment, Commit: q.Subject.Commit, Tree: q.Subject.Tree, Digests: append([]string{}, q.Subject.Digests...),
		RunID: q.Subject.RunID, Attempt: q.Subject.Attempt, Workflow: deployer.Workflow, Jobs: append([]string{}, deployer.Jobs...),
		At: stamp(q.Subject.Now), Rollback: q.Subject.RollsBack(), Debts: len(debts), PullRequests: pulls, PullsMissing: why,
	}
	slices.Sort(out.Digests)
	slices.Sort(out.Jobs)
	return out
}
