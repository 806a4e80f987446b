package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gregjones/httpcache"
	"github.com/jackc/pgx/v5"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/store"
)

// pages opens pages of the largest repository, by way of a replica and with GitHub's word on who may see what: by somebody who
// may see it and all of the account with most repositories.
func (s *scaling) pages() {
	s.b.Helper()
	giant := s.holdings[0]
	for _, h := range s.holdings {
		if h.rank == 0 {
			giant = h
		}
		if h.repo.Owner == s.holdings[0].repo.Owner || h.rank == 0 {
			h.hub.SetRole("reader", "read")
		}
	}
	seen := 1
	for _, h := range s.holdings {
		if h.repo.Owner == s.holdings[0].repo.Owner && h.rank != 0 {
			seen++
		}
	}
	b, at := s.w.browser(), "/"+giant.repo.Owner+"/"+giant.repo.Name
	b.signIn("reader", at)
	from := time.Now()
	if _, _, body := b.get("/"); !strings.Contains(body, "Sign out") || !strings.Contains(body, `href="/`+s.holdings[0].repo.Owner+"/") {
		s.b.Fatalf("not the first page of somebody who may see it:\n%s", body)
	}
	first := time.Since(from)
	s.sheet.say("\n| a page, one after the other, of a person who may see %d repositories; the largest of them has %d verdicts | p50, p99 |\n|---|---|", seen, giant.verdicts)
	s.sheet.say("| `/`, when GitHub is asked what they may see | %s once |", rounded(first))
	for _, page := range []struct{ what, path string }{
		{"`/`", "/"}, {"`/OWNER/REPO`", at}, {"its fifth page", at + "?page=5"}, {"its hundredth page", at + "?page=100"},
		{"a pull request", fmt.Sprintf("%s/pull/%d", at, giant.pulls()/2)}, {"a commit", at + "/commit/" + hashed(giant.repo.Tenant, "head", 3)[:40]}, {"environments", at + "/environments"},
	} {
		var took []time.Duration
		for range 60 {
			from := time.Now()
			if _, status, body := b.get(page.path); status != 200 {
				s.b.Fatalf("%s: %d\n%s", page.path, status, body)
			}
			took = append(took, time.Since(from))
		}
		slices.Sort(took)
		s.sheet.say("| %s | %s, %s |", page.what, millis(took, 50), millis(took, 99))
	}
}

// rows reads lines of text that a query puts together itself.
func (s *scaling) rows(sql string) []string {
	s.b.Helper()
	rows, err := s.sql.Query(s.b.Context(), own+sql)
	if err != nil {
		s.b.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.b.Fatalf("%s: %v", sql, err)
	}
	return out
}

// statements lists what PostgreSQL spent most time on, and tables of more than 10,000 rows that were read from one end to the other.
func (s *scaling) statements() {
	s.b.Helper()
	s.sheet.say("\n| statement, of all that the replicas and the pages ran | calls | mean | share of the time |\n|---|---|---|---|")
	const listed = `FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query !~* '^(/. measuring|vacuum|create|copy|select pg_)'`
	for _, line := range s.rows(`SELECT format('| ` + "`%s`" + ` | %s | %s ms | %s %% |', replace(left(regexp_replace(query, '\s+', ' ', 'g'), 150), '|', '¦'), calls, round(mean_exec_time::numeric, 2),
		round((100 * total_exec_time / sum(total_exec_time) OVER ())::numeric, 1)) ` + listed + ` ORDER BY total_exec_time DESC LIMIT 15`) {
		s.sheet.say("%s", line)
	}
	s.sheet.say("\n| slowest on the mean | calls | mean | rows a call |\n|---|---|---|---|")
	for _, line := range s.rows(`SELECT format('| ` + "`%s`" + ` | %s | %s ms | %s |', replace(left(regexp_replace(query, '\s+', ' ', 'g'), 150), '|', '¦'), calls, round(mean_exec_time::numeric, 2), rows / calls) ` +
		listed + ` ORDER BY mean_exec_time DESC LIMIT 15`) {
		s.sheet.say("%s", line)
	}
	s.scans("all of it")
}

// scans lists the large tables that were read as a whole.
func (s *scaling) scans(what string) {
	s.b.Helper()
	s.sheet.say("\n| table of more than 10,000 rows that was read as a whole, in %s | rows | how often | rows read so |\n|---|---|---|---|", what)
	for _, line := range s.rows(`SELECT format('| %s | %s | %s | %s |', s.relname, c.reltuples, seq_scan, seq_tup_read) FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
		WHERE c.reltuples > 10000 AND seq_scan > 0 ORDER BY seq_tup_read DESC`) {
		s.sheet.say("%s", line)
	}
}

// retention applies the retention with nothing due, with a day's worth due, and with a month's.
func (s *scaling) retention(url string) {
	s.b.Helper()
	s.exec("SELECT pg_stat_reset()")
	s.sheet.say("\n| retention | reports taken out | time |\n|---|---|---|")
	for _, keep := range []int{400, 380, 350} {
		bodies := time.Duration(keep) * 24 * time.Hour
		db, err := store.Open(s.b.Context(), store.Options{URL: url, Now: time.Now, Log: slog.New(slog.DiscardHandler), Retention: store.Retention{VerdictBodies: bodies, LedgerBodies: bodies, Evidence: bodies}})
		if err != nil {
			s.b.Fatal(err)
		}
		const left = `SELECT count(*) FROM verdict WHERE octet_length(report) > 0`
		before, from := s.number(left), time.Now()
		if err := db.Collect(s.b.Context()); err != nil {
			s.b.Error(err)
		}
		took := time.Since(from)
		s.sheet.say("| what is older than %d days | %d | %s |", keep, before-s.number(left), rounded(took))
		if err := db.Close(); err != nil {
			s.b.Error(err)
		}
	}
	s.scans("the retention and the counting for the table above")
}

// redelivery measures one look for deliveries that failed, which a server takes every two minutes.
func (s *scaling) redelivery(url string) {
	s.b.Helper()
	db := openStore(s.b, url)
	forge, err := github.New(github.Options{
		APIURL: s.w.hub.URL(), AppID: s.w.hub.AppID(), PrivateKey: deskKey(), Now: (&hasty{}).now, Cache: func(t control.Tenant) httpcache.Cache { return validators{db.Cache(t)} },
	})
	if err != nil {
		s.b.Fatal(err)
	}
	engine, err := control.NewEngine(nil)
	if err != nil {
		s.b.Fatal(err)
	}
	flow := control.NewFlow(control.FlowOptions{Forge: forge, Records: db, Queue: unworked{}, Engine: engine, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	p := s.open(100, 0)
	s.sheet.say("\n| look for deliveries that failed | listed | requests | time |\n|---|---|---|---|")
	for _, failed := range []int{0, 100} {
		for _, e := range p.events[:failed] {
			s.w.hub.Fail(s.front, e)
		}
		s.w.hub.ResetLog()
		from := time.Now()
		if err := flow.Handle(s.b.Context(), control.Task{Kind: control.FetchDeliveries}, 1); err != nil {
			s.b.Error(err)
		}
		took, lists, asks := time.Since(from), 0, 0
		for _, r := range s.w.hub.Log() {
			switch r.Operation {
			case "GET /app/hook/deliveries":
				lists++
			case "POST /app/hook/deliveries/{delivery_id}/attempts":
				asks++
			}
		}
		if asks != failed {
			s.b.Errorf("%d of %d failed deliveries were asked for again", asks, failed)
		}
		s.sheet.say("| %d failed | up to %d | %d | %s |", failed, lists*100, lists+asks, rounded(took))
	}
	if err := db.Close(); err != nil {
		s.b.Error(err)
	}
}

// growth says what a verdict takes, in its own tables.
func (s *scaling) growth() {
	s.b.Helper()
	s.exec("VACUUM ANALYZE")
	s.sheet.say("\n| table | rows | with its indexes | indexes alone | bytes a row |\n|---|---|---|---|---|")
	for _, line := range s.rows(`SELECT format('| %s | %s | %s MB | %s MB | %s |', relname, n_live_tup, round(pg_total_relation_size(relid) / 1e6), round(pg_indexes_size(relid) / 1e6), pg_total_relation_size(relid) / greatest(n_live_tup, 1))
		FROM pg_stat_user_tables WHERE pg_total_relation_size(relid) > 2e6 ORDER BY pg_total_relation_size(relid) DESC`) {
		s.sheet.say("%s", line)
	}
	s.sheet.say("| all of the database | | %d MB | | |", s.number(`SELECT pg_database_size(current_database()) / 1000000`))
}

// bounded is how long all of it may take: what does not end by then was not measured, and says so.
const bounded = 12 * time.Minute

func (s *scaling) backup(url, empty string, began time.Time) {
	s.b.Helper()
	ctx, cancel := context.WithDeadline(s.b.Context(), began.Add(bounded))
	defer cancel()
	file := filepath.Join(s.b.TempDir(), "backup")
	s.sheet.say("\n| procedure | time | |\n|---|---|---|")
	for _, p := range []struct{ name, url, what string }{{"backup", url, "into a file"}, {"restore", empty, "from it, into an empty database"}} {
		took, whole := timed(ctx, s.b, p.url, filepath.Join("..", "deploy", "postgres", p.name), file)
		if !whole {
			s.sheet.say("| `deploy/postgres/%s` | NOT MEASURED: not done after %s, when the time for all of it was over | |", p.name, rounded(took))
			return
		}
		if info, err := os.Stat(file); err == nil && p.name == "backup" {
			p.what += fmt.Sprintf(" of %d MB", info.Size()/1e6)
		}
		s.sheet.say("| `deploy/postgres/%s` | %s | %s |", p.name, rounded(took), p.what)
	}
}
