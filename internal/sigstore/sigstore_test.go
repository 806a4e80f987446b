package sigstore

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func wanted() Want {
	return Want{
		Digest:       "sha512:46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c",
		Commit:       "f0b49a04e5a62250e0f60fb128004a73110fe311",
		RepositoryID: "495574555",
		Signer:       "sigstore/sigstore-js/.github/workflows/release.yml",
	}
}

// TestVerify checks a bundle that a workflow of GitHub published, and what it does not prove.
func TestVerify(t *testing.T) {
	t.Parallel()
	bundle, root := read(t, "provenance.json"), read(t, "public-good.json")
	var line bytes.Buffer
	if err := json.Compact(&line, root); err != nil {
		t.Fatal(err)
	}
	var other bytes.Buffer
	if err := json.Compact(&other, read(t, "another-root.json")); err != nil {
		t.Fatal(err)
	}
	want := Provenance{Signer: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
		Run: "https://github.com/sigstore/sigstore-js/actions/runs/5904696764/attempts/1", Event: "push", Ref: "refs/heads/main"}
	for name, trusted := range map[string][]byte{"one": root, "lines": []byte(other.String() + "\n" + line.String() + "\n")} {
		got, err := Verify(bundle, trusted, wanted())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	for name, c := range map[string]struct {
		change func(*Want)
		says   string
	}{
		"digest":     {func(w *Want) { w.Digest = "sha512:" + strings.Repeat("0", 128) }, "digest"},
		"algorithm":  {func(w *Want) { w.Digest = "sha256:" + strings.Repeat("0", 64) }, "digest"},
		"no digest":  {func(w *Want) { w.Digest = "" }, "neither"},
		"commit":     {func(w *Want) { w.Commit = strings.Repeat("0", 40) }, "built from commit"},
		"repository": {func(w *Want) { w.RepositoryID = "1" }, "built from repository"},
		"no id":      {func(w *Want) { w.RepositoryID = "" }, "must be known"},
		"workflow":   {func(w *Want) { w.Signer = "sigstore/sigstore-js/.github/workflows/other.yml" }, "SAN"},
		"prefix":     {func(w *Want) { w.Signer = "sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main" }, "not OWNER"},
		"dot":        {func(w *Want) { w.Signer = "sigstore/sigstore.js/.github/workflows/release.yml" }, "SAN"},
		"issuer":     {func(w *Want) { w.Issuer = "https://issuer.example" }, "issuer"},
	} {
		w := wanted()
		c.change(&w)
		if got, err := Verify(bundle, root, w); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestVerifyHostile gives bundles and roots that are none.
func TestVerifyHostile(t *testing.T) {
	t.Parallel()
	bundle, root := read(t, "provenance.json"), read(t, "public-good.json")
	for name, c := range map[string]struct{ bundle, root []byte }{
		"no bundle":    {nil, root},
		"no root":      {bundle, nil},
		"another root": {bundle, read(t, "another-root.json")},
		"root of none": {bundle, []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`)},
		"swapped":      {root, bundle},
		"huge":         {make([]byte, MaxBytes+1), root},
		"payload":      {bytes.Replace(bundle, []byte(`"payload": "eyJ`), []byte(`"payload": "eyK`), 1), root},
		"no log":       {withoutLog(t, bundle), root},
	} {
		if got, err := Verify(c.bundle, c.root, wanted()); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func withoutLog(t *testing.T, data []byte) []byte {
	t.Helper()
	var b map[string]any
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	b["verificationMaterial"].(map[string]any)["tlogEntries"] = []any{}
	out, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSource holds the rules about a certificate that no published bundle breaks.
func TestSource(t *testing.T) {
	t.Parallel()
	good := certificate.Summary{Extensions: certificate.Extensions{SourceRepositoryIdentifier: "495574555",
		SourceRepositoryDigest: wanted().Commit, RunnerEnvironment: "github-hosted", BuildTrigger: "push"}}
	if err := wanted().source(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*certificate.Summary){
		"self-hosted":         func(c *certificate.Summary) { c.RunnerEnvironment = "self-hosted" },
		"runner unknown":      func(c *certificate.Summary) { c.RunnerEnvironment = "" },
		"pull_request":        func(c *certificate.Summary) { c.BuildTrigger = "pull_request" },
		"pull_request_target": func(c *certificate.Summary) { c.BuildTrigger = "pull_request_target" },
		"workflow_run":        func(c *certificate.Summary) { c.BuildTrigger = "workflow_run" },
		"event unknown":       func(c *certificate.Summary) { c.BuildTrigger = "" },
	} {
		c := good
		change(&c)
		if wanted().source(c) == nil {
			t.Error(name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	root := read(f, "public-good.json")
	f.Add(read(f, "provenance.json"))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{},"dsseEnvelope":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := wanted()
		w.Commit = strings.Repeat("0", 40) // never what a bundle says
		if got, err := Verify(data, root, w); err == nil {
			t.Errorf("%+v", got)
		}
	})
}
