package evidence

import (
	"fmt"
	"slices"
)

// recordedNothing answers for a newest trusted attempt without a record of the suite.
func (a *asked) recordedNothing(newest *view, s SuiteRequirement) answer {
	looked := a.wanted(s)
	run := newest.run
	name := fmt.Sprintf("run %d, attempt %d, of %s", run.ID, run.Attempt, stamp(run.Started))
	if run.Gone {
		return refuse(CodeEvidenceMissing, looked, name+", which GitHub does not know any more", a.again(s.Workflow))
	}
	switch a.mayRecord(run) {
	case yes:
		return waiting(CodeRunning, looked, name+", which has not ended", fmt.Sprintf("gh run watch %d", run.ID))
	case unknown:
		return undecided(looked, name+", of whose jobs it is not known how far they are: "+run.Jobs.Why())
	case no:
	}
	found := name + ", which recorded nothing for it"
	if run.Status == StatusCompleted {
		found = fmt.Sprintf("%s and concluded %s", found, quote(run.Conclusion))
	}
	switch older := a.before(newest, s, func(view) bool { return true }); {
	case newest.distrust != "":
		return refuse(CodeUntrustedProducer, looked, newest.distrust, fixTrust)
	case older != nil:
		return refuse(CodeSuperseded, looked, found+"; older evidence no longer counts", fmt.Sprintf("gh run rerun %d", run.ID))
	}
	return refuse(CodeNoEvidence, looked, found, "record the suite in that workflow (docs/evidence.md), and run it again")
}

const fixTrust = "record it by the workflow and job that .github/platform.yml names, or correct them there on the default branch"

// tri is an answer of which not knowing is no answer.
type tri uint8

const (
	unknown tri = iota
	no
	yes
)

// mayRecord reports that a run may still record something. The run that asks to deploy does not wait for itself: its
// deploying jobs, which wait for this answer, do not count.
func (a *asked) mayRecord(r *Run) tri {
	if r.Status == StatusCompleted {
		return no
	}
	asks := r.ID == a.q.RunID && r.Attempt == a.q.Attempt
	jobs, known := r.Jobs.Get()
	switch {
	case r.Status == StatusUnknown || asks && len(jobs) == 0:
		return unknown
	case !known:
		return yes
	}
	var deploying []string
	if asks {
		d, _ := a.q.Deployer.Get()
		deploying = d.Jobs
	}
	held := asks
	for _, j := range jobs {
		switch j.Status {
		case StatusQueued, StatusRunning:
			if !slices.Contains(deploying, j.Name) {
				return yes
			}
		case StatusWaiting:
			held = true
		case StatusUnknown:
			return unknown
		case StatusCompleted:
		}
	}
	if held {
		return no // what is left comes after an approval
	}
	return yes // between two jobs
}

// finished reports that the suite's job is done with success in the attempt that recorded; else what to answer.
func (a *asked) finished(at *view, s SuiteRequirement) (answer, bool) {
	looked := a.wanted(s)
	name := fmt.Sprintf("run %d, attempt %d", at.id.run, at.id.attempt)
	if at.run == nil {
		if a.listed(at.id.run) {
			return undecided(looked, name+", which is not among the attempts that GitHub lists of this run"), false
		}
		return refuse(CodeEvidenceMissing, looked, "evidence of "+name+", which GitHub does not list", a.again(s.Workflow)), false
	}
	if at.run.Gone {
		return refuse(CodeEvidenceMissing, looked, "evidence of "+name+", which GitHub does not know any more", a.again(s.Workflow)), false
	}
	if at.run.Jobs.Why() != "" {
		return undecided(looked, name+", whose jobs are not known: "+at.run.Jobs.Why()), false
	}
	jobs := jobsOf(at.run, s.Job)
	if len(jobs) == 0 {
		return refuse(CodeUntrustedProducer, looked, name+", which has no job "+quote(s.Job), fixTrust), false
	}
	return a.succeeded(jobs, name, looked, at.id.run)
}

func (a *asked) succeeded(jobs []Job, name, looked string, run int64) (answer, bool) {
	for _, j := range jobs {
		switch {
		case j.Status == StatusUnknown:
			return undecided(looked, name+", of whose job "+quote(j.Name)+" it is not known how far it is"), false
		case j.Status != StatusCompleted:
			return waiting(CodeRunning, looked, name+", whose job "+quote(j.Name)+" has not ended", fmt.Sprintf("gh run watch %d", run)), false
		case j.Conclusion != success:
			return refuse(CodeTestsFailed, looked, name+", whose job "+quote(j.Name)+" concluded "+quote(j.Conclusion), fmt.Sprintf("gh run view %d --log-failed", run)), false
		case !a.runsOn(j.Runner):
			return refuse(CodeUntrustedProducer, looked, name+", whose job ran on a runner that is "+quote(j.Runner), fixTrust), false
		}
	}
	return answer{}, true
}

// listed reports that the API knows another attempt of a run.
func (a *asked) listed(run int64) bool {
	return slices.ContainsFunc(a.attempts, func(at *attempt) bool { return at.id.run == run && at.run != nil })
}
