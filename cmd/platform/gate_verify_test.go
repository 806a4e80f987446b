package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/gate/lock/locktest"
	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/ledger"
)

// TestGateVerify reads verdicts offline.
func TestGateVerify(t *testing.T) {
	t.Parallel()
	g := locktest.App{}
	good := g.Verdict("https://platform.example.com")
	rejected := good
	rejected.Outcome, rejected.Basis = "rejected", "unknown"
	waiting := rejected
	waiting.Outcome = "waiting"
	file := func(signer byte, v seal.Verdict) string { return kept(t, "verdict.json", sealed(t, signer, v)) }
	approved, key := file(1, good), pinned(t, 1)
	for name, c := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"approved":       {[]string{approved, "--key", key, "--environment", "production", "--commit", someCommit, "--repository-id", "2", "--run", "20", "--digest", someDigest}, 0, "it is about artifacts"},
		"nothing named":  {[]string{approved, "--key", key}, 0, "unproven that it is about your commit"},
		"rejected":       {[]string{file(1, rejected), "--key", key}, 1, "rejected by unknown"},
		"waiting":        {[]string{file(1, waiting), "--key", key}, 3, "waiting by unknown"},
		"later":          {[]string{approved, "--key", key, "--at", "2026-11-20T10:09:00Z"}, 1, "no longer valid"},
		"before":         {[]string{approved, "--key", key, "--at", "2026-11-20T09:00:00Z"}, 1, "not valid yet"},
		"no time":        {[]string{approved, "--key", key, "--at", "noon"}, 2, "no time"},
		"other commit":   {[]string{approved, "--key", key, "--commit", someTree}, 1, "another commit"},
		"other run":      {[]string{approved, "--key", key, "--run", "21"}, 1, "another run"},
		"other artifact": {[]string{approved, "--key", key, "--digest", "sha256:" + strings.Repeat("b", 64)}, 1, "another artifacts"},
		"a tag":          {[]string{approved, "--key", key, "--digest", "shop:latest"}, 2, "can be moved"},
		"its own key":    {[]string{file(9, good), "--key", key}, 1, "a key that was not given"},
		"no key":         {[]string{approved}, 2, "--key is needed"},
		"no verdict":     {[]string{kept(t, "x", []byte(`{"outcome":"approved"}`)), "--key", key}, 2, "no signed verdict"},
		"empty":          {[]string{kept(t, "x", nil), "--key", key}, 2, "no signed verdict"},
		"huge":           {[]string{kept(t, "x", bytes.Repeat([]byte(" "), seal.MaxBytes+1)), "--key", key}, 2, "more than 64 KiB"},
		"gone":           {[]string{"gone.json", "--key", key}, 2, "gone.json"},
		"none":           {nil, 2, "name one file"},
	} {
		code, stdout, stderr := call(t, nil, append([]string{"gate", "verify"}, c.args...)...)
		if code != c.exit || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

// chain is a ledger of so many entries of repository 2.
func chain(n int) []ledger.Entry {
	var out []ledger.Entry
	previous := ledger.Genesis(1, 2)
	for i := range n {
		e := ledger.Entry{Sequence: int64(i + 1), Kind: "verdict", Subject: fmt.Sprintf("%040d", i+1), Body: json.RawMessage(fmt.Sprintf(`{"a":"<b>","head":"%040d"}`, i+1)),
			At: time.Date(2026, 11, 20, 9, i, 0, 0, time.UTC)}
		e.Chain = ledger.Chain(previous, e)
		previous = e.Chain
		out = append(out, e)
	}
	return out
}

func ledgerFile(t testing.TB, entries []ledger.Entry) string {
	t.Helper()
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(ledgerHead{ledgerKind, 1, 1, 2}); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := lines.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	return kept(t, "ledger.jsonl", b.Bytes())
}

// again writes a ledger anew from an entry on, so that it hangs together.
func again(entries []ledger.Entry, from int) []ledger.Entry {
	previous := ledger.Genesis(1, 2)
	for i := range entries {
		if i >= from {
			entries[i].Chain = ledger.Chain(previous, entries[i])
		}
		previous = entries[i].Chain
	}
	return entries
}

// TestGateVerifyLedger has a row for each way in which a ledger may be spoilt.
func TestGateVerifyLedger(t *testing.T) {
	t.Parallel()
	whole := chain(4)
	g := locktest.App{Change: func(v *seal.Verdict) { v.Sequence, v.Chain = 3, whole[2].Chain }}
	witness, key := kept(t, "verdict.json", sealed(t, 1, g.Verdict("https://platform.example.com"))), pinned(t, 1)
	forged := kept(t, "forged.json", sealed(t, 9, g.Verdict("https://platform.example.com")))
	for name, c := range map[string]struct {
		change func([]ledger.Entry) []ledger.Entry
		args   []string
		exit   int
		says   string
	}{
		"whole":              {func(e []ledger.Entry) []ledger.Entry { return e }, nil, 0, "4 entries of repository 2 hang together"},
		"witnessed":          {func(e []ledger.Entry) []ledger.Entry { return e }, []string{"--witness", witness, "--key", key}, 0, "entry 3 is the one that was seen"},
		"without a body":     {func(e []ledger.Entry) []ledger.Entry { e[1].Digest, e[1].Body = e[1].BodyDigest(), nil; return e }, nil, 0, "retention took out what 1 of them said"},
		"changed":            {func(e []ledger.Entry) []ledger.Entry { e[1].Body = json.RawMessage(`{"a":"c"}`); return e }, nil, 1, "does not follow"},
		"taken out":          {func(e []ledger.Entry) []ledger.Entry { return slices.Delete(e, 1, 2) }, nil, 1, "an entry is missing"},
		"cut off, unseen":    {func(e []ledger.Entry) []ledger.Entry { return e[:2] }, nil, 0, "unproven that nothing was cut off"},
		"cut off":            {func(e []ledger.Entry) []ledger.Entry { return e[:2] }, []string{"--witness", witness, "--key", key}, 1, "ends before an entry"},
		"written anew":       {func(e []ledger.Entry) []ledger.Entry { e[1].Subject = "x"; return again(e, 1) }, []string{"--witness", witness, "--key", key}, 1, "another one than was seen"},
		"a witness unpinned": {func(e []ledger.Entry) []ledger.Entry { return e }, []string{"--witness", witness}, 2, "--key is needed"},
		"a forged witness":   {func(e []ledger.Entry) []ledger.Entry { return e }, []string{"--witness", forged, "--key", key}, 2, "a key that was not given"},
		"another repository": {func(e []ledger.Entry) []ledger.Entry { return e }, []string{"--repository-id", "3"}, 1, "and not of 3"},
		"no token":           {func(e []ledger.Entry) []ledger.Entry { return e }, []string{"--against-github", "--repo", "acme/shop"}, 2, "GITHUB_TOKEN is not set"},
		"no entry":           {func([]ledger.Entry) []ledger.Entry { return nil }, nil, 0, "0 entries"},
	} {
		file := ledgerFile(t, c.change(slices.Clone(whole)))
		code, stdout, stderr := call(t, nil, append([]string{"gate", "verify", file}, c.args...)...)
		if code != c.exit || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

// TestGateVerifyAgainstGitHub holds a ledger against check runs.
func TestGateVerifyAgainstGitHub(t *testing.T) {
	t.Parallel()
	whole := chain(4)
	answers := map[string]string{
		"/repos/acme/shop":       `{"id":2}`,
		"/repos/acme/bare":       `{"id":2}`,
		"/repos/acme/bare/pulls": `[]`,
		"/repos/acme/shop/pulls": `[{"head":{"sha":"` + someCommit + `"}}]`,
		"/repos/acme/shop/commits/" + someCommit + "/check-runs": fmt.Sprintf(
			"{\"check_runs\":[{\"name\":\"platform/check\",\"output\":{\"summary\":\"a\\n<sub>ledger entry 4 · `%s`</sub>\"}},{\"name\":\"other\",\"output\":{\"summary\":\"ledger entry 9 · `00000000`\"}}]}",
			strings.TrimPrefix(whole[3].Chain, "sha256:")),
	}
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[strings.TrimPrefix(r.URL.Path, "/api/v3")]
		if !ok || r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusNotFound)
			text = `{"message":"Not Found"}`
		}
		_, _ = fmt.Fprint(w, text)
	}))
	t.Cleanup(hub.Close)
	env := map[string]string{"GITHUB_API_URL": hub.URL + "/api/v3", "GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "acme/shop"}
	for name, c := range map[string]struct {
		entries []ledger.Entry
		env     map[string]string
		exit    int
		says    string
	}{
		"whole":               {whole, env, 0, "check run platform/check on ccccccc: entry 4 is the one that was seen"},
		"cut off":             {whole[:3], env, 1, "ends before an entry that was seen elsewhere: entry 4; it has 3"},
		"written anew":        {again(append(slices.Clone(whole[:3]), ledger.Entry{Sequence: 4, Kind: "x", Body: json.RawMessage(`{}`)}), 3), env, 1, "another one than was seen"},
		"not shown":           {whole, map[string]string{"GITHUB_API_URL": hub.URL + "/api/v3", "GITHUB_TOKEN": "other", "GITHUB_REPOSITORY": "acme/shop"}, 3, "asking GitHub"},
		"nothing to see":      {whole, map[string]string{"GITHUB_API_URL": hub.URL + "/api/v3", "GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "acme/bare"}, 3, "none of 4 commits"},
		"no address":          {whole, map[string]string{"GITHUB_API_URL": "http://evil.example", "GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "acme/shop"}, 2, "not https"},
		"spoilt, GitHub away": {slices.Delete(chain(4), 1, 2), map[string]string{"GITHUB_API_URL": "http://127.0.0.1:1", "GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "acme/shop"}, 1, "an entry is missing"},
		"no name":             {whole, map[string]string{"GITHUB_API_URL": hub.URL, "GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "acme/../x"}, 2, "no OWNER/NAME"},
	} {
		code, stdout, stderr := call(t, c.env, "gate", "verify", ledgerFile(t, c.entries), "--against-github")
		if code != c.exit || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

// FuzzLedger: no bytes make it panic, and what it reads it reads again the same.
func FuzzLedger(f *testing.F) {
	for _, n := range []int{0, 1, 3} {
		data, err := os.ReadFile(ledgerFile(f, chain(n)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"kind":"platform-ledger","version":2}`))
	f.Add([]byte("{\"kind\":\"platform-ledger\",\"version\":1,\"installation\":1,\"repository\":2}\n{\"sequence\":1}{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := parseLedger(bytes.NewReader(data))
		if err == nil && (l.head.Installation <= 0 || l.head.Repository <= 0) {
			t.Error("it is nobody's")
		}
	})
}
