package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/waiver"
)

// TestGateExport: what a store wrote is whole when it is read again, and another tenant's is not in it.
func TestGateExport(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "platform.db")
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + file, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for i, repository := range []int64{2, 2, 3} {
		w, err := waiver.New(waiver.Waiver{Installation: 1, Repository: repository, Environment: "production", Commit: someCommit, Reason: "<down> & " + strings.Repeat("é", i+1),
			Requester: waiver.Person{ID: 1, Login: "ada"}, Approver: waiver.Approver{Person: waiver.Person{ID: 2, Login: "grace"}, User: true}, Issued: now, Expires: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.SaveWaiver(t.Context(), control.Tenant{Installation: 1, Repository: repository}, w); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"PLATFORM_DATABASE_URL": "sqlite:" + file}
	out := filepath.Join(t.TempDir(), "ledger.jsonl")
	export := func(want int, repository, says string) {
		t.Helper()
		code, stdout, stderr := call(t, env, "gate", "export", "--installation", "1", "--repository", repository, "--out", out)
		if code != want || !strings.Contains(stdout+stderr, says) {
			t.Errorf("exit %d\n%s%s", code, stdout, stderr)
		}
	}
	export(2, "4", "has no entry")
	if _, err := os.Stat(out); err == nil {
		t.Error("an empty export was written")
	}
	export(0, "2", "2 entries of repository 2") // while the server runs
	stays, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	export(0, "2", "2 entries of repository 2")
	for _, args := range [][]string{{"gate", "verify", out, "--repository-id", "2"}, {"waiver", "list", out}, {"gate", "simulate", out}} {
		if code, stdout, stderr := call(t, env, args...); code != 0 || args[0] == "waiver" && strings.Count(stdout, "<down> &") != 2 {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	retained(t, env, file, out, string(stays), export)
	env["PLATFORM_DATABASE_URL"] = "sqlite:" + file + ".gone"
	export(2, "2", "PLATFORM_DATABASE_URL")
}

// retained: what retention leaves of a ledger verifies, and says how much is gone; it has the end that it had.
func retained(t *testing.T, env map[string]string, file, out, before string, export func(want int, repository, says string)) {
	t.Helper()
	later := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).Add(401 * 24 * time.Hour)
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + file, Now: func() time.Time { return later }})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Collect(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	export(0, "2", "retention took out what 2 of them said")
	for want, args := range map[string][]string{
		"retention took out what 2 of them said": {"gate", "verify", out}, "1 is a waiver whose body was taken out": {"waiver", "list", out}, "0 deployments": {"gate", "simulate", out},
	} {
		if code, stdout, stderr := call(t, env, args...); code != 0 || !strings.Contains(stdout, want) || strings.Contains(stdout, "<down>") {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	end := before[strings.LastIndex(before, `"chain":`):]
	if !strings.HasSuffix(string(data), end) || strings.Contains(string(data), "<down>") {
		t.Errorf("want the end %s of\n%s", end, data)
	}
}
