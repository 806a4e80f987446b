package store

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/org/platform-action/internal/control"
)

// explained has PostgreSQL say how much each reading statement looked at.
type explained struct {
	database

	t    *testing.T
	most map[string]int // blocks, by the statement
}

func (e *explained) each(ctx context.Context, row func(scan) error, sql string, args ...any) error {
	var plan string
	err := e.database.each(ctx, func(row scan) error { return row(&plan) }, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+sql, args...)
	var said []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err != nil || json.Unmarshal([]byte(plan), &said) != nil || len(said) != 1 {
		e.t.Errorf("%s\n%v\n%s", sql, err, plan)
		return err
	}
	e.most[sql] = said[0].Plan.Hit + said[0].Plan.Read
	return e.database.each(ctx, row, sql, args...)
}

// TestPlansOfALargeRepository: what the pages and the flow ask of a repository with many verdicts reads no more than what it
// shows, also once PostgreSQL plans for any tenant, as it does from the sixth time on that it is asked.
func TestPlansOfALargeRepository(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := newURL(t, "postgres")
	s := open(t, options(url+"?plan_cache_mode=force_generic_plan"))
	large := control.Tenant{Installation: 1, Repository: 10}
	for _, part := range []string{`generate_series(10, 10) r, generate_series(1, 5000) n`, `generate_series(100, 599) r, generate_series(1, 10) n`} {
		for _, sql := range []string{
			`INSERT INTO verdict (installation_id, repository_id, sequence, number, head, outcome, digest, report, at) SELECT r / 25 + 1, r, n, n, 'h' || n, 'block', 'd' || n, 'x', n FROM `,
			`INSERT INTO ledger (installation_id, repository_id, sequence, kind, subject, body, at, chain) SELECT r / 25 + 1, r, n, 'verdict', 'd' || n, 'x', n, '' FROM `,
			`INSERT INTO pull_verdict (installation_id, repository_id, number, sequence, head, outcome, digest, headline, at) SELECT r / 25 + 1, r, n, n, 'h' || n, 'block', 'd' || n, '', n FROM `,
			`INSERT INTO pull (installation_id, repository_id, number, head, is_open) SELECT r / 25 + 1, r, n, 'h' || n, n < 3 FROM `,
		} {
			ok(t, s.put(ctx, sql+part))
		}
	}
	ok(t, s.put(ctx, `ANALYZE`)) // which PostgreSQL does by itself after a while
	e := &explained{s.db, t, map[string]int{}}
	s.db = e
	two := []control.Tenant{large, {Installation: 5, Repository: 100}}
	for _, of := range [][]control.Tenant{two[:1], two} {
		if list := must[[]control.VerdictLine](t)(s.NewestVerdicts(ctx, of, true, 0, 10)); len(list) != 2*len(of) {
			t.Errorf("%d are blocked", len(list))
		}
		if list := must[[]control.VerdictLine](t)(s.NewestVerdicts(ctx, of, false, 20, 10)); len(list) != 10 {
			t.Errorf("%d are on the third page", len(list))
		}
	}
	for _, list := range [][]control.VerdictLine{
		must[[]control.VerdictLine](t)(s.VerdictsOf(ctx, large, 7, 10)), must[[]control.VerdictLine](t)(s.VerdictsAt(ctx, large, "h7", 10)),
	} {
		if len(list) != 1 || list[0].Number != 7 {
			t.Errorf("%+v", list)
		}
	}
	_, found, err := s.LatestVerdict(ctx, large, 7, "h7")
	if ok(t, err); !found {
		t.Error("no newest verdict")
	}
	_, found, err = s.EntryOf(ctx, large, "d7")
	if ok(t, err); !found {
		t.Error("no entry")
	}
	must[[]control.PullRecord](t)(s.PullsAt(ctx, large, "h1"))
	must[[]control.PullRecord](t)(s.OpenPulls(ctx, large))
	must[[]control.LedgerEntry](t)(s.Ledger(ctx, large, 4990, 100))
	if len(e.most) < 10 {
		t.Errorf("%d statements were explained", len(e.most))
	}
	for sql, blocks := range e.most {
		t.Logf("%d blocks: %.120s", blocks, sql)
		if blocks > 60 {
			t.Errorf("%d blocks were read for\n%s", blocks, sql)
		}
	}
}
