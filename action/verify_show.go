package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/gate/lock"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// shown is what is told of a deployment, in the log, the summary and the outputs alike.
type shown struct {
	outcome verdict.Outcome
	title   string
	rows    [][2]string
	text    string // for people, from the App or from here
	outputs actions.Outputs
}

// decided tells what the App signed.
func (c *step) decided(job lock.Job, a lock.Answer, file string) (verdict.Outcome, error) {
	v := a.Verdict
	outcome := a.Outcome()
	s := shown{
		outcome: outcome, title: fmt.Sprintf("%s: %s of commit %s", v.Outcome, v.Subject.Environment, v.Subject.Commit), text: a.Message,
		rows:    append(subjectRows(job), [2]string{"Decision", v.Outcome}, [2]string{"Code", a.Code.String()}, [2]string{"Basis", v.Basis}),
		outputs: actions.Outputs{Outcome: outcome, Decision: v.Outcome, Code: a.Code.String(), VerdictFile: file},
	}
	s.rows = append(s.rows, [2]string{"Signed for", fmt.Sprintf("run %d attempt %d, job %s, until %s", v.Subject.RunID, v.Subject.Attempt, v.Subject.Job, v.Expires.Format(time.RFC3339))},
		[2]string{"Ledger", fmt.Sprintf("entry %d", v.Sequence)})
	return c.show(s)
}

// refuse tells why nothing may be deployed, which nobody signed.
func (c *step) refuse(job lock.Job, why string) (verdict.Outcome, error) {
	return c.show(shown{outcome: verdict.Block, title: "refused: " + job.Environment + " of commit " + job.Commit, text: why, rows: subjectRows(job), outputs: actions.Outputs{Outcome: verdict.Block}})
}

// advise says what can be seen without the App. It approves nothing.
func (c *step) advise(job lock.Job) (verdict.Outcome, error) {
	return c.show(shown{
		outcome: verdict.Undecided, title: "advice for " + job.Environment + ": no App was asked, so nothing is decided, signed or recorded",
		text: "Seen: that the checkout is the commit, without changes, and that artifacts are named so that nobody can move them. " +
			"Not seen: evidence, runs, freezes, debts, waivers. Only the App looks at them: name it in server-url.",
		rows: subjectRows(job), outputs: actions.Outputs{Outcome: verdict.Undecided},
	})
}

func subjectRows(job lock.Job) [][2]string {
	out := [][2]string{{"Environment", job.Environment}, {"Commit", job.Commit}}
	if job.Tree != "" {
		out = append(out, [2]string{"Tree", job.Tree})
	}
	for _, d := range job.Digests {
		out = append(out, [2]string{"Artifact", d})
	}
	return out
}

// show tells it everywhere, whatever fail-on says: this is a lock.
func (c *step) show(s shown) (verdict.Outcome, error) {
	if err := c.runner.WriteOutputs(s.outputs); err != nil {
		return verdict.Undecided, &faultError{err}
	}
	c.runner.Say("%s", s.title)
	for _, row := range s.rows {
		c.runner.Say("  %-12s %s", row[0], row[1])
	}
	c.runner.Say("%s", s.text)
	if err := c.runner.WriteSummary(s.markdown()); err != nil {
		c.runner.Warn("platform", "the job's summary was not written: %v", err)
	}
	if s.outcome != verdict.Allow {
		c.runner.Fail("platform: deployment "+s.outcome.Word(), errors.New(s.title+"\n"+s.text))
	}
	return s.outcome, nil
}

func (s shown) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s Deployment\n\n%s\n\n| | |\n|---|---|\n", render.Symbol(s.outcome), render.Inert(s.title))
	for _, row := range s.rows {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], render.Inert(row[1]))
	}
	b.WriteString("\n")
	for line := range strings.Lines(s.text) {
		b.WriteString(render.Inert(strings.TrimSuffix(line, "\n")) + "  \n")
	}
	return b.String()
}
