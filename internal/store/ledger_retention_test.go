package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// TestLedgerRetention: what old entries say goes, the entries stay, and the chain verifies as before; a digest that somebody
// changes is seen as a body would be.
func TestLedgerRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o, now := options(url), noon
		o.Now = func() time.Time { return now }
		o.Retention.LedgerBodies = 40 * day
		s := open(t, o)
		record := func(who control.Tenant, n int, at time.Time) {
			must[control.LedgerEntry](t)(s.Record(ctx, who, control.VerdictRecord{Number: n, Head: "h", Digest: fmt.Sprint(n), Report: json.RawMessage(`{}`), At: at}))
		}
		const old = 2*ledgerPortion + 3
		for i := range old {
			record(tenant, i, noon.Add(time.Duration(i)))
		}
		record(others[0], 1, noon)
		record(tenant, old, noon.Add(30*day))
		before := must[[]control.LedgerEntry](t)(s.Ledger(ctx, tenant, 0, 10_000))
		now = noon.Add(41 * day)
		for range 2 { // the second time there is nothing to do
			ok(t, s.Collect(ctx))
			after := must[[]control.LedgerEntry](t)(s.Ledger(ctx, tenant, 0, 10_000))
			if len(after) != len(before) {
				t.Fatalf("%d entries of %d are left", len(after), len(before))
			}
			for i, e := range after {
				gone := i < old
				if gone != (e.Body == nil) || gone != (e.Digest == before[i].BodyDigest()) || e.Chain != before[i].Chain {
					t.Fatalf("entry %d: %+v", i+1, e)
				}
			}
		}
		record(tenant, old+1, now)
		for _, who := range []control.Tenant{tenant, others[0]} {
			ok(t, s.VerifyLedger(ctx, who))
		}
		if e := must[[]control.LedgerEntry](t)(s.Ledger(ctx, others[0], 0, 9)); len(e) != 1 || e[0].Body != nil {
			t.Errorf("another tenant's: %+v", e)
		}
		for _, tamper := range []string{
			`UPDATE ledger SET digest = 'sha256:0' WHERE sequence = 2 AND installation_id = $1`,
			`UPDATE ledger SET digest = '' WHERE sequence = 2 AND installation_id = $1`,
		} {
			undo := errors.New("undo")
			_ = s.db.transact(ctx, func(t2 tx) error {
				if n, err := t2.exec(ctx, tamper, tenant.Installation); n != 1 || err != nil {
					t.Errorf("%s: %d, %v", tamper, n, err)
				}
				if err := (&Store{db: seen{s.db, t2}}).VerifyLedger(ctx, tenant); !errors.Is(err, ErrTampered) {
					t.Errorf("%s: %v", tamper, err)
				}
				return undo
			})
		}
	})
}

// TestRetentionWaitsForSinks: what a sink has not been told keeps its body.
func TestRetentionWaitsForSinks(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		now := noon
		o.Now, o.Sinks, o.Retention.LedgerBodies = func() time.Time { return now }, []string{"bus", "dead"}, 720*time.Hour
		s := open(t, o)
		for n := 1; n <= 2; n++ {
			_, err := s.Acknowledge(ctx, tenant, control.Acknowledgement{Number: n, Currency: "USD", By: "a", ByID: 1, Verdict: "d", At: now})
			ok(t, err)
		}
		ok(t, s.SaveSinkCursor(ctx, tenant, "bus", 2, 0))
		ok(t, s.SaveSinkCursor(ctx, tenant, "dead", 1, 3))
		now = now.Add(721 * time.Hour)
		left := func(want ...bool) {
			t.Helper()
			ok(t, s.Collect(ctx))
			for i, e := range must[[]control.LedgerEntry](t)(s.Ledger(ctx, tenant, 0, 10)) {
				if (len(e.Body) > 0) != want[i] {
					t.Errorf("entry %d has %d bytes", e.Sequence, len(e.Body))
				}
			}
		}
		left(false, true)
		ok(t, s.SaveSinkCursor(ctx, tenant, "dead", 2, 0))
		left(false, false)
	})
}
