package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/sigstore/sigstoretest"
)

// trusting gives the server a trust root, and returns the instance whose it is.
func (w *world) trusting() *sigstoretest.Instance {
	w.t.Helper()
	i := w.signers()
	file := filepath.Join(w.t.TempDir(), "trusted-root.jsonl")
	if err := os.WriteFile(file, i.Root(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.env["PLATFORM_TRUSTED_ROOT_FILE"] = file
	return i
}

// signers are an instance that certifies runs of this GitHub; that it does makes nobody trust it.
func (w *world) signers() *sigstoretest.Instance {
	w.t.Helper()
	i, err := sigstoretest.New(w.hub.Issuer(), w.hub.URL(), time.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

const image = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// bundle attests that the deploying workflow built the image from a commit, but for a change.
func (w *world) bundle(i *sigstoretest.Instance, r *githubtest.Repo, commit string, change func(b *sigstoretest.Build)) json.RawMessage {
	w.t.Helper()
	b := sigstoretest.Build{Digests: []string{image}, RepositoryID: r.ID, Repository: r.FullName(), Commit: commit, Workflow: deployPath}
	if change != nil {
		change(&b)
	}
	data, err := i.Bundle(b)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// asking is what a job asks about these artifacts.
func (w *world) asking(bundles []json.RawMessage, digests ...string) string {
	w.t.Helper()
	data, err := json.Marshal(map[string]any{"version": 1, "environment": "production", "digests": digests, "bundles": bundles})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// building is a shop whose production is guarded and whose main branch was tested, with a server that trusts one instance
// of Sigstore, and a job that is about to deploy.
func building(t *testing.T) (w *world, r *githubtest.Repo, i *sigstoretest.Instance, pinned seal.Key, run githubtest.Run) {
	t.Helper()
	w, r = gated(t, "", func(w *world) { pinned, i = w.withKey(), w.trusting() })
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 3, 0)
	run = locking(10, tip)
	r.AddRun(run)
	return w, r, i, pinned, run
}

// TestDigest: an artifact that the tested tree's commit was built into by a listed workflow is approved, and the signed
// answer is about it.
func TestDigest(t *testing.T) {
	t.Parallel()
	w, r, i, pinned, run := building(t)
	w.hub.ResetLog()
	status, answer := w.askLock(r, run, w.asking([]json.RawMessage{w.bundle(w.signers(), r, run.HeadSHA, nil), w.bundle(i, r, run.HeadSHA, nil)}, image), nil)
	if status != http.StatusAccepted || string(answer["outcome"]) != `"approved"` {
		t.Fatalf("%d %s", status, answer)
	}
	counted, writes, list := w.calls()
	t.Log(counted, "counted calls for a deployment by digest")
	if counted > 8 || writes != 0 {
		t.Errorf("%d counted calls and %d writes, want 8 at most and 0:\n%s", counted, writes, strings.Join(list, "\n"))
	}
	want := seal.Subject{
		Server: w.env["PLATFORM_PUBLIC_URL"], Installation: r.Installation(), Repository: r.ID, Environment: "production", RunID: 10, Attempt: 1,
		Job: "deploy", Commit: run.HeadSHA, Tree: r.Tree(run.HeadSHA), Digests: []string{image},
	}
	if v, err := seal.Verify(t.Context(), answer["verdict"], []seal.Key{pinned}, want, time.Now()); err != nil || v.Outcome != "approved" {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestDigestAttacks: each brings something else than the proof that a listed workflow built this artifact from this commit.
func TestDigestAttacks(t *testing.T) {
	t.Parallel()
	w, r, i, _, run := building(t)
	tip := run.HeadSHA
	other := r.Commit("evil", map[string]string{"evil.md": "text\n"})
	by := func(change func(b *sigstoretest.Build)) []json.RawMessage {
		return []json.RawMessage{w.bundle(i, r, tip, change)}
	}
	large := json.RawMessage(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`)
	for name, c := range map[string]struct {
		bundles []json.RawMessage
		digest  string
		status  int
		outcome string
		code    string
		says    string
	}{
		"no bundle":            {code: "wrong-digest", says: "actions/attest-build-provenance"},
		"latest":               {digest: "registry.example.com/shop:latest", bundles: by(nil), code: "wrong-digest", says: "a tag can be moved"},
		"a tag":                {digest: "shop:v1.2.3", bundles: by(nil), code: "wrong-digest", says: "a tag can be moved"},
		"another artifact":     {digest: "sha256:" + strings.Repeat("b", 64), bundles: by(nil), code: "wrong-digest"},
		"another repository":   {bundles: by(func(b *sigstoretest.Build) { b.RepositoryID, b.Repository = 999_999, "acme/other" }), code: "wrong-digest", says: "repository 999999"},
		"a name that was left": {bundles: by(func(b *sigstoretest.Build) { b.RepositoryID = 999_999 }), code: "wrong-digest", says: "repository 999999"},
		"another tree":         {bundles: []json.RawMessage{w.bundle(i, r, other, nil)}, code: "wrong-digest", says: "one built from commit"},
		"an unlisted workflow": {bundles: by(func(b *sigstoretest.Build) { b.Workflow = ci }), code: "untrusted-producer", says: "build_workflows"},
		"another repository's workflow of that path": {bundles: by(func(b *sigstoretest.Build) { b.Signer = "evil/tools" }), code: "untrusted-producer", says: "evil/tools"},
		"the workflow of another commit":             {bundles: by(func(b *sigstoretest.Build) { b.SignerCommit = other }), code: "untrusted-producer", says: "as of commit"},
		"a pull request":                             {bundles: by(func(b *sigstoretest.Build) { b.Event, b.Ref = "pull_request", "refs/pull/1/merge" }), code: "untrusted-producer", says: "pull_request"},
		"the default branch's word for a fork":       {bundles: by(func(b *sigstoretest.Build) { b.Event = "pull_request_target" }), code: "untrusted-producer"},
		"by hand elsewhere":                          {bundles: by(func(b *sigstoretest.Build) { b.Event, b.Ref = "workflow_dispatch", "refs/heads/evil" }), code: "untrusted-producer"},
		"somebody's machine":                         {bundles: by(func(b *sigstoretest.Build) { b.Runner = "self-hosted" }), code: "untrusted-producer", says: "self-hosted"},
		"another identity provider":                  {bundles: by(func(b *sigstoretest.Build) { b.Issuer = "https://token.evil" }), code: "wrong-digest", says: "of what was brought"},
		"another claim":                              {bundles: by(func(b *sigstoretest.Build) { b.Predicate = "https://spdx.dev/Document" }), code: "wrong-digest", says: "not how something was built"},
		"a root that nobody pinned":                  {bundles: []json.RawMessage{w.bundle(w.signers(), r, tip, nil)}, code: "wrong-digest", says: "of what was brought"},
		"its own root":                               {bundles: []json.RawMessage{withRoot(t, w.bundle(w.signers(), r, tip, nil), w.signers().Root())}, code: "wrong-digest", says: "of what was brought"},
		"no bundle at all":                           {bundles: []json.RawMessage{[]byte(`"text"`), []byte(`{}`), []byte(`null`)}, code: "wrong-digest"},
		"a hostile one":                              {bundles: []json.RawMessage{[]byte(`{"mediaType":"<img src=x>\u001b[31m"}`)}, code: "wrong-digest"},
		"an oversized one":                           {bundles: []json.RawMessage{large}, status: http.StatusUnprocessableEntity, outcome: "-", says: "at most 1048576"},
		"oversized together":                         {bundles: []json.RawMessage{pad(), pad(), pad(), pad(), pad()}, status: http.StatusUnprocessableEntity, outcome: "-", says: "at most 100"},
		"too many":                                   {bundles: many(101), status: http.StatusUnprocessableEntity, outcome: "-", says: "101 bundles"},
	} {
		digest, want, outcome := c.digest, c.status, c.outcome
		if digest == "" {
			digest = image
		}
		if want == 0 {
			want, outcome = http.StatusAccepted, "rejected"
		}
		status, answer := w.askLock(r, run, w.asking(c.bundles, digest), nil)
		text := fmt.Sprintf("%s", answer)
		if status != want || outcome != "-" && string(answer["outcome"]) != `"`+outcome+`"` || !strings.Contains(string(answer["code"]), c.code) ||
			!strings.Contains(text, c.says) || strings.Contains(text, "<img") || strings.Contains(text, `\u001b`) {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	status, answer := w.askLock(r, run, w.asking(by(nil), image, "sha256:"+strings.Repeat("b", 64)), nil)
	if status != http.StatusAccepted || string(answer["code"]) != `"wrong-digest"` {
		t.Errorf("one of two: %d %s", status, answer)
	}
}

func pad() json.RawMessage { return json.RawMessage(`{"a":"` + strings.Repeat("x", 1<<20-8) + `"}`) }

func many(n int) []json.RawMessage {
	var out []json.RawMessage
	for range n {
		out = append(out, json.RawMessage("{}"))
	}
	return out
}

// withRoot lets a bundle bring what it is to be verified by.
func withRoot(t *testing.T, bundle, root json.RawMessage) json.RawMessage {
	t.Helper()
	var b map[string]any
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	b["trustedRoot"] = root
	data, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDigestUntrusting: a server without a trust root cannot tell, which approves nothing and refuses nothing.
func TestDigestUntrusting(t *testing.T) {
	t.Parallel()
	w, r := gated(t, "", keyed)
	tip := r.Head("main")
	w.testedOn(r, 1, tip, 3, 0)
	run := locking(10, tip)
	r.AddRun(run)
	status, answer := w.askLock(r, run, w.asking([]json.RawMessage{w.bundle(w.signers(), r, tip, nil)}, image), nil)
	if status != http.StatusAccepted || string(answer["outcome"]) != `"error"` || !strings.Contains(string(answer["message"]), "PLATFORM_TRUSTED_ROOT_FILE") {
		t.Errorf("%d %s", status, answer)
	}
}

// TestNoRoot: a server whose trust root cannot be read does not start.
func TestNoRoot(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{}", `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`} {
		w := newWorld(t, githubtest.Options{})
		file := filepath.Join(t.TempDir(), "root")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.env["PLATFORM_TRUSTED_ROOT_FILE"] = file
		if code := run(t.Context(), nil, variables(w.env), io.Discard, w.log); code == 0 || !strings.Contains(w.log.String(), "PLATFORM_TRUSTED_ROOT_FILE") {
			t.Errorf("%q: exit code %d\n%s", text, code, w.log)
		}
	}
}
