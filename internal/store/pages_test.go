package store

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/verdict"
)

func share(dimension, name string, millionths int64, unknown int) control.CostShare {
	return control.CostShare{Dimension: dimension, Name: name, Currency: "USD", Millionths: millionths, Unknown: unknown}
}

// TestPageLists: the newest verdict of each pull request counts, in the lists and in its week, and only of the tenants that
// are asked about.
func TestPageLists(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		other := control.Tenant{Installation: 8, Repository: tenant.Repository + 1}
		day := 24 * time.Hour
		record := func(k control.Tenant, n int, head, digest string, o verdict.Outcome, at time.Time, costs ...control.CostShare) {
			t.Helper()
			_, err := s.Record(ctx, k, control.VerdictRecord{Number: n, Head: head, Digest: digest, Outcome: o, Report: json.RawMessage(`{}`), At: at, Headline: "of " + digest, Costs: costs})
			ok(t, err)
		}
		ok(t, s.SavePull(ctx, tenant, control.PullRecord{Number: 1, Head: "h1", Open: true, Seen: noon}))
		ok(t, s.SavePull(ctx, tenant, control.PullRecord{Number: 2, Head: "g1", Open: false, Seen: noon}))
		record(tenant, 1, "h1", "d1", verdict.Block, noon, share("team", "shop", 5_000_000, 1), share("provider", "aws", 5_000_000, 0))
		record(tenant, 2, "g1", "d2", verdict.Undecided, noon.Add(time.Hour), share("team", "shop", 1, 0))
		record(tenant, 0, "m1", "d3", verdict.Block, noon)
		record(other, 1, "o1", "d4", verdict.Block, noon, share("team", "rival", 9, 0))
		ok(t, s.SavePull(ctx, tenant, control.PullRecord{Number: 1, Head: "h2", Open: true, Seen: noon}))
		record(tenant, 1, "h2", "d5", verdict.Block, noon.Add(8*day), share("team", "shop", 7_000_000, 0))

		lines := func(blocked bool, of ...control.Tenant) (out []string) {
			t.Helper()
			list, err := s.NewestVerdicts(ctx, of, blocked, 0, 10)
			ok(t, err)
			for _, l := range list {
				out = append(out, fmt.Sprintf("%s#%d %s %s %s", l.Tenant, l.Number, l.Head, l.Outcome, l.Headline))
			}
			return out
		}
		pull1, pull2 := fmt.Sprintf("%s#1 h2 block of d5", tenant), fmt.Sprintf("%s#2 g1 undecided of d2", tenant)
		for _, c := range []struct {
			got, want []string
		}{
			{lines(false, tenant), []string{pull1, pull2}},
			{lines(true, tenant), []string{pull1}}, // the other one is closed
			{lines(false, tenant, other), []string{pull1, pull2, fmt.Sprintf("%s#1 o1 block of d4", other)}},
			{lines(false), nil},
			{lines(false, control.Tenant{Installation: other.Installation, Repository: tenant.Repository}), nil},
		} {
			if d := cmp.Diff(c.want, c.got); d != "" {
				t.Error(d)
			}
		}
		// Of more repositories than are asked for, those count that had a verdict last; a page begins where the one before ended.
		var many []control.Tenant
		for i := range int64(300) {
			k := control.Tenant{Installation: 9, Repository: 1000 + i}
			many = append(many, k)
			if i%2 == 0 { // the others never had one
				record(k, 1, "a", fmt.Sprint("a", i), verdict.Allow, noon.Add(time.Duration(i)*time.Minute))
				record(k, 2, "b", fmt.Sprint("b", i), verdict.Allow, noon.Add(time.Duration(i-1)*time.Minute))
			}
		}
		var got []string
		for _, skip := range []int{0, 3} {
			list, err := s.NewestVerdicts(ctx, many, false, skip, 3)
			ok(t, err)
			for _, l := range list {
				got = append(got, l.Digest)
			}
		}
		if d := cmp.Diff([]string{"a298", "b298", "a296", "b296", "a294", "b294"}, got); d != "" {
			t.Error(d)
		}
		weeks, err := s.WeekCosts(ctx, []control.Tenant{tenant}, noon.Add(-100*day))
		ok(t, err)
		want := []control.WeekCost{
			{Week: weekStart(weekOf(noon)), CostShare: share("provider", "aws", 0, 0)}, // taken back by the newer verdict
			{Week: weekStart(weekOf(noon)), CostShare: share("team", "shop", 1, 0)},
			{Week: weekStart(weekOf(noon.Add(8 * day))), CostShare: share("team", "shop", 7_000_000, 0)},
		}
		if d := cmp.Diff(want, weeks); d != "" {
			t.Error(d)
		}
		history, err := s.VerdictsOf(ctx, tenant, 1, 10)
		ok(t, err)
		if len(history) != 2 || history[0].Digest != "d5" || history[1].Digest != "d1" {
			t.Errorf("%+v", history)
		}
		at, err := s.VerdictsAt(ctx, tenant, "m1", 10)
		ok(t, err)
		if len(at) != 1 || at[0].Number != 0 {
			t.Errorf("%+v", at)
		}
		v, e, found, err := s.Verdict(ctx, tenant, history[0].Sequence)
		if err != nil || !found || v.Head != "h2" || e.Subject != "d5" {
			t.Errorf("%+v %+v %t %v", v, e, found, err)
		}
		if _, _, found, err := s.Verdict(ctx, other, history[0].Sequence+100); found || err != nil {
			t.Errorf("an entry that is not there: %t %v", found, err)
		}
		e, found, err = s.EntryOf(ctx, tenant, "d2")
		if err != nil || !found || e.Kind != "verdict" {
			t.Errorf("%+v %t %v", e, found, err)
		}
	})
}

// TestHugeCosts: whatever pull requests add, verdicts are recorded, and taking back leaves what was there before.
func TestHugeCosts(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		other := control.Tenant{Installation: 8, Repository: 71}
		for n := 1; n <= 3; n++ {
			for _, k := range []control.Tenant{tenant, other} {
				_, err := s.Record(ctx, k, control.VerdictRecord{
					Number: n, Head: "h", Digest: "d", Report: json.RawMessage(`{}`), At: noon, Costs: []control.CostShare{share("provider", "aws", control.MaxMillionths, 0)},
				})
				ok(t, err)
			}
		}
		sum := func(want int64, unknown int, of ...control.Tenant) {
			t.Helper()
			got := must[[]control.WeekCost](t)(s.WeekCosts(ctx, of, noon.Add(-7*24*time.Hour)))
			if len(got) != 1 || got[0].Millionths != want || got[0].Unknown != unknown {
				t.Errorf("%+v, want %d and %d unknown", got, want, unknown)
			}
		}
		sum(control.MaxMillionths, 2, tenant)
		sum(2*control.MaxMillionths, 4, tenant, other)
		for n := 1; n <= 3; n++ {
			_, err := s.Record(ctx, tenant, control.VerdictRecord{Number: n, Head: "h2", Digest: "d2", Report: json.RawMessage(`{}`), At: noon, Costs: []control.CostShare{share("provider", "aws", 5, 0)}})
			ok(t, err)
		}
		sum(15, 0, tenant)
	})
}

// TestBlockedByThePresentHead: a head that is pushed again, and a merge group that brings a pull request, do not hide what
// blocks it.
func TestBlockedByThePresentHead(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		record := func(head, digest string, o verdict.Outcome, minute int) {
			t.Helper()
			_, err := s.Record(ctx, tenant, control.VerdictRecord{Number: 1, Head: head, Digest: digest, Outcome: o, Report: json.RawMessage(`{}`), At: noon.Add(time.Duration(minute) * time.Minute)})
			ok(t, err)
		}
		blocked := func(want int) {
			t.Helper()
			if list := must[[]control.VerdictLine](t)(s.NewestVerdicts(ctx, []control.Tenant{tenant}, true, 0, 10)); len(list) != want {
				t.Errorf("blocked now: %+v", list)
			}
		}
		push := func(head string) {
			ok(t, s.SavePull(ctx, tenant, control.PullRecord{Number: 1, Head: head, Open: true, Seen: noon}))
		}
		push("a")
		record("a", "d1", verdict.Block, 0)
		blocked(1)
		push("b")
		record("b", "d2", verdict.Allow, 1)
		blocked(0)
		push("a")
		blocked(1)
		record("a", "d3", verdict.Allow, 2)
		blocked(0)
		record("a", "d4", verdict.Undecided, 3)
		record("group", "d5", verdict.Allow, 4)
		blocked(1)
		if list := must[[]control.VerdictLine](t)(s.NewestVerdicts(ctx, []control.Tenant{tenant}, false, 0, 10)); len(list) != 1 || list[0].Head != "a" {
			t.Errorf("recent: %+v", list)
		}
	})
}
