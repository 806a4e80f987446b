// Package sigstore checks, offline and against a trust root that the caller pins, that a Sigstore bundle is the
// provenance of an artifact, built on GitHub from a given commit by a given workflow.
package sigstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

const (
	// GitHub issues the identities of workflow runs.
	GitHub = "https://token.actions.githubusercontent.com"

	// MaxBytes bounds a bundle, and a trust root.
	MaxBytes = 4 << 20

	provenance = "https://slsa.dev/provenance/"
	hosted     = "github-hosted"
)

// Want is what a bundle must prove.
type Want struct {
	Digest       string // sha256:… or sha512:… of the artifact
	Commit       string // that it was built from
	RepositoryID string // numeric id of the repository of that commit
	Signer       string // OWNER/REPOSITORY/.github/workflows/FILE of the workflow whose job signed; with https:// for another host
	Issuer       string // GitHub where it is empty
}

// Provenance is what a bundle has proved.
type Provenance struct{ Signer, Run, Event, Ref string }

// Verify checks a bundle. The trust root is one JSON document, or several, one a line, as gh attestation trusted-root
// writes them: each instance of Sigstore is tried.
func Verify(bundleJSON, rootJSON []byte, w Want) (Provenance, error) {
	if len(bundleJSON) > MaxBytes || len(rootJSON) > MaxBytes {
		return Provenance{}, fmt.Errorf("a bundle or a trust root of more than %d MiB", MaxBytes>>20)
	}
	policy, err := w.policy()
	if err != nil {
		return Provenance{}, err
	}
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(bundleJSON); err != nil {
		return Provenance{}, fmt.Errorf("the bundle cannot be read: %w", err)
	}
	roots, err := readRoots(rootJSON)
	if err != nil {
		return Provenance{}, err
	}
	var refused error
	for _, trusted := range roots {
		v, err := verifier(trusted)
		if err != nil {
			refused = errors.Join(refused, err)
			continue
		}
		result, err := v.Verify(b, policy)
		if err != nil {
			refused = errors.Join(refused, err)
			continue
		}
		return w.judge(result)
	}
	return Provenance{}, fmt.Errorf("the bundle does not verify against the trust root: %w", refused)
}

// policy is what the library checks: the artifact, and who signed.
func (w Want) policy() (verify.PolicyBuilder, error) {
	var none verify.PolicyBuilder
	algorithm, text, _ := strings.Cut(w.Digest, ":")
	digest, err := hex.DecodeString(text)
	size := map[string]int{"sha256": 32, "sha512": 64}[algorithm]
	if err != nil || size == 0 || len(digest) != size {
		return none, fmt.Errorf("the digest %.80q is neither sha256: nor sha512: with its hexadecimal digits", w.Digest)
	}
	if !regexp.MustCompile(`^[1-9][0-9]{0,18}$`).MatchString(w.RepositoryID) || w.Commit == "" {
		return none, errors.New("the repository's numeric id and the commit must be known")
	}
	signer := w.Signer
	if !strings.HasPrefix(signer, "https://") {
		signer = "https://github.com/" + signer
	}
	if !regexp.MustCompile(`^https://[^/@]+/[^/@]+/[^/@]+/\.github/workflows/[^/@]+\.ya?ml$`).MatchString(signer) {
		return none, fmt.Errorf("the signer %.200q is not OWNER/REPOSITORY/.github/workflows/FILE.yml", w.Signer)
	}
	issuer := w.Issuer
	if issuer == "" {
		issuer = GitHub
	}
	id, err := verify.NewShortCertificateIdentity(issuer, "", "", "^(?:"+regexp.QuoteMeta(signer)+"@[^@]+)$")
	if err != nil {
		return none, err
	}
	return verify.NewPolicy(verify.WithArtifactDigest(algorithm, digest), verify.WithCertificateIdentity(id)), nil
}

func readRoots(data []byte) ([]*root.TrustedRoot, error) {
	if whole, err := root.NewTrustedRootFromJSON(data); err == nil {
		return []*root.TrustedRoot{whole}, nil
	}
	var out []*root.TrustedRoot
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		one, err := root.NewTrustedRootFromJSON(line)
		if err != nil {
			return nil, fmt.Errorf("the trust root cannot be read: %w", err)
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, errors.New("the trust root is empty")
	}
	return out, nil
}

// verifier asks for all that an instance offers: GitHub's own has a timestamp authority alone, the public one logs.
func verifier(trusted *root.TrustedRoot) (*verify.Verifier, error) {
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1)}
	if len(trusted.RekorLogs()) > 0 {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if len(trusted.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	if len(trusted.RekorLogs()) == 0 && len(trusted.TimestampingAuthorities()) == 0 {
		return nil, errors.New("the trust root names neither a log nor a timestamp authority: nothing says when it was signed")
	}
	return verify.NewVerifier(trusted, options...)
}

// judge compares what the certificate says with what is wanted.
func (w Want) judge(result *verify.VerificationResult) (Provenance, error) {
	if result.Signature == nil || result.Signature.Certificate == nil || result.Statement == nil {
		return Provenance{}, errors.New("the bundle is no statement that a workflow signed")
	}
	c := *result.Signature.Certificate
	if kind := result.Statement.GetPredicateType(); !strings.HasPrefix(kind, provenance) {
		return Provenance{}, fmt.Errorf("the bundle states %.100q, and not how something was built (%sv…)", kind, provenance)
	}
	if err := w.source(c); err != nil {
		return Provenance{}, err
	}
	return Provenance{Signer: c.SubjectAlternativeName, Run: c.RunInvocationURI, Event: c.BuildTrigger, Ref: c.SourceRepositoryRef}, nil
}

func (w Want) source(c certificate.Summary) error {
	switch {
	case c.SourceRepositoryIdentifier != w.RepositoryID:
		return fmt.Errorf("it was built from repository %.40q, and not %s", c.SourceRepositoryIdentifier, w.RepositoryID)
	case c.SourceRepositoryDigest != w.Commit:
		return fmt.Errorf("it was built from commit %.80q, and not %s", c.SourceRepositoryDigest, w.Commit)
	case c.RunnerEnvironment != hosted:
		return fmt.Errorf("it was built on a runner that is %.40q, and not %s", c.RunnerEnvironment, hosted)
	case !slices.Contains([]string{"push", "merge_group", "workflow_dispatch", "release"}, c.BuildTrigger):
		return fmt.Errorf("it was built on the event %.40q, which anybody can cause", c.BuildTrigger)
	}
	return nil
}
