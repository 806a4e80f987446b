package seal_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/gate/seal"
)

func key(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func public(n byte) seal.Key { return seal.NewKey(key(n).Public().(ed25519.PublicKey)) }

func issued() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func subject() seal.Subject {
	return seal.Subject{Server: "https://platform.example.com", Installation: 1, Repository: 2, Environment: "production", RunID: 20, Attempt: 1, Job: "deploy",
		Commit: strings.Repeat("c", 40), Tree: strings.Repeat("d", 40), Digests: []string{"sha256:b", "sha256:a", "sha256:a"}}
}

func verdict() seal.Verdict {
	return seal.Verdict{Subject: subject(), Outcome: "approved", Basis: "evidence", Decision: "sha256:1", Sequence: 7, Chain: "sha256:2",
		Issued: issued(), Expires: issued().Add(seal.Longest)}
}

func sign(t testing.TB, n byte, v seal.Verdict) []byte {
	t.Helper()
	data, err := seal.Sign(t.Context(), key(n), v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVerify(t *testing.T) {
	t.Parallel()
	got, err := seal.Verify(t.Context(), sign(t, 1, verdict()), []seal.Key{public(2), public(1)}, subject(), issued().Add(time.Minute))
	want := verdict()
	want.Version, want.Subject.Digests = 1, []string{"sha256:a", "sha256:b"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestAttacks has a row for each way in which a file could pass for a verdict.
func TestAttacks(t *testing.T) {
	t.Parallel()
	good := string(sign(t, 1, verdict()))
	var envelope struct {
		PayloadType string `json:"payloadType"`
		Payload     string `json:"payload"`
		Signatures  []map[string]string
	}
	if err := json.Unmarshal([]byte(good), &envelope); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, changed string) string {
		body := strings.Replace(string(payload), old, changed, 1)
		if body == string(payload) {
			t.Fatalf("the payload has no %s", old)
		}
		return strings.Replace(good, envelope.Payload, base64.StdEncoding.EncodeToString([]byte(body)), 1)
	}
	pinned := []seal.Key{public(1)}
	for name, c := range map[string]struct {
		file string
		keys []seal.Key
		at   time.Duration
		want error
	}{
		"nothing":                    {"", pinned, 0, seal.ErrForm},
		"no JSON":                    {"approved", pinned, 0, seal.ErrForm},
		"null":                       {"null", pinned, 0, seal.ErrForm},
		"huge":                       {good + strings.Repeat(" ", seal.MaxBytes), pinned, 0, seal.ErrForm},
		"two":                        {good + good, pinned, 0, seal.ErrForm},
		"its own key":                {string(sign(t, 9, verdict())), pinned, 0, seal.ErrUnknownKey},
		"no key pinned":              {good, nil, 0, seal.ErrUnknownKey},
		"a key under another's name": {string(sign(t, 9, verdict())), []seal.Key{{ID: public(9).ID, Public: public(1).Public}}, 0, seal.ErrUnknownKey},
		"another key's name":         {strings.Replace(string(sign(t, 9, verdict())), public(9).ID, public(1).ID, 1), pinned, 0, seal.ErrForged},
		"no name":                    {strings.Replace(good, public(1).ID, "", 1), pinned, 0, seal.ErrUnknownKey},
		"no signature":               {`{"payloadType":"` + seal.PayloadType + `","payload":"` + envelope.Payload + `","signatures":[]}`, pinned, 0, seal.ErrForm},
		"another payload type":       {strings.Replace(good, seal.PayloadType, "application/vnd.in-toto+json", 1), pinned, 0, seal.ErrForm},
		"another outcome":            {swap(`"outcome":"approved"`, `"outcome":"rejected"`), pinned, 0, seal.ErrForged},
		"another attempt":            {swap(`"attempt":1`, `"attempt":2`), pinned, 0, seal.ErrForged},
		"a later end":                {swap(`"expires":"2026-03-02T12:10:00Z"`, `"expires":"2027-03-02T12:10:00Z"`), pinned, 0, seal.ErrForged},
		"at its end":                 {good, pinned, seal.Longest, seal.ErrExpired},
		"before its time":            {good, pinned, -time.Hour, seal.ErrNotYet},
		"within the clocks' skew":    {good, pinned, -30 * time.Second, nil},
		"in its last second":         {good, pinned, seal.Longest - time.Second, nil},
	} {
		if _, err := seal.Verify(t.Context(), []byte(c.file), c.keys, subject(), issued().Add(c.at)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestOtherSubject holds that each field binds.
func TestOtherSubject(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*seal.Subject){
		"server":       func(s *seal.Subject) { s.Server = "https://evil.example.com" },
		"installation": func(s *seal.Subject) { s.Installation++ },
		"repository":   func(s *seal.Subject) { s.Repository++ },
		"environment":  func(s *seal.Subject) { s.Environment = "Production" },
		"run_id":       func(s *seal.Subject) { s.RunID++ },
		"attempt":      func(s *seal.Subject) { s.Attempt++ },
		"job":          func(s *seal.Subject) { s.Job = "other" },
		"commit":       func(s *seal.Subject) { s.Commit = strings.Repeat("e", 40) },
		"tree":         func(s *seal.Subject) { s.Tree = strings.Repeat("e", 40) },
		"digests":      func(s *seal.Subject) { s.Digests = s.Digests[:1] },
	} {
		want := subject()
		change(&want)
		if _, err := seal.Verify(t.Context(), sign(t, 1, verdict()), []seal.Key{public(1)}, want, issued()); !errors.Is(err, seal.ErrSubject) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*seal.Verdict){
		"eleven minutes":         func(v *seal.Verdict) { v.Expires = v.Issued.Add(11 * time.Minute) },
		"no time":                func(v *seal.Verdict) { v.Expires = v.Issued },
		"no issue":               func(v *seal.Verdict) { v.Issued, v.Expires = time.Time{}, time.Time{}.Add(time.Minute) },
		"no run":                 func(v *seal.Verdict) { v.Subject.RunID = 0 },
		"no job":                 func(v *seal.Verdict) { v.Subject.Job = "" },
		"no outcome":             func(v *seal.Verdict) { v.Outcome = "" },
		"approval without basis": func(v *seal.Verdict) { v.Basis = "unknown" },
		"approval by a bypass":   func(v *seal.Verdict) { v.Basis = "bypass" },
		"rejection with a basis": func(v *seal.Verdict) { v.Outcome = "rejected" },
	} {
		v := verdict()
		change(&v)
		if data, err := seal.Sign(t.Context(), key(1), v); err == nil {
			t.Errorf("%s: signed %s", name, data)
		}
	}
	if _, err := seal.Sign(t.Context(), nil, verdict()); err == nil {
		t.Error("signed without a key")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	private, err := x509.MarshalPKCS8PrivateKey(key(1))
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(key(1).Public())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(foreign)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}) }
	if got, err := seal.ParsePrivate(block("PRIVATE KEY", private)); err != nil || !got.Equal(key(1)) {
		t.Error(got, err)
	}
	if got, err := seal.ParsePublic(block("PUBLIC KEY", pub)); err != nil || got.ID != public(1).ID {
		t.Error(got, err)
	}
	for name, data := range map[string][]byte{
		"empty": nil, "public": block("PUBLIC KEY", pub), "elliptic": block("PRIVATE KEY", other), "garbage": block("PRIVATE KEY", []byte("x")),
		"two": append(block("PRIVATE KEY", private), block("PRIVATE KEY", private)...), "huge": make([]byte, seal.MaxBytes+1),
	} {
		if _, err := seal.ParsePrivate(data); err == nil {
			t.Errorf("%s is read as a private key", name)
		}
	}
	for name, data := range map[string][]byte{"private": block("PRIVATE KEY", private), "garbage": block("PUBLIC KEY", []byte("x"))} {
		if _, err := seal.ParsePublic(data); err == nil {
			t.Errorf("%s is read as a public key", name)
		}
	}
}

// FuzzOpen looks for a file that opens and is not, byte for byte in what it says, one that was signed.
func FuzzOpen(f *testing.F) {
	signed, err := seal.Sign(f.Context(), key(1), verdict())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte(`{"payloadType":"","payload":"","signatures":[{"keyid":"","sig":""}]}`))
	f.Add([]byte(`{"payloadType":"` + seal.PayloadType + `","payload":"e30=","signatures":[{"keyid":"` + public(1).ID + `","sig":"AA=="}]}`))
	want, err := seal.Open(f.Context(), signed, []seal.Key{public(1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := seal.Open(t.Context(), data, []seal.Key{public(1)}); err == nil {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s opens: %s", data, diff)
			}
		}
	})
}
