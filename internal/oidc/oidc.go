// Package oidc proves which workflow run speaks to us: it verifies the identity tokens of GitHub Actions for one purpose
// and one body, and asks for such a token from within a job.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"

	"github.com/org/platform-action/internal/control"
)

// GitHub is the issuer of github.com's tokens. That of GitHub Enterprise Server is https://HOST/_services/token.
const GitHub = "https://token.actions.githubusercontent.com"

// The purposes of a token. One that was asked for one of them is refused for the others.
const (
	Facts    = "facts"
	Evidence = "evidence"
	Gate     = "gate"
)

const (
	maxToken = 16 << 10         // GitHub's have about 2 KiB
	maxAge   = 10 * time.Minute // since a token was issued, whatever its own end
	maxSkew  = time.Minute      // that the issuer's clock may be ahead of ours
)

// Issuer is whose tokens are believed.
type Issuer struct {
	URL     string // exactly as the tokens' iss has it
	JWKSURL string // of its keys; defaults to URL/.well-known/jwks
}

// Options are what a Verifier needs.
type Options struct {
	Issuers  []Issuer // defaults to GitHub alone
	Audience string   // our own address, which every token's audience begins with; no slash at its end
	Now      control.Clock
	Client   *http.Client  // asks for keys; defaults to one of our own
	Timeout  time.Duration // of one request for keys; defaults to 10 s
}

// Verifier is safe for concurrent use.
type Verifier struct {
	audience string
	now      control.Clock
	issuers  map[string]*issuer
}

// issuer verifies signatures; whatever else a token says is judged by Verifier.
type issuer struct {
	url  string
	keys *keys
}

// New makes a Verifier. It asks the issuers nothing: the server starts while GitHub is down.
func New(o Options) (*Verifier, error) {
	if o.Now == nil {
		return nil, errors.New("the verifier of tokens needs a clock")
	}
	if err := checkURL(o.Audience); err != nil {
		return nil, fmt.Errorf("the audience of tokens: %w", err)
	}
	if len(o.Issuers) == 0 {
		o.Issuers = []Issuer{{URL: GitHub}}
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	client := plain(o.Client)
	client.Timeout = o.Timeout
	v := &Verifier{o.Audience, o.Now, map[string]*issuer{}}
	for _, i := range o.Issuers {
		if i.JWKSURL == "" {
			i.JWKSURL = i.URL + "/.well-known/jwks"
		}
		for _, address := range []string{i.URL, i.JWKSURL} {
			if err := checkURL(address); err != nil {
				return nil, fmt.Errorf("an issuer of tokens: %w", err)
			}
		}
		if v.issuers[i.URL] != nil {
			return nil, fmt.Errorf("the issuer %.80q is named twice", i.URL)
		}
		v.issuers[i.URL] = &issuer{i.URL, newKeys(i.JWKSURL, client, o.Now)}
	}
	return v, nil
}

// plain copies a client so that it follows no redirect: keys and tokens come from the address that was configured.
func plain(c *http.Client) *http.Client {
	var own http.Client
	if c != nil {
		own = *c
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// checkURL takes https addresses, and http ones of this machine.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.HasSuffix(text, "/") || !safe(u) {
		return fmt.Errorf("%.80q is not a web address as it is needed here; write https://HOST, without a slash at the end", text)
	}
	return nil
}

func safe(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// AudienceOf is the audience that a token must have been asked for. The digest is the SHA-256, in hexadecimal digits,
// of the body as it is sent.
func AudienceOf(address, purpose, digest string) string {
	return address + "/" + purpose + "/" + digest
}

// Verify says which run a token is of, if it is one of an issuer's for this purpose and this body's digest. A *Refusal
// is the sender's to put right; ErrUnavailable means that nobody can tell now. That a token is used only once is for
// the caller to see to.
func (v *Verifier) Verify(ctx context.Context, token, purpose, digest string) (control.Run, error) {
	if purpose != Facts && purpose != Evidence && purpose != Gate || !isDigest(digest) {
		return control.Run{}, errors.New("a token is verified for a purpose and a body's SHA-256; one of them is missing")
	}
	signed, err := parse(token)
	if err != nil {
		return control.Run{}, err
	}
	c, err := parseClaims(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return control.Run{}, err
	}
	from := v.issuers[c.Issuer]
	if from == nil {
		return control.Run{}, refuse(UnknownIssuer, "the token is of an issuer that this server does not believe: "+
			"send it from a job of the GitHub whose App this server is")
	}
	if err := from.verify(ctx, token, signed.Signatures[0].Header.KeyID); err != nil {
		return control.Run{}, err
	}
	if err := c.checkTimes(v.now()); err != nil {
		return control.Run{}, err
	}
	if want := AudienceOf(v.audience, purpose, digest); !slices.Equal(c.Audience, []string{want}) {
		return control.Run{}, refuse(WrongAudience, "the token was asked for another server, purpose or body: ask for one with the audience "+
			want+", which ends with the SHA-256 of the body as it is sent")
	}
	return c.run()
}

// parse reads the outer form of a token: three parts, signed with RS256 by a key that is named.
func parse(token string) (*jose.JSONWebSignature, error) {
	if len(token) > maxToken || strings.ContainsAny(token, " \t\r\n{") {
		return nil, refuse(Malformed, "what was sent is no identity token: it is three parts of base64url with dots between, 16 KiB at most")
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
		return nil, refuse(WrongAlgorithm, "the token is not signed with RS256, as GitHub signs; send the token as GitHub gave it")
	}
	if err != nil || len(signed.Signatures) != 1 {
		return nil, refuse(Malformed, "what was sent is no identity token: send the value that GitHub gave the job, unchanged")
	}
	if id := signed.Signatures[0].Header.KeyID; id == "" || len(id) > maxKeyID {
		return nil, refuse(Malformed, "the token does not name the key that it is signed with; send the token as GitHub gave it")
	}
	return signed, nil
}

// verify checks the signature with the one key that the token names. What the header carries of keys is not looked at.
func (i *issuer) verify(ctx context.Context, token, keyID string) error {
	key, err := i.keys.find(ctx, keyID)
	if err != nil {
		return err
	}
	verifier := oidc.NewVerifier(i.url, &oidc.StaticKeySet{PublicKeys: key}, &oidc.Config{
		SupportedSigningAlgs: []string{oidc.RS256},
		SkipClientIDCheck:    true, // an audience beside ours would do there
		SkipExpiryCheck:      true, // our bounds are tighter
	})
	if _, err := verifier.Verify(ctx, token); err != nil {
		return refuse(BadSignature, "the token's signature is not its issuer's; send the token as GitHub gave it") // err quotes the token
	}
	return nil
}
