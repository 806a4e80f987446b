package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
)

const runColumns = `run_id, attempt, workflow, event, ref_protected, head, head_repository, tree, started, status, conclusion, trouble, seen`

// SeeRuns replaces what is known of the attempts. A tree or a trouble that is known stays where none is given.
func (s *Store) SeeRuns(ctx context.Context, t control.Tenant, runs []control.SeenRun) error {
	_, err := s.KeepEvidence(ctx, t, control.Kept{Runs: runs})
	return err
}

func seeRuns(ctx context.Context, b *batch, t control.Tenant, runs []control.SeenRun) error {
	for _, seen := range runs {
		r := seen.Run
		_, err := b.exec(ctx, `INSERT INTO run_seen (installation_id, repository_id, `+runColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (installation_id, repository_id, run_id, attempt) DO UPDATE SET
				workflow = excluded.workflow, event = excluded.event, ref_protected = excluded.ref_protected OR run_seen.ref_protected,
				head = excluded.head, head_repository = excluded.head_repository, started = excluded.started, status = excluded.status,
				conclusion = excluded.conclusion, seen = excluded.seen,
				tree = CASE WHEN excluded.tree = '' THEN run_seen.tree ELSE excluded.tree END,
				trouble = CASE WHEN excluded.trouble = '' THEN run_seen.trouble ELSE excluded.trouble END`,
			t.Installation, t.Repository, r.ID, r.Attempt, r.Workflow, r.Event, r.RefProtected, r.HeadCommit, r.HeadRepositoryID, r.Tree,
			micros(r.Started), int64(r.Status), r.Conclusion, printable(seen.Trouble), micros(seen.Seen))
		if err != nil {
			return err
		}
	}
	return nil
}

// SeenRuns lists the attempts that were seen for the heads, or on the trees.
func (s *Store) SeenRuns(ctx context.Context, t control.Tenant, heads, trees []string) ([]control.SeenRun, error) {
	found := map[[2]int64]control.SeenRun{}
	look := func(column, value string) error {
		if value == "" {
			return nil
		}
		rows, err := all(ctx, s, func(row scan, seen *control.SeenRun) error {
			var started, status, at int64
			r := &seen.Run
			err := row(&r.ID, &r.Attempt, &r.Workflow, &r.Event, &r.RefProtected, &r.HeadCommit, &r.HeadRepositoryID, &r.Tree, &started, &status,
				&r.Conclusion, &seen.Trouble, &at)
			r.RepositoryID, r.Started, seen.Seen = t.Repository, fromMicros(started), fromMicros(at)
			if status >= 0 && status <= int64(evidence.StatusCompleted) {
				r.Status = evidence.Status(status)
			}
			return err
		}, `SELECT `+runColumns+` FROM run_seen WHERE installation_id = $1 AND repository_id = $2 AND `+column+` = $3
			ORDER BY started DESC LIMIT 500`, t.Installation, t.Repository, value)
		for _, r := range rows {
			found[[2]int64{r.Run.ID, int64(r.Run.Attempt)}] = r
		}
		return err
	}
	var err error
	for _, head := range heads {
		err = errors.Join(err, look("head", head))
	}
	for _, tree := range trees {
		err = errors.Join(err, look("tree", tree))
	}
	if err != nil {
		return nil, err
	}
	var out []control.SeenRun
	for _, r := range found {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b control.SeenRun) int {
		return cmp.Or(cmp.Compare(a.Run.ID, b.Run.ID), cmp.Compare(a.Run.Attempt, b.Run.Attempt))
	})
	return out, nil
}

const testedColumns = `head, queued, tree, check_id, finished, shown, decided, first, updated, answer`

func readTested(row scan, c *control.TestedCheck) error {
	var first, updated int64
	err := row(&c.Head, &c.Queued, &c.Tree, &c.ID, &c.Finished, &c.Shown, &c.Decided, &first, &updated, (*[]byte)(&c.Answer))
	c.First, c.Updated = fromMicros(first), fromMicros(updated)
	if len(c.Answer) == 0 {
		c.Answer = nil // the databases differ in what they give for no bytes
	}
	return err
}

const testedOfHead = `SELECT ` + testedColumns + ` FROM tested_check WHERE installation_id = $1 AND repository_id = $2 AND head = $3`

// TestedCheck reads what is remembered of the check platform/tested on a commit.
func (s *Store) TestedCheck(ctx context.Context, t control.Tenant, head string) (control.TestedCheck, bool, error) {
	return get(ctx, s, readTested, testedOfHead, t.Installation, t.Repository, head)
}

// TestedChecks lists those that were last asked about a tree.
func (s *Store) TestedChecks(ctx context.Context, t control.Tenant, tree string) ([]control.TestedCheck, error) {
	return all(ctx, s, readTested, `SELECT `+testedColumns+` FROM tested_check
		WHERE installation_id = $1 AND repository_id = $2 AND tree = $3 ORDER BY head LIMIT 1000`, t.Installation, t.Repository, tree)
}

// SaveTestedCheck replaces it, but for what the ledger has of it.
func (s *Store) SaveTestedCheck(ctx context.Context, t control.Tenant, c control.TestedCheck) error {
	return s.put(ctx, `INSERT INTO tested_check (installation_id, repository_id, `+testedColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $11)
		ON CONFLICT (installation_id, repository_id, head) DO UPDATE SET queued = excluded.queued, tree = excluded.tree,
			check_id = excluded.check_id, finished = excluded.finished, shown = excluded.shown, first = excluded.first, updated = excluded.updated, answer = excluded.answer`,
		t.Installation, t.Repository, c.Head, c.Queued, c.Tree, c.ID, c.Finished, c.Shown, micros(c.First), micros(c.Updated), filled(c.Answer))
}

// RecordTested appends the decision to the ledger, unless it is the last one of its head, and returns the ledger's end.
func (s *Store) RecordTested(ctx context.Context, t control.Tenant, v control.TestedVerdict) (control.LedgerEntry, error) {
	var entry control.LedgerEntry
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		end, err := s.lockLedger(ctx, b, t)
		if err != nil {
			return err
		}
		had, known, err := first(ctx, b, readTested, testedOfHead, t.Installation, t.Repository, v.Head)
		switch {
		case err != nil:
			return err
		case !known:
			return fmt.Errorf("there is no check of %.80q to decide on", v.Head)
		case had.Decided == v.Digest:
			entry, _, err = first(ctx, b, readEntry, `SELECT `+ledgerColumns+` FROM ledger
				WHERE installation_id = $1 AND repository_id = $2 AND sequence = $3`, t.Installation, t.Repository, end.Sequence)
			return err
		}
		entry, err = s.appendEntry(ctx, b, t, end, control.LedgerEntry{Kind: "tested", Subject: v.Digest, At: v.At}, v.Body)
		if err != nil {
			return err
		}
		_, err = b.exec(ctx, `UPDATE tested_check SET decided = $4 WHERE installation_id = $1 AND repository_id = $2 AND head = $3`,
			t.Installation, t.Repository, v.Head, v.Digest)
		return err
	})
	if err != nil {
		return control.LedgerEntry{}, fmt.Errorf("recording whether a commit was tested: %w", err)
	}
	return entry, nil
}
