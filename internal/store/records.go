package store

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/org/platform-action/internal/control"
)

// get reads one row outside of a transaction.
func get[T any](ctx context.Context, s *Store, read func(scan, *T) error, sql string, args ...any) (T, bool, error) {
	if err := s.usable(); err != nil {
		var none T
		return none, false, err
	}
	v, found, err := first(ctx, s.db, read, sql, args...)
	if err != nil {
		return v, false, fmt.Errorf("reading the database: %w", err)
	}
	return v, found, nil
}

// all reads every row outside of a transaction.
func all[T any](ctx context.Context, s *Store, read func(scan, *T) error, sql string, args ...any) ([]T, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	v, err := list(ctx, s.db, read, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the database: %w", err)
	}
	return v, nil
}

// put is a transaction of one statement.
func (s *Store) put(ctx context.Context, sql string, args ...any) error {
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		_, err := b.exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the database: %w", err)
	}
	return nil
}

// Once claims a key; first is false for a key that was claimed before.
func (s *Store) Once(ctx context.Context, t control.Tenant, key string, at time.Time) (bool, error) {
	if err := checkNames("key", key); err != nil {
		return false, err
	}
	claimed := false
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		var err error
		claimed, err = claim(ctx, b, t, key, at)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("claiming a key: %w", err)
	}
	return claimed, nil
}

func claim(ctx context.Context, b *batch, t control.Tenant, key string, at time.Time) (bool, error) {
	n, err := b.exec(ctx, `INSERT INTO claim (installation_id, repository_id, claim_key, claimed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (installation_id, repository_id, claim_key) DO NOTHING`, t.Installation, t.Repository, key, micros(at))
	return n == 1, err
}

// Remember keeps a document under a name; with the zero Tenant it is the server's own, such as a cursor.
func (s *Store) Remember(ctx context.Context, t control.Tenant, name string, doc []byte) error {
	if err := checkNames("name", name); err != nil {
		return err
	}
	return s.put(ctx, `INSERT INTO document (installation_id, repository_id, name, body, changed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (installation_id, repository_id, name) DO UPDATE SET body = excluded.body, changed = excluded.changed`,
		t.Installation, t.Repository, name, filled(doc), micros(s.o.Now()))
}

// Recall reads it.
func (s *Store) Recall(ctx context.Context, t control.Tenant, name string) ([]byte, bool, error) {
	return get(ctx, s, whole[[]byte], `SELECT body FROM document WHERE installation_id = $1 AND repository_id = $2 AND name = $3`,
		t.Installation, t.Repository, name)
}

// RecallAll reads those whose name begins so and that were remembered after a time, the newest 1,000 of them. A range of names
// would depend on how the database sorts.
func (s *Store) RecallAll(ctx context.Context, t control.Tenant, prefix string, after time.Time) ([][]byte, error) {
	return all(ctx, s, whole[[]byte], `SELECT body FROM document WHERE installation_id = $1 AND repository_id = $2 AND substr(name, 1, $3) = $4 AND changed > $5
		ORDER BY changed DESC, name LIMIT 1000`, t.Installation, t.Repository, utf8.RuneCountInString(prefix), prefix, micros(after))
}

// SaveUpload keeps a plan's facts, in the place of what was uploaded before for the same commit and folder.
func (s *Store) SaveUpload(ctx context.Context, t control.Tenant, u control.Upload) error {
	return s.put(ctx, `INSERT INTO upload (installation_id, repository_id, head, root, run_id, attempt, trusted, why, digest, document, uploaded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (installation_id, repository_id, head, root) DO UPDATE SET run_id = excluded.run_id, attempt = excluded.attempt,
			trusted = excluded.trusted, why = excluded.why, digest = excluded.digest, document = excluded.document, uploaded = excluded.uploaded`,
		t.Installation, t.Repository, u.Head, u.Root, u.RunID, u.Attempt, u.Trusted, u.Why, u.Digest, filled(u.Document), micros(u.At))
}

// Uploads lists what was uploaded for a commit, by folder.
func (s *Store) Uploads(ctx context.Context, t control.Tenant, head string) ([]control.Upload, error) {
	return all(ctx, s, func(row scan, u *control.Upload) error {
		var at int64
		err := row(&u.Head, &u.Root, &u.RunID, &u.Attempt, &u.Trusted, &u.Why, &u.Digest, (*[]byte)(&u.Document), &at)
		u.At = fromMicros(at)
		return err
	}, `SELECT head, root, run_id, attempt, trusted, why, digest, document, uploaded FROM upload
		WHERE installation_id = $1 AND repository_id = $2 AND head = $3 ORDER BY root`, t.Installation, t.Repository, head)
}
