package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
)

// name gives the decision its digests.
func (a *asked) name() {
	d := &a.decision
	d.Facts = a.facts()
	d.Digest = sum([]any{d.Facts, d.Outcome, d.Basis, d.Reasons, d.Notes, d.Until, d.Wait, d.Environment, d.Would, d.Waiver, d.Debt})
}

// facts is the digest of all that was asked, but for the present time and the requirement of other environments. The order
// in which facts came tells nothing.
func (a *asked) facts() string {
	s := a.q.Subject
	history, hasHistory := s.History.Get()
	deployer, hasDeployer := s.Deployer.Get()
	return sum([]any{
		s.Tenant, s.Commit, s.Tree, s.Digests, s.Merged, s.Environment, s.RunID, s.Attempt, s.Requirement, a.q.Settings.Why(), a.env,
		group(s.Records, func(r evidence.Record) any { return r }),
		group(s.Runs, func(r evidence.Run) any {
			jobs := group(r.Jobs, func(j evidence.Job) any { return j })
			return []any{r, jobs}
		}),
		hasHistory, s.History.Why(), sorted(history.Passing, itself), sorted(history.Deployments, itself),
		group(s.Guarded, itself), one(s.Changes), group(s.Provenance, itself),
		hasDeployer, s.Deployer.Why(), deployer, one(deployer.Reachable),
		group(a.q.Policies, itself), group(a.q.Debts, ageless), group(a.q.Waivers, itself), one(a.q.People), a.q.Asked,
	})
}

func itself[T any](v T) any { return v }

// ageless is a debt without the age of its records, which grows while nothing happens.
func ageless(d Debt) any {
	suites := slices.Clone(d.Evidence.Suites)
	for i := range suites {
		suites[i].Record = nil
	}
	d.Evidence.Suites = suites
	return d
}

func one[T any](k fact.Known[T]) any {
	v, ok := k.Get()
	return []any{ok, k.Why(), v}
}

func group[T any](k fact.Known[[]T], of func(T) any) any {
	list, ok := k.Get()
	return []any{ok, k.Why(), sorted(list, of)}
}

// sorted is the digest of the elements in the order of their JSON, a line each.
func sorted[T any](list []T, of func(T) any) string {
	lines := make([][]byte, 0, len(list))
	for _, v := range list {
		lines = append(lines, encode(of(v)))
	}
	slices.SortFunc(lines, bytes.Compare)
	h := sha256.New()
	for _, line := range lines {
		h.Write(line)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// encode is a value of plain fields as JSON. A time outside of all calendars has none: then what Go prints stands for it.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		data, _ = json.Marshal(fmt.Sprintf("%+v", v)) // a text always has a form
	}
	return data
}

func sum(v any) string {
	h := sha256.Sum256(encode(v))
	return "sha256:" + hex.EncodeToString(h[:])
}
