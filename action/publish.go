package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// Bounds of what is shown, in characters.
const (
	summaryLimit = 250_000 // four bytes each stay below GitHub's mebibyte
	commentLimit = 65_400  // of 65,536: the line that names the run stands there too
)

// publish shows a verdict everywhere. It changes nothing of it: what cannot be shown is told, and the verdict stands.
func (c *step) publish(ctx context.Context, r render.Report) error {
	out := actions.Outputs{Outcome: r.Verdict.Outcome, Digest: r.Verdict.Digest}
	out.MonthlyCost, out.MonthlyDelta = render.Figures(r)
	var err error
	if out.ReportFile, err = c.file("report"+c.suffix()+".json", render.JSON, r); err != nil {
		return &faultError{err}
	}
	if out.SARIFFile, err = c.file("report"+c.suffix()+".sarif", render.SARIF, r); err != nil {
		return &faultError{err}
	}
	if err := c.runner.WriteOutputs(out); err != nil {
		return &faultError{err}
	}
	note := c.comment(ctx, r)
	summary, err := markdown(r, render.Options{Limit: summaryLimit})
	if err != nil {
		return &faultError{err}
	}
	if note != "" {
		summary += "\n\n<sub>" + note + "</sub>"
	}
	if err := c.runner.WriteSummary(summary); err != nil {
		c.runner.Warn("platform", "the job's summary was not written: %v", err)
	}
	if err := c.runner.Annotations(r); err != nil {
		return &faultError{err}
	}
	c.runner.Say("%s", render.Headline(r))
	c.runner.Say("verdict %s", r.Verdict.Digest)
	return nil
}

func (c *step) suffix() string {
	if c.in.Tag == actions.DefaultTag {
		return ""
	}
	return "-" + c.in.Tag
}

func markdown(r render.Report, o render.Options) (string, error) {
	var b strings.Builder
	err := render.Render(&b, render.Markdown, r, o)
	return b.String(), err
}

// folderName is where files are written, in the workspace: later steps see it under the same name outside of the
// container.
const folderName = "platform-report"

// file writes a report.
func (c *step) file(name string, f render.Format, r render.Report) (string, error) {
	var b bytes.Buffer
	if err := render.Render(&b, f, r, render.Options{}); err != nil {
		return "", err
	}
	return c.store(name, b.Bytes())
}

// store writes a file of ours whole or not at all, and never through a link that the workspace may hold.
func (c *step) store(name string, data []byte) (string, error) {
	if info, err := c.root.Lstat(folderName); err == nil && !info.IsDir() {
		return "", fmt.Errorf("%s in the workspace is no folder: remove it", folderName)
	}
	const fails = "the reports cannot be written to the workspace: %w"
	if err := c.root.MkdirAll(folderName, 0o755); err != nil {
		return "", fmt.Errorf(fails, err)
	}
	full := path.Join(folderName, name)
	part := full + ".part"
	_ = c.root.Remove(part)
	out, err := c.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", fmt.Errorf(fails, err)
	}
	_, err = out.Write(data)
	if err = errors.Join(err, out.Close()); err == nil {
		err = c.root.Rename(part, full)
	}
	return full, err
}

// comment brings the comment to what the verdict says, and returns what is to be told where that may not be.
func (c *step) comment(ctx context.Context, r render.Report) string {
	if c.event.Number == 0 || c.in.Comment == actions.CommentOff {
		return ""
	}
	if c.in.Comment == actions.CommentAuto {
		app, there, err := c.job.Check(ctx, c.event.Head)
		switch {
		case there:
			c.runner.Say("no comment: the App %s speaks on this pull request; comment: update writes one all the same", app.App)
			return ""
		case err != nil: // a second voice is better than none
			c.runner.Say("it is not known whether an App speaks here (%v); with `permissions: checks: read` it would be", err)
		}
	}
	marker := "<!-- platform:verdict:v1 " + c.in.Tag + " -->"
	body, err := markdown(r, render.Options{Marker: marker, Limit: commentLimit})
	if err != nil {
		return c.silent(err)
	}
	poster, err := github.NewCommenter(github.CommenterOptions{APIURL: c.event.APIURL, Token: c.in.Token})
	if err != nil {
		return c.silent(err)
	}
	did, err := poster.Post(ctx, github.Target{Owner: c.event.Owner, Repo: c.event.Repo, Pull: c.event.Number}, github.Text{
		Marker: marker, Body: body, OnlyUpdate: !control.Speaks(r), Run: c.event.Run,
	}, behavior(c.in.Comment))
	if err != nil {
		return c.silent(err)
	}
	c.runner.Say("%s", did)
	return ""
}

func behavior(m actions.CommentMode) github.Behavior {
	switch m {
	case actions.CommentNew:
		return github.NewComment
	case actions.CommentHideAndNew:
		return github.HideAndNew
	case actions.CommentDeleteAndNew:
		return github.DeleteAndNew
	case actions.CommentAuto, actions.CommentUpdate, actions.CommentOff:
	}
	return github.UpdateComment
}

// silent tells why there is no comment. The verdict is in the exit code, the summary and the annotations.
func (c *step) silent(err error) string {
	switch {
	case c.event.Fork && errors.Is(err, control.ErrForbidden):
		const text = "The token of a fork's pull request may not comment, so the verdict stands here alone. The GitHub App can comment there: see docs/operations.md."
		c.runner.Say("%s", text)
		return text
	case errors.Is(err, github.ErrRepeated):
		c.runner.Warn("platform: comment-tag is used twice", "two jobs or steps of this run comment with the tag %s, and take turns: give each a comment-tag of its own, such as ${{ matrix.name }}", c.in.Tag)
		return "Another job or step of this run comments with the same comment-tag."
	case errors.Is(err, control.ErrForbidden), errors.Is(err, control.ErrGone):
		c.runner.Warn("platform: no comment", "%v; give the job `permissions: pull-requests: write`, or set comment: off", err)
		return "No comment was written: the job lacks `pull-requests: write`."
	}
	c.runner.Warn("platform: no comment", "%v; the verdict stands without it", err)
	return "No comment was written: GitHub did not take it."
}

// failed is the summary where nothing was decided.
func failed(err error) string {
	text := strings.ReplaceAll(render.Plain(render.Redact(err.Error())), "```", "'''")
	return "### " + render.Symbol(verdict.Undecided) + " Nothing was decided\n\n```text\n" + text + "\n```"
}
