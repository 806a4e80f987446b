package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/fact"
)

// name gives the decision its digests.
func (a *asked) name() {
	d := &a.decision
	d.Facts = a.facts()
	d.Digest = sum([]any{d.Facts, d.Outcome, d.Basis, d.Reasons, d.Notes, d.Until, d.Wait, d.Environment, d.Would, d.Waiver, d.Debt})
}

// factsVersion is of the way in which facts are digested: another way gives other digests of the same facts.
const factsVersion = "facts/3"

// facts is the digest of all that was asked, but for the present time and the requirement of other environments. The order
// in which facts came tells nothing.
func (a *asked) facts() string {
	s := a.q.Subject
	history, hasHistory := s.History.Get()
	deployer, hasDeployer := s.Deployer.Get()
	return sum([]any{
		factsVersion, s.Tenant, s.Commit, s.Tree, s.Digests, s.Merged, s.Environment, s.RunID, s.Attempt, s.Requirement, a.q.Settings.Why(), a.env,
		group(s.Records, (*form).record), group(s.Runs, (*form).run),
		hasHistory, s.History.Why(), sorted(history.Passing, (*form).passing), sorted(history.Deployments, (*form).deployment),
		group(s.Guarded, asJSON), one(s.Changes), group(s.Provenance, asJSON),
		hasDeployer, s.Deployer.Why(), deployer, one(deployer.Reachable),
		group(a.q.Policies, asJSON), group(a.q.Debts, ageless), group(a.q.Waivers, asJSON), one(a.q.People), a.q.Asked,
	})
}

// ageless is a debt without the age of its records, which grows while nothing happens.
func ageless(f *form, d *Debt) {
	still := *d
	still.Evidence.Suites = slices.Clone(d.Evidence.Suites)
	for i := range still.Evidence.Suites {
		still.Evidence.Suites[i].Record = nil
	}
	asJSON(f, &still)
}

func one[T any](k fact.Known[T]) any {
	v, ok := k.Get()
	return []any{ok, k.Why(), v}
}

// sorted is the digest of a list whose order tells nothing, as text.
func sorted[T any](list []T, write func(*form, *T)) string {
	m := unordered(list, write)
	return hex.EncodeToString(m[:])
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
