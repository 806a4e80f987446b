package sigstore_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/sigstore"
	"github.com/org/platform-action/internal/sigstore/sigstoretest"
)

const (
	issuer = "https://token.example/_services/token"
	web    = "https://github.example"
)

func instance(t testing.TB, issuer, web string) *sigstoretest.Instance {
	t.Helper()
	i, err := sigstoretest.New(issuer, web, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func build() sigstoretest.Build {
	return sigstoretest.Build{
		Digests: []string{"sha256:" + strings.Repeat("b", 64), "sha256:" + strings.Repeat("a", 64)}, RepositoryID: 7, Repository: "acme/shop", Commit: strings.Repeat("c", 40),
		Workflow: ".github/workflows/build.yml",
	}
}

func bundleOf(t testing.TB, i *sigstoretest.Instance, change func(b *sigstoretest.Build)) []byte {
	t.Helper()
	b := build()
	if change != nil {
		change(&b)
	}
	data, err := i.Bundle(b)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func roots(t testing.TB, data []byte) *sigstore.Roots {
	t.Helper()
	r, err := sigstore.NewRoots(data, sigstore.Host{Issuer: issuer, Web: web})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOpen: what a bundle states is read, by the instance whose root is pinned, of several.
func TestOpen(t *testing.T) {
	t.Parallel()
	i := instance(t, issuer, web)
	r := roots(t, append(append(instance(t, issuer, web).Root(), '\n'), i.Root()...))
	want := sigstore.Statement{
		Digests: []string{"sha256:" + strings.Repeat("a", 64), "sha256:" + strings.Repeat("b", 64)}, RepositoryID: 7, Commit: strings.Repeat("c", 40),
		Signer: ".github/workflows/build.yml", SignerCommit: strings.Repeat("c", 40), Event: "push", Ref: "refs/heads/main", Runner: "github-hosted",
		Run: web + "/acme/shop/actions/runs/1/attempts/1",
	}
	got, err := r.Open(bundleOf(t, i, nil))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	got, err = r.Open(bundleOf(t, i, func(b *sigstoretest.Build) { b.Signer = "evil/tools" }))
	if err != nil || got.Signer != "evil/tools/.github/workflows/build.yml" {
		t.Errorf("of another repository: %+v, %v", got, err)
	}
	got, err = r.Open(bundleOf(t, i, func(b *sigstoretest.Build) { b.Signer = "acme/shop-evil" }))
	if err != nil || got.Signer == ".github/workflows/build.yml" {
		t.Errorf("of one whose name begins alike: %+v, %v", got, err)
	}
	got, err = r.Open(bundleOf(t, i, func(b *sigstoretest.Build) {
		b.RepositoryID, b.Event, b.Runner, b.SignerCommit, b.Ref = 8, "pull_request", "self-hosted", "x", "refs/pull/1/merge"
	}))
	if err != nil || got.RepositoryID != 8 || got.Event != "pull_request" || got.Runner != "self-hosted" || got.SignerCommit != "x" || got.Ref != "refs/pull/1/merge" {
		t.Errorf("what is judged elsewhere: %+v, %v", got, err)
	}
}

// TestOpenPublished reads a bundle that GitHub published, by the public instance's root.
func TestOpenPublished(t *testing.T) {
	t.Parallel()
	r, err := sigstore.NewRoots(readFile(t, "testdata/public-good.json"), sigstore.Host{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Open(readFile(t, "testdata/provenance.json"))
	if err != nil || got.RepositoryID != 495574555 || got.Signer != ".github/workflows/release.yml" || len(got.Digests) != 0 || got.Commit != got.SignerCommit {
		t.Errorf("%+v, %v", got, err)
	}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOpenAttacks: each bundle would let something be deployed if it were believed.
func TestOpenAttacks(t *testing.T) {
	t.Parallel()
	i, other := instance(t, issuer, web), instance(t, issuer, web)
	r := roots(t, i.Root())
	good := bundleOf(t, i, nil)
	for name, c := range map[string]struct {
		bundle []byte
		says   string
	}{
		"another instance": {bundleOf(t, other, nil), "does not verify"},
		"another issuer":   {bundleOf(t, i, func(b *sigstoretest.Build) { b.Issuer = "https://token.evil" }), "issuer"},
		"another host":     {bundleOf(t, instance(t, issuer, "https://github.evil"), nil), "does not verify"},
		"a person":         {bundleOf(t, i, func(b *sigstoretest.Build) { b.Workflow = "me" }), "does not verify"},
		"no repository":    {bundleOf(t, i, func(b *sigstoretest.Build) { b.RepositoryID = 0 }), "no id"},
		"another claim":    {bundleOf(t, i, func(b *sigstoretest.Build) { b.Predicate = "https://spdx.dev/Document" }), "not how something was built"},
		"another payload":  {repacked(t, good, func(b map[string]any) { b["dsseEnvelope"].(map[string]any)["payload"] = forged(b) }), "does not verify"},
		"no time": {repacked(t, good, func(b map[string]any) {
			delete(b["verificationMaterial"].(map[string]any), "timestampVerificationData")
		}), "does not verify"},
		"the other's time": {repacked(t, good, func(b map[string]any) {
			b["verificationMaterial"].(map[string]any)["timestampVerificationData"] = parsed(t, bundleOf(t, other, nil))["verificationMaterial"].(map[string]any)["timestampVerificationData"]
		}), "does not verify"},
		"its own root": {repacked(t, good, func(b map[string]any) {
			b["trustedRoot"] = parsed(t, other.Root())
		}), "cannot be read"},
		"no signature": {repacked(t, good, func(b map[string]any) { b["dsseEnvelope"].(map[string]any)["signatures"] = []any{} }), ""},
		"a root":       {i.Root(), ""},
		"empty":        {nil, "cannot be read"},
		"huge":         {bytes.Repeat([]byte(" "), sigstore.MaxBytes+1), "more than"},
	} {
		if got, err := r.Open(c.bundle); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, root := range map[string][]byte{"none": nil, "no time": []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`), "huge": make([]byte, sigstore.MaxBytes+1), "a bundle": good} {
		if _, err := sigstore.NewRoots(root, sigstore.Host{}); err == nil {
			t.Errorf("root %s is taken", name)
		}
	}
}

func parsed(t testing.TB, data []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func repacked(t testing.TB, data []byte, change func(b map[string]any)) []byte {
	t.Helper()
	b := parsed(t, data)
	change(b)
	out, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// forged names another artifact.
func forged(b map[string]any) string {
	text, _ := base64.StdEncoding.DecodeString(b["dsseEnvelope"].(map[string]any)["payload"].(string))
	return base64.StdEncoding.EncodeToString(bytes.ReplaceAll(text, []byte("aaaa"), []byte("eeee")))
}

// BenchmarkOpen is what one bundle costs the server.
func BenchmarkOpen(b *testing.B) {
	i := instance(b, issuer, web)
	r, data := roots(b, i.Root()), bundleOf(b, i, nil)
	for b.Loop() {
		if _, err := r.Open(data); err != nil {
			b.Fatal(err)
		}
	}
}
