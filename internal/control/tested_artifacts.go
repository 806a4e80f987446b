package control

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/org/platform-action/internal/evidence"
)

// fetchFirst looks at the runs that have ended and whose artifact may be evidence, but whose end nobody has looked at yet:
// its event is on the way, or was lost. Until that is done they count as if they could still record something.
func (f *Flow) fetchFirst(ctx context.Context, r Repository, want requirements, a *attempts, records []evidence.Record) error {
	if !slices.ContainsFunc(want.environments, func(e requirement) bool { return e.Assurance == evidence.AssuranceArtifact }) {
		return nil
	}
	looked := map[attemptKey]bool{}
	for _, seen := range a.seen {
		if seen.Run.Status == evidence.StatusCompleted {
			looked[attemptKey{seen.Run.ID, seen.Run.Attempt}] = true
		}
	}
	for _, record := range records {
		looked[attemptKey{record.Producer.RunID, record.Producer.Attempt}] = true
	}
	var tasks []Task
	for _, key := range slices.SortedFunc(maps.Keys(a.list), attemptKey.compare) {
		run := a.list[key]
		newest, listed := a.whole[key.run]
		leaves := run.Event == "push" || run.Event == "merge_group"
		if !listed || newest.Attempt != key.attempt || run.Status != evidence.StatusCompleted || !leaves || looked[key] {
			continue
		}
		tasks = append(tasks, Task{Tenant: r.Tenant, Kind: LookAtRun, Subject: strconv.FormatInt(key.run, 10)})
		run.Status, run.Conclusion = evidence.StatusRunning, ""
		a.list[key] = run
	}
	if len(tasks) == 0 {
		return nil
	}
	return f.o.Queue.Want(ctx, tasks...)
}
