package evidence

import (
	"slices"
	"strings"
)

// Deployments are those to an environment as far as the ledger is known, oldest first.
func (q Question) Deployments(environment string) []Deployment {
	h, _ := q.History.Get()
	var out []Deployment
	for _, d := range h.Deployments {
		if strings.EqualFold(d.Environment, environment) {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(x, y Deployment) int { return x.At.Compare(y.At) })
	return out
}

// LastDeployed is the last deployment to E that counts; the zero one: none does. One by a waiver is passed over, so that
// what it brought is still among the changes.
func (q Question) LastDeployed() Deployment {
	if q.Environment == "" {
		return Deployment{}
	}
	for _, d := range slices.Backward(q.Deployments(q.Environment)) {
		if q.counts(d) {
			return d
		}
	}
	return Deployment{}
}

// RollsBack reports that this tree already ran in E with our approval on evidence.
func (q Question) RollsBack() bool {
	if q.Environment == "" {
		return false
	}
	return slices.ContainsFunc(q.Deployments(q.Environment), func(d Deployment) bool { return q.counts(d) && d.Tree == q.Tree })
}

// counts reports a deployment that we approved on evidence and that went well; a waiver, an observed environment or a
// bypass launders nothing.
func (q Question) counts(d Deployment) bool {
	return d.Basis == BasisEvidence && d.Succeeded && !d.At.IsZero() && !d.At.After(q.Now.Add(maxSkew))
}
