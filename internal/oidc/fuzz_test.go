package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
)

// FuzzVerify tries to have any other token believed than the one that was signed, or to make a refusal quote it.
func FuzzVerify(f *testing.F) {
	const issuer = "https://issuer.example.org"
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(keySet("one")) }))
	f.Cleanup(keys.Close)
	v, err := New(Options{Issuers: []Issuer{{URL: issuer, JWKSURL: keys.URL}}, Audience: home, Now: func() time.Time { return now }})
	if err != nil {
		f.Fatal(err)
	}
	s := &standIn{url: issuer, clock: &clock{now: now}}
	good := fuzzToken(f, s)
	if _, err := v.Verify(f.Context(), good, Facts, digestOf(body)); err != nil {
		f.Fatal(err)
	}
	signed := good[:strings.LastIndex(good, ".")]
	f.Add(good)
	f.Add(signed + ".")
	f.Fuzz(func(t *testing.T, token string) {
		_, err := v.Verify(t.Context(), token, Facts, digestOf(body))
		switch {
		case err == nil && !strings.HasPrefix(token, signed+"."):
			t.Fatalf("%q was believed", token)
		case err == nil:
			return
		}
		if _, ok := errors.AsType[*Refusal](err); !ok {
			t.Fatalf("%v is no refusal", err)
		}
		for part := range strings.SplitSeq(token, ".") {
			if len(part) > 40 && strings.Contains(err.Error(), part) {
				t.Fatalf("%q gives the token away", err)
			}
		}
	})
}

func fuzzToken(f *testing.F, s *standIn) string {
	f.Helper()
	h := jws.NewHeaders()
	if err := h.Set("kid", "one"); err != nil {
		f.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal([]byte(fuzzClaims(s)), &claims); err != nil {
		f.Fatal(err)
	}
	out, err := jws.Sign([]byte(fuzzClaims(s)), jws.WithKey(jwa.RS256(), signers()["one"], jws.WithProtectedHeaders(h)))
	if err != nil {
		f.Fatal(err)
	}
	return string(out)
}

func fuzzClaims(s *standIn) string {
	commit := strings.Repeat("a", 40)
	out, err := json.Marshal(map[string]any{
		"iss": s.url, "aud": AudienceOf(home, Facts, digestOf(body)), "iat": s.clock.now.Unix(), "exp": s.clock.now.Unix() + 300, "jti": "1",
		"repository_id": "1", "repository_owner_id": "2", "run_id": "3", "run_attempt": "4", "sha": commit, "event_name": "push",
		"workflow_ref": "a/b/c@d", "workflow_sha": commit, "job_workflow_ref": "a/b/c@d", "job_workflow_sha": commit, "runner_environment": "github-hosted",
	})
	if err != nil {
		panic(err)
	}
	return string(out)
}

// FuzzClaims reads any payload as if its signature were right, and holds what is believed to another reader's opinion.
func FuzzClaims(f *testing.F) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f.Add([]byte(fuzzClaims(&standIn{url: GitHub, clock: &clock{now: now}})))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := parseClaims(payload)
		if err != nil || c.checkTimes(now) != nil {
			return
		}
		run, err := c.run()
		if err != nil {
			return
		}
		var theirs map[string]any
		if err := json.Unmarshal(payload, &theirs); err != nil {
			t.Fatalf("believed what is no JSON: %v", err)
		}
		if run.RepositoryID <= 0 || run.OwnerID <= 0 || run.ID <= 0 || run.Attempt <= 0 || run.CheckRunID < 0 || theirs["sha"] != run.SHA ||
			theirs["jti"] != run.TokenID || run.Expires.Before(now) || run.Issued.After(now.Add(maxSkew)) || now.Sub(run.Issued) > maxAge {
			t.Errorf("believed %+v of %s", run, payload)
		}
	})
}
