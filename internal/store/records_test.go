package store

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/verdict"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

// everything that can be written of one tenant, and read back.
type everything struct {
	Repository       control.Repository
	Repositories     []control.Repository
	Pull             control.PullRecord
	PullsAt, Pulls   []control.PullRecord
	Check            control.CheckRecord
	Unfinished       []control.CheckRecord
	Verdict          control.VerdictRecord
	Acknowledgements []control.Acknowledgement
	Document, Entry  string
	Uploads          []control.Upload
	Ledger           []control.LedgerEntry
}

func write(t *testing.T, s *Store, k control.Tenant, name string) everything {
	t.Helper()
	ctx := context.Background()
	e := everything{
		Repository: control.Repository{Tenant: k, AccountID: 3, Owner: "o", Name: name, DefaultBranch: "main", Private: true},
		Pull:       control.PullRecord{Number: 1, Head: "h", Base: "main", Open: true, Seen: noon, CommentID: 9, CommentDigest: name},
		Check:      control.CheckRecord{Head: "h", ID: 5, Notes: name, Verdict: "v", Started: noon, Updated: noon},
		Verdict:    control.VerdictRecord{Number: 1, Head: "h", Outcome: verdict.Warn, Digest: "sha256:" + name, Report: json.RawMessage(`{"a": 1}`), At: noon},
		Acknowledgements: []control.Acknowledgement{{
			Number: 1, Amount: decimal.RequireFromString("12.345000000001"), Currency: "USD", Resources: []string{"a.b", `c["d"]`},
			By: name, ByID: 4, Verdict: "sha256:" + name, At: noon,
		}},
		Document: "doc " + name, Entry: "entry " + name,
		Uploads: []control.Upload{{Head: "h", Root: "infra", RunID: 1, Attempt: 2, Trusted: true, Why: "", Digest: name, Document: json.RawMessage(`{}`), At: noon}},
	}
	ok(t, s.SaveRepository(ctx, e.Repository))
	ok(t, s.SavePull(ctx, k, e.Pull))
	ok(t, s.SaveComment(ctx, k, 1, 9, name))
	ok(t, s.SavePull(ctx, k, e.Pull)) // does not touch the comment
	ok(t, s.SaveCheck(ctx, k, e.Check))
	e.Ledger = append(e.Ledger, must[control.LedgerEntry](t)(s.Record(ctx, k, e.Verdict)))
	e.Ledger = append(e.Ledger, must[control.LedgerEntry](t)(s.Acknowledge(ctx, k, e.Acknowledgements[0])))
	ok(t, s.Remember(ctx, k, "config", []byte(e.Document)))
	ok(t, s.SaveUpload(ctx, k, e.Uploads[0]))
	ok(t, s.Cache(k).Set("key", []byte(e.Entry)))
	if first := must[bool](t)(s.Once(ctx, k, "command 1", noon)); !first {
		t.Errorf("tenant %s: claimed by somebody else", k)
	}
	if first := must[bool](t)(s.Once(ctx, k, "command 1", noon)); first {
		t.Errorf("tenant %s: claimed twice", k)
	}
	e.Repositories = []control.Repository{e.Repository}
	e.PullsAt, e.Pulls, e.Unfinished = []control.PullRecord{e.Pull}, []control.PullRecord{e.Pull}, []control.CheckRecord{e.Check}
	return e
}

func read(t *testing.T, s *Store, k control.Tenant) (e everything) {
	t.Helper()
	ctx := context.Background()
	var err error
	var doc []byte
	e.Repository, _, err = s.Repository(ctx, k)
	ok(t, err)
	e.Repositories = must[[]control.Repository](t)(s.Repositories(ctx, k.Account()))
	e.Pull, _, err = s.Pull(ctx, k, 1)
	ok(t, err)
	e.PullsAt = must[[]control.PullRecord](t)(s.PullsAt(ctx, k, "h"))
	e.Pulls = must[[]control.PullRecord](t)(s.OpenPulls(ctx, k))
	e.Check, _, err = s.Check(ctx, k, "h")
	ok(t, err)
	e.Unfinished = must[[]control.CheckRecord](t)(s.UnfinishedChecks(ctx, k, noon.Add(time.Second)))
	e.Verdict, _, err = s.LatestVerdict(ctx, k, 1, "h")
	ok(t, err)
	e.Acknowledgements = must[[]control.Acknowledgement](t)(s.Acknowledgements(ctx, k, 1))
	doc, _, err = s.Recall(ctx, k, "config")
	ok(t, err)
	e.Document = string(doc)
	entry, err := s.Cache(k).Get("key")
	if err != nil && !errors.Is(err, ErrNoEntry) {
		t.Fatal(err)
	}
	e.Entry = string(entry)
	e.Uploads = must[[]control.Upload](t)(s.Uploads(ctx, k, "h"))
	e.Ledger = must[[]control.LedgerEntry](t)(s.Ledger(ctx, k, 0, 100))
	return e
}

// TestTenants writes the same keys for several tenants: each reads its own, and one with swapped ids nothing.
func TestTenants(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, options(url))
		tenants := []control.Tenant{{Installation: 1, Repository: 2}, {Installation: 3, Repository: 4}}
		wrote := map[control.Tenant]everything{}
		for _, k := range tenants {
			wrote[k] = write(t, s, k, "name-"+strings.ReplaceAll(k.String(), "/", "-"))
		}
		for _, k := range tenants {
			if diff := cmp.Diff(wrote[k], read(t, s, k)); diff != "" {
				t.Errorf("tenant %s reads something else than it wrote:\n%s", k, diff)
			}
			ok(t, s.VerifyLedger(context.Background(), k))
		}
		for _, k := range []control.Tenant{{Installation: 2, Repository: 1}, {Installation: 1, Repository: 4}, {Installation: 3, Repository: 2}, {Installation: 9}, {}} {
			got := read(t, s, k)
			if k.Installation == 1 || k.Installation == 3 {
				got.Repositories = nil // they are the installation's
			}
			if diff := cmp.Diff(everything{}, got); diff != "" {
				t.Errorf("tenant %s sees what is not its own:\n%s", k, diff)
			}
			ok(t, s.Cache(k).Delete("key"))
			ok(t, s.VerifyLedger(context.Background(), k))
		}
		for _, k := range tenants {
			if diff := cmp.Diff(wrote[k], read(t, s, k)); diff != "" {
				t.Errorf("tenant %s: another one deleted something:\n%s", k, diff)
			}
		}
	})
}

// TestEveryStatementNamesItsTenant reads our own source: a statement on a tenant's table has both ids.
func TestEveryStatementNamesItsTenant(t *testing.T) {
	t.Parallel()
	table := regexp.MustCompile(`(?:FROM|INTO|UPDATE|JOIN) (repository|pull|check_run|claim|document|upload|ledger|ledger_head|verdict|acknowledgement|cache_entry|evidence|evidence_suite|evidence_digest|run_seen|tested_check|deployment|evidence_version|waiver|test_debt|event_cursor|pull_verdict|cost_share|cost_week|activity)\b`)
	statement := regexp.MustCompile("(?s)`[^`]+`(?:\\s*\\+\\s*\\w+\\s*\\+\\s*`[^`]+`)*")
	seen := 0
	for _, name := range must[[]os.DirEntry](t)(os.ReadDir(".")) {
		if !strings.HasSuffix(name.Name(), ".go") || strings.HasSuffix(name.Name(), "_test.go") || strings.HasPrefix(name.Name(), "operate") { // the retention is everybody's
			continue
		}
		text := string(must[[]byte](t)(os.ReadFile(name.Name())))
		for _, sql := range statement.FindAllString(text, -1) {
			found := table.FindStringSubmatch(sql)
			if found == nil {
				continue
			}
			seen++
			ids := strings.Contains(sql, "installation_id") && strings.Contains(sql, "repository_id")
			if strings.Contains(sql, "repositoryColumns") {
				ids = true // the table that says which tenants there are
			}
			if !ids || (!strings.Contains(sql, "INSERT") && !strings.Contains(sql, "repository_id = $2") && !strings.Contains(sql, "installation_id = $2 AND repository_id = $3") && !strings.Contains(sql, "repository_id = t.column2") && found[1] != "repository") {
				t.Errorf("%s: %s", name.Name(), sql)
			}
		}
	}
	if seen < 25 {
		t.Errorf("only %d statements were seen", seen)
	}
}

func TestNothingThere(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		_, a, err := s.Repository(ctx, tenant)
		ok(t, err)
		_, b, err := s.Pull(ctx, tenant, 1)
		ok(t, err)
		_, c, err := s.Check(ctx, tenant, "")
		ok(t, err)
		_, d, err := s.LatestVerdict(ctx, tenant, 1, "")
		ok(t, err)
		_, e, err := s.Recall(ctx, tenant, "x")
		ok(t, err)
		if a || b || c || d || e {
			t.Error("something was found")
		}
		ok(t, s.Remember(ctx, control.Tenant{}, "cursor", nil))
		if doc, found, err := s.Recall(ctx, control.Tenant{}, "cursor"); len(doc) != 0 || !found || err != nil {
			t.Error(doc, found, err)
		}
	})
}

func TestGoneAndClosed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		e := write(t, s, tenant, "n")
		e.Repository.Gone, e.Pull.Open, e.Check.Finished = true, false, true
		ok(t, s.SaveRepository(ctx, e.Repository))
		ok(t, s.SavePull(ctx, tenant, e.Pull))
		ok(t, s.SaveCheck(ctx, tenant, e.Check))
		got := read(t, s, tenant)
		if !got.Repository.Gone || got.Repositories != nil || got.Pulls != nil || got.PullsAt != nil || got.Unfinished != nil || got.Pull.CommentID != 9 {
			t.Errorf("%+v", got)
		}
	})
}

func TestRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o, now := options(url), noon
		o.Now = func() time.Time { return now }
		s := open(t, o)
		wrote := write(t, s, tenant, "n")
		d := delivery("old")
		d.Received = noon
		must[bool](t)(s.Accept(ctx, d, nil))
		ok(t, s.Collect(ctx))
		if diff := cmp.Diff(wrote, read(t, s, tenant)); diff != "" {
			t.Errorf("collected too early:\n%s", diff)
		}
		now = noon.Add(15 * day)
		ok(t, s.Collect(ctx))
		got := read(t, s, tenant)
		if got.Uploads != nil || got.Entry != "" || len(got.Verdict.Report) == 0 || count(t, s, "delivery") != 0 {
			t.Errorf("after 15 days: %+v", got)
		}
		now = noon.Add(401 * day)
		ok(t, s.Collect(ctx))
		got = read(t, s, tenant)
		if len(got.Verdict.Report) != 0 || got.Verdict.Digest != wrote.Verdict.Digest {
			t.Errorf("after 401 days: %+v", got.Verdict)
		}
		for i, e := range wrote.Ledger {
			e.Digest, e.Body = e.BodyDigest(), nil
			if diff := cmp.Diff(e, got.Ledger[i]); diff != "" || len(got.Ledger) != len(wrote.Ledger) {
				t.Errorf("the ledger changed by more than its bodies:\n%s", diff)
			}
		}
		ok(t, s.VerifyLedger(ctx, tenant))
	})
}

// TestAcknowledgedTwice: the same word again is not written again.
func TestAcknowledgedTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		a := control.Acknowledgement{Number: 1, Currency: "USD", Resources: []string{"a"}, By: "ada", ByID: 5, Verdict: "sha256:1", At: noon}
		first := must[control.LedgerEntry](t)(s.Acknowledge(ctx, tenant, a))
		a.At = noon.Add(time.Minute)
		again := must[control.LedgerEntry](t)(s.Acknowledge(ctx, tenant, a))
		if diff := cmp.Diff(first, again); diff != "" {
			t.Error(diff)
		}
		for _, change := range []func(*control.Acknowledgement){
			func(a *control.Acknowledgement) { a.Number = 2 }, func(a *control.Acknowledgement) { a.ByID = 6 },
			func(a *control.Acknowledgement) { a.Verdict = "sha256:2" },
		} {
			other := a
			change(&other)
			if e := must[control.LedgerEntry](t)(s.Acknowledge(ctx, tenant, other)); e.Sequence == first.Sequence {
				t.Errorf("%+v was not written", other)
			}
		}
		if n := len(must[[]control.Acknowledgement](t)(s.Acknowledgements(ctx, tenant, 1))); n != 3 {
			t.Errorf("%d acknowledgements, want 3", n)
		}
		ok(t, s.VerifyLedger(ctx, tenant))
	})
}

// TestHints: what a webhook says of a pull request is kept with it, unless something newer is known.
func TestHints(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		accept := func(id, head string, number int, seen time.Time) {
			d := delivery(id)
			d.Pull = &control.PullRecord{Number: number, Head: head, Base: "main", Open: true, Seen: seen}
			if fresh := must[bool](t)(s.Accept(ctx, d, []control.Task{task(head)})); !fresh {
				t.Errorf("delivery %s is not fresh", id)
			}
		}
		accept("1", "h1", 1, noon)
		accept("2", "h1", 2, noon)
		accept("3", "h2", 1, noon.Add(time.Minute))
		accept("4", "h1", 1, noon) // comes late
		var got []int
		for _, p := range must[[]control.PullRecord](t)(s.PullsAt(ctx, tenant, "h1")) {
			got = append(got, p.Number)
		}
		if diff := cmp.Diff([]int{2}, got); diff != "" {
			t.Error(diff)
		}
		if p, _, err := s.Pull(ctx, tenant, 1); err != nil || p.Head != "h2" {
			t.Errorf("pull request 1 is at %q (%v)", p.Head, err)
		}
	})
}

// TestStale: the watchdog finds what is in progress for too long, whoever's it is.
func TestStale(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		other := control.Tenant{Installation: 8, Repository: 80}
		ok(t, s.SaveCheck(ctx, other, control.CheckRecord{Head: "a", Started: noon}))
		ok(t, s.SaveCheck(ctx, tenant, control.CheckRecord{Head: "a", Started: noon}))
		ok(t, s.SaveCheck(ctx, tenant, control.CheckRecord{Head: "b", Started: noon}))
		ok(t, s.SaveCheck(ctx, control.Tenant{Installation: 9, Repository: 90}, control.CheckRecord{Head: "a", Started: noon, Finished: true}))
		if diff := cmp.Diff([]control.Tenant{tenant, other}, must[[]control.Tenant](t)(s.Stale(ctx, noon.Add(time.Second)))); diff != "" {
			t.Error(diff)
		}
		if got := must[[]control.Tenant](t)(s.Stale(ctx, noon)); len(got) != 0 {
			t.Errorf("nothing started before noon, but %v is stale", got)
		}
	})
}
