package control

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// Explanation is how a policy came to what it says, as plain text.
func Explanation(e policy.Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s:%d)\n  %s\n", e.Rule.ID, e.Rule.Title, e.Rule.File, e.Rule.Line, render.Plain(e.Rule.Description))
	if e.Missing != "" {
		fmt.Fprintf(&b, "  could not be decided: %s\n", render.Plain(e.Missing))
	}
	looked := fmt.Sprintf("looked at %d resources", e.Looked)
	if e.Looked < 0 {
		looked = "cannot say how many resources it looked at"
	}
	fmt.Fprintf(&b, "  %s, made %d findings\n", looked, len(e.Findings))
	for _, f := range e.Findings {
		fmt.Fprintf(&b, "  fired    %s: %s\n", render.Plain(f.Address), render.Plain(f.Message))
	}
	for _, r := range e.Resources {
		explainResource(&b, r)
	}
	return b.String()
}

func explainResource(b *strings.Builder, r policy.Explained) {
	if r.Fired {
		return
	}
	why := "conforms"
	if !r.Judged {
		why = "not judged: the plan does not touch it, or it goes away"
	}
	fmt.Fprintf(b, "  quiet    %s (%s): %s\n", render.Plain(r.Address), r.Action, why)
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		fmt.Fprintf(b, "             %s = %s\n", render.Plain(name), render.Plain(r.Values[name]))
	}
	for _, step := range r.Stopped {
		fmt.Fprintf(b, "             does not hold: %s (%s:%d)\n", render.Plain(step.Text), step.File, step.Row)
	}
}

// explainable are the policies of a verdict's findings, which can be asked how they came about.
func explainable(v verdict.Verdict) []string {
	var out []string
	for _, found := range v.Findings {
		asked := slices.ContainsFunc(v.Checks, func(c verdict.Check) bool { return c.ID == found.ID })
		if found.Severity < verdict.Allow && asked && !slices.Contains(out, found.ID) {
			out = append(out, found.ID)
		}
	}
	return out
}

// explainAll explains every policy that had something to say of a head, on each of its pull requests.
func (f *Flow) explainAll(ctx context.Context, r Repository, head string) error {
	numbers, err := f.numbersAt(ctx, r, head)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		v, found, err := f.o.Records.LatestVerdict(ctx, r.Tenant, n, head)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		report, err := render.ReadJSON(v.Report)
		if err != nil {
			return &Parked{Reason: "the recorded verdict cannot be read: " + err.Error()}
		}
		p, err := f.o.Forge.Pull(ctx, r, n)
		if err != nil {
			return err
		}
		text, err := f.explain(ctx, r, p, explainable(report.Verdict)...)
		if err != nil {
			return err
		}
		if err := f.reply(ctx, r, p, "explain "+shortened(v.Digest), text); err != nil {
			return err
		}
	}
	return nil
}

// maxExplanation keeps a reply well below GitHub's bound.
const maxExplanation = 50_000

// explain evaluates the pull request once more and traces the policies.
func (f *Flow) explain(ctx context.Context, r Repository, p Pull, ids ...string) (string, error) {
	c, err := f.gather(ctx, r, p)
	if err != nil {
		return "", err
	}
	if !c.touches() {
		return "This change leaves every Terraform root alone: no policy had anything to look at.", nil
	}
	read, err := f.trees(ctx, r, c)
	if err != nil {
		return "", err
	}
	plane, s, err := f.plane(ctx, c.standards[0].settings)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = f.evaluating(ctx, func() error {
		req, err := f.addSources(ctx, c, s, read, Request{Params: s.Config.Policies.Params}, plane.Rules())
		if err != nil {
			return err
		}
		for _, source := range req.Sources {
			for _, id := range ids {
				e, err := plane.Explain(ctx, id, Request{Sources: []Source{source}, Params: req.Params})
				if err != nil {
					fmt.Fprintf(&b, "%s: %s\n", render.Plain(cut(id, 40)), render.Plain(err.Error()))
					continue
				}
				fmt.Fprintf(&b, "%s: %s\n", render.Plain(source.Name), Explanation(e))
			}
		}
		return nil
	})
	if b.Len() == 0 {
		b.WriteString("There is no policy to explain here.")
	}
	return fenced(cut(render.Redact(b.String()), maxExplanation)), err
}

// fenced shows text as it is: nothing in it can end the block.
func fenced(text string) string {
	return "```text\n" + strings.ReplaceAll(text, "```", "'''") + "\n```\n"
}
