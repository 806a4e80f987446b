package store

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// metered notes how many rows a transaction changed by one statement at most.
type metered struct {
	database

	most int64
}

type meteredTx struct {
	tx
	m *metered
}

func (m *metered) transact(ctx context.Context, do func(tx) error) error {
	return m.database.transact(ctx, func(t tx) error { return do(meteredTx{t, m}) })
}

func (t meteredTx) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := t.tx.exec(ctx, sql, args...)
	t.m.most = max(t.m.most, n)
	return n, err
}

// TestRetentionInPortions: however much is due at once, such as after the retention was shortened, all of it goes, and no
// statement takes more than a portion.
func TestRetentionInPortions(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o, now := options(url), noon
		o.Now = func() time.Time { return now }
		s := open(t, o)
		const many = 2*portion + 7
		ok(t, s.db.transact(ctx, func(x tx) error {
			for i := range many {
				name, at, body := fmt.Sprint(i), micros(noon)+int64(i), []byte("x")
				for sql, args := range map[string][]any{
					`INSERT INTO claim (installation_id, repository_id, claim_key, claimed) VALUES ($1, $2, $3, $4)`:                                 {name, at},
					`INSERT INTO delivery (id, installation_id, repository_id, event, action, digest, received) VALUES ($3, $1, $2, '', '', '', $4)`: {name, at},
					`INSERT INTO cache_entry (installation_id, repository_id, cache_key, value, stored) VALUES ($1, $2, $3, $5, $4)`:                 {name, at, body},
					`INSERT INTO verdict (installation_id, repository_id, sequence, number, head, outcome, digest, report, at)
						VALUES ($1, $2, $3, 1, '', 'allow', '', $5, $4)`: {int64(i), at, body},
					`INSERT INTO evidence (installation_id, repository_id, id, body, recorded) VALUES ($1, $2, $3, $5, $4)`: {name, at, body},
				} {
					if _, err := x.exec(ctx, sql, append([]any{tenant.Installation, tenant.Repository}, args...)...); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		must[control.LedgerEntry](t)(s.Record(ctx, others[0], control.VerdictRecord{Number: 1, Head: "h", Digest: "d", Report: json.RawMessage(`{}`), At: noon.Add(400 * day)}))
		now = noon.Add(401 * day)
		m := &metered{database: s.db}
		s.commits.db = m
		ok(t, s.Collect(ctx))
		for _, table := range []string{"claim", "delivery", "cache_entry", "evidence"} {
			if n := count(t, s, table); n != 0 {
				t.Errorf("%s: %d rows are left", table, n)
			}
		}
		if n := count(t, s, "verdict"); n != many+1 {
			t.Errorf("%d verdicts are left", n)
		}
		left, _, err := first(ctx, s.db, whole[int], `SELECT count(*) FROM verdict WHERE octet_length(report) > 0`)
		if ok(t, err); left != 1 {
			t.Errorf("%d reports are left, want the one that is not old", left)
		}
		if m.most != portion {
			t.Errorf("a statement changed %d rows", m.most)
		}
	})
}
