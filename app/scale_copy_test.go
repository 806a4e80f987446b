package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/ledger"
	"github.com/org/platform-action/internal/verdict"
)

// columns are of the tables that are filled by COPY. That the rows are those that the store would have written is held by
// TestScaleRows.
func columns(table string) []string {
	const tenant = 2
	all := map[string][]string{
		"verdict":      {"sequence", "number", "head", "outcome", "digest", "report", "at", "headline"},
		"ledger":       {"sequence", "kind", "subject", "body", "digest", "at", "chain"},
		"ledger_head":  {"sequence", "chain"},
		"check_run":    {"head", "check_id", "finished", "annotations", "verdict", "started", "updated"},
		"pull":         {"number", "head", "base", "is_open", "seen"},
		"pull_verdict": {"number", "sequence", "head", "outcome", "digest", "headline", "at"},
		"cost_share":   {"number", "dimension", "name", "currency", "week", "millionths", "unknown"},
		"cost_week":    {"week", "dimension", "name", "currency", "millionths", "unknown"},
		"activity":     {"last"},
	}
	return append(make([]string, 0, len(all[table])+tenant), append([]string{"installation_id", "repository_id"}, all[table]...)...)
}

// tables in the order in which they are written.
func tables() []string {
	return []string{"verdict", "ledger", "ledger_head", "check_run", "pull", "pull_verdict", "cost_share", "cost_week", "activity"}
}

// page gathers rows of one connection, and writes them when they are many.
type page struct {
	conn *pgx.Conn
	rows map[string][][]any
}

func (p *page) add(t control.Tenant, table string, values ...any) {
	p.rows[table] = append(p.rows[table], append([]any{t.Installation, t.Repository}, values...))
}

const pageSize = 2000 // verdicts

func (p *page) flush(ctx context.Context, all bool) error {
	if !all && len(p.rows["verdict"]) < pageSize {
		return nil
	}
	for _, table := range tables() {
		if _, err := p.conn.CopyFrom(ctx, pgx.Identifier{table}, columns(table), pgx.CopyFromRows(p.rows[table])); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	clear(p.rows)
	return nil
}

// bodyOfVerdict is what the ledger says of one.
type bodyOfVerdict struct {
	Number  int             `json:"number"`
	Head    string          `json:"head"`
	Outcome verdict.Outcome `json:"outcome"`
	Verdict string          `json:"verdict"`
	Report  string          `json:"report"`
}

type weekKey struct {
	week                      int64
	dimension, name, currency string
}

// book folds a repository's history as the store does, one step after the other.
type book struct {
	tenant   control.Tenant
	sequence int64
	chain    string
	had      []control.CostShare // of the pull request's verdict before
	hadWeek  int64
	weeks    map[weekKey]control.CostShare
	last     time.Time
}

func (h holding) copyTo(ctx context.Context, p *page, e estate, kinds []kind) error {
	b := book{tenant: h.repo.Tenant, chain: ledger.Genesis(h.repo.Tenant.Installation, h.repo.Tenant.Repository), weeks: map[weekKey]control.CostShare{}}
	for s := range h.history(e, kinds) {
		if err := b.write(p, s); err != nil {
			return err
		}
		if s.last {
			b.end(p, s, h.isOpen(s.pull.Number))
			if err := p.flush(ctx, false); err != nil {
				return err
			}
		}
	}
	if b.sequence == 0 {
		return nil
	}
	for _, k := range slices.SortedFunc(maps.Keys(b.weeks), func(a, b weekKey) int {
		return cmp.Or(cmp.Compare(a.week, b.week), cmp.Compare(a.dimension, b.dimension), cmp.Compare(a.name, b.name))
	}) {
		w := b.weeks[k]
		p.add(b.tenant, "cost_week", k.week, k.dimension, k.name, k.currency, w.Millionths, int64(w.Unknown))
	}
	p.add(b.tenant, "ledger_head", b.sequence, b.chain)
	p.add(b.tenant, "activity", b.last.UnixMicro())
	return nil
}

// write adds a verdict with its entry and its check.
func (b *book) write(p *page, s push) error {
	v := s.verdict
	report := sha256.Sum256(v.Report)
	body, err := json.Marshal(bodyOfVerdict{v.Number, v.Head, v.Outcome, v.Digest, "sha256:" + hex.EncodeToString(report[:])})
	if err != nil {
		return err
	}
	b.sequence++
	entry := ledger.Entry{Sequence: b.sequence, Kind: "verdict", Subject: v.Digest, Body: body, At: v.At}
	b.chain, b.last = ledger.Chain(b.chain, entry), v.At
	p.add(b.tenant, "ledger", b.sequence, entry.Kind, entry.Subject, body, "", v.At.UnixMicro(), b.chain)
	p.add(b.tenant, "verdict", b.sequence, int64(v.Number), v.Head, v.Outcome.String(), v.Digest, []byte(v.Report), v.At.UnixMicro(), v.Headline)
	if c := s.check; c.ID != 0 {
		p.add(b.tenant, "check_run", c.Head, c.ID, c.Finished, c.Notes, c.Verdict, c.Started.UnixMicro(), c.Updated.UnixMicro())
	}
	b.spread(b.hadWeek, b.had, -1)
	b.had, b.hadWeek = v.Costs, v.At.Unix()/int64((7*24*time.Hour)/time.Second)
	b.spread(b.hadWeek, b.had, 1)
	return nil
}

func (b *book) spread(week int64, costs []control.CostShare, sign int64) {
	for _, c := range costs {
		k := weekKey{week, c.Dimension, c.Name, c.Currency}
		sum := b.weeks[k]
		sum.Millionths, sum.Unknown = sum.Millionths+sign*c.Millionths, sum.Unknown+int(sign)*c.Unknown
		b.weeks[k] = sum
	}
}

// end adds what is kept of a pull request as its last verdict left it.
func (b *book) end(p *page, s push, open bool) {
	v := s.verdict
	p.add(b.tenant, "pull", int64(v.Number), v.Head, s.pull.Base, open, s.pull.Seen.UnixMicro())
	p.add(b.tenant, "pull_verdict", int64(v.Number), b.sequence, v.Head, v.Outcome.String(), v.Digest, v.Headline, v.At.UnixMicro())
	for _, c := range b.had {
		p.add(b.tenant, "cost_share", int64(v.Number), c.Dimension, c.Name, c.Currency, b.hadWeek, c.Millionths, int64(c.Unknown))
	}
	b.had = nil
}

// copyAll fills the tables of an empty database, with a few connections at a time. Only while it does, commits are not waited for.
func copyAll(ctx context.Context, url string, holdings []holding, e estate, kinds []kind) error {
	const writers = 3
	work := make(chan holding, len(holdings))
	for _, h := range slices.SortedStableFunc(slices.Values(holdings), func(a, b holding) int { return cmp.Compare(b.verdicts, a.verdicts) }) {
		work <- h
	}
	close(work)
	failed := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { failed[i] = copySome(ctx, url, work, e, kinds) })
	}
	wg.Wait()
	return cmp.Or(failed[0], failed[1], failed[2])
}

func copySome(ctx context.Context, url string, work <-chan holding, e estate, kinds []kind) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what matters was answered
	if _, err := conn.Exec(ctx, "SET synchronous_commit = off"); err != nil {
		return err
	}
	p := &page{conn: conn, rows: map[string][][]any{}}
	for h := range work {
		if err := h.copyTo(ctx, p, e, kinds); err != nil {
			return fmt.Errorf("repository %s: %w", h.repo.Tenant, err)
		}
	}
	return p.flush(ctx, true)
}
