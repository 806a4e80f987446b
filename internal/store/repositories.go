package store

import (
	"context"
	"time"

	"github.com/org/platform-action/internal/control"
)

const repositoryColumns = `installation_id, repository_id, account_id, owner, name, default_branch, private, archived, gone`

func readRepository(row scan, r *control.Repository) error {
	return row(&r.Tenant.Installation, &r.Tenant.Repository, &r.AccountID, &r.Owner, &r.Name, &r.DefaultBranch, &r.Private, &r.Archived, &r.Gone)
}

// Repository reads what is known of the tenant's repository, also when it is gone.
func (s *Store) Repository(ctx context.Context, t control.Tenant) (control.Repository, bool, error) {
	return get(ctx, s, readRepository, `SELECT `+repositoryColumns+` FROM repository WHERE installation_id = $1 AND repository_id = $2`,
		t.Installation, t.Repository)
}

// Repositories lists an installation's repositories by id, without those that are gone.
func (s *Store) Repositories(ctx context.Context, installation control.Tenant) ([]control.Repository, error) {
	return all(ctx, s, readRepository, `SELECT `+repositoryColumns+` FROM repository WHERE installation_id = $1 AND NOT gone ORDER BY repository_id`,
		installation.Installation)
}

// SaveRepository replaces what is known of a repository.
func (s *Store) SaveRepository(ctx context.Context, r control.Repository) error {
	return s.put(ctx, `INSERT INTO repository (`+repositoryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (installation_id, repository_id) DO UPDATE SET account_id = excluded.account_id, owner = excluded.owner,
			name = excluded.name, default_branch = excluded.default_branch, private = excluded.private, archived = excluded.archived,
			gone = excluded.gone`,
		r.Tenant.Installation, r.Tenant.Repository, r.AccountID, r.Owner, r.Name, r.DefaultBranch, r.Private, r.Archived, r.Gone)
}

const pullColumns = `number, head, base, is_open, seen, comment_id, comment_digest`

func readPull(row scan, p *control.PullRecord) error {
	var seen int64
	err := row(&p.Number, &p.Head, &p.Base, &p.Open, &seen, &p.CommentID, &p.CommentDigest)
	p.Seen = fromMicros(seen)
	return err
}

// Pull reads what is remembered of a pull request.
func (s *Store) Pull(ctx context.Context, t control.Tenant, number int) (control.PullRecord, bool, error) {
	return get(ctx, s, readPull, `SELECT `+pullColumns+` FROM pull WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
		t.Installation, t.Repository, number)
}

// PullsAt lists the open pull requests with this head, by number.
func (s *Store) PullsAt(ctx context.Context, t control.Tenant, head string) ([]control.PullRecord, error) {
	return all(ctx, s, readPull, `SELECT `+pullColumns+` FROM pull
		WHERE installation_id = $1 AND repository_id = $2 AND head = $3 AND is_open ORDER BY number`, t.Installation, t.Repository, head)
}

// OpenPulls lists the open pull requests, by number.
func (s *Store) OpenPulls(ctx context.Context, t control.Tenant) ([]control.PullRecord, error) {
	return all(ctx, s, readPull, `SELECT `+pullColumns+` FROM pull
		WHERE installation_id = $1 AND repository_id = $2 AND is_open ORDER BY number`, t.Installation, t.Repository)
}

// SavePull replaces what is remembered of a pull request, but not its comment, and nothing that was seen later.
func (s *Store) SavePull(ctx context.Context, t control.Tenant, p control.PullRecord) error {
	return s.put(ctx, savePull, t.Installation, t.Repository, p.Number, p.Head, p.Base, p.Open, micros(p.Seen))
}

const savePull = `INSERT INTO pull (installation_id, repository_id, number, head, base, is_open, seen) VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET
		head = excluded.head, base = excluded.base, is_open = excluded.is_open, seen = excluded.seen
	WHERE pull.seen <= excluded.seen`

// SaveComment remembers which comment on the pull request is ours, and what it says.
func (s *Store) SaveComment(ctx context.Context, t control.Tenant, number int, id int64, digest string) error {
	return s.put(ctx, `INSERT INTO pull (installation_id, repository_id, number, comment_id, comment_digest) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET comment_id = excluded.comment_id, comment_digest = excluded.comment_digest`,
		t.Installation, t.Repository, number, id, digest)
}

const checkColumns = `head, check_id, finished, annotations, verdict, started, updated`

func readCheck(row scan, c *control.CheckRecord) error {
	var started, updated int64
	err := row(&c.Head, &c.ID, &c.Finished, &c.Notes, &c.Verdict, &started, &updated)
	c.Started, c.Updated = fromMicros(started), fromMicros(updated)
	return err
}

// Check reads what is remembered of the check run on a commit.
func (s *Store) Check(ctx context.Context, t control.Tenant, head string) (control.CheckRecord, bool, error) {
	return get(ctx, s, readCheck, `SELECT `+checkColumns+` FROM check_run WHERE installation_id = $1 AND repository_id = $2 AND head = $3`,
		t.Installation, t.Repository, head)
}

// SaveCheck replaces it.
func (s *Store) SaveCheck(ctx context.Context, t control.Tenant, c control.CheckRecord) error {
	return s.put(ctx, `INSERT INTO check_run (installation_id, repository_id, `+checkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (installation_id, repository_id, head) DO UPDATE SET check_id = excluded.check_id, finished = excluded.finished,
			annotations = excluded.annotations, verdict = excluded.verdict, started = excluded.started, updated = excluded.updated`,
		t.Installation, t.Repository, c.Head, c.ID, c.Finished, c.Notes, c.Verdict, micros(c.Started), micros(c.Updated))
}

// UnfinishedChecks lists the checks that started before the time and have not finished, by head.
func (s *Store) UnfinishedChecks(ctx context.Context, t control.Tenant, before time.Time) ([]control.CheckRecord, error) {
	return all(ctx, s, readCheck, `SELECT `+checkColumns+` FROM check_run
		WHERE installation_id = $1 AND repository_id = $2 AND NOT finished AND started < $3 ORDER BY head`,
		t.Installation, t.Repository, micros(before))
}
