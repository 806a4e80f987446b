package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/ledger"
	"github.com/org/platform-action/internal/waiver"
)

// told adds an entry to a ledger, at a day of November.
func told(t *testing.T, entries []ledger.Entry, day int, kind, subject string, body any) []ledger.Entry {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	previous := ledger.Genesis(1, 2)
	if n := len(entries); n > 0 {
		previous = entries[n-1].Chain
	}
	e := ledger.Entry{Sequence: int64(len(entries) + 1), Kind: kind, Subject: subject, Body: data, At: time.Date(2026, 11, day, 9, 0, 0, 0, time.UTC)}
	e.Chain = ledger.Chain(previous, e)
	return append(entries, e)
}

func decidedOn(run int64, d gate.Decision) map[string]any {
	return map[string]any{"key": map[string]any{"environment": "production", "run": run, "attempt": 1}, "commit": someCommit, "tree": someTree, "basis": d.Basis, "decision": d}
}

// history is a month of deployments.
func history(t *testing.T) []ledger.Entry {
	t.Helper()
	reason := func(c evidence.Code, found string) []evidence.Reason {
		return []evidence.Reason{{Code: c, Looked: "tests", Found: found, Fix: "run them"}}
	}
	issued := time.Date(2026, 11, 13, 9, 0, 0, 0, time.UTC)
	w, err := waiver.New(waiver.Waiver{Installation: 1, Repository: 2, Environment: "production", Commit: someCommit, Reason: "the shop is \u00fcber slow",
		Requester: waiver.Person{ID: 1, Login: "ada"}, Approver: waiver.Approver{Person: waiver.Person{ID: 2, Login: "grace"}, User: true, As: "user grace"}, Issued: issued, Expires: issued.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	unused := w
	unused.Reason = "in case"
	l := told(t, nil, 1, "verdict", "sha256:0", map[string]any{"head": someCommit})
	l = told(t, l, 2, "deployment", "sha256:1", decidedOn(10, gate.Decision{Outcome: gate.OutcomeRejected, Would: gate.OutcomeRejected, Reasons: reason(evidence.CodeNoEvidence, "none")}))
	l = told(t, l, 11, "deployment", "sha256:2", decidedOn(11, gate.Decision{Outcome: gate.OutcomeWaiting, Would: gate.OutcomeWaiting, Reasons: reason(evidence.CodeRunning, "run 1")}))
	l = told(t, l, 12, "deployment", "sha256:3", decidedOn(11, gate.Decision{Outcome: gate.OutcomeApproved, Would: gate.OutcomeApproved, Basis: evidence.BasisEvidence}))
	l = told(t, l, 12, "deployment", "sha256:4", decidedOn(12, gate.Decision{Outcome: gate.OutcomeRejected, Would: gate.OutcomeRejected, Reasons: reason(evidence.CodeZeroTests, "a \x1b[31mreport")}))
	l = told(t, l, 13, "waiver", w.ID(), json.RawMessage(w.JSON()))
	l = told(t, l, 13, "waiver", unused.ID(), json.RawMessage(unused.JSON()))
	l = told(t, l, 13, "deployment", "sha256:5", decidedOn(13, gate.Decision{Outcome: gate.OutcomeApproved, Would: gate.OutcomeApproved, Basis: evidence.BasisWaiver, Waiver: w.ID(), Reasons: reason(evidence.CodeZeroTests, "a report")}))
	l = told(t, l, 14, "deployment", "sha256:6", decidedOn(14, gate.Decision{Outcome: gate.OutcomeApproved, Would: gate.OutcomeRejected, Basis: evidence.BasisObserve, Reasons: reason(evidence.CodeStale, "10 days")}))
	l = told(t, l, 15, "bypass", "sha256:7", map[string]any{"key": map[string]any{"environment": "production", "run": 15, "attempt": 1}, "commit": someCommit, "confirmed": true})
	return told(t, l, 16, "deployment", "sha256:8", "of another version")
}

func TestGateSimulate(t *testing.T) {
	t.Parallel()
	l := history(t)
	const want = `5 deployments from 2026-11-06T09:00:00Z until 2026-11-16T09:00:00Z; 4 were blocked, or would have been
     1 bypass
     1 stale
     2 zero-tests
2026-11-12T09:00:00Z production run 12 attempt 1 cccccccccccc: rejected: zero-tests
    looked for tests
    found      a [31mreport
    fix        run them
2026-11-13T09:00:00Z production run 13 attempt 1 cccccccccccc: approved by waiver, would be rejected: zero-tests
    looked for tests
    found      a report
    fix        run them
2026-11-14T09:00:00Z production run 14 attempt 1 cccccccccccc: approved by observe, would be rejected: stale
    looked for tests
    found      10 days
    fix        run them
2026-11-15T09:00:00Z production run 15 attempt 1 cccccccccccc: past the gate: bypass
1 more entries cannot be told: their bodies were taken out by retention, or are of another version
`
	code, stdout, stderr := call(t, nil, "gate", "simulate", ledgerFile(t, l), "--days", "10")
	if diff := cmp.Diff(want, stdout); code != 0 || diff != "" {
		t.Errorf("exit %d %s\n%s", code, stderr, diff)
	}
	spoilt := slices.Clone(l)
	spoilt[3].Subject = "x"
	cut := slices.Clone(l)
	cut[4].Digest, cut[4].Body = cut[4].BodyDigest(), nil
	for name, c := range map[string]struct {
		entries []ledger.Entry
		args    []string
		exit    int
		says    string
	}{
		"30 days":   {l, nil, 0, "6 deployments"},
		"until":     {l, []string{"--until", "2026-11-05T00:00:00Z"}, 0, "1 deployments"},
		"json":      {l, []string{"--format", "json"}, 0, `"would": "rejected"`},
		"nothing":   {nil, nil, 0, "0 deployments"},
		"spoilt":    {spoilt, nil, 1, "does not follow"},
		"retention": {cut, nil, 0, "2 more entries cannot be told"},
		"no time":   {l, []string{"--until", "noon"}, 2, "no time"},
		"no days":   {l, []string{"--days", "0"}, 2, "--days"},
		"no format": {l, []string{"--format", "xml"}, 2, "neither text nor json"},
	} {
		code, stdout, stderr := call(t, nil, append([]string{"gate", "simulate", ledgerFile(t, c.entries)}, c.args...)...)
		if code != c.exit || !strings.Contains(stdout+stderr, c.says) || strings.Contains(stdout, "\x1b") {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
	if code, _, stderr := call(t, nil, "gate", "simulate", kept(t, "x", []byte("{}"))); code != 2 || !strings.Contains(stderr, "gate export") {
		t.Errorf("exit %d %s", code, stderr)
	}
}

func TestWaiverList(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := call(t, nil, "waiver", "list", ledgerFile(t, history(t)))
	if code != 0 || !strings.Contains(stdout, " used: cccccccccccc into production; ada asked, grace answered on 2026-11-13T09:00:00Z: the shop is") ||
		!strings.Contains(stdout, " expired unused: ") || strings.Count(stdout, "\n") != 2 {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, _ := call(t, nil, "waiver", "list"); code != 2 {
		t.Errorf("exit %d", code)
	}
}
