package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
)

const deploymentOf = `SELECT body FROM deployment WHERE installation_id = $1 AND repository_id = $2 AND environment = $3 AND run_id = $4 AND attempt = $5`

func readDeployment(row scan, d *control.DeploymentRecord) error {
	var body []byte
	if err := row(&body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, d); err != nil {
		return fmt.Errorf("a deployment in the database cannot be read: %w", err)
	}
	return nil
}

func deploymentAt(ctx context.Context, q querier, t control.Tenant, k control.DeploymentKey, lock string) (control.DeploymentRecord, bool, error) {
	d, found, err := first(ctx, q, readDeployment, deploymentOf+lock, t.Installation, t.Repository, k.Environment, k.Run, k.Attempt)
	d.DeploymentKey = k
	return d, found, err
}

// Deployment reads what is remembered of one wait of a run.
func (s *Store) Deployment(ctx context.Context, t control.Tenant, k control.DeploymentKey) (control.DeploymentRecord, bool, error) {
	return get(ctx, s, readDeployment, deploymentOf, t.Installation, t.Repository, k.Environment, k.Run, k.Attempt)
}

// DeploymentsOf lists those of a run, of all its attempts.
func (s *Store) DeploymentsOf(ctx context.Context, t control.Tenant, run int64) ([]control.DeploymentRecord, error) {
	return all(ctx, s, readDeployment, `SELECT body FROM deployment WHERE installation_id = $1 AND repository_id = $2 AND run_id = $3
		ORDER BY attempt, environment LIMIT 1000`, t.Installation, t.Repository, run)
}

// OpenDeployments lists those that wait for an answer.
func (s *Store) OpenDeployments(ctx context.Context, t control.Tenant) ([]control.DeploymentRecord, error) {
	return all(ctx, s, readDeployment, `SELECT body FROM deployment WHERE installation_id = $1 AND repository_id = $2 AND is_open
		ORDER BY run_id, attempt, environment LIMIT 10000`, t.Installation, t.Repository)
}

// DeploymentHistory lists those that went ahead, newest first: of each environment as many that were proven, and as many others.
// Anybody who may report a deployment can make others without end, which must not drive out what was approved on evidence.
func (s *Store) DeploymentHistory(ctx context.Context, t control.Tenant, environments []string, limit int) ([]control.DeploymentRecord, error) {
	var out []control.DeploymentRecord
	for _, e := range environments {
		part, err := all(ctx, s, readDeployment, `SELECT body FROM (
				SELECT * FROM (SELECT body, changed FROM deployment WHERE installation_id = $1 AND repository_id = $2 AND environment = $3 AND went AND proven
					ORDER BY changed DESC LIMIT $4) AS proved
				UNION ALL
				SELECT * FROM (SELECT body, changed FROM deployment WHERE installation_id = $1 AND repository_id = $2 AND environment = $3 AND went AND NOT proven
					ORDER BY changed DESC LIMIT $4) AS unproved
			) AS whichever ORDER BY changed DESC`, t.Installation, t.Repository, e, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// ChangeDeployment reads, changes and writes a record in one transaction.
func (s *Store) ChangeDeployment(ctx context.Context, t control.Tenant, k control.DeploymentKey, change func(*control.DeploymentRecord)) (control.DeploymentRecord, error) {
	var d control.DeploymentRecord
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		var err error
		if d, _, err = deploymentAt(ctx, b, t, k, s.db.dialect().lock); err != nil {
			return err
		}
		change(&d)
		d.DeploymentKey = k
		return s.saveDeployment(ctx, b, t, d)
	})
	if err != nil {
		return control.DeploymentRecord{}, fmt.Errorf("remembering a deployment: %w", err)
	}
	return d, nil
}

// saveDeployment keeps when one was decided as the time by which the history is ordered.
func (s *Store) saveDeployment(ctx context.Context, b *batch, t control.Tenant, d control.DeploymentRecord) error {
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = b.exec(ctx, `INSERT INTO deployment (installation_id, repository_id, environment, run_id, attempt, is_open, wake, went, settled, proven, body, changed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (installation_id, repository_id, environment, run_id, attempt) DO UPDATE SET is_open = excluded.is_open, wake = excluded.wake,
			went = excluded.went, settled = excluded.settled, proven = excluded.proven, body = excluded.body, changed = excluded.changed`,
		t.Installation, t.Repository, d.Environment, d.Run, d.Attempt, d.Open(), micros(d.Wake), d.Went(), d.Settled, d.Went() && d.Succeeded && d.Basis == evidence.BasisEvidence, body, micros(d.Changed()))
	return err
}

// EvidenceVersion counts what was added to the evidence.
func (s *Store) EvidenceVersion(ctx context.Context, t control.Tenant) (int64, error) {
	version, _, err := get(ctx, s, whole[int64], evidenceVersion, t.Installation, t.Repository)
	return version, err
}

const evidenceVersion = `SELECT version FROM evidence_version WHERE installation_id = $1 AND repository_id = $2`

// countEvidence says that there is more evidence than before.
func countEvidence(ctx context.Context, b *batch, t control.Tenant) error {
	_, err := b.exec(ctx, `INSERT INTO evidence_version (installation_id, repository_id, version) VALUES ($1, $2, 1)
		ON CONFLICT (installation_id, repository_id) DO UPDATE SET version = evidence_version.version + 1`, t.Installation, t.Repository)
	return err
}

// DecideDeployment writes a decision and all that it takes in one transaction, or nothing.
func (s *Store) DecideDeployment(ctx context.Context, t control.Tenant, v control.DeploymentVerdict) (control.DeploymentRecord, error) {
	d := v.Record
	err := s.write(ctx, func(ctx context.Context, b *batch) error {
		d = v.Record
		end, err := s.lockLedger(ctx, b, t)
		if err != nil {
			return err
		}
		had, known, err := deploymentAt(ctx, b, t, d.DeploymentKey, s.db.dialect().lock)
		if err != nil {
			return err
		}
		if err := s.mayDecide(ctx, b, t, had, v); err != nil {
			return err
		}
		if had.Digest != d.Digest {
			entry, err := s.appendEntry(ctx, b, t, end, control.LedgerEntry{Kind: v.Kind, Subject: d.Digest, At: v.At}, v.Body)
			if err != nil {
				return err
			}
			d.Sequence, d.Chain = entry.Sequence, entry.Chain
		} else {
			d.Sequence, d.Chain = had.Sequence, had.Chain
		}
		if v.Debt != nil {
			if err := openDebt(ctx, b, t, d.Environment, *v.Debt); err != nil {
				return err
			}
		}
		if v.Beside && known && !had.Locked {
			return nil
		}
		return s.saveDeployment(ctx, b, t, d)
	})
	if errors.Is(err, control.ErrMovedOn) {
		return control.DeploymentRecord{}, err
	}
	if err != nil {
		return control.DeploymentRecord{}, fmt.Errorf("recording a deployment's decision: %w", err)
	}
	return d, nil
}

// mayDecide refuses what stands on something that is no longer so, and takes the use of a waiver.
func (s *Store) mayDecide(ctx context.Context, b *batch, t control.Tenant, had control.DeploymentRecord, v control.DeploymentVerdict) error {
	if v.Record.Basis == evidence.BasisBypass {
		if had.Basis == evidence.BasisBypass {
			return fmt.Errorf("it is recorded already: %w", control.ErrMovedOn)
		}
		return nil
	}
	if !had.Open() && !v.Beside {
		return fmt.Errorf("it is decided already: %w", control.ErrMovedOn)
	}
	if v.Record.Outcome != gate.OutcomeApproved {
		return nil
	}
	version, _, err := first(ctx, b, whole[int64], evidenceVersion+s.db.dialect().lock, t.Installation, t.Repository)
	if err != nil {
		return err
	}
	if version != v.Evidence && v.Evidence != control.AnyEvidence {
		return fmt.Errorf("there is more evidence: %w", control.ErrMovedOn)
	}
	if v.Waiver == nil || had.Waiver == v.Waiver.ID { // this attempt has its use already
		return nil
	}
	n, err := b.exec(ctx, `UPDATE waiver SET used = used + 1 WHERE installation_id = $1 AND repository_id = $2 AND id = $3 AND used = $4
		AND NOT revoked AND expires > $5`, t.Installation, t.Repository, v.Waiver.ID, v.Waiver.Used, micros(v.At))
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("the waiver was used or revoked: %w", control.ErrMovedOn)
	}
	return nil
}

func openDebt(ctx context.Context, b *batch, t control.Tenant, environment string, d gate.Debt) error {
	_, err := b.exec(ctx, `INSERT INTO test_debt (installation_id, repository_id, environment, tree, commit_sha, basis, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (installation_id, repository_id, environment, tree, at) DO NOTHING`,
		t.Installation, t.Repository, environment, d.Tree, d.Commit, int64(d.Basis), micros(d.At))
	return err
}

// Debts lists the trees that went to an environment without proof after a time, oldest first.
func (s *Store) Debts(ctx context.Context, t control.Tenant, environment string, after time.Time) ([]gate.Debt, error) {
	return all(ctx, s, func(row scan, d *gate.Debt) error {
		var basis, at int64
		err := row(&d.Tree, &d.Commit, &basis, &at)
		d.At, d.Basis = fromMicros(at), evidence.BasisBypass // whatever is not known is the worst
		if basis == int64(evidence.BasisWaiver) {
			d.Basis = evidence.BasisWaiver
		}
		return err
	}, `SELECT tree, commit_sha, basis, at FROM test_debt WHERE installation_id = $1 AND repository_id = $2 AND environment = $3 AND at > $4
		ORDER BY at LIMIT 1000`, t.Installation, t.Repository, environment, micros(after))
}
