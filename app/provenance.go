package main

import (
	"fmt"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/sigstore"
)

// prover verifies how artifacts were built, by the trust root that the server's operator pinned; nil: there is none.
func prover(c environ.Config) (control.Prover, error) {
	if len(c.TrustedRoot) == 0 {
		return nil, nil //nolint:nilnil // no prover is one of its values
	}
	roots, err := sigstore.NewRoots(c.TrustedRoot, sigstore.Host{Issuer: c.TokenIssuer(), Web: c.WebURL()})
	if err != nil {
		return nil, fmt.Errorf("PLATFORM_TRUSTED_ROOT_FILE: %w; write it with `gh attestation trusted-root`", err)
	}
	return func(bundle []byte) (control.Built, error) {
		s, err := roots.Open(bundle)
		if err != nil {
			return control.Built{}, err
		}
		return control.Built{Digests: s.Digests, How: evidence.Provenance{
			RepositoryID: s.RepositoryID, Commit: s.Commit, Workflow: s.Signer, WorkflowCommit: s.SignerCommit, Event: s.Event, Ref: s.Ref, Runner: s.Runner,
		}}, nil
	}, nil
}
