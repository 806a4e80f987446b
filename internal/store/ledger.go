package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/ledger"
)

// ErrTampered says that a ledger does not hold together.
var ErrTampered = errors.New("the ledger was changed after it was written")

// Genesis is the chain before a tenant's first entry.
func Genesis(t control.Tenant) string { return ledger.Genesis(t.Installation, t.Repository) }

// VerifyLedger reads a tenant's whole ledger and says where it does not hold together: an entry that was changed,
// moved, taken out, or cut off at the end. The error is ErrTampered.
func (s *Store) VerifyLedger(ctx context.Context, t control.Tenant) error {
	const portion = 1000
	previous, after := Genesis(t), int64(0)
	for {
		entries, err := s.Ledger(ctx, t, after, portion)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := ledger.Follows(previous, after, e); err != nil {
				return fmt.Errorf("%w: tenant %s: %w", ErrTampered, t, err)
			}
			previous, after = e.Chain, e.Sequence
		}
		if len(entries) < portion {
			break
		}
	}
	end, found, err := ledgerHead(ctx, s.db, t, "")
	if err != nil {
		return err
	}
	// What was appended since we began to read is not missing.
	if (!found && after > 0) || (found && end.Sequence == after && end.Chain != previous) || (found && end.Sequence < after) {
		return fmt.Errorf("%w: tenant %s, its end", ErrTampered, t)
	}
	if found && end.Sequence > after {
		if more, err := s.Ledger(ctx, t, after, 1); err != nil || len(more) == 0 {
			return errors.Join(err, fmt.Errorf("%w: tenant %s, cut off after entry %d", ErrTampered, t, after))
		}
	}
	return nil
}

const ledgerColumns = `sequence, kind, subject, body, digest, at, chain`

func readEntry(row scan, e *control.LedgerEntry) error {
	var at int64
	err := row(&e.Sequence, &e.Kind, &e.Subject, (*[]byte)(&e.Body), &e.Digest, &at, &e.Chain)
	if e.At = fromMicros(at); len(e.Body) == 0 {
		e.Body = nil // retention took it out
	}
	return err
}

// Ledger reads the entries after a sequence, oldest first, limit of them.
func (s *Store) Ledger(ctx context.Context, t control.Tenant, after int64, limit int) ([]control.LedgerEntry, error) {
	return all(ctx, s, readEntry, `SELECT `+ledgerColumns+` FROM ledger
		WHERE installation_id = $1 AND repository_id = $2 AND sequence > $3 ORDER BY sequence LIMIT $4`, t.Installation, t.Repository, after, limit)
}

func entryAt(ctx context.Context, q querier, t control.Tenant, sequence int64) (control.LedgerEntry, error) {
	e, _, err := first(ctx, q, readEntry, `SELECT `+ledgerColumns+` FROM ledger
		WHERE installation_id = $1 AND repository_id = $2 AND sequence = $3`, t.Installation, t.Repository, sequence)
	return e, err
}

func ledgerHead(ctx context.Context, q querier, t control.Tenant, lock string) (control.LedgerEntry, bool, error) {
	return first(ctx, q, func(row scan, e *control.LedgerEntry) error { return row(&e.Sequence, &e.Chain) },
		`SELECT sequence, chain FROM ledger_head WHERE installation_id = $1 AND repository_id = $2`+lock, t.Installation, t.Repository)
}

// lockLedger gives the end of the tenant's ledger, which nobody else moves while the transaction is open.
func (s *Store) lockLedger(ctx context.Context, b *batch, t control.Tenant) (control.LedgerEntry, error) {
	_, err := b.exec(ctx, `INSERT INTO ledger_head (installation_id, repository_id, sequence, chain) VALUES ($1, $2, 0, $3)
		ON CONFLICT (installation_id, repository_id) DO NOTHING`, t.Installation, t.Repository, Genesis(t))
	if err != nil {
		return control.LedgerEntry{}, err
	}
	end, _, err := ledgerHead(ctx, b, t, s.db.dialect().lock)
	return end, err
}

// appendEntry writes the next entry after the end that lockLedger gave, and asks for it to be told to sinks.
func (s *Store) appendEntry(ctx context.Context, b *batch, t control.Tenant, end, e control.LedgerEntry, body any) (control.LedgerEntry, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return control.LedgerEntry{}, err
	}
	e.Sequence, e.Body, e.At = end.Sequence+1, text, fromMicros(micros(e.At))
	e.Chain = ledger.Chain(end.Chain, e)
	_, err = b.exec(ctx, `INSERT INTO ledger (installation_id, repository_id, `+ledgerColumns+`) VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8)`,
		t.Installation, t.Repository, e.Sequence, e.Kind, e.Subject, text, micros(e.At), e.Chain)
	if err != nil {
		return control.LedgerEntry{}, err
	}
	_, err = b.exec(ctx, `UPDATE ledger_head SET sequence = $3, chain = $4 WHERE installation_id = $1 AND repository_id = $2`,
		t.Installation, t.Repository, e.Sequence, e.Chain)
	if err != nil {
		return e, err
	}
	return e, s.announce(ctx, b, t, e.Sequence)
}
