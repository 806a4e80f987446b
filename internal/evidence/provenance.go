package evidence

import (
	"fmt"
	"slices"
	"strings"
)

// doubt is why a provenance does not count: how grave, and in words. The zero doubt is none.
type doubt struct {
	code  Code
	found string
	fix   string
}

const attest = "attest the artifact in the job that builds it (actions/attest-build-provenance), and deploy that digest"

// unproven is the first digest without a provenance that counts.
func (a *asked) unproven() string {
	for _, d := range a.q.Digests {
		if _, ok := a.built(d); !ok {
			return d
		}
	}
	return ""
}

// notBuilt refuses a digest, by what comes nearest to proving it.
func (a *asked) notBuilt(digest string) answer {
	d, _ := a.built(digest)
	looked := "verified provenance of " + digest + " from commit " + short(a.q.Commit)
	if by := a.builders(); len(by) > 0 {
		looked += " by " + quoteAll(by)
	}
	return refuse(d.code, looked, d.found, d.fix)
}

// built reports that a provenance of a digest counts; else the doubt that is nearest to none.
func (a *asked) built(digest string) (doubt, bool) {
	nearest := doubt{CodeWrongDigest, "none", attest}
	if broken := a.broken(); broken != "" {
		nearest.found = "none; of what was brought: " + quote(broken)
	}
	proven, _ := a.q.Provenance.Get()
	var doubts []doubt
	for _, p := range proven {
		if p.Digest != digest || p.Broken != "" {
			continue
		}
		d := a.doubts(p)
		if d == (doubt{}) {
			return d, true
		}
		doubts = append(doubts, d)
	}
	slices.SortFunc(doubts, func(x, y doubt) int { // who built it is asked last, so that it is nearest
		if x.code != y.code {
			return int(y.code) - int(x.code)
		}
		return strings.Compare(x.found, y.found)
	})
	if len(doubts) > 0 {
		nearest = doubts[0]
	}
	return nearest, false
}

// broken is why one of the statements does not hold; always the same one of several.
func (a *asked) broken() string {
	proven, _ := a.q.Provenance.Get()
	var all []string
	for _, p := range proven {
		if p.Broken != "" {
			all = append(all, p.Broken)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return slices.Min(all)
}

// builders are the workflows that may build.
func (a *asked) builders() []string {
	if len(a.q.Requirement.BuildWorkflows) > 0 {
		return a.q.Requirement.BuildWorkflows
	}
	return a.q.Requirement.DeployWorkflows
}

// doubts judges what a provenance says: of this repository's commit C, by a listed workflow as it is at C, on a runner and
// an event that not anybody can have.
func (a *asked) doubts(p Provenance) doubt {
	by := a.builders()
	switch {
	case p.RepositoryID <= 0 || p.RepositoryID != a.q.Tenant.Repository:
		return doubt{CodeWrongDigest, fmt.Sprintf("one built from repository %d", p.RepositoryID), attest}
	case p.Commit != a.q.Commit:
		return doubt{CodeWrongDigest, "one built from commit " + quote(p.Commit), "deploy what was built from the commit that is deployed"}
	case len(by) == 0:
		return doubt{CodeUntrustedProducer, "one built by " + quote(p.Workflow) + ", and no workflow is listed", "list the workflow that builds under build_workflows"}
	case !slices.Contains(by, p.Workflow):
		return doubt{CodeUntrustedProducer, "one built by " + quote(p.Workflow), "build it in a listed workflow, or list this one under build_workflows"}
	case p.WorkflowCommit != p.Commit:
		return doubt{CodeUntrustedProducer, "one built by " + quote(p.Workflow) + " as of commit " + quote(p.WorkflowCommit), "build it in a run of the commit itself"}
	case !a.runsOn(p.Runner):
		return doubt{CodeUntrustedProducer, "one built on a runner that is " + quote(p.Runner), "build it on a runner of GitHub's own"}
	case !a.buildEvent(p):
		return doubt{CodeUntrustedProducer, "one built on " + quote(p.Event) + " for " + quote(p.Ref), "build it on a push, in a merge queue, for a release, or by hand on the branch of from"}
	}
	return doubt{}
}

// buildEvent: what a pull request builds anybody can propose, and whoever starts a run by hand on a branch of their own
// chooses its inputs.
func (a *asked) buildEvent(p Provenance) bool {
	switch p.Event {
	case "push", "merge_group", "release":
		return true
	case "workflow_dispatch":
		return a.q.Requirement.From != "" && p.Ref == "refs/heads/"+a.q.Requirement.From
	}
	return false
}
