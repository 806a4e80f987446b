package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/control"
)

// annotationsPerRequest is GitHub's bound; further ones are appended by further requests.
const annotationsPerRequest = 50

// CreateCheck makes our check run on a commit.
func (a *App) CreateCheck(ctx context.Context, r control.Repository, c control.CheckText) (int64, error) {
	options := github.CreateCheckRunOptions{
		Name: nameOf(c), HeadSHA: c.Head, Status: status(c), Conclusion: conclusion(c), Output: output(c, 0),
		Actions: buttons(c), ExternalID: optional(c.ExternalID), DetailsURL: optional(c.Link),
	}
	run, _, err := a.client(r.Tenant).Checks.CreateCheckRun(ctx, r.Owner, r.Name, options)
	if err != nil {
		return 0, fault("creating the check run", err)
	}
	return run.GetID(), a.annotate(ctx, r, run.GetID(), c)
}

// UpdateCheck brings our check run to what c says.
func (a *App) UpdateCheck(ctx context.Context, r control.Repository, id int64, c control.CheckText) error {
	options := github.UpdateCheckRunOptions{
		Name: nameOf(c), Status: status(c), Conclusion: conclusion(c), Output: output(c, 0),
		Actions: buttons(c), ExternalID: optional(c.ExternalID), DetailsURL: optional(c.Link),
	}
	if _, _, err := a.client(r.Tenant).Checks.UpdateCheckRun(ctx, r.Owner, r.Name, id, options); err != nil {
		return fault("updating the check run", err)
	}
	return a.annotate(ctx, r, id, c)
}

// annotate appends the annotations that one request cannot hold. The conclusion stands before they do.
func (a *App) annotate(ctx context.Context, r control.Repository, id int64, c control.CheckText) error {
	for from := annotationsPerRequest; from < len(c.Annotations); from += annotationsPerRequest {
		options := github.UpdateCheckRunOptions{Name: nameOf(c), Output: output(c, from)}
		if _, _, err := a.client(r.Tenant).Checks.UpdateCheckRun(ctx, r.Owner, r.Name, id, options); err != nil {
			return fault("adding annotations to the check run", err)
		}
	}
	return nil
}

// FindCheck finds our newest check run on a commit: a creation may have worked without our seeing the answer.
func (a *App) FindCheck(ctx context.Context, r control.Repository, head string) (id int64, finished bool, err error) {
	return a.findCheck(ctx, r, head, CheckName)
}

// FindTested finds our newest check run platform/tested on a commit.
func (a *App) FindTested(ctx context.Context, r control.Repository, head string) (id int64, finished bool, err error) {
	return a.findCheck(ctx, r, head, TestedName)
}

func (a *App) findCheck(ctx context.Context, r control.Repository, head, name string) (id int64, finished bool, err error) {
	options := &github.ListCheckRunsOptions{CheckName: new(name), AppID: new(a.options.AppID), Filter: new("latest")}
	list, _, err := a.client(r.Tenant).Checks.ListCheckRunsForRef(ctx, r.Owner, r.Name, head, options)
	if err != nil {
		return 0, false, fault("looking for the check run", err)
	}
	for _, run := range list.CheckRuns {
		if run.GetApp().GetID() == a.options.AppID && run.GetHeadSHA() == head && run.GetID() > id {
			id, finished = run.GetID(), run.GetStatus() == "completed"
		}
	}
	return id, finished, nil
}

func nameOf(c control.CheckText) string {
	if c.Tested {
		return TestedName
	}
	return CheckName
}

func status(c control.CheckText) *string {
	if c.Done {
		return new("completed")
	}
	return new("in_progress")
}

func conclusion(c control.CheckText) *string {
	if !c.Done {
		return nil
	}
	switch c.Conclusion {
	case control.Succeeded:
		return new("success")
	case control.ActionRequired:
		return new("action_required")
	case control.TimedOut:
		return new("timed_out")
	case control.Cancelled:
		return new("cancelled")
	case control.Failed:
		return new("failure")
	}
	return new("failure")
}

func output(c control.CheckText, from int) *github.CheckRunOutput {
	out := &github.CheckRunOutput{Title: new(c.Title), Summary: new(c.Summary), Text: optional(c.Text)}
	for i := from; i < len(c.Annotations) && i < from+annotationsPerRequest; i++ {
		n := c.Annotations[i]
		out.Annotations = append(out.Annotations, &github.CheckRunAnnotation{
			Path: new(n.File), StartLine: new(max(n.Line, 1)), EndLine: new(max(n.Line, 1)),
			AnnotationLevel: new(n.Level), Title: new(n.Title), Message: new(n.Message),
		})
	}
	return out
}

func buttons(c control.CheckText) []*github.CheckRunAction {
	var out []*github.CheckRunAction
	for _, b := range c.Buttons {
		out = append(out, &github.CheckRunAction{Label: b.Label, Description: b.Description, Identifier: b.Identifier})
	}
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// FindComment finds our comment by its marker and its author: a marker alone can be forged by anybody.
func (a *App) FindComment(ctx context.Context, r control.Repository, number int, marker string) (control.Comment, bool, error) {
	for at := 1; at != 0; {
		var list []comment
		resp, err := a.get(ctx, r, fmt.Sprintf("issues/%d/comments?per_page=%d&page=%d", number, page, at), &list)
		if err != nil {
			return control.Comment{}, false, fault("listing the comments", err)
		}
		for _, c := range list {
			if strings.HasPrefix(c.Body, marker) && c.By(a.options.AppID) {
				return control.Comment{ID: c.ID, Body: c.Body, Ours: true}, true, nil
			}
		}
		at = resp.NextPage
	}
	return control.Comment{}, false, nil
}

// comment is a conversation comment with the App that wrote it, which go-github v60 does not know.
type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	User struct {
		Type string `json:"type"`
	} `json:"user"`
	Via *struct {
		ID int64 `json:"id"`
	} `json:"performed_via_github_app"`
}

// By tells the App's own comments: a person can act through the App too, but is no bot.
func (c comment) By(app int64) bool { return c.User.Type == "Bot" && c.Via != nil && c.Via.ID == app }

// CreateComment adds our comment.
func (a *App) CreateComment(ctx context.Context, r control.Repository, number int, body string) (int64, error) {
	c, _, err := a.client(r.Tenant).Issues.CreateComment(ctx, r.Owner, r.Name, number, &github.IssueComment{Body: &body})
	if err != nil {
		return 0, fault("writing the comment", err)
	}
	return c.GetID(), nil
}

// UpdateComment replaces our comment's text.
func (a *App) UpdateComment(ctx context.Context, r control.Repository, id int64, body string) error {
	_, _, err := a.client(r.Tenant).Issues.EditComment(ctx, r.Owner, r.Name, id, &github.IssueComment{Body: &body})
	return fault(fmt.Sprintf("updating the comment %d", id), err)
}
