package sigstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// Roots are the instances of Sigstore that a server trusts.
type Roots struct {
	verifiers []*verify.Verifier
	identity  verify.CertificateIdentity
	web       string
}

// Host is a GitHub whose workflows sign. The zero one is github.com.
type Host struct {
	Issuer string // of identity tokens
	Web    string // where people see repositories
}

// Statement is what a bundle states of how artifacts were built, by the word of GitHub about the run that signed.
type Statement struct {
	Digests      []string // sha256:…, sorted; those of other algorithms are left out
	RepositoryID int64
	Commit       string
	Signer       string // path of the workflow if it is of that repository, else owner/name/path
	SignerCommit string
	Event, Ref   string
	Runner       string
	Run          string
}

// NewRoots reads a trust root as Verify does, once for many bundles.
func NewRoots(rootJSON []byte, h Host) (*Roots, error) {
	if len(rootJSON) > MaxBytes {
		return nil, fmt.Errorf("a trust root of more than %d MiB", MaxBytes>>20)
	}
	if h.Issuer == "" {
		h.Issuer = GitHub
	}
	if h.Web == "" {
		h.Web = "https://github.com"
	}
	list, err := readRoots(rootJSON)
	if err != nil {
		return nil, err
	}
	r := &Roots{web: strings.TrimSuffix(h.Web, "/")}
	for _, trusted := range list {
		v, err := verifier(trusted)
		if err != nil {
			return nil, err
		}
		r.verifiers = append(r.verifiers, v)
	}
	r.identity, err = verify.NewShortCertificateIdentity(h.Issuer, "", "", "^"+regexp.QuoteMeta(r.web)+`/[^/@]+/[^/@]+/\.github/workflows/[^/@]+\.ya?ml@[^@]+$`)
	return r, err
}

// Open verifies a bundle and reads what it states. Which artifacts it is about the statement says, which is signed: whoever
// asks compares.
func (r *Roots) Open(bundleJSON []byte) (Statement, error) {
	if len(bundleJSON) > MaxBytes {
		return Statement{}, fmt.Errorf("a bundle of more than %d MiB", MaxBytes>>20)
	}
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(bundleJSON); err != nil {
		return Statement{}, fmt.Errorf("the bundle cannot be read: %w", err)
	}
	policy := verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithCertificateIdentity(r.identity))
	var refused error
	for _, v := range r.verifiers {
		result, err := v.Verify(b, policy)
		if err != nil {
			refused = errors.Join(refused, err)
			continue
		}
		return r.statement(result)
	}
	return Statement{}, fmt.Errorf("the bundle does not verify against the trust root: %w", refused)
}

func (r *Roots) statement(result *verify.VerificationResult) (Statement, error) {
	if result.Signature == nil || result.Signature.Certificate == nil || result.Statement == nil {
		return Statement{}, errors.New("the bundle is no statement that a workflow signed")
	}
	if kind := result.Statement.GetPredicateType(); !strings.HasPrefix(kind, provenance) {
		return Statement{}, fmt.Errorf("the bundle states %.100q, and not how something was built (%sv…)", kind, provenance)
	}
	c := *result.Signature.Certificate
	id, err := strconv.ParseInt(c.SourceRepositoryIdentifier, 10, 64)
	if err != nil || id <= 0 {
		return Statement{}, fmt.Errorf("the certificate names the repository %.40q, which is no id", c.SourceRepositoryIdentifier)
	}
	s := Statement{
		RepositoryID: id, Commit: c.SourceRepositoryDigest, Signer: r.signer(c), SignerCommit: c.BuildSignerDigest,
		Event: c.BuildTrigger, Ref: c.SourceRepositoryRef, Runner: c.RunnerEnvironment, Run: c.RunInvocationURI,
	}
	for _, subject := range result.Statement.GetSubject() {
		sum := subject.GetDigest()["sha256"]
		if raw, err := hex.DecodeString(sum); err == nil && len(raw) == 32 {
			s.Digests = append(s.Digests, "sha256:"+strings.ToLower(sum))
		}
	}
	slices.Sort(s.Digests)
	s.Digests = slices.Compact(s.Digests)
	return s, nil
}

// signer names the workflow whose job signed. The repository's own name is taken from the same certificate, so that what
// another repository is called, or was, makes no difference.
func (r *Roots) signer(c certificate.Summary) string {
	file, _, _ := strings.Cut(c.SubjectAlternativeName, "@")
	if own, ok := strings.CutPrefix(file, c.SourceRepositoryURI+"/"); ok && strings.HasPrefix(c.SourceRepositoryURI, r.web+"/") && strings.HasPrefix(own, ".github/workflows/") {
		return own
	}
	return strings.TrimPrefix(file, r.web+"/")
}
