package store

import (
	"context"
	"fmt"

	"github.com/org/platform-action/internal/control"
)

// ledgerPortion is how many bodies are taken out at once: they are read for it, and no transaction holds the writer for long.
const ledgerPortion = 200

// collectLedger replaces the bodies of old entries by their digests. No entry goes: the chain is over the digests, so that a
// ledger verifies as before.
func (s *Store) collectLedger(ctx context.Context, before int64) error {
	type old struct {
		tenant control.Tenant
		entry  control.LedgerEntry
	}
	for {
		found, err := list(ctx, s.db, func(row scan, o *old) error {
			return row(&o.tenant.Installation, &o.tenant.Repository, &o.entry.Sequence, (*[]byte)(&o.entry.Body))
		}, `SELECT installation_id, repository_id, sequence, body FROM ledger WHERE at < $1 AND octet_length(body) > 0 ORDER BY at LIMIT $2`, before, ledgerPortion)
		if err != nil {
			return fmt.Errorf("applying the retention to the ledger: %w", err)
		}
		err = s.write(ctx, func(ctx context.Context, b *batch) error {
			for _, o := range found {
				_, err := b.exec(ctx, `UPDATE ledger SET body = $4, digest = $5 WHERE installation_id = $1 AND repository_id = $2 AND sequence = $3
					AND octet_length(body) > 0`, o.tenant.Installation, o.tenant.Repository, o.entry.Sequence, []byte{}, o.entry.BodyDigest())
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("applying the retention to the ledger: %w", err)
		}
		if len(found) < ledgerPortion {
			return nil
		}
	}
}
