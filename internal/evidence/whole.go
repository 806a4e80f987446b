package evidence

import (
	"fmt"
	"slices"
	"time"
)

// decidable refuses a requirement that asks for nothing, or twice for the same, and stops where a fact is missing that
// every condition needs: nothing may be concluded from the absence of what was not read. Condition 0 is among them.
func (a *asked) decidable() answer {
	switch {
	case len(a.suites) == 0:
		return refuse(CodePolicyError, "at least one required suite", "none", "name the suites under environments.NAME.tested in .github/platform.yml")
	case a.sound().outcome != OutcomeTested:
		return a.sound()
	case a.fault != "":
		return undecided("the runs of this tree", a.fault)
	}
	for _, group := range []struct{ what, why string }{
		{"records", a.q.Records.Why()}, {"runs", a.q.Runs.Why()}, {"ledger", a.q.History.Why()}, {"guarded content", a.q.Guarded.Why()},
	} {
		if group.why != "" {
			return undecided("the "+group.what+" of this repository", group.why)
		}
	}
	return a.required()
}

// sound is that the question says what it is about.
func (a *asked) sound() answer {
	switch q := a.q; {
	case q.Now.IsZero():
		return undecided("the present time", "none was given")
	case !q.Tenant.Known():
		return undecided("the installation and the repository", "one of them is not known")
	case !isObject(q.Commit) || !isObject(q.Tree):
		return undecided("a commit and its tree", fmt.Sprintf("commit %s, tree %s", quote(q.Commit), quote(q.Tree)))
	}
	return passed()
}

func (a *asked) required() answer {
	for i, s := range a.suites {
		if s.Name == "" || s.Workflow == "" || s.Job == "" {
			return refuse(CodePolicyError, "name, workflow and job of every suite", "suite "+quote(s.Name)+" without one of them", "complete it in .github/platform.yml")
		}
		if i > 0 && a.suites[i-1].Name == s.Name {
			return refuse(CodePolicyError, "suites of different names", "two named "+quote(s.Name), "rename one in .github/platform.yml")
		}
	}
	return passed()
}

// digests is the part of condition 1 that belongs to no suite: whatever was tested, an artifact that is deployed has to
// be built from this commit.
func (a *asked) digests() answer {
	switch q := a.q; {
	case slices.ContainsFunc(q.Digests, func(d string) bool { return !isDigest(d) }):
		return refuse(CodeWrongDigest, "digests such as sha256:…", quoteAll(q.Digests), "deploy by digest: a tag can be moved")
	case len(q.Digests) > 0 && q.Provenance.Why() != "":
		return undecided("provenance of the artifacts", q.Provenance.Why())
	case a.unproven() != "":
		return a.notBuilt(a.unproven())
	}
	return passed()
}

// deployer is condition 9: the run that asks is a listed workflow's, its commit is C, and C is on the branch.
func (a *asked) deployer() answer {
	if a.q.RunID == 0 {
		return passed()
	}
	d, ok := a.q.Deployer.Get()
	want := a.q.Requirement
	switch {
	case !ok:
		return undecided("the run that asks to deploy", a.q.Deployer.Why())
	case d.RunID != a.q.RunID || d.Attempt != a.q.Attempt:
		return refuse(CodeSubjectMismatch, fmt.Sprintf("run %d, attempt %d", a.q.RunID, a.q.Attempt), fmt.Sprintf("run %d, attempt %d", d.RunID, d.Attempt), "deploy again from a new run")
	case d.RepositoryID != a.q.Tenant.Repository || d.HeadRepositoryID != d.RepositoryID:
		return refuse(CodeSubjectMismatch, fmt.Sprintf("a run of repository %d on its own code", a.q.Tenant.Repository),
			fmt.Sprintf("a run of repository %d on code of repository %d", d.RepositoryID, d.HeadRepositoryID), "deploy from a branch of this repository")
	case d.HeadCommit != a.q.Commit:
		return refuse(CodeSubjectMismatch, "a run on commit "+short(a.q.Commit), "a run on commit "+quote(d.HeadCommit), "deploy from a run of the commit that is deployed")
	case len(want.DeployWorkflows) > 0 && !slices.Contains(want.DeployWorkflows, d.Workflow):
		return refuse(CodeUntrustedProducer, "a deployment by "+quoteAll(want.DeployWorkflows), "one by "+quote(d.Workflow), "deploy by a listed workflow, or list this one under deploy_workflows")
	case len(want.DeployJobs) > 0 && len(d.Jobs) == 0:
		return undecided("the jobs of the run that name the environment", "none is known")
	case len(want.DeployJobs) > 0 && !holds(want.DeployJobs, d.Jobs):
		return refuse(CodeUntrustedProducer, "deploying jobs "+quoteAll(want.DeployJobs), quoteAll(d.Jobs), "deploy in a listed job, or list this one under deploy_jobs")
	}
	if path := a.unapproved(); path != nil {
		return a.selfAttested(path)
	}
	return a.reachable(d)
}

func (a *asked) reachable(d Deployer) answer {
	from := a.q.Requirement.From
	if from == "" {
		return passed()
	}
	on, ok := d.Reachable.Get()
	if !ok {
		return undecided("whether "+short(a.q.Commit)+" is on branch "+quote(from), d.Reachable.Why())
	}
	if !on {
		return refuse(CodeSubjectMismatch, "a commit on branch "+quote(from), short(a.q.Commit)+", which is not on it", "merge it into "+quote(from)+" and deploy from there")
	}
	return passed()
}

// promotion is condition 8, from our own ledger: the same subject ran in the stage before, and long enough.
func (a *asked) promotion() answer {
	stage, soak := a.q.Requirement.After, a.q.Requirement.Soak
	if stage == "" {
		return passed()
	}
	looked := fmt.Sprintf("an approved and successful deployment of %s to %s", a.what(), quote(stage))
	if soak > 0 {
		looked += " that stayed for " + soak.String()
	}
	best := refuse(CodeStageMissing, looked, "none in the ledger", "deploy it to "+quote(stage)+" first")
	deployments := a.q.Deployments(stage)
	for i, d := range deployments {
		if !a.q.counts(d) || !a.same(d) {
			continue
		}
		if got := a.soaked(deployments[i:], looked); best.reason.Code == CodeStageMissing || got.outcome > best.outcome {
			best = got
		}
	}
	return best
}

// soaked judges the first of the deployments, which the others followed.
func (a *asked) soaked(d []Deployment, looked string) answer {
	begun, soak := d[0].At, a.q.Requirement.Soak
	for _, next := range d[1:] {
		if next.Succeeded && !a.same(next) {
			if next.At.Sub(begun) >= soak {
				return passed()
			}
			return refuse(CodeSoak, looked, fmt.Sprintf("one of %s, which another one replaced after %s", stamp(begun), next.At.Sub(begun)), "deploy it there again and leave it")
		}
	}
	if ready := begun.Add(soak); ready.After(a.q.Now) {
		w := waiting(CodeSoak, looked, "one of "+stamp(begun), "wait until "+stamp(ready))
		w.until = ready
		return w
	}
	return passed()
}

// same reports a deployment of the subject: its digests where some are asked for, else its tree.
func (a *asked) same(d Deployment) bool {
	if len(a.q.Digests) > 0 {
		return holds(d.Digests, a.q.Digests) && holds(a.q.Digests, d.Digests)
	}
	return d.Tree == a.q.Tree
}

func (a *asked) what() string {
	if len(a.q.Digests) > 0 {
		return quoteAll(a.q.Digests)
	}
	return "tree " + short(a.q.Tree)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
