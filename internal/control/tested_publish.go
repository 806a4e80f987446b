package control

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// worstAnswer is what the answers together come to: one subject that is not tested in one environment decides.
func worstAnswer(want requirements, answers []answered) evidence.Outcome {
	have := map[evidence.Outcome]bool{}
	for _, a := range answers {
		have[a.decision.Outcome] = true
	}
	if len(want.doubts) > 0 || len(answers) == 0 {
		have[evidence.OutcomeUndecided] = true
	}
	for _, o := range []evidence.Outcome{evidence.OutcomeNotTested, evidence.OutcomeUndecided, evidence.OutcomeWaiting, evidence.OutcomeTested} {
		if have[o] {
			return o
		}
	}
	return evidence.OutcomeUndecided
}

// publishTested records the decision and brings the check to it. Text that stands there already is not written again. A
// check that waits has a timer: nothing may come that wakes it.
func (f *Flow) publishTested(ctx context.Context, r Repository, c TestedCheck, want requirements, answers []answered) error {
	outcome := worstAnswer(want, answers)
	early := outcome == evidence.OutcomeNotTested && f.o.Now().Sub(c.First) < firstRun && onlyNothing(answers)
	if early {
		outcome = evidence.OutcomeWaiting // its first run is about to appear
	}
	c.Updated = f.o.Now()
	var err error
	if c.Answer, err = json.Marshal(testedAnswer(outcome, want, answers)); err != nil {
		return err
	}
	if err := f.o.Records.SaveTestedCheck(ctx, r.Tenant, c); err != nil { // the ledger's entry is of it
		return err
	}
	decided, err := verdictOf(c, outcome, want, answers, f.o.Now())
	if err != nil {
		return err
	}
	entry, err := f.o.Records.RecordTested(ctx, r.Tenant, decided)
	if err != nil {
		return err
	}
	text := testedText(c.Head, outcome, want, answers)
	if text.Link = f.page(r, 0, c.Head); len(answers) == 1 {
		text.Link = f.page(r, answers[0].subject.number, c.Head)
	}
	if text.Link != "" {
		text.Link += "#tests"
	}
	if c.ID == 0 || c.Shown != shownDigest(text) {
		if err := f.showTested(ctx, r, c, text, entry); err != nil {
			return err
		}
		f.log(ctx).InfoContext(ctx, "tested", "outcome", outcome.String(), "digest", decided.Digest)
	}
	if outcome != evidence.OutcomeWaiting {
		return nil
	}
	// A key of its own: a timer must not put off what somebody wants at once.
	return f.o.Queue.Want(ctx, Task{Tenant: r.Tenant, Kind: WakeTested, Subject: c.Head, Input: queuedInput(c), NotBefore: f.wake(c, answers)})
}

// TestedAnswer is what was decided on whether a commit was tested, with everything that was looked for and found. Names in it
// are hostile.
type TestedAnswer struct {
	Outcome evidence.Outcome  `json:"outcome"`
	Policy  string            `json:"policy"` // commit of the default branch whose settings asked
	Doubts  []verdict.Finding `json:"doubts,omitempty"`
	Parts   []TestedPart      `json:"parts"`
}

// TestedPart is the decision for one environment.
type TestedPart struct {
	Number      int               `json:"number"` // of the pull request; 0: a merge group
	Environment string            `json:"environment"`
	Commit      string            `json:"commit"`
	Tree        string            `json:"tree"`
	Decision    evidence.Decision `json:"decision"`
}

func testedAnswer(outcome evidence.Outcome, want requirements, answers []answered) TestedAnswer {
	out := TestedAnswer{Outcome: outcome, Policy: want.tip, Doubts: want.doubts, Parts: []TestedPart{}}
	for _, a := range answers {
		out.Parts = append(out.Parts, TestedPart{a.subject.number, a.environment, a.subject.commit, a.subject.tree, a.decision})
	}
	return out
}

func queuedInput(c TestedCheck) json.RawMessage {
	if !c.Queued {
		return nil
	}
	return json.RawMessage(`{"queued":true}`)
}

// onlyNothing reports that nothing but the absence of any run speaks against a subject.
func onlyNothing(answers []answered) bool {
	for _, a := range answers {
		for _, s := range a.decision.Suites {
			nothing := s.Code == evidence.CodeNoEvidence || s.Code == evidence.CodeWrongTree || s.Code == evidence.CodeMergeNotTested
			if s.Outcome == evidence.OutcomeNotTested && (!nothing || s.RunID != 0) {
				return false
			}
		}
	}
	return true
}

// wake is when a waiting check is looked at again, whatever happens.
func (f *Flow) wake(c TestedCheck, answers []answered) time.Time {
	now := f.o.Now()
	wait := longWait
	switch age := now.Sub(c.First); {
	case age < mergeLimit:
		wait = soonWait
	case age < 2*time.Hour:
		wait = laterWait
	}
	at := now.Add(wait)
	for _, a := range answers {
		if until := a.decision.Until; a.decision.Outcome == evidence.OutcomeWaiting && until.After(now) && until.Before(at) {
			at = until
		}
	}
	return at
}

// showTested writes the check. One that has ended and waits again is made anew: a finished run cannot go on.
func (f *Flow) showTested(ctx context.Context, r Repository, c TestedCheck, text CheckText, entry LedgerEntry) error {
	digest := shownDigest(text)
	text.Summary += fmt.Sprintf("\n<sub>ledger entry %d · `%s`</sub>\n", entry.Sequence, digits(entry.Chain))
	if c.Finished && !text.Done {
		c.ID = 0
	}
	if c.ID == 0 {
		var err error
		if c.ID, err = f.o.Forge.CreateCheck(ctx, r, text); err != nil {
			return err
		}
	} else if err := f.o.Forge.UpdateCheck(ctx, r, c.ID, text); err != nil {
		return err
	}
	c.Finished, c.Shown = text.Done, digest
	return f.o.Records.SaveTestedCheck(ctx, r.Tenant, c)
}

// abandonTested ends a check that nobody waits for any more.
func (f *Flow) abandonTested(ctx context.Context, r Repository, c TestedCheck) error {
	if c.ID == 0 || c.Finished {
		return nil
	}
	return f.showTestedEnd(ctx, r, c, CheckText{
		Tested: true, Head: c.Head, Done: true, Conclusion: Cancelled, Title: "Superseded", ExternalID: c.Head,
		Summary: "No open pull request has this commit as its head any more, or the default branch asks nothing of tests.",
	})
}

func (f *Flow) showTestedEnd(ctx context.Context, r Repository, c TestedCheck, text CheckText) error {
	if err := f.o.Forge.UpdateCheck(ctx, r, c.ID, text); err != nil {
		return err
	}
	c.Finished, c.Shown, c.Updated = true, shownDigest(text), f.o.Now()
	return f.o.Records.SaveTestedCheck(ctx, r.Tenant, c)
}

func shownDigest(t CheckText) string {
	return digestOf(fmt.Sprintf("%t %d %q %q", t.Done, t.Conclusion, t.Title, t.Summary))
}

// verdictOf is what the ledger keeps: what was decided, on what, by which records; nothing that changes by itself.
func verdictOf(c TestedCheck, outcome evidence.Outcome, want requirements, answers []answered, now time.Time) (TestedVerdict, error) {
	type suite struct {
		Name   string        `json:"name"`
		Code   evidence.Code `json:"code"`
		Record string        `json:"record,omitempty"`
	}
	type part struct {
		Number      int              `json:"number"`
		Environment string           `json:"environment"`
		Commit      string           `json:"commit"`
		Tree        string           `json:"tree"`
		Outcome     evidence.Outcome `json:"outcome"`
		Reasons     []evidence.Code  `json:"reasons,omitempty"`
		Suites      []suite          `json:"suites"`
	}
	body := struct {
		Check   string           `json:"check"`
		Head    string           `json:"head"`
		Policy  string           `json:"policy"` // commit of the default branch
		Outcome evidence.Outcome `json:"outcome"`
		Parts   []part           `json:"parts"`
	}{Check: "platform/tested", Head: c.Head, Policy: want.tip, Outcome: outcome}
	for _, a := range answers {
		p := part{Number: a.subject.number, Environment: a.environment, Commit: a.subject.commit, Tree: a.subject.tree, Outcome: a.decision.Outcome}
		for _, reason := range a.decision.Reasons {
			p.Reasons = append(p.Reasons, reason.Code)
		}
		for _, s := range a.decision.Suites {
			out := suite{Name: s.Name, Code: s.Code}
			if s.Record != nil {
				out.Record = s.Record.ID
			}
			p.Suites = append(p.Suites, out)
		}
		body.Parts = append(body.Parts, p)
	}
	data, err := json.Marshal(body)
	return TestedVerdict{Head: c.Head, Digest: digestOf(string(data)), Body: data, At: now}, err
}

// testedText is what the check shows: for each environment what was looked for, what was found, and what to do.
func testedText(head string, outcome evidence.Outcome, want requirements, answers []answered) CheckText {
	text := CheckText{
		Tested: true, Head: head, ExternalID: head, Done: outcome != evidence.OutcomeWaiting, Conclusion: Failed, Title: testedTitle(outcome, want, answers),
		Buttons: []Button{{"Run again", "Read everything anew", rerunButton}},
	}
	if outcome == evidence.OutcomeTested {
		text.Conclusion = Succeeded
	}
	if !text.Done {
		text.Buttons = nil
	}
	var b strings.Builder
	b.WriteString("What the deployment gate will say of the tree that a merge of this commit makes.\n")
	for _, d := range want.doubts {
		fmt.Fprintf(&b, "\n- **%s**: %s\n", render.Inert(d.Title), render.Inert(d.Message))
	}
	several := len(answers) > 0 && slices.ContainsFunc(answers, func(a answered) bool { return a.subject.number != answers[0].subject.number })
	for _, a := range answers {
		fmt.Fprintf(&b, "\n### %s%s\n", render.Inert(a.environment), ofPull(a.subject, several))
		if a.subject.known() {
			fmt.Fprintf(&b, "Commit `%.12s`, tree `%.12s`.\n", a.subject.commit, a.subject.tree)
		}
		writeAnswer(&b, a.decision)
	}
	text.Summary = render.Redact(cut(b.String(), summaryLimit))
	return text
}

func ofPull(s subject, several bool) string {
	if !several {
		return ""
	}
	return fmt.Sprintf(", after a merge of #%d", s.number)
}

func writeAnswer(b *strings.Builder, d evidence.Decision) {
	b.WriteString("\n| | Suite | Code | Looked for | Found |\n|---|---|---|---|---|\n")
	row := func(o evidence.Outcome, name string, r evidence.Reason) {
		fmt.Fprintf(b, "| %s | %s | `%s` | %s | %s |\n", symbolOf(o), render.Inert(name), r.Code, render.Inert(r.Looked), render.Inert(r.Found))
	}
	var fixes []string
	for _, r := range d.Reasons {
		row(evidence.OutcomeNotTested, "(all)", r)
		fixes = append(fixes, fixLine("", r))
	}
	for _, s := range d.Suites {
		row(s.Outcome, s.Name, s.Reason)
		fixes = append(fixes, fixLine(s.Name, s.Reason))
	}
	fixes = slices.DeleteFunc(fixes, func(s string) bool { return s == "" })
	if len(fixes) > 0 {
		b.WriteString("\n" + strings.Join(fixes, ""))
	}
}

func fixLine(suite string, r evidence.Reason) string {
	if r.Fix == "" {
		return ""
	}
	if suite != "" {
		suite = render.Inert(suite) + ", "
	}
	return fmt.Sprintf("- %s%s: %s → %s\n", suite, r.Code, render.Inert(r.Message), render.Inert(r.Fix))
}

func symbolOf(o evidence.Outcome) string {
	switch o {
	case evidence.OutcomeTested:
		return render.Symbol(verdict.Allow)
	case evidence.OutcomeWaiting:
		return "⏳"
	case evidence.OutcomeNotTested:
		return render.Symbol(verdict.Block)
	case evidence.OutcomeUndecided:
	}
	return render.Symbol(verdict.Undecided)
}

// testedTitle is the outcome and the first thing that speaks against a pass.
func testedTitle(outcome evidence.Outcome, want requirements, answers []answered) string {
	word := map[evidence.Outcome]string{
		evidence.OutcomeTested: "Tested", evidence.OutcomeNotTested: "Not tested", evidence.OutcomeWaiting: "Waiting", evidence.OutcomeUndecided: "Undecided",
	}[outcome]
	for _, a := range answers {
		if a.decision.Outcome == evidence.OutcomeTested {
			continue
		}
		for _, r := range a.decision.Reasons {
			return cut(fmt.Sprintf("%s: %s", word, r.Code), 250)
		}
		for _, s := range a.decision.Suites {
			if s.Outcome != evidence.OutcomeTested && s.Code != evidence.CodeNotApplicable {
				return cut(fmt.Sprintf("%s: %s: %s", word, s.Name, s.Code), 250)
			}
		}
	}
	if len(want.doubts) > 0 && outcome != evidence.OutcomeTested {
		return word + ": the settings are in doubt"
	}
	return word
}
