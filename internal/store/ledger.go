package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/org/platform-action/internal/control"
)

// ErrTampered says that a ledger does not hold together.
var ErrTampered = errors.New("the ledger was changed after it was written")

// Genesis is the chain before a tenant's first entry: it keeps entries from being moved to another tenant.
func Genesis(t control.Tenant) string { return "platform-ledger:v1:" + t.String() }

// Chain is the chain of an entry that follows the previous one: sha256 over previous chain, sequence, kind, subject,
// sha256 of the body and time in microseconds, each written as its length in bytes, a colon and its text.
func Chain(previous string, e control.LedgerEntry) string {
	body := sha256.Sum256(e.Body)
	h := sha256.New()
	for _, field := range []string{
		previous, strconv.FormatInt(e.Sequence, 10), e.Kind, e.Subject, "sha256:" + hex.EncodeToString(body[:]), strconv.FormatInt(micros(e.At), 10),
	} {
		fmt.Fprintf(h, "%d:%s", len(field), field)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

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
			if e.Sequence != after+1 || Chain(previous, e) != e.Chain {
				return fmt.Errorf("%w: tenant %s, entry %d", ErrTampered, t, after+1)
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

const ledgerColumns = `sequence, kind, subject, body, at, chain`

func readEntry(row scan, e *control.LedgerEntry) error {
	var at int64
	err := row(&e.Sequence, &e.Kind, &e.Subject, (*[]byte)(&e.Body), &at, &e.Chain)
	e.At = fromMicros(at)
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

// appendEntry writes the next entry after the end that lockLedger gave.
func appendEntry(ctx context.Context, b *batch, t control.Tenant, end, e control.LedgerEntry, body any) (control.LedgerEntry, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return control.LedgerEntry{}, err
	}
	e.Sequence, e.Body, e.At = end.Sequence+1, text, fromMicros(micros(e.At))
	e.Chain = Chain(end.Chain, e)
	_, err = b.exec(ctx, `INSERT INTO ledger (installation_id, repository_id, `+ledgerColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.Installation, t.Repository, e.Sequence, e.Kind, e.Subject, text, micros(e.At), e.Chain)
	if err != nil {
		return control.LedgerEntry{}, err
	}
	_, err = b.exec(ctx, `UPDATE ledger_head SET sequence = $3, chain = $4 WHERE installation_id = $1 AND repository_id = $2`,
		t.Installation, t.Repository, e.Sequence, e.Chain)
	return e, err
}
