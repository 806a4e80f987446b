package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate"
)

// DeployedTo are the environments that something was to be deployed to, by name.
func (s *Store) DeployedTo(ctx context.Context, t control.Tenant) ([]string, error) {
	return all(ctx, s, whole[string], `SELECT DISTINCT environment FROM deployment WHERE installation_id = $1 AND repository_id = $2
		ORDER BY environment LIMIT 100`, t.Installation, t.Repository)
}

// NewestDeployments lists those to an environment, newest first. The index has those that went ahead apart from the others.
func (s *Store) NewestDeployments(ctx context.Context, t control.Tenant, environment string, limit int) ([]control.DeploymentRecord, error) {
	var out []control.DeploymentRecord
	for _, went := range []bool{true, false} {
		part, err := all(ctx, s, readDeployment, `SELECT body FROM deployment WHERE installation_id = $1 AND repository_id = $2 AND environment = $3 AND went = $4
			ORDER BY changed DESC LIMIT $5`, t.Installation, t.Repository, environment, went, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	slices.SortStableFunc(out, func(a, b control.DeploymentRecord) int {
		return cmp.Or(b.Changed().Compare(a.Changed()), cmp.Compare(b.Run, a.Run), cmp.Compare(b.Attempt, a.Attempt))
	})
	return out[:min(len(out), limit)], nil
}

// UnpaidDebts are of the trees that went to an environment since the last one that was approved on evidence and succeeded.
func (s *Store) UnpaidDebts(ctx context.Context, t control.Tenant, environment string) ([]gate.Debt, error) {
	paid, _, err := get(ctx, s, whole[int64], `SELECT COALESCE(MAX(changed), 0) FROM deployment
		WHERE installation_id = $1 AND repository_id = $2 AND environment = $3 AND went AND proven`, t.Installation, t.Repository, environment)
	if err != nil {
		return nil, err
	}
	var after time.Time
	if paid > 0 {
		after = fromMicros(paid)
	}
	list, err := s.Debts(ctx, t, environment, after)
	slices.Reverse(list)
	return list, err
}
