package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
)

const someToken = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.c2ln"

// app stands in for the App and for the runner that hands out tokens.
type app struct {
	status   int
	answer   string
	audience string
	got      []report.Document
	faults   []string
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		a.audience = r.URL.Query().Get("audience")
		_ = json.NewEncoder(w).Encode(map[string]string{"value": someToken})
		return
	}
	body, err := io.ReadAll(r.Body)
	sum := sha256.Sum256(body)
	switch {
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/api/v1/evidence":
		a.faults = append(a.faults, "called "+r.URL.Path)
	case a.audience != "http://"+r.Host+"/evidence/"+hex.EncodeToString(sum[:]):
		a.faults = append(a.faults, "audience "+a.audience)
	case r.Header.Get("Authorization") != "Bearer "+someToken:
		a.faults = append(a.faults, "another token")
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		var d report.Document
		d, err = report.ReadDocument(unpacked)
		a.got = append(a.got, d)
	}
	if err != nil {
		a.faults = append(a.faults, err.Error())
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.answer)
}

func someDocument(t *testing.T, content string) (string, report.Document) {
	t.Helper()
	d := report.Document{Version: 1, Commit: strings.Repeat("a", 40), Tree: strings.Repeat("b", 40),
		Suites: []report.DocumentSuite{{Name: "unit", Reports: []report.DocumentReport{{Name: "junit.xml", Content: []byte(content)}}}}}
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "evidence.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name, d
}

// call runs the program in this process.
func call(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs, env: func(k string) string { return env[k] },
		width: func() int { return 100 }, now: func() time.Time { return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) }})
	return code, out.String(), errs.String()
}

const green = `<testsuite name="unit"><testcase name="a"/></testsuite>`

func TestEvidenceUpload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content, answer string
		status          int
		exit, uploads   int
		says            string
	}{
		"taken":              {green, `{"record":"sha256:1234"}`, 202, 0, 1, "recorded it: sha256:1234"},
		"red":                {`<testsuite><testcase><failure/></testcase></testsuite>`, `{"record":"sha256:1234"}`, 202, 1, 1, "did not pass"},
		"empty":              {`<testsuite/>`, `{"record":"sha256:1234"}`, 202, 1, 1, "it does not count"},
		"skipped":            {`<testsuite><testcase><skipped/></testcase></testsuite>`, `{"record":"sha256:1234"}`, 202, 1, 1, "it does not count"},
		"empty, and refused": {`<testsuite/>`, `{"error":{"code":"wrong-tree","message":"another tree"}}`, 422, 3, 1, "wrong-tree"},
		"unreadable":         {`<testsuite>`, `{}`, 202, 2, 0, "breaks off"},
		"refused":            {green, `{"error":{"code":"wrong-tree","message":"another \u001b[31mtree"}}`, 422, 3, 1, "wrong-tree"},
		"no answer":          {green, `<html>`, 202, 3, 1, "cannot be read"},
		"200":                {green, `{}`, 200, 3, 1, "answered 200"},
		"moved":              {green, ``, 307, 3, 1, "answered 307"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, want := someDocument(t, c.content)
			a := &app{status: c.status, answer: c.answer}
			server := httptest.NewServer(a)
			t.Cleanup(server.Close)
			env := map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": server.URL + "/token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", serverName: server.URL}
			code, stdout, stderr := call(t, env, "evidence", "record", "--from", file, "--upload")
			if code != c.exit || !strings.Contains(stdout+stderr, c.says) || strings.Contains(stdout+stderr, "\x1b") || strings.Contains(stdout+stderr, someToken) {
				t.Errorf("exit %d\n%s%s", code, stdout, stderr)
			}
			if len(a.got) != c.uploads || len(a.faults) > 0 {
				t.Errorf("%d uploads, %v", len(a.got), a.faults)
			}
			for _, got := range a.got {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestEvidenceUploadTo(t *testing.T) {
	t.Parallel()
	file, _ := someDocument(t, green)
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	asks := map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": dead.URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		exit int
		says string
	}{
		"nowhere":       {nil, []string{"--upload"}, 2, "--server"},
		"no address":    {nil, []string{"--upload", "--server", "file:///x"}, 2, "web address"},
		"not uploading": {nil, []string{"--server", "https://a.example"}, 2, "--upload"},
		"no right":      {nil, []string{"--upload", "--server", dead.URL}, 3, "id-token: write"},
		"dead":          {asks, []string{"--upload", "--server", dead.URL}, 3, "refused"},
		"both":          {nil, []string{"--junit", "x"}, 2, "leave --junit"},
	} {
		code, stdout, stderr := call(t, c.env, append([]string{"evidence", "record", "--from", file}, c.args...)...)
		if code != c.exit || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

// TestEvidenceOfRecord shows and verifies what a server made of a document.
func TestEvidenceOfRecord(t *testing.T) {
	t.Parallel()
	file, d := someDocument(t, green)
	sum := sha256.Sum256(d.Suites[0].Reports[0].Content)
	started := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	made := func(change func(*evidence.Record)) string {
		t.Helper()
		r := evidence.Record{
			Producer: evidence.Producer{Tenant: evidence.Tenant{Installation: 1, Repository: 2}, OwnerID: 3, HeadRepositoryID: 2, HeadCommit: d.Commit,
				Workflow: ".github/workflows/ci.yml", Job: "test", Event: "push", Ref: "refs/heads/main", RunID: 4, Attempt: 1, RunStarted: started, Runner: "github-hosted"},
			Subject: evidence.Subject{Commit: d.Commit, Tree: d.Tree}, Assurance: evidence.AssuranceSameJob, Recorded: started.Add(time.Minute),
			Suites: []evidence.Suite{{Name: "unit", Tool: "pytest", Counts: report.Counts{Executed: 1, Passed: 1},
				Reports: []evidence.ReportDigest{{Name: "junit.xml", Format: "junit", SHA256: hex.EncodeToString(sum[:])}}}},
		}
		change(&r)
		r, err := evidence.NewRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "record.json")
		if err := os.WriteFile(name, r.JSON(), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	same := made(func(*evidence.Record) {})
	for name, c := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"show":         {[]string{"show", same}, 0, "job test, run 4 attempt 1 (push on github-hosted)"},
		"statement":    {[]string{"show", same, "--format", "in-toto"}, 0, `"result": "PASSED"`},
		"verify":       {[]string{"verify", same}, 0, "canonical form: sha256:"},
		"same":         {[]string{"verify", file, "--record", same}, 0, "says the same of the same reports"},
		"other tree":   {[]string{"verify", file, "--record", made(func(r *evidence.Record) { r.Subject.Tree = d.Commit })}, 1, "WRONG    the record is of commit"},
		"other counts": {[]string{"verify", file, "--record", made(func(r *evidence.Record) { r.Suites[0].Counts = report.Counts{Executed: 9, Passed: 9} })}, 1, "the record says 9 executed"},
		"other report": {[]string{"verify", file, "--record", made(func(r *evidence.Record) { r.Suites[0].Reports[0].SHA256 = strings.Repeat("0", 64) })}, 1, "here it is sha256:"},
		"more": {[]string{"verify", file, "--record", made(func(r *evidence.Record) {
			r.Suites[0].Reports = append(r.Suites[0].Reports, evidence.ReportDigest{Name: "x", Format: "tap", SHA256: strings.Repeat("0", 64)})
		})}, 1, "in the record alone"},
		"red":       {[]string{"verify", made(func(r *evidence.Record) { r.Suites[0].Counts = report.Counts{Executed: 1, Failed: 1} })}, 1, "did not pass"},
		"mixed up":  {[]string{"verify", same, "--record", same}, 2, "compares a document with a record"},
		"not again": {[]string{"record", "--from", same}, 2, "is a record"},
	} {
		code, stdout, stderr := call(t, nil, append([]string{"evidence"}, c.args...)...)
		if code != c.exit || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
	data, err := os.ReadFile(same)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(data); i += 7 { // no byte of a record can change unseen
		changed := bytes.Clone(data)
		changed[i] ^= 1
		name := filepath.Join(t.TempDir(), "r")
		if err := os.WriteFile(name, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		_, before, _ := call(t, nil, "evidence", "show", same)
		if code, after, _ := call(t, nil, "evidence", "show", name); code == 0 && before == after {
			t.Errorf("byte %d: %s", i, fmt.Sprintf("%q", changed[max(0, i-10):i+10]))
		}
	}
}

// TestEvidenceProvenance checks an artifact by a bundle that a workflow of GitHub published.
func TestEvidenceProvenance(t *testing.T) {
	t.Parallel()
	const built, artifact = "f0b49a04e5a62250e0f60fb128004a73110fe311",
		"sha512:46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c"
	o := provenanceOptions{bundles: []string{"../../internal/sigstore/testdata/provenance.json"}, root: "../../internal/sigstore/testdata/public-good.json",
		repository: "495574555", signer: "sigstore/sigstore-js/.github/workflows/release.yml"}
	for name, c := range map[string]struct {
		account account
		bad     int
		says    string
	}{
		"proved":         {account{commit: built, digests: []string{artifact}}, 0, "ok       " + artifact + " was built from commit " + built + " by https://github.com/sigstore/sigstore-js/"},
		"another commit": {account{commit: strings.Repeat("0", 40), digests: []string{artifact}}, 1, "WRONG    no bundle proves how " + artifact},
		"one of two":     {account{commit: built, digests: []string{"sha256:" + strings.Repeat("0", 64), artifact}}, 1, "ok       " + artifact},
	} {
		var out bytes.Buffer
		f := &findings{s: streams{out: &out}}
		if err := f.provenance(c.account, o); err != nil || f.bad != c.bad || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: %v, %d wrong\n%s", name, err, f.bad, out.String())
		}
	}
	file, _ := someDocument(t, green)
	for name, c := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"half":        {[]string{"--bundle", o.bundles[0]}, 2, "needs all of"},
		"no artifact": {[]string{"--bundle", o.bundles[0], "--trusted-root", o.root, "--repository-id", "1", "--signer-workflow", o.signer}, 2, "record it with --digest"},
	} {
		code, stdout, stderr := call(t, nil, append([]string{"evidence", "verify", file}, c.args...)...)
		if code != c.exit || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}
