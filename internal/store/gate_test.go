package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/waiver"
)

func deployed(run int64, digest string) control.DeploymentRecord {
	return control.DeploymentRecord{
		DeploymentKey: control.DeploymentKey{Environment: "production", Run: run, Attempt: 1}, Name: "Production", Commit: sha("1"), Tree: sha("a"),
		Stage: control.StageDecided, Outcome: gate.OutcomeApproved, Basis: evidence.BasisEvidence, Digest: digest, Asked: noon,
		Decided: noon.Add(time.Duration(run) * time.Minute), Wake: noon,
	}
}

func ruling(d control.DeploymentRecord, version int64) control.DeploymentVerdict {
	return control.DeploymentVerdict{Kind: "deployment", Record: d, Body: json.RawMessage(`{"x":1}`), At: noon, Evidence: version}
}

var others = []control.Tenant{{Installation: 8, Repository: tenant.Repository}, {Installation: tenant.Installation, Repository: 71}, {Installation: 70, Repository: 7}}

func TestDeployments(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		key := control.DeploymentKey{Environment: "production", Run: 1, Attempt: 1}
		opened := must[control.DeploymentRecord](t)(s.ChangeDeployment(ctx, tenant, key, func(d *control.DeploymentRecord) { d.Asked, d.Wake = noon, noon.Add(time.Minute) }))
		if list := must[[]control.DeploymentRecord](t)(s.OpenDeployments(ctx, tenant)); cmp.Diff([]control.DeploymentRecord{opened}, list) != "" {
			t.Errorf("open: %+v", list)
		}
		for at, want := range map[time.Time]int{noon: 0, noon.Add(time.Minute): 1} {
			if due := must[[]control.DueDeployment](t)(s.DueDeployments(ctx, at)); len(due) != want || want == 1 && (due[0].Tenant != tenant || due[0].Key != key) {
				t.Errorf("due at %s: %+v", at, due)
			}
		}
		first := must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, ruling(deployed(1, "sha256:1"), 0)))
		again := must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, ruling(deployed(1, "sha256:1"), 0)))
		if first.Sequence != 1 || again.Sequence != 1 || again.Chain != first.Chain || first.Chain == "" {
			t.Errorf("entries %d %q and %d %q", first.Sequence, first.Chain, again.Sequence, again.Chain)
		}
		must[control.DeploymentRecord](t)(s.ChangeDeployment(ctx, tenant, key, func(d *control.DeploymentRecord) { d.Stage = control.StageAnswered }))
		if _, err := s.DecideDeployment(ctx, tenant, ruling(deployed(1, "sha256:2"), 0)); !errors.Is(err, control.ErrMovedOn) {
			t.Errorf("what is answered was decided again: %v", err)
		}
		must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, ruling(deployed(2, "sha256:3"), 0)))
		history := must[[]control.DeploymentRecord](t)(s.DeploymentHistory(ctx, tenant, []string{"production", "staging"}, 9))
		if len(history) != 2 || history[0].Run != 2 {
			t.Errorf("history %+v", history)
		}
		for _, k := range others {
			_, known, err := s.Deployment(ctx, k, key)
			ok(t, err)
			seen := len(must[[]control.DeploymentRecord](t)(s.OpenDeployments(ctx, k))) + len(must[[]control.DeploymentRecord](t)(s.DeploymentsOf(ctx, k, 1))) +
				len(must[[]control.DeploymentRecord](t)(s.DeploymentHistory(ctx, k, []string{"production"}, 9)))
			if known || seen > 0 {
				t.Errorf("tenant %s sees another one's deployments", k)
			}
		}
		ok(t, s.VerifyLedger(ctx, tenant))
	})
}

// TestWhatPagesReadOfDeployments: the newest of those that went ahead and of those that did not, and the debts since the last
// that is proven.
func TestWhatPagesReadOfDeployments(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		for run := int64(1); run <= 6; run++ {
			d := deployed(run, "sha256:"+string(rune('0'+run)))
			v := ruling(d, 0)
			switch {
			case run%2 == 0:
				v.Record.Outcome, v.Record.Basis = gate.OutcomeRejected, evidence.BasisUnknown
			case run != 3:
				v.Record.Basis = evidence.BasisWaiver
				v.Debt = &gate.Debt{Basis: evidence.BasisWaiver, Commit: sha("1"), Tree: sha(string(rune('a' + run))), At: d.Decided}
			}
			must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, v))
			must[control.DeploymentRecord](t)(s.ChangeDeployment(ctx, tenant, d.DeploymentKey, func(d *control.DeploymentRecord) {
				d.Stage, d.Settled, d.Succeeded = control.StageAnswered, true, true
			}))
		}
		var runs []int64
		for _, d := range must[[]control.DeploymentRecord](t)(s.NewestDeployments(ctx, tenant, "production", 4)) {
			runs = append(runs, d.Run)
		}
		if diff := cmp.Diff([]int64{6, 5, 4, 3}, runs); diff != "" {
			t.Error(diff)
		}
		debts := must[[]gate.Debt](t)(s.UnpaidDebts(ctx, tenant, "production"))
		if len(debts) != 1 || debts[0].Tree != sha("f") {
			t.Errorf("debts %+v: that of run 1 was paid by run 3", debts)
		}
		if diff := cmp.Diff([]string{"production"}, must[[]string](t)(s.DeployedTo(ctx, tenant))); diff != "" {
			t.Error(diff)
		}
		ok(t, s.Remember(ctx, tenant, "asked/a", []byte("1")))
		ok(t, s.Remember(ctx, tenant, "asked0", []byte("2")))
		for after, want := range map[time.Time]int{{}: 1, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC): 0} {
			if got := must[[][]byte](t)(s.RecallAll(ctx, tenant, "asked/", after)); len(got) != want {
				t.Errorf("%q after %s", got, after)
			}
		}
		for _, k := range others {
			if n := len(must[[]control.DeploymentRecord](t)(s.NewestDeployments(ctx, k, "production", 9))) + len(must[[]gate.Debt](t)(s.UnpaidDebts(ctx, k, "production"))) +
				len(must[[]string](t)(s.DeployedTo(ctx, k))) + len(must[[][]byte](t)(s.RecallAll(ctx, k, "asked/", time.Time{}))); n > 0 {
				t.Errorf("tenant %s sees another one's", k)
			}
		}
	})
}

// TestApprovalsAge: an approval stands on the evidence that was read for it.
func TestApprovalsAge(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		keep(t, s, tenant, tested(t, tenant, "unit", 1, sha("a"), sha("1")))
		version := must[int64](t)(s.EvidenceVersion(ctx, tenant))
		keep(t, s, tenant, tested(t, tenant, "unit", 1, sha("a"), sha("1"))) // the same again
		if got := must[int64](t)(s.EvidenceVersion(ctx, tenant)); got != version || version == 0 {
			t.Errorf("version %d, then %d", version, got)
		}
		keep(t, s, tenant, tested(t, tenant, "unit", 2, sha("a"), sha("1")))
		if _, err := s.DecideDeployment(ctx, tenant, ruling(deployed(1, "sha256:1"), version)); !errors.Is(err, control.ErrMovedOn) {
			t.Errorf("approved on evidence that is no longer all: %v", err)
		}
		if n := count(t, s, "ledger"); n != 0 {
			t.Errorf("%d entries", n)
		}
		rejected := deployed(1, "sha256:1")
		rejected.Outcome, rejected.Basis = gate.OutcomeRejected, evidence.BasisUnknown
		must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, ruling(rejected, version)))
		for _, k := range others {
			if got := must[int64](t)(s.EvidenceVersion(ctx, k)); got != 0 {
				t.Errorf("tenant %s has version %d", k, got)
			}
		}
	})
}

func glass(t testing.TB, k control.Tenant, uses int) waiver.Waiver {
	t.Helper()
	return must[waiver.Waiver](t)(waiver.New(waiver.Waiver{
		Installation: k.Installation, Repository: k.Repository, Environment: "production", Commit: sha("1"), Reason: "the site is down",
		Requester: waiver.Person{ID: 1, Login: "ada"}, Approver: waiver.Approver{Person: waiver.Person{ID: 2, Login: "bob"}, User: true, As: "user bob"},
		Issued: noon, Expires: noon.Add(time.Hour), Uses: uses,
	}))
}

// TestWaiverUses: however many ask at the same moment, a waiver gives as many approvals as it has uses.
func TestWaiverUses(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		w := glass(t, tenant, 1)
		first := must[control.LedgerEntry](t)(s.SaveWaiver(ctx, tenant, w))
		again := must[control.LedgerEntry](t)(s.SaveWaiver(ctx, tenant, w))
		if first.Kind != "waiver" || again.Chain != first.Chain {
			t.Errorf("first %+v, again %+v", first, again)
		}
		if _, err := s.SaveWaiver(ctx, others[0], w); err == nil {
			t.Error("a waiver was kept for another tenant")
		}
		var wg sync.WaitGroup
		results := make([]error, 8)
		for i := range results {
			wg.Go(func() {
				v := ruling(deployed(int64(i+1), "sha256:w"), 0)
				v.Record.Basis, v.Waiver = evidence.BasisWaiver, &control.TakenUse{ID: w.ID()}
				v.Debt = &gate.Debt{Basis: evidence.BasisWaiver, Commit: sha("1"), Tree: sha("a"), At: noon}
				_, results[i] = s.DecideDeployment(ctx, tenant, v)
			})
		}
		wg.Wait()
		given := 0
		for _, err := range results {
			if err == nil {
				given++
			} else if !errors.Is(err, control.ErrMovedOn) {
				t.Error(err)
			}
		}
		if given != 1 || count(t, s, "test_debt") != 1 {
			t.Errorf("%d approvals and %d debts by one use", given, count(t, s, "test_debt"))
		}
		list := must[[]control.KeptWaiver](t)(s.Waivers(ctx, tenant, "Production", noon))
		if diff := cmp.Diff([]control.KeptWaiver{{Waiver: w, Used: 1}}, list); diff != "" {
			t.Error(diff)
		}
		debts := must[[]gate.Debt](t)(s.Debts(ctx, tenant, "production", noon.Add(-time.Second)))
		if len(debts) != 1 || debts[0].Tree != sha("a") || debts[0].Basis != evidence.BasisWaiver {
			t.Errorf("debts %+v", debts)
		}
		for _, k := range others {
			if n := len(must[[]control.KeptWaiver](t)(s.Waivers(ctx, k, "production", noon))) + len(must[[]gate.Debt](t)(s.Debts(ctx, k, "production", time.Time{}))); n > 0 {
				t.Errorf("tenant %s sees another one's", k)
			}
			if revoked := must[bool](t)(s.RevokeWaiver(ctx, k, w.ID(), control.Person{ID: 1}, noon)); revoked {
				t.Errorf("tenant %s revoked another one's waiver", k)
			}
		}
		if n := len(must[[]control.KeptWaiver](t)(s.Waivers(ctx, tenant, "production", noon.Add(time.Hour)))); n != 0 {
			t.Error("an expired waiver is listed")
		}
		if !must[bool](t)(s.RevokeWaiver(ctx, tenant, w.ID(), control.Person{ID: 1}, noon)) || must[bool](t)(s.RevokeWaiver(ctx, tenant, w.ID(), control.Person{ID: 1}, noon)) {
			t.Error("it is revoked once")
		}
		ok(t, s.VerifyLedger(ctx, tenant))
		ok(t, s.put(ctx, `UPDATE waiver SET revoked = $4, body = $3 WHERE installation_id = $1 AND repository_id = $2`, tenant.Installation, tenant.Repository,
			[]byte(strings.Replace(string(w.JSON()), `"uses":1`, `"uses":9`, 1)), false))
		if _, err := s.Waivers(ctx, tenant, "production", noon); err == nil {
			t.Error("a waiver that somebody changed is believed")
		}
	})
}

// TestDebtsOutliveTheRetention: what is owed is not forgiven by age, nor what it is paid by forgotten.
func TestDebtsOutliveTheRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		now := noon
		o.Now, o.Retention.Evidence = func() time.Time { return now }, time.Hour
		s := open(t, o)
		glassed := ruling(deployed(1, "sha256:1"), 0)
		glassed.Record.Basis = evidence.BasisWaiver
		glassed.Debt = &gate.Debt{Basis: evidence.BasisWaiver, Commit: sha("1"), Tree: sha("a"), At: noon.Add(time.Minute)}
		must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, glassed))
		settle := func(run int64) {
			t.Helper()
			must[control.DeploymentRecord](t)(s.ChangeDeployment(ctx, tenant, control.DeploymentKey{Environment: "production", Run: run, Attempt: 1}, func(d *control.DeploymentRecord) {
				d.Stage, d.Settled, d.Succeeded = control.StageAnswered, true, true
			}))
		}
		settle(1)
		now = noon.Add(48 * time.Hour)
		ok(t, s.Collect(ctx))
		if count(t, s, "test_debt") != 1 {
			t.Fatal("an unpaid debt is gone")
		}
		for run := int64(2); run <= 3; run++ {
			must[control.DeploymentRecord](t)(s.DecideDeployment(ctx, tenant, ruling(deployed(run, "sha256:"+string(rune('0'+run))), 0)))
			settle(run)
		}
		ok(t, s.Collect(ctx))
		left := must[[]control.DeploymentRecord](t)(s.DeploymentHistory(ctx, tenant, []string{"production"}, 9))
		if count(t, s, "test_debt") != 0 || len(left) != 1 || left[0].Run != 3 {
			t.Errorf("%d debts and %+v", count(t, s, "test_debt"), left)
		}
	})
}
