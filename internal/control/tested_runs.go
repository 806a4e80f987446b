package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
)

// Bounds of what is asked of GitHub for one decision.
const (
	maxHeads   = 5  // commits whose runs are listed
	maxWithJob = 10 // runs whose jobs are listed
	maxLost    = 20 // runs that were seen and are no longer listed
)

type attemptKey struct {
	run     int64
	attempt int
}

func (k attemptKey) compare(other attemptKey) int {
	return cmp.Or(cmp.Compare(k.run, other.run), cmp.Compare(k.attempt, other.attempt))
}

// attempts are the runs about a subject while they are gathered.
type attempts struct {
	list  map[attemptKey]evidence.Run
	whole map[int64]WorkflowRun // newest attempts, as listed
	seen  []SeenRun
}

// runsAbout lists the runs of the suites' workflows that may have tested a subject, as GitHub has them now, beside those
// that we have seen and that it has no longer. troubles says why an artifact of one of them is no evidence.
func (f *Flow) runsAbout(ctx context.Context, r Repository, head string, want requirements, s subject, records []evidence.Record) (runs fact.Known[[]evidence.Run], troubles string, err error) {
	heads := headsOf(head, s, records)
	a := attempts{list: map[attemptKey]evidence.Run{}, whole: map[int64]WorkflowRun{}}
	for _, commit := range heads {
		list, whole, err := f.o.Forge.RunsOf(ctx, r, commit, want.workflows())
		if err != nil {
			return runs, "", err
		}
		if !whole {
			return fact.Missing[[]evidence.Run](fmt.Sprintf("commit %.12s has more runs than are looked at", commit)), "", nil
		}
		for _, run := range list {
			if len(want.suites(run.Workflow)) > 0 && run.HeadRepositoryID == r.Tenant.Repository {
				a.whole[run.ID] = run
				a.list[attemptKey{run.ID, run.Attempt}] = run.Run
			}
		}
	}
	if a.seen, err = f.o.Records.SeenRuns(ctx, r.Tenant, heads, []string{s.tree}); err != nil {
		return runs, "", err
	}
	if err := f.lost(ctx, r, &a, records, s); err != nil {
		return runs, "", err
	}
	if err := f.fetchFirst(ctx, r, want, &a, records); err != nil {
		return runs, "", err
	}
	if err := f.placeRuns(ctx, r, head, s, &a); err != nil {
		return runs, "", err
	}
	if err := f.withJobs(ctx, r, s, &a, records); err != nil {
		return runs, "", err
	}
	var out []evidence.Run
	for _, run := range a.list {
		out = append(out, run)
	}
	slices.SortFunc(out, func(x, y evidence.Run) int { return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.Attempt, y.Attempt)) })
	if err := f.o.Records.SeeRuns(ctx, r.Tenant, f.news(a)); err != nil {
		return runs, "", err
	}
	return fact.Of(out), a.troubles(s), nil
}

// headsOf are the commits whose runs are listed: the head's own, and those that other records of the tree were made for.
func headsOf(head string, s subject, records []evidence.Record) []string {
	out := []string{head}
	for _, r := range records {
		if h := r.Producer.HeadCommit; r.Subject.Tree == s.tree && !slices.Contains(out, h) && len(out) < maxHeads {
			out = append(out, h)
		}
	}
	return out
}

// lost adds the runs that we have seen, or have a record of, and that GitHub did not list: earlier attempts as they were,
// and others as it has them now, which may be not at all.
func (f *Flow) lost(ctx context.Context, r Repository, a *attempts, records []evidence.Record, s subject) error {
	known := map[attemptKey]evidence.Run{}
	for _, seen := range a.seen {
		known[attemptKey{seen.Run.ID, seen.Run.Attempt}] = seen.Run
	}
	for _, record := range records {
		p := record.Producer
		key := attemptKey{p.RunID, p.Attempt}
		if _, there := known[key]; !there && record.Subject.Tree == s.tree {
			known[key] = evidence.Run{
				RepositoryID: r.Tenant.Repository, ID: p.RunID, Attempt: p.Attempt, Workflow: p.Workflow, Event: p.Event, RefProtected: p.RefProtected,
				HeadCommit: p.HeadCommit, HeadRepositoryID: p.HeadRepositoryID, Tree: s.tree, Started: p.RunStarted,
			}
		}
	}
	asked := 0
	for _, key := range slices.SortedFunc(maps.Keys(known), func(x, y attemptKey) int {
		return cmp.Or(cmp.Compare(y.run, x.run), cmp.Compare(y.attempt, x.attempt))
	}) {
		run := known[key]
		if _, listed := a.list[key]; listed {
			continue
		}
		if now, listed := a.whole[key.run]; listed {
			if now.Attempt > key.attempt { // it was repeated, so that it has ended
				run.Status = evidence.StatusCompleted
				a.list[key] = run
			}
			continue
		}
		if asked++; asked > maxLost {
			return &Later{After: soonWait, Reason: "too many runs of this tree are gone to ask about them at once"}
		}
		now, err := f.o.Forge.WorkflowRun(ctx, r, key.run)
		switch {
		case errors.Is(err, ErrGone):
			run.Gone = true
			a.list[key] = run
		case err != nil:
			return err
		default:
			a.whole[key.run] = now
			a.list[attemptKey{now.ID, now.Attempt}] = now.Run
			if now.Attempt > key.attempt {
				run.Status = evidence.StatusCompleted
				a.list[key] = run
			}
		}
	}
	return nil
}

// placeRuns says which tree each run ran on. Of a pull request's run only its token says so; as long as it has not
// uploaded anything it is taken for one on the subject: such a run can only keep a green one waiting, or cancel it.
func (f *Flow) placeRuns(ctx context.Context, r Repository, head string, s subject, a *attempts) error {
	trees := map[int64]string{}
	protected := map[int64]bool{}
	for _, seen := range a.seen {
		if seen.Run.Tree != "" {
			trees[seen.Run.ID] = seen.Run.Tree // a re-run tests what the first attempt did
		}
		protected[seen.Run.ID] = protected[seen.Run.ID] || seen.Run.RefProtected
	}
	ofHead := ""
	for key, run := range a.list {
		run.RefProtected = run.RefProtected || protected[run.ID]
		switch {
		case run.Tree != "":
		case trees[run.ID] != "":
			run.Tree = trees[run.ID]
		case run.Event == "pull_request" && run.HeadCommit == head:
			run.Tree = s.tree
		case run.HeadCommit == s.commit:
			run.Tree = s.tree
		case run.HeadCommit == head && run.Event != "pull_request":
			if ofHead == "" {
				commit, err := f.o.Forge.Commit(ctx, r, head)
				if err != nil {
					return err
				}
				ofHead = commit.Tree
			}
			run.Tree = ofHead
		}
		a.list[key] = run
	}
	return nil
}

// withJobs adds how far the jobs of the newest runs are. A decision needs them of every run that it counts.
func (f *Flow) withJobs(ctx context.Context, r Repository, s subject, a *attempts, records []evidence.Record) error {
	about := map[int64]bool{}
	for _, record := range records {
		if record.Subject.Tree == s.tree {
			about[record.Producer.RunID] = true
		}
	}
	var keys []attemptKey
	for key, run := range a.list {
		newest, listed := a.whole[key.run]
		if listed && newest.Attempt == key.attempt && !run.Gone && (about[key.run] || run.Tree == s.tree) {
			keys = append(keys, key)
		} else {
			run.Jobs = fact.Missing[[]evidence.Job]("only those of the newest runs are asked for")
			a.list[key] = run
		}
	}
	slices.SortFunc(keys, func(x, y attemptKey) int {
		return cmp.Or(a.list[y].Started.Compare(a.list[x].Started), cmp.Compare(y.run, x.run))
	})
	for i, key := range keys {
		run := a.list[key]
		if i >= maxWithJob {
			run.Jobs = fact.Missing[[]evidence.Job]("only those of the newest runs are asked for")
			a.list[key] = run
			continue
		}
		jobs, err := f.fileJobs(ctx, r, WorkflowRun{Run: run}, s.commit)
		if trouble, ok := errors.AsType[*troubled](err); ok {
			run.Jobs = fact.Missing[[]evidence.Job](trouble.why)
		} else if err != nil {
			return err
		} else {
			run.Jobs = fact.Of(jobs)
		}
		a.list[key] = run
	}
	return nil
}

// news are the attempts that differ from what we last saw of them.
func (f *Flow) news(a attempts) []SeenRun {
	had := map[attemptKey]evidence.Run{}
	for _, seen := range a.seen {
		had[attemptKey{seen.Run.ID, seen.Run.Attempt}] = seen.Run
	}
	var out []SeenRun
	for key, run := range a.list {
		was, known := had[key]
		if run.Gone || known && was.Status == run.Status && was.Conclusion == run.Conclusion {
			continue
		}
		if run.Event == "pull_request" {
			run.Tree = was.Tree // what was only taken for it is not kept
		}
		run.Jobs = fact.Known[[]evidence.Job]{}
		out = append(out, SeenRun{Run: run, Seen: f.o.Now()})
	}
	slices.SortFunc(out, func(x, y SeenRun) int {
		return cmp.Or(cmp.Compare(x.Run.ID, y.Run.ID), cmp.Compare(x.Run.Attempt, y.Run.Attempt))
	})
	return out
}

// troubles says why artifacts of runs on the subject's tree are no evidence.
func (a attempts) troubles(s subject) string {
	var out []string
	for _, seen := range a.seen {
		newest, listed := a.whole[seen.Run.ID]
		if seen.Trouble != "" && seen.Run.Tree == s.tree && (!listed || newest.Attempt == seen.Run.Attempt) {
			out = append(out, seen.Trouble)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "; ")
}
