package evidence

import (
	"fmt"
	"slices"
)

// outOfScope is condition 7. A suite may be left out only if everything speaks for it: it has paths, the comparison is
// whole, it begins at what we last approved in E on evidence, the suite counted then, and nothing that it covers or that
// decides what it says is among the changes.
func (a *asked) outOfScope(s SuiteRequirement) bool {
	last := a.lastDeployed()
	changes, _ := a.q.Changes.Get() // none: not ahead
	if len(s.Paths) == 0 || last.Commit == "" || !changes.Ahead || changes.Truncated || changes.Since != last.Commit || !slices.Contains(last.Suites, s.Name) {
		return false
	}
	return !slices.ContainsFunc(changes.Files, func(f string) bool {
		return f == s.Workflow || matchesAny(s.Paths, f) || matchesAny(s.Guards, f)
	})
}

// lastDeployed is the last deployment to E that counts. One by a waiver is passed over, so that what it brought is still
// among the changes.
func (a *asked) lastDeployed() Deployment {
	if a.q.Environment == "" {
		return Deployment{}
	}
	all := a.deployments(a.q.Environment)
	for _, d := range slices.Backward(all) {
		if a.counts(d) {
			return d
		}
	}
	return Deployment{}
}

// nothing says which of the reasons for no evidence at all is the nearest.
func (a *asked) nothing(s SuiteRequirement, distrust string) answer {
	looked := a.wanted(s)
	if distrust != "" {
		return refuse(CodeUntrustedProducer, looked, distrust, fixTrust)
	}
	var other, merged *Record
	all, _ := a.q.Records.Get()
	for _, i := range a.others {
		r := &all[i]
		if r.suite(s.Name) == nil {
			continue
		}
		if slices.Contains(a.q.Merged, r.Subject.Commit) || slices.Contains(a.q.Merged, r.Producer.HeadCommit) {
			merged = newer(merged, r)
		}
		other = newer(other, r)
	}
	switch {
	case merged != nil:
		return refuse(CodeMergeNotTested, looked, fmt.Sprintf("evidence of %s, which was merged: tree %s", short(merged.Subject.Commit), short(merged.Subject.Tree)), a.again(s.Workflow))
	case other != nil:
		return refuse(CodeWrongTree, looked, fmt.Sprintf("evidence of tree %s at %s, and of no run on this one", short(other.Subject.Tree), short(other.Subject.Commit)), a.again(s.Workflow))
	}
	return refuse(CodeNoEvidence, looked, "no record of it at all", a.again(s.Workflow))
}

// newer is the later of two records; ties are broken by run, so that the order of the records tells nothing.
func newer(a, b *Record) *Record {
	if a == nil || b.Producer.RunStarted.After(a.Producer.RunStarted) ||
		b.Producer.RunStarted.Equal(a.Producer.RunStarted) && b.Producer.RunID > a.Producer.RunID {
		return b
	}
	return a
}
