package control

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
)

// TestedInput says what a commit is that is asked about.
type TestedInput struct {
	Queued bool `json:"queued"` // the commit of a merge group
	Gone   bool `json:"gone"`   // which was dissolved
}

// Waits of a check that nothing may wake. A run that has just begun ends soon; one that takes hours is not asked about
// every minute.
const (
	firstRun   = 2 * time.Minute // what a new head is given for its first run to appear
	soonWait   = time.Minute
	laterWait  = 5 * time.Minute
	longWait   = 30 * time.Minute
	mergeLimit = 10 * time.Minute // what GitHub is given to make a test merge
)

// subject is a tree that may be deployed after the merge of a commit.
type subject struct {
	number int    // of the pull request; 0: a merge group
	commit string // the test merge, or the group's commit
	tree   string
	merged []string // what it is the merge of
	author int64
	late   bool // GitHub has no test merge, and has had time to make one
}

// known reports that there is a tree to ask about.
func (s subject) known() bool { return s.tree != "" }

// answered is the decision on one subject for one environment.
type answered struct {
	subject     subject
	environment string
	decision    evidence.Decision
}

// tested decides whether what a commit would become was tested, and brings the check platform/tested to it. It says
// before the merge what the gate will say after it.
func (f *Flow) tested(ctx context.Context, r Repository, t Task) error {
	if r.Archived {
		return nil
	}
	in, err := testedInput(t)
	if err != nil {
		return err
	}
	c, known, err := f.testedCheck(ctx, r, t.Subject)
	if err != nil {
		return err
	}
	c.Queued = c.Queued || in.Queued
	want, err := f.requirements(ctx, r)
	if err != nil {
		return err
	}
	var subjects []subject
	if len(want.environments) > 0 && !in.Gone {
		if subjects, err = f.subjects(ctx, r, c); err != nil {
			return err
		}
	}
	if len(subjects) == 0 {
		if !known {
			return nil
		}
		return f.abandonTested(ctx, r, c)
	}
	answers, err := f.askAll(ctx, r, c.Head, want, subjects)
	if err != nil {
		return err
	}
	c.Tree = subjects[0].tree
	return f.publishTested(ctx, r, c, want, answers)
}

// wantTested asks whether a commit was tested, where the default branch wants to know.
func (f *Flow) wantTested(ctx context.Context, r Repository, head string, c change, in *TestedInput) error {
	if len(c.standards) == 0 || !asksTests(c.standards[0].settings.Config) {
		return f.endTested(ctx, r, head)
	}
	task := Task{Tenant: r.Tenant, Kind: EvaluateTested, Subject: head}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		task.Input = data
	}
	return f.o.Queue.Want(ctx, task)
}

// testedAgain looks anew, where somebody asked for that of platform/tested alone or of all checks. GitHub takes back what
// a check shows that is run again, so that it has to be written whatever comes out.
func (f *Flow) testedAgain(ctx context.Context, r Repository, in ButtonInput) (alone bool, err error) {
	c, known, err := f.o.Records.TestedCheck(ctx, r.Tenant, in.Head)
	if err != nil || !known || in.Check != 0 && in.Check != c.ID {
		return false, err
	}
	c.Shown = ""
	if err := f.o.Records.SaveTestedCheck(ctx, r.Tenant, c); err != nil {
		return false, err
	}
	return in.Check != 0, f.o.Queue.Want(ctx, Task{Tenant: r.Tenant, Kind: EvaluateTested, Subject: in.Head, Input: queuedInput(c)})
}

// endTested looks at a check that nobody may wait for any more, if there is one.
func (f *Flow) endTested(ctx context.Context, r Repository, head string) error {
	c, known, err := f.o.Records.TestedCheck(ctx, r.Tenant, head)
	if err != nil || !known || c.Finished {
		return err
	}
	return f.o.Queue.Want(ctx, Task{Tenant: r.Tenant, Kind: EvaluateTested, Subject: head, Input: queuedInput(c)})
}

// wantGone ends the check of a merge group that was dissolved.
func (f *Flow) wantGone(ctx context.Context, r Repository, head string) error {
	if _, known, err := f.o.Records.TestedCheck(ctx, r.Tenant, head); err != nil || !known {
		return err
	}
	return f.o.Queue.Want(ctx, Task{Tenant: r.Tenant, Kind: EvaluateTested, Subject: head, Input: json.RawMessage(`{"gone":true}`)})
}

func testedInput(t Task) (TestedInput, error) {
	var in TestedInput
	if len(t.Input) == 0 {
		return in, nil
	}
	if err := json.Unmarshal(t.Input, &in); err != nil {
		return in, &Parked{Reason: "the input of a check cannot be read: " + err.Error()}
	}
	return in, nil
}

// testedCheck is what is remembered of the check. Where its creation was begun and its answer never seen, GitHub is asked.
func (f *Flow) testedCheck(ctx context.Context, r Repository, head string) (TestedCheck, bool, error) {
	c, known, err := f.o.Records.TestedCheck(ctx, r.Tenant, head)
	if err != nil || !known {
		return TestedCheck{Head: head, First: f.o.Now()}, false, err
	}
	if c.ID != 0 {
		return c, true, nil
	}
	if c.ID, c.Finished, err = f.o.Forge.FindTested(ctx, r, head); err != nil {
		return c, true, err
	}
	return c, true, nil
}

// subjects are the trees that may be deployed after a merge of the head: of each open pull request its test merge, of a
// merge group its own commit.
func (f *Flow) subjects(ctx context.Context, r Repository, c TestedCheck) ([]subject, error) {
	if c.Queued {
		commit, err := f.o.Forge.Commit(ctx, r, c.Head)
		if errors.Is(err, ErrGone) {
			return nil, nil
		}
		return []subject{{commit: commit.SHA, tree: commit.Tree, merged: append([]string{commit.SHA}, commit.Parents...)}}, err
	}
	pulls, err := f.live(ctx, r, c.Head)
	if err != nil {
		return nil, err
	}
	var out []subject
	for _, p := range pulls {
		s := subject{number: p.Number, author: p.AuthorID, merged: []string{c.Head}, late: f.o.Now().Sub(latest(c.First, p.Updated)) > mergeLimit}
		if p.MergeCommit != "" {
			commit, err := f.o.Forge.Commit(ctx, r, p.MergeCommit)
			if err != nil && !errors.Is(err, ErrGone) {
				return nil, err
			}
			// An older test merge stays named while GitHub makes a new one, and where there is a conflict.
			for _, parent := range commit.Parents {
				if parent == c.Head {
					s.commit, s.tree, s.merged = commit.SHA, commit.Tree, append(s.merged, commit.Parents...)
				}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// askAll asks about every subject in every environment.
func (f *Flow) askAll(ctx context.Context, r Repository, head string, want requirements, subjects []subject) ([]answered, error) {
	var out []answered
	for _, s := range subjects {
		if !s.known() {
			for _, e := range want.environments {
				out = append(out, answered{s, e.environment, f.unmerged(s, e)})
			}
			continue
		}
		facts, err := f.testFacts(ctx, r, head, want, s)
		if err != nil {
			return nil, err
		}
		for _, e := range want.environments {
			q := facts
			q.Environment, q.Requirement = e.environment, e.Requirement
			out = append(out, answered{s, e.environment, evidence.Tested(q)})
		}
	}
	return out, nil
}

// unmerged answers where there is no tree to ask about.
func (f *Flow) unmerged(s subject, e requirement) evidence.Decision {
	d := evidence.Decision{Outcome: evidence.OutcomeWaiting}
	reason := evidence.Reason{
		Code: evidence.CodeMergeNotTested, Looked: "GitHub's test merge of this head", Found: "none yet", Message: "GitHub has not made the test merge yet",
	}
	if s.late {
		d.Outcome = evidence.OutcomeNotTested
		reason.Message, reason.Found, reason.Fix = "there is no merge result that could have been tested", "none: the branches conflict", "merge the base branch into this one and resolve the conflicts"
	}
	for _, suite := range e.Suites {
		d.Suites = append(d.Suites, evidence.SuiteDecision{Name: suite.Name, Outcome: d.Outcome, Reason: reason})
	}
	return d
}

// testFacts gathers what the decision looks at, but for the requirement.
func (f *Flow) testFacts(ctx context.Context, r Repository, head string, want requirements, s subject) (evidence.Question, error) {
	q := evidence.Question{Tenant: tenantOf(r.Tenant), Commit: s.commit, Tree: s.tree, Merged: s.merged, Now: f.o.Now()}
	records, err := f.o.Records.Evidence(ctx, r.Tenant, EvidenceSearch{
		Suites: want.names(), Trees: []string{s.tree}, Commits: append([]string{s.commit}, s.merged...), Newest: 3,
	})
	if err != nil {
		return q, err
	}
	q.Records = fact.Of(records)
	runs, troubles, err := f.runsAbout(ctx, r, head, want, s, records)
	if err != nil {
		return q, err
	}
	q.Runs = runs
	if troubles != "" { // an artifact that could have been evidence is none, and nobody can tell what it would have said
		q.Records = fact.Missing[[]evidence.Record](troubles)
	}
	guarded, err := f.guardedChanges(ctx, r, head, want, s)
	if err != nil {
		return q, err
	}
	q.Guarded = guarded
	q.History = fact.Of(evidence.History{}) // nothing was deployed by an approval of ours
	q.Changes = fact.Missing[evidence.Changes]("nothing was deployed by an approval of ours")
	return q, nil
}
