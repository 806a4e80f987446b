package oidc

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/org/platform-action/internal/control"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Time{} }
	for name, o := range map[string]Options{
		"no clock":             {Audience: home},
		"no audience":          {Now: now},
		"audience with slash":  {Now: now, Audience: home + "/"},
		"audience of http":     {Now: now, Audience: "http://platform.example.org"},
		"issuer without host":  {Now: now, Audience: home, Issuers: []Issuer{{URL: "https://"}}},
		"issuer of http":       {Now: now, Audience: home, Issuers: []Issuer{{URL: "http://ghes.example.org/_services/token"}}},
		"issuer with password": {Now: now, Audience: home, Issuers: []Issuer{{URL: "https://a:b@ghes.example.org"}}},
		"keys over http":       {Now: now, Audience: home, Issuers: []Issuer{{URL: GitHub, JWKSURL: "http://ghes.example.org/jwks"}}},
		"issuer twice":         {Now: now, Audience: home, Issuers: []Issuer{{URL: GitHub}, {URL: GitHub}}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, audience := range []string{home, "http://127.0.0.1:8080", "http://localhost:8080", "https://example.org/platform"} {
		v, err := New(Options{Now: now, Audience: audience})
		if err != nil {
			t.Errorf("%s: %v", audience, err)
		} else if v.issuers[GitHub] == nil || v.issuers[GitHub].keys.url != GitHub+"/.well-known/jwks" {
			t.Errorf("%s: GitHub is not the default issuer", audience)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	now := s.clock.Now()
	good := control.Run{
		RepositoryID: 74, OwnerID: 65, ID: 1959414638, Attempt: 2, CheckRunID: 54321,
		SHA: "796a6cfb48152b077701fced55d480bf1d90e1e2", Ref: "refs/pull/4/merge", Event: "pull_request",
		WorkflowRef: "octo-org/octo-repo/.github/workflows/ci.yml@refs/pull/4/merge", WorkflowSHA: "796a6cfb48152b077701fced55d480bf1d90e1e2",
		JobWorkflowRef: "octo-org/octo-automation/.github/workflows/plan.yml@refs/heads/main", JobSHA: "1bd1ac9f35abd59b1c1ff3b0d6c7e9a3fd0d3c5b",
		Environment: "production", RunnerKind: "github-hosted",
		Issued: now, Expires: now.Add(5 * time.Minute), TokenID: "6fbebfe3-9eb4-4028-a592-5422768b53bc",
	}
	for name, c := range map[string]struct {
		changes map[string]any
		want    func(r *control.Run)
	}{
		"as GitHub sends it":         {nil, func(*control.Run) {}},
		"audience in a list":         {map[string]any{"aud": []string{AudienceOf(home, Facts, digestOf(body))}}, func(*control.Run) {}},
		"other names":                {map[string]any{"sub": "repo:evil/x", "actor": "root", "head_ref": "a\nb", "base_ref": "", "repository": "evil/x"}, func(*control.Run) {}},
		"no environment":             {map[string]any{"environment": nil}, func(r *control.Run) { r.Environment = "" }},
		"no check run":               {map[string]any{"check_run_id": nil}, func(r *control.Run) { r.CheckRunID = 0 }},
		"ids as numbers":             {map[string]any{"repository_id": 75, "run_attempt": 1}, func(r *control.Run) { r.RepositoryID, r.Attempt = 75, 1 }},
		"commit of a SHA-256 forge":  {map[string]any{"sha": digestOf("a")}, func(r *control.Run) { r.SHA = digestOf("a") }},
		"no nbf":                     {map[string]any{"nbf": nil}, func(*control.Run) {}},
		"issued a little from now":   {map[string]any{"iat": now.Unix() + 60}, func(r *control.Run) { r.Issued = now.Add(time.Minute) }},
		"issued ten minutes ago":     {map[string]any{"iat": now.Unix() - 600}, func(r *control.Run) { r.Issued = now.Add(-10 * time.Minute) }},
		"environment in any writing": {map[string]any{"environment": "größer – prod @x"}, func(r *control.Run) { r.Environment = "größer – prod @x" }},
	} {
		want := good
		c.want(&want)
		got, err := v.Verify(t.Context(), s.token(t, c.changes), Facts, digestOf(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	if n := s.requests(); n != 1 {
		t.Errorf("the keys were asked for %d times, want once", n)
	}
}

func TestRefusedClaims(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	now := s.clock.Now().Unix()
	right := AudienceOf(home, Facts, digestOf(body))
	type set = map[string]any
	cases := map[Code][]set{
		UnknownIssuer: {{"iss": nil}, {"iss": GitHub}, {"iss": s.url + "/"}, {"iss": strings.ToUpper(s.url)}, {"iss": ""}},
		WrongAudience: {{"aud": nil}, {"aud": home}, {"aud": AudienceOf(home, Facts, digestOf("another body"))}, {"aud": AudienceOf(home, Evidence, digestOf(body))},
			{"aud": AudienceOf("https://other.example.org", Facts, digestOf(body))}, {"aud": []string{right, right}}, {"aud": []string{right, home}}, {"aud": []string{}},
			{"aud": right + "/"}, {"aud": strings.ToUpper(right)}},
		Expired: {{"exp": now}, {"exp": now - 1}, {"exp": 1}},
		TooOld:  {{"iat": now - 601}, {"iat": 1}},
		NotYet:  {{"iat": now + 61}, {"nbf": now + 61}},
		BadClaims: {{"exp": nil}, {"iat": nil}, {"exp": 0}, {"exp": -1}, {"exp": 1e300}, {"exp": "soon"}, {"nbf": -1}, {"aud": 5}, {"aud": []any{right, 5}}, {"iss": 5}, {"sha": 5},
			{"repository_id": nil}, {"repository_id": ""}, {"repository_id": "0"}, {"repository_id": "-74"}, {"repository_id": "074"}, {"repository_id": "74 "},
			{"repository_id": 7.4}, {"repository_id": "octo"}, {"repository_id": "99999999999999999999"}, {"repository_id": true}, {"repository_id": []int{74}},
			{"repository_owner_id": nil}, {"repository_owner_id": "x"}, {"run_id": nil}, {"run_id": "x"}, {"run_attempt": nil}, {"run_attempt": "4294967297"}, {"check_run_id": "x"},
			{"jti": nil}, {"jti": ""}, {"jti": "a b"}, {"jti": strings.Repeat("a", 257)},
			{"sha": nil}, {"sha": "main"}, {"sha": strings.Repeat("A", 40)}, {"sha": strings.Repeat("a", 41)},
			{"workflow_sha": nil}, {"workflow_sha": "main"}, {"job_workflow_sha": nil}, {"job_workflow_sha": "main"},
			{"workflow_ref": nil}, {"workflow_ref": "ci.yml"}, {"workflow_ref": "a/b/c"}, {"workflow_ref": "a/b/c@"}, {"workflow_ref": "a/b/c@x\ny"},
			{"job_workflow_ref": nil}, {"job_workflow_ref": strings.Repeat("a/", 600) + "@x"},
			{"event_name": nil}, {"event_name": "pull request"}, {"runner_environment": nil}, {"runner_environment": "Mine"},
			{"environment": "a\x1bb"}, {"environment": strings.Repeat("a", 1025)}, {"ref": "refs/\u202e"}},
	}
	for _, code := range Codes() {
		for _, changes := range cases[code] {
			token := s.token(t, changes)
			_, err := v.Verify(t.Context(), token, Facts, digestOf(body))
			if err == nil {
				t.Errorf("%v was believed, want %s", changes, code)
				continue
			}
			refused(t, err, token, code)
		}
	}
	twice := sign(t, []byte(strings.Replace(string(s.claims(t, nil)), "{", `{"repository_id":"1",`, 1)), jwa.RS256(), signers()["one"], set{"kid": "one"})
	_, err := v.Verify(t.Context(), twice, Facts, digestOf(body))
	refused(t, err, twice, BadClaims)
}

// TestRefusedTokens are those whose form or signature is wrong.
func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	good := s.token(t, nil)
	parts := strings.Split(good, ".")
	payload := s.claims(t, nil)
	der, err := x509.MarshalPKIXPublicKey(signers()["one"].Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	theirs, err := jwk.Import(signers()["two"].Public())
	if err != nil {
		t.Fatal(err)
	}
	raw := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	form, err := json.Marshal(map[string]string{"payload": parts[1], "protected": parts[0], "signature": parts[2]})
	if err != nil {
		t.Fatal(err)
	}
	kid := map[string]any{"kid": "one"}
	for name, c := range map[string]struct {
		token string
		want  Code
	}{
		"empty":                   {"", Malformed},
		"no token":                {"hello", Malformed},
		"two parts":               {parts[0] + "." + parts[1], Malformed},
		"four parts":              {good + ".x", Malformed},
		"JSON form":               {string(form), Malformed},
		"line break":              {good[:20] + "\n" + good[20:], Malformed},
		"padding":                 {parts[0] + "=." + parts[1] + "." + parts[2], Malformed},
		"too long":                {sign(t, s.claims(t, map[string]any{"sub": strings.Repeat("a", maxToken)}), jwa.RS256(), signers()["one"], kid), Malformed},
		"no key id":               {sign(t, payload, jwa.RS256(), signers()["one"], nil), Malformed},
		"long key id":             {sign(t, payload, jwa.RS256(), signers()["one"], map[string]any{"kid": strings.Repeat("k", maxKeyID+1)}), Malformed},
		"algorithm none":          {raw(`{"alg":"none","kid":"one"}`) + "." + parts[1] + ".", WrongAlgorithm},
		"none with a signature":   {raw(`{"alg":"none","kid":"one"}`) + "." + parts[1] + "." + parts[2], WrongAlgorithm},
		"none in capitals":        {raw(`{"alg":"NONE","kid":"one"}`) + "." + parts[1] + ".", WrongAlgorithm},
		"HMAC with the PEM":       {sign(t, payload, jwa.HS256(), public, kid), WrongAlgorithm},
		"HMAC with the DER":       {sign(t, payload, jwa.HS256(), der, kid), WrongAlgorithm},
		"RS512":                   {sign(t, payload, jwa.RS512(), signers()["one"], kid), WrongAlgorithm},
		"PS256":                   {sign(t, payload, jwa.PS256(), signers()["one"], kid), WrongAlgorithm},
		"critical header":         {raw(`{"alg":"RS256","kid":"one","crit":["exp"],"exp":1}`) + "." + parts[1] + "." + parts[2], BadSignature},
		"payload is no object":    {sign(t, []byte(`[]`), jwa.RS256(), signers()["one"], kid), BadClaims},
		"payload is no JSON":      {sign(t, []byte(`x`), jwa.RS256(), signers()["one"], kid), BadClaims},
		"unknown key":             {sign(t, payload, jwa.RS256(), signers()["two"], map[string]any{"kid": "two"}), UnknownKey},
		"another key":             {sign(t, payload, jwa.RS256(), signers()["two"], kid), BadSignature},
		"another key in its head": {sign(t, payload, jwa.RS256(), signers()["two"], map[string]any{"kid": "one", "jwk": theirs}), BadSignature},
		"keys at another address": {sign(t, payload, jwa.RS256(), signers()["two"], map[string]any{"kid": "one", "jku": s.url + "/theirs"}), BadSignature},
		"changed claims":          {parts[0] + "." + raw(string(s.claims(t, map[string]any{"repository_id": "75"}))) + "." + parts[2], BadSignature},
		"no signature":            {parts[0] + "." + parts[1] + ".", BadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v.Verify(t.Context(), c.token, Facts, digestOf(body))
			refused(t, err, c.token, c.want)
		})
	}
}

// TestIssuersApart makes sure that one issuer's key does not sign for another.
func TestIssuersApart(t *testing.T) {
	t.Parallel()
	a, b := newStandIn(t), newStandIn(t)
	b.set(func(s *standIn) { s.keys = []string{"two"} })
	v, err := New(Options{Issuers: []Issuer{{URL: a.url}, {URL: b.url}}, Audience: home, Now: a.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	two := map[string]any{"kid": "two"}
	for name, c := range map[string]struct {
		token string
		want  Code
	}{
		"a's":               {a.token(t, nil), ""},
		"b's":               {sign(t, b.claims(t, nil), jwa.RS256(), signers()["two"], two), ""},
		"a's of b's key":    {sign(t, a.claims(t, nil), jwa.RS256(), signers()["two"], two), UnknownKey},
		"a's key as b's id": {sign(t, b.claims(t, nil), jwa.RS256(), signers()["one"], two), BadSignature},
	} {
		_, err := v.Verify(t.Context(), c.token, Facts, digestOf(body))
		switch {
		case c.want != "":
			refused(t, err, c.token, c.want)
		case err != nil:
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPurposeAndBody holds a token to what it was asked for.
func TestPurposeAndBody(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	v := s.verifier(t)
	token := s.token(t, nil)
	if _, err := v.Verify(t.Context(), token, Facts, digestOf(body)); err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(t.Context(), token, Evidence, digestOf(body))
	refused(t, err, token, WrongAudience)
	_, err = v.Verify(t.Context(), token, Facts, digestOf("another body"))
	refused(t, err, token, WrongAudience)
	for _, c := range [][2]string{{"", digestOf(body)}, {"deploy", digestOf(body)}, {Facts, ""}, {Facts, "sha256:" + digestOf(body)}, {Facts, strings.ToUpper(digestOf(body))}} {
		if _, err := v.Verify(t.Context(), token, c[0], c[1]); err == nil {
			t.Errorf("purpose %q and digest %q: no error", c[0], c[1])
		}
	}
}
