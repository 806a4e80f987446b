package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/store/storetest"
	"github.com/org/platform-action/internal/verdict"
)

// TestScaleRows writes a small estate twice, by COPY and by the store's own methods, and finds the same rows in every table: the
// million that BenchmarkScale measures is one that a server could have written.
func TestScaleRows(t *testing.T) {
	t.Parallel()
	var server storetest.Postgres
	t.Cleanup(server.Stop)
	e := estate{installations: 2, repositories: 4, verdicts: 130, until: time.Date(2026, 11, 27, 12, 0, 0, 5000, time.UTC)}
	kinds := smallKinds()
	var holdings []holding
	sizes, ranks := e.verdictsOf()
	for i := range e.repositories {
		h := holding{repo: control.Repository{Tenant: control.Tenant{Installation: int64(i%2 + 1), Repository: int64(i + 10)}, Owner: "acme", Name: fmt.Sprintf("r%d", i)}, rank: ranks[i], verdicts: sizes[i]}
		h.heads = map[int]string{h.pulls(): strings.Repeat(fmt.Sprint(i), 40)}
		holdings = append(holdings, h)
	}
	bulk, own := server.Database(t), server.Database(t)
	first, second := openStore(t, bulk), openStore(t, own)
	if err := copyAll(t.Context(), bulk, holdings, e, kinds); err != nil {
		t.Fatal(err)
	}
	for _, h := range holdings {
		byStore(t, second, h, e, kinds)
		if err := first.VerifyLedger(t.Context(), h.repo.Tenant); err != nil {
			t.Error(err)
		}
	}
	for _, table := range tables() {
		want, got := contents(t, own, table), contents(t, bulk, table)
		if len(want) == 0 {
			t.Errorf("%s: nothing was written", table)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: what the store writes (-) is not what was copied (+)\n%s", table, diff)
		}
	}
}

// TestEstateTimes: also of a repository with very many verdicts, each comes after the one before, within the span.
func TestEstateTimes(t *testing.T) {
	t.Parallel()
	e := estate{until: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	for _, n := range []int{1, 27, 50_000} {
		h, before, seen := holding{verdicts: n}, e.until.Add(-estateSpan), 0
		for p := range h.history(e, smallKinds()[:1]) {
			if !p.verdict.At.After(before) {
				t.Fatalf("verdict %d of %d was made at %s, not after %s", seen, n, p.verdict.At, before)
			}
			before, seen = p.verdict.At, seen+1
		}
		if seen != n || !before.Equal(e.until) {
			t.Errorf("%d of %d verdicts, the last at %s", seen, n, before)
		}
	}
}

func openStore(t testing.TB, url string) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// byStore lets the store write a history as the flow does.
func byStore(t testing.TB, db *store.Store, h holding, e estate, kinds []kind) {
	t.Helper()
	ctx, tenant := t.Context(), h.repo.Tenant
	for s := range h.history(e, kinds) {
		err := db.SavePull(ctx, tenant, s.pull)
		if err == nil {
			_, err = db.Record(ctx, tenant, s.verdict)
		}
		if err == nil && s.check.ID != 0 {
			err = db.SaveCheck(ctx, tenant, s.check)
		}
		if s.last && !h.isOpen(s.pull.Number) && err == nil {
			s.pull.Open = false
			err = db.SavePull(ctx, tenant, s.pull)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// contents is every row of a table, as text.
func contents(t testing.TB, url, table string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing was written
	rows, err := conn.Query(t.Context(), "SELECT t::text FROM "+table+" AS t ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// smallKinds are three, of which two cost.
func smallKinds() []kind {
	digest, head := "sha256:"+strings.Repeat("d", 64), strings.Repeat("e", 40)
	report := func(n int) []byte {
		return fmt.Appendf(nil, `{"digest":%q,"commit":%q,"more":%q}`, digest, head, strings.Repeat("x", n))
	}
	share := func(dimension, name string, millionths int64, unknown int) control.CostShare {
		return control.CostShare{Dimension: dimension, Name: name, Currency: "USD", Millionths: millionths, Unknown: unknown}
	}
	return []kind{
		{share: 500, report: report(3), head: head, digest: digest, headline: "Passes", outcome: verdict.Allow},
		{share: 300, report: report(4000), head: head, digest: digest, headline: "Blocked", outcome: verdict.Block, costs: []control.CostShare{share("team", "shop", 41e6, 0), share("provider", "aws", 41e6, 0)}},
		{share: 200, report: report(40), head: head, digest: digest, headline: "Undecided", outcome: verdict.Undecided, costs: []control.CostShare{share("team", "shop", -7, 2), share("provider", "google", -7, 2)}},
	}
}
