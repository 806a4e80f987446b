package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate/scan"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/verdict"
	"github.com/org/platform-action/internal/web"
)

// everybody is GitHub for a benchmark: one person who may see all.
type everybody struct{ repos []control.Repository }

func (e *everybody) Address(state, _ string) string { return "http://github.invalid/?state=" + state }
func (e *everybody) Exchange(context.Context, string, string) (string, time.Time, error) {
	return "token", time.Time{}, nil
}
func (e *everybody) Whoami(context.Context, string) (control.Person, error) {
	return control.Person{ID: 1, Login: "ada", Kind: "User"}, nil
}
func (e *everybody) Revoke(context.Context, string) error { return nil }
func (e *everybody) Repository(_ context.Context, _, owner, name string) (control.Visible, error) {
	for _, r := range e.repos {
		if r.Name == name {
			return control.Visible{ID: r.Tenant.Repository, Owner: owner, Name: name}, nil
		}
	}
	return control.Visible{}, control.ErrGone
}
func (e *everybody) Visible(context.Context, string) ([]control.Visible, bool, error) {
	var out []control.Visible
	for _, r := range e.repos {
		out = append(out, control.Visible{ID: r.Tenant.Repository, Owner: r.Owner, Name: r.Name})
	}
	return out, true, nil
}

func (e *everybody) Survey(context.Context, string, string, string) (scan.Facts, error) {
	return scan.Facts{}, nil
}

func (e *everybody) InTeam(context.Context, string, string, string, string) (bool, error) {
	return false, nil
}

// BenchmarkPages measures pages over SQLite with 100,000 verdicts of 200 repositories, all of which one person may see; GitHub's
// own answers and the sums of the first page, which are kept for a minute, are in the first request alone.
func BenchmarkPages(b *testing.B) {
	ctx := context.Background()
	now := time.Now()
	db, err := store.Open(ctx, store.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "p.db"), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	people := &everybody{}
	report := reportOf(b, 50)
	for i := range 200 {
		r := control.Repository{Tenant: control.Tenant{Installation: 1, Repository: int64(i + 1)}, Owner: "acme", Name: fmt.Sprintf("r%d", i)}
		if err := db.SaveRepository(ctx, r); err != nil {
			b.Fatal(err)
		}
		people.repos = append(people.repos, r)
	}
	fill(b, db, people.repos, now, report)
	pages, err := web.NewPages(web.PagesOptions{
		PublicURL: "http://localhost", Callback: github.SignInPath, WebURL: "https://github.com", Key: []byte(strings.Repeat("k", 32)), People: people, Records: db, Deployments: db, Now: time.Now,
		Allowed: func(int64) bool { return true }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.Record(ctx, people.repos[0].Tenant, control.VerdictRecord{
		Number: 1000, Head: strings.Repeat("c", 40), Outcome: verdict.Block, Digest: "sha256:large", Report: reportOf(b, 10_000), At: now,
	}); err != nil {
		b.Fatal(err)
	}
	cookie := enter(b, pages)
	for _, path := range []string{"/", "/acme/r7", "/acme/r7?page=5", "/acme/r7/pull/3", "/acme/r7/commit/" + fmt.Sprintf("%040x", 3), "/acme/r0/pull/1000", "/acme/r0/pull/1000?cost=40"} {
		b.Run(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", " "), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				from := time.Now()
				if w := open(pages, path, cookie); w.Code != http.StatusOK {
					b.Fatalf("%s: %d", path, w.Code)
				}
				took = append(took, time.Since(from))
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
		})
	}
}

// reportOf is a verdict's report with so many resources.
func reportOf(b *testing.B, resources int) []byte {
	b.Helper()
	zero, month := money.New(decimal.Zero, "USD"), money.New(decimal.New(761, -2), "USD")
	e := fact.Estimate{Currency: "USD", Total: fact.Change{Before: zero, After: month, Delta: month}, UsagePart: fact.Change{Before: zero, After: zero, Delta: zero}}
	e.Upper = e.Total
	hours, rate := decimal.NewFromInt(730), money.New(decimal.New(104, -4), "USD")
	for i := range resources {
		e.Resources = append(e.Resources, fact.ResourceCost{
			Address: fmt.Sprintf("aws_instance.web[%d]", i), Type: "aws_instance", Provider: "aws", Service: "Amazon EC2", Region: "eu-west-1", Action: fact.Create, Monthly: e.Total,
			Lines: []fact.LineItem{{Name: "Instance usage", Unit: "hours", After: &fact.Quote{
				Basis: fact.Priced, Quantity: &hours, Rate: &rate, Monthly: &month, Price: &fact.PriceSource{Table: "aws/ec2_linux", Key: "t3.micro", Region: "eu-west-1", AsOf: "2026-11", Source: "AWS"},
			}}},
		})
	}
	var out bytes.Buffer
	err := render.Render(&out, render.JSON, render.Report{
		Currency: "USD", Total: fact.Of(e.Total), Projects: []render.Project{{Name: "infra", Estimate: fact.Of(e)}},
		Verdict: verdict.Verdict{Outcome: verdict.Block, Digest: "sha256:x", Findings: []verdict.Finding{{ID: "TAGS-002", Title: "Owner tag", Message: "no owner", Fix: "add it"}}},
	}, render.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// fill records 500 verdicts a repository, of 250 pull requests, ten of them open, over 20 weeks.
func fill(b *testing.B, db *store.Store, repos []control.Repository, now time.Time, report []byte) {
	b.Helper()
	ctx := context.Background()
	work := make(chan control.Repository)
	done := make(chan error)
	for range 16 {
		go func() {
			var failed error
			for r := range work {
				for i := range 500 {
					n := i/2 + 1
					head := fmt.Sprintf("%040x", n)
					if err := db.SavePull(ctx, r.Tenant, control.PullRecord{Number: n, Head: head, Open: n%25 == 0, Seen: now}); err != nil {
						failed = err
					}
					_, err := db.Record(ctx, r.Tenant, control.VerdictRecord{
						Number: n, Head: head, Outcome: verdict.Outcomes()[i%4], Digest: fmt.Sprintf("sha256:%d", i), Report: report, At: now.Add(-time.Duration(n) * 20 * 7 * 24 * time.Hour / 250),
						Headline: "Blocked — 1 finding blocks · cost +$41/mo", Costs: []control.CostShare{
							{Dimension: "team", Name: "team " + r.Name[len(r.Name)-1:], Currency: "USD", Millionths: int64(n) * 1e6}, {Dimension: "provider", Name: "aws", Currency: "USD", Millionths: int64(n) * 1e6},
						},
					})
					if err != nil {
						failed = err
					}
				}
			}
			done <- failed
		}()
	}
	for _, r := range repos {
		work <- r
	}
	close(work)
	for range 16 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

func open(pages http.Handler, path string, cookie *http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody)
	r.AddCookie(cookie)
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, r)
	return w
}

// enter signs in.
func enter(b *testing.B, pages http.Handler) *http.Cookie {
	b.Helper()
	began := httptest.NewRecorder()
	pages.ServeHTTP(began, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/sign-in", http.NoBody))
	_, state, _ := strings.Cut(began.Header().Get("Location"), "state=")
	w := open(pages, "/sign-in/callback?code=c&state="+state, began.Result().Cookies()[0])
	for _, c := range w.Result().Cookies() {
		if c.Name == "platform-session" {
			return c
		}
	}
	b.Fatal("nobody is signed in")
	return nil
}
