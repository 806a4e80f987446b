package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/ledger"
)

func TestLedger(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		record := func(head, digest string) control.LedgerEntry {
			return must[control.LedgerEntry](t)(s.Record(ctx, tenant, control.VerdictRecord{Number: 1, Head: head, Digest: digest, Report: json.RawMessage(`{}`), At: noon}))
		}
		a, b := record("h", "1"), record("g", "1")
		same := record("h", "1") // equal to the newest of its head
		if diff := cmp.Diff(b, same); diff != "" {
			t.Errorf("an equal verdict gave back something else than the end:\n%s", diff)
		}
		c, d := record("h", "2"), record("h", "1")
		for i, e := range []control.LedgerEntry{a, b, c, d} {
			if e.Sequence != int64(i+1) {
				t.Errorf("entry %d has sequence %d", i+1, e.Sequence)
			}
		}
		if a.Chain != ledger.Chain(Genesis(tenant), a) || b.Chain != ledger.Chain(a.Chain, b) {
			t.Error("the chain is not what its comment says")
		}
		ok(t, s.VerifyLedger(ctx, tenant))
		page := must[[]control.LedgerEntry](t)(s.Ledger(ctx, tenant, 1, 2))
		if diff := cmp.Diff([]control.LedgerEntry{b, c}, page); diff != "" {
			t.Error(diff)
		}
		for _, tamper := range []string{
			`UPDATE ledger SET body = $1 WHERE sequence = 2`,
			`UPDATE ledger SET subject = 'x' WHERE sequence = 2 AND octet_length($1) > 0`,
			`UPDATE ledger SET at = at + 1 WHERE sequence = 4 AND octet_length($1) > 0`,
			`UPDATE ledger_head SET chain = 'x' WHERE octet_length($1) > 0`,
			`DELETE FROM ledger WHERE sequence = 3 AND octet_length($1) > 0`,
			`DELETE FROM ledger WHERE sequence = 4 AND octet_length($1) > 0`,
			`DELETE FROM ledger_head WHERE octet_length($1) > 0`,
		} {
			undo := errors.New("undo")
			_ = s.db.transact(ctx, func(t2 tx) error {
				if n, err := t2.exec(ctx, tamper, []byte(`{"number":2}`)); n != 1 || err != nil {
					t.Errorf("%s: %d, %v", tamper, n, err)
				}
				inside := &Store{db: seen{s.db, t2}} // reads what the transaction sees
				if err := inside.VerifyLedger(ctx, tenant); !errors.Is(err, ErrTampered) {
					t.Errorf("%s: %v", tamper, err)
				}
				return undo
			})
		}
		ok(t, s.VerifyLedger(ctx, tenant))
	})
}

// seen is a database that reads what an open transaction wrote.
type seen struct {
	database
	tx tx
}

func (s seen) each(ctx context.Context, row func(scan) error, sql string, args ...any) error {
	return s.tx.each(ctx, row, sql, args...)
}

func TestLedgerHasNoForks(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		stores := []*Store{open(t, options(url)), open(t, options(url))}
		errs := make(chan error, 100)
		for i := range 100 {
			go func() {
				_, err := stores[i%2].Record(ctx, tenant, control.VerdictRecord{Number: i, Digest: fmt.Sprint(i), At: noon})
				errs <- err
			}()
		}
		for range 100 {
			ok(t, receive(t, errs, "an entry"))
		}
		ok(t, stores[0].VerifyLedger(ctx, tenant))
		if n := len(must[[]control.LedgerEntry](t)(stores[1].Ledger(ctx, tenant, 0, 1000))); n != 100 {
			t.Errorf("%d entries", n)
		}
	})
}
