package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/waiver"
)

// SaveWaiver keeps an approved waiver, and appends it to the ledger. The same one again changes nothing.
func (s *Store) SaveWaiver(ctx context.Context, t control.Tenant, w waiver.Waiver) (control.LedgerEntry, error) {
	if w.Installation != t.Installation || w.Repository != t.Repository {
		return control.LedgerEntry{}, fmt.Errorf("a waiver of %d/%d is not kept for %s", w.Installation, w.Repository, t)
	}
	var entry control.LedgerEntry
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		end, err := s.lockLedger(ctx, b, t)
		if err != nil {
			return err
		}
		n, err := b.exec(ctx, `INSERT INTO waiver (installation_id, repository_id, id, environment, body, used, revoked, expires)
			VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT (installation_id, repository_id, id) DO NOTHING`,
			t.Installation, t.Repository, w.ID(), strings.ToLower(w.Environment), w.JSON(), false, micros(w.Expires))
		if err != nil {
			return err
		}
		if n == 0 {
			entry, err = entryAt(ctx, b, t, end.Sequence)
			return err
		}
		entry, err = s.appendEntry(ctx, b, t, end, control.LedgerEntry{Kind: "waiver", Subject: w.ID(), At: s.o.Now()}, json.RawMessage(w.JSON()))
		return err
	})
	if err != nil {
		return control.LedgerEntry{}, fmt.Errorf("keeping a waiver: %w", err)
	}
	return entry, nil
}

// Waivers lists those of an environment that have not expired and are not revoked, by id. One that is not what its id says
// is an error: somebody changed it.
func (s *Store) Waivers(ctx context.Context, t control.Tenant, environment string, at time.Time) ([]control.KeptWaiver, error) {
	return all(ctx, s, func(row scan, k *control.KeptWaiver) error {
		var id string
		var body []byte
		if err := row(&id, &body, &k.Used); err != nil {
			return err
		}
		var err error
		if k.Waiver, err = waiver.Parse(body); err != nil {
			return fmt.Errorf("waiver %.80q in the database: %w", id, err)
		}
		if k.Waiver.ID() != id {
			return fmt.Errorf("waiver %.80q in the database was changed after it was written", id)
		}
		return nil
	}, `SELECT id, body, used FROM waiver WHERE installation_id = $1 AND repository_id = $2 AND environment = $3 AND NOT revoked AND expires > $4
		ORDER BY id LIMIT 100`, t.Installation, t.Repository, strings.ToLower(environment), micros(at))
}

// RevokeWaiver ends one; false: there is none that holds.
func (s *Store) RevokeWaiver(ctx context.Context, t control.Tenant, id string, by control.Person, at time.Time) (bool, error) {
	revoked := false
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		end, err := s.lockLedger(ctx, b, t)
		if err != nil {
			return err
		}
		n, err := b.exec(ctx, `UPDATE waiver SET revoked = $4 WHERE installation_id = $1 AND repository_id = $2 AND id = $3 AND NOT revoked`,
			t.Installation, t.Repository, id, true)
		revoked = n == 1
		if err != nil || !revoked {
			return err
		}
		_, err = s.appendEntry(ctx, b, t, end, control.LedgerEntry{Kind: "waiver-revoked", Subject: id, At: at}, by)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("revoking a waiver: %w", err)
	}
	return revoked, nil
}
