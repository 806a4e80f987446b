package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
)

// historyDepth is how many deployments to one environment are looked back at: of those that were proven, and of others. An older
// one is no rollback any more.
const historyDepth = 200

// deployedBefore adds what went to the question's environment, and to the one before it, by our own ledger, and where a
// suite covers part of the repository alone, what has changed since.
func (f *Flow) deployedBefore(ctx context.Context, r Repository, q *evidence.Question) error {
	names := []string{strings.ToLower(q.Environment)}
	if after := strings.ToLower(q.Requirement.After); after != "" && after != names[0] {
		names = append(names, after)
	}
	list, err := f.o.Records.DeploymentHistory(ctx, r.Tenant, names, historyDepth)
	if err != nil {
		return err
	}
	q.History = fact.Of(historyOf(list, names[0]))
	q.Changes = fact.Missing[evidence.Changes]("nothing was deployed by an approval of ours")
	last := q.LastDeployed()
	if last.Commit == "" || !slices.ContainsFunc(q.Requirement.Suites, partial) {
		return nil
	}
	c, err := f.o.Forge.Compare(ctx, r, last.Commit, q.Commit)
	if err != nil {
		return err
	}
	q.Changes = fact.Of(evidence.Changes{Since: last.Commit, Ahead: c.MergeBase == last.Commit, Truncated: !c.Whole, Files: c.Files})
	return nil
}

// partial reports a suite that does not cover everything.
func partial(s evidence.SuiteRequirement) bool {
	return len(s.Paths) > 0 && !slices.Contains(s.Paths, "**")
}

// historyOf is what the ledger knows, as decisions see it. Records counted where their tree went to the environment itself.
func historyOf(list []DeploymentRecord, environment string) evidence.History {
	var out evidence.History
	for _, d := range list {
		at := d.Decided
		if !d.Ended.IsZero() {
			at = d.Ended
		}
		out.Deployments = append(out.Deployments, evidence.Deployment{
			Environment: d.Environment, Commit: d.Commit, Tree: d.Tree, Digests: d.Digests, Basis: d.Basis, Succeeded: d.Succeeded, At: at, Suites: d.Suites,
		})
		if d.Environment == environment && d.Basis == evidence.BasisEvidence && d.Succeeded {
			out.Passing = append(out.Passing, d.Passing...)
		}
	}
	return out
}

// passed are the suites and the records that an approval stands on.
func passed(d gate.Decision, now time.Time) (suites []string, records []evidence.Passing) {
	for _, s := range d.Evidence.Suites {
		if s.Outcome != evidence.OutcomeTested {
			continue
		}
		suites = append(suites, s.Name)
		if s.Record != nil {
			records = append(records, evidence.Passing{Suite: s.Name, RunID: s.Record.RunID, Ran: s.Record.Counts.Executed - s.Record.Counts.Skipped, Started: now.Add(-s.Record.Age)})
		}
	}
	return suites, records
}
