package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
)

// endBody is what the ledger says of the end of a deployment that went ahead.
type endBody struct {
	Key       control.DeploymentKey `json:"key"`
	Commit    string                `json:"commit"`
	Tree      string                `json:"tree"`
	Basis     evidence.Basis        `json:"basis"`
	Answer    string                `json:"answer"` // digest of the decision
	Succeeded bool                  `json:"succeeded"`
	Decision  endDecision           `json:"decision"`
}

type endDecision struct {
	Outcome gate.Outcome `json:"outcome"`
}

// EndDeployment notes how the jobs of an answered deployment ended, once.
func (s *Store) EndDeployment(ctx context.Context, t control.Tenant, k control.DeploymentKey, succeeded bool, at time.Time) error {
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		end, err := s.lockLedger(ctx, b, t)
		if err != nil {
			return err
		}
		d, found, err := deploymentAt(ctx, b, t, k, s.db.dialect().lock)
		if err != nil || !found || d.Settled || d.Stage != control.StageAnswered {
			return err
		}
		went := d.Went()
		d.Settled, d.Succeeded, d.Ended = true, succeeded, at
		if err := s.saveDeployment(ctx, b, t, d); err != nil || !went {
			return err
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%s ended %t", d.Digest, succeeded))
		_, err = s.appendEntry(ctx, b, t, end, control.LedgerEntry{Kind: "deployment-ended", Subject: "sha256:" + hex.EncodeToString(sum[:]), At: at},
			endBody{d.DeploymentKey, d.Commit, d.Tree, d.Basis, d.Digest, succeeded, endDecision{d.Outcome}})
		return err
	})
	if err != nil {
		return fmt.Errorf("remembering how a deployment ended: %w", err)
	}
	return nil
}
