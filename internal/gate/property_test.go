package gate_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/verdict"
)

// red are facts each of which speaks against a deployment, whatever else is known.
var red = map[string]func(*world){
	"red tests":      func(w *world) { w.Tests = "red" },
	"no tests":       func(w *world) { w.Tests = "none" },
	"freeze":         func(w *world) { w.Settings = frozen(w.Settings) },
	"policy":         func(w *world) { w.Policies = append(w.Policies, policy{ID: "X-1", Severity: "block"}) },
	"policy unknown": func(w *world) { w.Policies = append(w.Policies, policy{ID: "X-2", Severity: "undecided"}) },
	"fork":           func(w *world) { w.Deployer.Fork = 66 },
	"commit":         func(w *world) { w.Deployer.Commit = "elsewhere" },
	"attempt":        func(w *world) { w.Deployer.Attempt = 9 },
	"edited":         func(w *world) { w.Edited = ".github/workflows/deploy.yml" },
	"unknown name":   func(w *world) { name := "nowhere"; w.Environment = &name },
	"no run":         func(w *world) { var none int64; w.Run = &none },
	"tag":            func(w *world) { w.Digests = []string{"shop:latest"} },
}

// lifted are those that a waiver lifts.
var lifted = []string{"red tests", "no tests", "freeze", "policy", "policy unknown", "debts", "policies", "records", "runs", "history"}

func frozen(settings []environment) []environment {
	if settings == nil {
		settings = []environment{{}}
	}
	settings = slices.Clone(settings)
	for i := range settings {
		settings[i].Freeze = append(slices.Clone(settings[i].Freeze), gate.Freeze{Name: "all year", From: "2026-01-01T00:00", Until: "2027-01-01T00:00"})
	}
	return settings
}

// TestNothingOpens holds, for every case on disk, that a red fact or a missing group turns no refusal to an approval, and
// that each of them shuts what evidence opened.
func TestNothingOpens(t *testing.T) {
	t.Parallel()
	eachCase(t, func(t *testing.T, file string, a *txtar.Archive) {
		t.Helper()
		w := parseWorld(t, a.Files[0].Data)
		before := gate.Decide(w.question(t))
		worse := maps.Clone(red)
		for _, name := range groups() {
			if name != "people" && name != "waivers" { // asked for only where there is something to waive
				worse["without "+name] = func(w *world) { w.Missing = append(slices.Clone(w.Missing), name) }
			}
		}
		for name, spoil := range worse {
			after := w
			spoil(&after)
			d := gate.Decide(after.question(t))
			holds(t, file+", "+name, d)
			if before.Outcome != gate.OutcomeApproved && d.Outcome == gate.OutcomeApproved && d.Basis != evidence.BasisWaiver {
				t.Errorf("%s: %s opens it\n%s", file, name, told(d))
			}
			if d.Basis == evidence.BasisEvidence {
				t.Errorf("%s: %s does not shut it\n%s", file, name, told(d))
			}
		}
	})
}

// TestRule compares with the plain rule: on evidence if nothing speaks against it; else where it is observed; else on a
// waiver that holds, if that lifts all there is; else not.
func TestRule(t *testing.T) {
	t.Parallel()
	names := append(slices.Sorted(maps.Keys(red)), groups()...)
	rapid.Check(t, func(r *rapid.T) {
		var w world
		against := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID[string]).Draw(r, "against")
		observed, waived := rapid.IntRange(0, 3).Draw(r, "observed") == 0, rapid.Bool().Draw(r, "waived")
		w.Settings = []environment{{}}
		if observed {
			w.Settings[0].Observe = "1h"
		}
		if waived {
			w.Waivers = []glass{{}}
		}
		hard, speaks := false, false
		for _, name := range against {
			if spoil, ok := red[name]; ok {
				spoil(&w)
			} else {
				w.Missing = append(w.Missing, name)
			}
			if name != "waivers" && name != "people" {
				speaks = true
				hard = hard || !slices.Contains(lifted, name)
			}
		}
		known := !slices.Contains(against, "settings") && !slices.Contains(against, "unknown name") && !slices.Contains(against, "no run")
		usable := waived && !slices.Contains(against, "waivers") && !slices.Contains(against, "people")
		want := evidence.BasisUnknown
		switch {
		case !speaks:
			want = evidence.BasisEvidence
		case observed && known:
			want = evidence.BasisObserve
		case usable && !hard:
			want = evidence.BasisWaiver
		}
		d := gate.Decide(w.question(t))
		holds(r, fmt.Sprint(against), d)
		if d.Basis != want {
			r.Fatalf("%v: %s, want %s\n%s", against, d.Basis, want, told(d))
		}
	})
}

// TestDebts lets trees be tested and deployed one after another, with and without a waiver, and compares with a plain
// account of what is owed.
func TestDebts(t *testing.T) {
	t.Parallel()
	trees := []string{"t0", "t1", "t2", "t3"}
	rapid.Check(t, func(r *rapid.T) {
		green, proven := map[string]bool{}, map[string]bool{} // tested; deployed on evidence
		owed := map[string]bool{}
		var w world
		var debts []debt
		minutes := 0
		age := func(at int) string { return fmt.Sprintf("%dm", 1000-at) }
		r.Repeat(map[string]func(*rapid.T){
			"test": func(r *rapid.T) {
				tree := rapid.SampledFrom(trees).Draw(r, "tree")
				green[tree] = rapid.Bool().Draw(r, "green")
			},
			"deploy": func(r *rapid.T) {
				minutes++
				tree := rapid.SampledFrom(trees).Draw(r, "tree")
				waived, fails := rapid.Bool().Draw(r, "waived"), rapid.IntRange(0, 3).Draw(r, "fails") == 0
				now := w
				for _, d := range debts {
					d.Tests = map[bool]string{true: "green", false: "red"}[green[d.Tree]]
					now.Debts = append(now.Debts, d)
				}
				if waived {
					now.Waivers = []glass{{}}
				}
				q := now.question(t)
				records, runs := tested(t, map[bool]string{true: "green", false: "red"}[green[tree]], tree, present())
				q.Subject.Tree, q.Subject.Records, q.Subject.Runs = object(tree), fact.Of(records), fact.Of(runs)
				d := gate.Decide(q)
				holds(r, tree, d)
				open := false
				for other := range owed {
					open = open || owed[other] && !green[other]
				}
				want := evidence.BasisUnknown
				switch {
				case green[tree] && (!open || proven[tree]):
					want = evidence.BasisEvidence
				case waived:
					want = evidence.BasisWaiver
				}
				if d.Basis != want {
					r.Fatalf("%s: %s, want %s; owed %v, green %v, proven %v\n%s", tree, d.Basis, want, owed, green, proven, told(d))
				}
				if d.Outcome != gate.OutcomeApproved {
					return
				}
				w.Deployments = append(w.Deployments, deployment{Tree: tree, Basis: d.Basis, Failed: fails, Age: age(minutes)})
				if d.Debt {
					debts = append(debts, debt{Tree: tree, Age: age(minutes)})
				}
				if !fails {
					for other := range owed {
						owed[other] = owed[other] && other == tree
					}
					proven[tree] = proven[tree] || d.Basis == evidence.BasisEvidence
				}
				owed[tree] = owed[tree] || d.Debt
			},
		})
	})
}

// TestOrder holds that the order in which facts come tells nothing, that time alone changes no digest of the facts, and
// that any fact does.
func TestOrder(t *testing.T) {
	t.Parallel()
	w := world{Tests: "red", Waivers: []glass{{Commit: "d"}, {NoRole: true}}, Policies: []policy{{ID: "A-1", Severity: "block"}, {ID: "A-2", Severity: "block"}},
		Deployments: []deployment{{Tree: "u", Basis: evidence.BasisEvidence, Age: "2h"}, {Tree: "v", Basis: evidence.BasisWaiver, Age: "1h"}}, Debts: []debt{{Tree: "x", Tests: "none"}, {Tree: "y", Tests: "red"}}}
	q := w.question(t)
	first := gate.Decide(q)
	other := w.question(t)
	policies, _ := other.Policies.Get()
	slices.Reverse(policies)
	waivers, _ := other.Waivers.Get()
	slices.Reverse(waivers)
	debts, _ := other.Debts.Get()
	slices.Reverse(debts)
	history, _ := other.Subject.History.Get()
	slices.Reverse(history.Deployments)
	if diff := cmp.Diff(first, gate.Decide(other)); diff != "" {
		t.Error("another order, another decision", diff)
	}
	later := w.question(t)
	later.Subject.Now = later.Subject.Now.Add(time.Minute)
	if d := gate.Decide(later); d.Facts != first.Facts {
		t.Error("a minute changes the facts")
	}
	for name, change := range map[string]func(*gate.Question){
		"tree":     func(q *gate.Question) { q.Subject.Tree = object("z") },
		"attempt":  func(q *gate.Question) { q.Subject.Attempt++ },
		"policy":   func(q *gate.Question) { q.Policies = fact.Of([]verdict.Finding{}) },
		"missing":  func(q *gate.Question) { q.Policies = fact.Missing[[]verdict.Finding]("away") },
		"reason":   func(q *gate.Question) { q.Subject.Runs = fact.Missing[[]evidence.Run]("away") },
		"job":      func(q *gate.Question) { runs, _ := q.Subject.Runs.Get(); runs[0].Jobs = fact.Of([]evidence.Job{}) },
		"people":   func(q *gate.Question) { q.People = fact.Of(gate.People{}) },
		"settings": func(q *gate.Question) { s, _ := q.Settings.Get(); s.Environments[0].DecideBy = time.Hour },
		"reach": func(q *gate.Question) {
			d, _ := q.Subject.Deployer.Get()
			d.Reachable = fact.Of(false)
			q.Subject.Deployer = fact.Of(d)
		},
	} {
		changed := w.question(t)
		change(&changed)
		if d := gate.Decide(changed); d.Facts == first.Facts || d.Digest == first.Digest {
			t.Errorf("%s changes no digest", name)
		}
	}
}

// TestHostile holds what is true of every decision and its comment for names that anybody chose.
func TestHostile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune("`<>@#[](){}\n\r\u202e\u2028\x1b🙂é")), 0, 2000, -1))
		name := text.Draw(r, "environment")
		w := world{Environment: &name, Settings: []environment{{Name: rapid.SampledFrom([]string{"production", or(name, "x")}).Draw(r, "configured")}},
			Policies: []policy{{ID: text.Draw(r, "id"), Title: text.Draw(r, "title"), Msg: text.Draw(r, "msg"), Fix: text.Draw(r, "fix"), Severity: rapid.SampledFrom([]string{"block", "warn", "undecided"}).Draw(r, "severity")}}}
		d := gate.Decide(w.question(t))
		holds(r, name, d)
		if s := d.Status(gate.Foot{Link: text.Draw(r, "link"), Sequence: 1, Chain: text.Draw(r, "chain")}); len(s) > gate.MaxStatus {
			r.Fatalf("%d bytes", len(s))
		}
	})
}
