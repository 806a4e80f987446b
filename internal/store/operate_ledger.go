package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

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
	untold, sinks := s.untold(3)
	for {
		found, err := list(ctx, s.db, func(row scan, o *old) error {
			return row(&o.tenant.Installation, &o.tenant.Repository, &o.entry.Sequence, (*[]byte)(&o.entry.Body))
		}, `SELECT l.installation_id, l.repository_id, l.sequence, l.body FROM ledger l WHERE l.at < $1 AND octet_length(l.body) > 0`+untold+` ORDER BY l.at LIMIT $2`,
			append([]any{before, ledgerPortion}, sinks...)...)
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

// untold leaves out what a sink that is configured has not been told: it would be told nothing.
func (s *Store) untold(from int) (sql string, args []any) {
	if len(s.o.Sinks) == 0 {
		return "", nil
	}
	var places []string
	for i, sink := range s.o.Sinks {
		places, args = append(places, "$"+strconv.Itoa(from+i)), append(args, sink)
	}
	return ` AND NOT EXISTS (SELECT 1 FROM event_cursor c WHERE c.installation_id = l.installation_id AND c.repository_id = l.repository_id
		AND c.sequence < l.sequence AND c.sink IN (` + strings.Join(places, ", ") + `))`, args
}
