package control

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// sweepRepository looks at every open pull request and every check that has not ended: what an event that was lost
// would have asked for is asked for now.
func (f *Flow) sweepRepository(ctx context.Context, r Repository) error {
	r, err := f.resolve(ctx, r.Tenant) // the name, the default branch: whatever may have changed
	if err != nil {
		return err
	}
	if r.Archived {
		return nil
	}
	if err := f.readBranch(ctx, r); err != nil {
		return err
	}
	if _, err := f.requirements(ctx, r); err != nil { // so that its runs need not ask
		return err
	}
	open, err := f.o.Forge.OpenPulls(ctx, r)
	if err != nil {
		return err
	}
	var tasks []Task
	listed := map[int]bool{}
	for _, p := range open {
		listed[p.Number] = true
		record := PullRecord{Number: p.Number, Head: p.Head, Base: p.Base, Open: true, Seen: p.Updated}
		if err := f.o.Records.SavePull(ctx, r.Tenant, record); err != nil {
			return err
		}
		tasks = append(tasks, Task{Tenant: r.Tenant, Kind: EvaluateHead, Subject: p.Head})
	}
	known, err := f.o.Records.OpenPulls(ctx, r.Tenant)
	if err != nil {
		return err
	}
	for _, had := range known {
		if !listed[had.Number] { // closed meanwhile: reading it says so, and ends its check
			tasks = append(tasks, Task{Tenant: r.Tenant, Kind: EvaluateHead, Subject: had.Head})
		}
	}
	slices.SortFunc(tasks, func(a, b Task) int { return strings.Compare(a.Subject, b.Subject) })
	tasks = slices.CompactFunc(tasks, func(a, b Task) bool { return a.Subject == b.Subject })
	if err := f.o.Queue.Want(ctx, tasks...); err != nil {
		return err
	}
	return f.timeOut(ctx, r)
}

// timeOut ends the checks that have been in progress for too long, so that nobody waits for ever. Whatever holds their
// evaluation up may end later: then its result replaces this.
func (f *Flow) timeOut(ctx context.Context, r Repository) error {
	late, err := f.o.Records.UnfinishedChecks(ctx, r.Tenant, f.o.Now().Add(-f.o.MaxAge))
	if err != nil {
		return err
	}
	for _, c := range late {
		if c, err = f.check(ctx, r, c.Head); err != nil {
			return err
		}
		if c.ID == 0 || c.Finished {
			c.Finished = true // it was never made
			if err := f.o.Records.SaveCheck(ctx, r.Tenant, c); err != nil {
				return err
			}
			continue
		}
		c.Verdict = ""
		err := f.finish(ctx, r, c, CheckText{
			Head: c.Head, Done: true, Conclusion: TimedOut, Title: "No verdict in time", ExternalID: c.Head,
			Summary: "The evaluation has not ended in " + f.o.MaxAge.String() + ". It is tried again by itself; **Run again** starts it at once.",
			Buttons: []Button{{"Run again", "Read everything anew", rerunButton}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// endStale is the watchdog over all repositories.
func (f *Flow) endStale(ctx context.Context) error {
	late, err := f.o.Records.Stale(ctx, f.o.Now().Add(-f.o.MaxAge))
	if err != nil {
		return err
	}
	for _, t := range late {
		if err := f.within(ctx, t, f.timeOut); err != nil {
			if _, waits := errors.AsType[*Later](err); waits {
				continue // that installation must wait; the others need not
			}
			return err
		}
	}
	return nil
}

// syncInstallation keeps the list of repositories in step and sweeps them.
func (f *Flow) syncInstallation(ctx context.Context, t Tenant) error {
	err := f.syncRepositories(ctx, t)
	if errors.Is(err, ErrGone) { // uninstalled or suspended: nothing there is ours to see
		return f.forget(ctx, t)
	}
	if err != nil {
		return err
	}
	list, err := f.o.Records.Repositories(ctx, t)
	if err != nil {
		return err
	}
	var tasks []Task
	for _, r := range list {
		if f.o.Allowed(r.AccountID) && !r.Archived {
			tasks = append(tasks, Task{Tenant: r.Tenant, Kind: SweepRepository})
		}
	}
	return f.o.Queue.Want(ctx, tasks...)
}

// syncRepositories brings what is known of an installation's repositories to what GitHub says, and finds the policy
// repository among them.
func (f *Flow) syncRepositories(ctx context.Context, t Tenant) error {
	list, err := f.o.Forge.Installed(ctx, t)
	if err != nil {
		return err
	}
	known, err := f.o.Records.Repositories(ctx, t)
	if err != nil {
		return err
	}
	had := map[int64]Repository{}
	for _, r := range known {
		had[r.Tenant.Repository] = r
	}
	var policies int64
	for _, r := range list {
		if strings.EqualFold(r.Name, f.o.PolicyRepo) {
			policies = r.Tenant.Repository
		}
		if had[r.Tenant.Repository] != r {
			if err := f.o.Records.SaveRepository(ctx, r); err != nil {
				return err
			}
		}
		delete(had, r.Tenant.Repository)
	}
	for _, r := range had {
		r.Gone = true
		if err := f.o.Records.SaveRepository(ctx, r); err != nil {
			return err
		}
	}
	data, err := json.Marshal(policies)
	if err != nil {
		return err
	}
	return f.o.Records.Remember(ctx, t, policyRepositoryName, data)
}

func (f *Flow) forget(ctx context.Context, t Tenant) error {
	list, err := f.o.Records.Repositories(ctx, t)
	if err != nil {
		return err
	}
	for _, r := range list {
		r.Gone = true
		if err := f.o.Records.SaveRepository(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// sweepEverything asks for every installation to be synced.
func (f *Flow) sweepEverything(ctx context.Context) error {
	list, err := f.o.Forge.Installations(ctx)
	if err != nil {
		return err
	}
	var tasks []Task
	for _, i := range list {
		if f.o.Allowed(i.AccountID) && !i.Suspended {
			tasks = append(tasks, Task{Tenant: Tenant{Installation: i.ID}, Kind: SyncInstallation})
		}
	}
	return f.o.Queue.Want(ctx, tasks...)
}
