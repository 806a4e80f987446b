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

// Bounds of one search: of each suite, newest first. What lies beyond is older than what cancels it.
const (
	ofTree   = 50
	ofCommit = 20
)

// KeepEvidence writes everything in one transaction, or nothing: fresh is false where Once was claimed before.
func (s *Store) KeepEvidence(ctx context.Context, t control.Tenant, k control.Kept) (bool, error) {
	if err := checkKept(t, k); err != nil {
		return false, fmt.Errorf("records of tests are not kept: %w", err)
	}
	now, fresh, tasks := s.o.Now(), false, s.originated(ctx, k.Tasks)
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		fresh = true
		if k.Once != "" {
			var err error
			if fresh, err = claim(ctx, b, t, k.Once, now); err != nil || !fresh {
				return err
			}
		}
		for _, r := range k.Records {
			if err := keepRecord(ctx, b, t, r); err != nil {
				return err
			}
		}
		if err := seeRuns(ctx, b, t, k.Runs); err != nil {
			return err
		}
		s.want(b, tasks)
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("keeping records of tests: %w", err)
	}
	return fresh, nil
}

func checkKept(t control.Tenant, k control.Kept) error {
	own := evidence.Tenant{Installation: t.Installation, Repository: t.Repository}
	for _, r := range k.Records {
		if r.Producer.Tenant != own {
			return fmt.Errorf("one is of tenant %d/%d and not of %s", r.Producer.Tenant.Installation, r.Producer.Tenant.Repository, t)
		}
		if err := r.Validate(); err != nil {
			return err
		}
	}
	if k.Once != "" {
		if err := checkNames("key", k.Once); err != nil {
			return err
		}
	}
	return checkTasks(k.Tasks)
}

func keepRecord(ctx context.Context, b *batch, t control.Tenant, r evidence.Record) error {
	id := r.ID()
	n, err := b.exec(ctx, `INSERT INTO evidence (installation_id, repository_id, id, body, recorded) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (installation_id, repository_id, id) DO NOTHING`, t.Installation, t.Repository, id, r.JSON(), micros(r.Recorded))
	if err != nil || n == 0 {
		return err
	}
	if err := countEvidence(ctx, b, t); err != nil {
		return err
	}
	started := micros(r.Producer.RunStarted)
	for _, suite := range r.Suites {
		_, err := b.exec(ctx, `INSERT INTO evidence_suite (installation_id, repository_id, suite, tree, started, id, commit_sha, head, recorded)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, t.Installation, t.Repository, suite.Name, r.Subject.Tree, started, id,
			r.Subject.Commit, r.Producer.HeadCommit, micros(r.Recorded))
		if err != nil {
			return err
		}
	}
	for _, digest := range r.Subject.Digests {
		_, err := b.exec(ctx, `INSERT INTO evidence_digest (installation_id, repository_id, digest, started, id, recorded)
			VALUES ($1, $2, $3, $4, $5, $6)`, t.Installation, t.Repository, digest, started, id, micros(r.Recorded))
		if err != nil {
			return err
		}
	}
	return nil
}

// Evidence finds records, newest run first. One that is not what its id says is an error: somebody changed it.
func (s *Store) Evidence(ctx context.Context, t control.Tenant, q control.EvidenceSearch) ([]evidence.Record, error) {
	found := map[string]evidence.Record{}
	look := func(table, where string, limit int, args ...any) error {
		args = append([]any{t.Installation, t.Repository}, append(args, limit)...)
		type row struct {
			id   string
			body []byte
		}
		rows, err := all(ctx, s, func(scan scan, r *row) error { return scan(&r.id, &r.body) },
			`SELECT e.id, e.body FROM `+table+` f JOIN evidence e
				ON e.installation_id = f.installation_id AND e.repository_id = f.repository_id AND e.id = f.id
				WHERE f.installation_id = $1 AND f.repository_id = $2 AND `+where+
				fmt.Sprintf(` ORDER BY f.started DESC LIMIT $%d`, len(args)), args...)
		for _, r := range rows {
			if _, known := found[r.id]; known {
				continue
			}
			record, err := parseEvidence(r.id, r.body)
			if err != nil {
				return err
			}
			found[r.id] = record
		}
		return err
	}
	for _, suite := range q.Suites {
		err := look("evidence_suite", "f.suite = $3", q.Newest, suite)
		for _, tree := range q.Trees {
			err = errors.Join(err, look("evidence_suite", "f.suite = $3 AND f.tree = $4", ofTree, suite, tree))
		}
		for _, commit := range q.Commits {
			err = errors.Join(err, look("evidence_suite", "f.suite = $3 AND f.commit_sha = $4", ofCommit, suite, commit),
				look("evidence_suite", "f.suite = $3 AND f.head = $4", ofCommit, suite, commit))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, digest := range q.Digests {
		if err := look("evidence_digest", "f.digest = $3", ofTree, digest); err != nil {
			return nil, err
		}
	}
	return newestFirst(found), nil
}

func parseEvidence(id string, body []byte) (evidence.Record, error) {
	r, err := evidence.ParseRecord(body)
	if err != nil {
		return r, fmt.Errorf("record %.80q in the database: %w", id, err)
	}
	if r.ID() != id {
		return r, fmt.Errorf("record %.80q in the database was changed after it was written", id)
	}
	return r, nil
}

func newestFirst(found map[string]evidence.Record) []evidence.Record {
	type named struct {
		id     string
		record evidence.Record
	}
	var list []named
	for id, r := range found {
		list = append(list, named{id, r})
	}
	slices.SortFunc(list, func(a, b named) int {
		return cmp.Or(b.record.Producer.RunStarted.Compare(a.record.Producer.RunStarted), cmp.Compare(a.id, b.id))
	})
	var out []evidence.Record
	for _, n := range list {
		out = append(out, n.record)
	}
	return out
}
