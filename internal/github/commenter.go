package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-github/v60/github"
)

// CommenterOptions say who writes, and where.
type CommenterOptions struct {
	APIURL    string // https://api.github.com, or https://HOST/api/v3 of an Enterprise Server
	Token     string // of a person, or of a workflow's job
	Author    string // login that the token writes under; defaults to what GitHub says, else github-actions[bot]
	Transport http.RoundTripper
	Wait      time.Duration // between the first attempts; defaults to 1 s
}

// Commenter writes one comment with a token that is no App's of ours: from a workflow, or by hand.
type Commenter struct {
	client  *github.Client
	http    *http.Client
	graph   string
	options CommenterOptions
}

// actionsBot is who a workflow's own token writes as.
const actionsBot = "github-actions[bot]"

// NewCommenter makes a commenter. A token goes to https alone, or to this machine.
func NewCommenter(o CommenterOptions) (*Commenter, error) {
	base, err := url.Parse(strings.TrimSuffix(o.APIURL, "/"))
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, fmt.Errorf("the API address %.80q is not a web address; write https://HOST/api/v3", o.APIURL)
	}
	ip := net.ParseIP(base.Hostname())
	local := base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if base.Scheme != "https" && (base.Scheme != "http" || !local) {
		return nil, fmt.Errorf("the API address %.80q is not https: the token would be read on the way", o.APIURL)
	}
	if base.Path == "" && base.Hostname() != "api.github.com" {
		base.Path = "/api/v3" // of an Enterprise Server, as scripts write it
	}
	graph := *base
	graph.Path = strings.TrimSuffix(base.Path, "/v3") + "/graphql"
	base.Path += "/"
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	h := &http.Client{Transport: &bearer{o.Token, base.Host, o.Transport}, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	c := github.NewClient(h)
	c.BaseURL, c.UploadURL, c.UserAgent = base, base, "platform-action"
	return &Commenter{client: c, http: h, graph: graph.String(), options: o}, nil
}

// bearer adds the token to requests of one host.
type bearer struct {
	token, host string
	next        http.RoundTripper
}

func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != b.host {
		return nil, fmt.Errorf("a request to %s is not for %s", req.URL.Host, b.host)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(req)
}

// Behavior says what becomes of comments that were written before.
type Behavior string

// The behaviours.
const (
	UpdateComment Behavior = "update"
	NewComment    Behavior = "new"
	HideAndNew    Behavior = "hide-and-new"
	DeleteAndNew  Behavior = "delete-and-new"
)

// Target is a pull request, or a commit.
type Target struct {
	Owner, Repo string
	Pull        int
	Commit      string // when Pull is 0
}

// Post writes the comment and says what it did.
func (c *Commenter) Post(ctx context.Context, t Target, text Text, b Behavior) (string, error) {
	author, err := c.author(ctx)
	if err != nil {
		return "", err
	}
	var own []posted
	if b != NewComment {
		if own, err = c.own(ctx, t, author, text.Marker); err != nil {
			return "", err
		}
	}
	if slices.ContainsFunc(own, func(m posted) bool { return text.by(m.Body) }) {
		return "", ErrRepeated
	}
	switch {
	case text.OnlyUpdate && len(own) == 0:
		return "nothing changes: no comment was written", nil
	case b == UpdateComment && len(own) > 0:
		last := own[len(own)-1]
		if unsigned(last.Body) == text.Body {
			return "the comment says so already", nil
		}
		return "the comment was updated", c.again(ctx, "updating the comment", func() error { return c.update(ctx, t, last.ID, text.signed()) })
	case b == HideAndNew:
		for _, m := range own {
			if err := c.again(ctx, "hiding a comment", func() error { return c.hide(ctx, m.Node) }); err != nil {
				return "", err
			}
		}
	}
	if err := c.create(ctx, t, text.signed()); err != nil {
		return "", fault("writing the comment", err)
	}
	if b == DeleteAndNew { // the new one first: a failure must not leave none
		for _, m := range own {
			if err := c.again(ctx, "deleting a comment", func() error { return c.remove(ctx, t, m.ID) }); err != nil {
				return "", err
			}
		}
	}
	return "the comment was written", nil
}

// posted is a comment of a pull request or a commit.
type posted struct {
	ID   int64  `json:"id"`
	Node string `json:"node_id"`
	Body string `json:"body"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// author is who the token writes as. GitHub tells a person; the token of a job may not ask.
func (c *Commenter) author(ctx context.Context) (string, error) {
	if c.options.Author != "" {
		return c.options.Author, nil
	}
	login := actionsBot
	err := c.again(ctx, "asking whose the token is", func() error {
		u, resp, err := c.client.Users.Get(ctx, "")
		switch {
		case err == nil:
			login = u.GetLogin()
		case resp != nil && (resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusNotFound):
			return nil
		}
		return err
	})
	return login, err
}

// own lists our comments, oldest first: by their marker and by their author, because a marker alone can be anybody's.
func (c *Commenter) own(ctx context.Context, t Target, author, marker string) ([]posted, error) {
	var out []posted
	for at := 1; at != 0; {
		var list []posted
		next := 0
		err := c.again(ctx, "listing the comments", func() error {
			req, err := c.client.NewRequest(http.MethodGet, fmt.Sprintf("%s?per_page=%d&page=%d", t.comments(), page, at), nil)
			if err != nil {
				return err
			}
			list = nil
			resp, err := c.client.Do(ctx, req, &list)
			if err == nil {
				next = resp.NextPage
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if strings.EqualFold(m.User.Login, author) && strings.HasPrefix(m.Body, marker) {
				out = append(out, m)
			}
		}
		at = next
	}
	return out, nil
}

func (t Target) comments() string {
	if t.Pull != 0 {
		return fmt.Sprintf("repos/%s/%s/issues/%d/comments", t.Owner, t.Repo, t.Pull)
	}
	return fmt.Sprintf("repos/%s/%s/commits/%s/comments", t.Owner, t.Repo, t.Commit)
}

func (c *Commenter) create(ctx context.Context, t Target, body string) error {
	var err error
	if t.Pull != 0 {
		_, _, err = c.client.Issues.CreateComment(ctx, t.Owner, t.Repo, t.Pull, &github.IssueComment{Body: &body})
	} else {
		_, _, err = c.client.Repositories.CreateComment(ctx, t.Owner, t.Repo, t.Commit, &github.RepositoryComment{Body: &body})
	}
	return err
}

func (c *Commenter) update(ctx context.Context, t Target, id int64, body string) error {
	var err error
	if t.Pull != 0 {
		_, _, err = c.client.Issues.EditComment(ctx, t.Owner, t.Repo, id, &github.IssueComment{Body: &body})
	} else {
		_, _, err = c.client.Repositories.UpdateComment(ctx, t.Owner, t.Repo, id, &github.RepositoryComment{Body: &body})
	}
	return err
}

func (c *Commenter) remove(ctx context.Context, t Target, id int64) error {
	var resp *github.Response
	var err error
	if t.Pull != 0 {
		resp, err = c.client.Issues.DeleteComment(ctx, t.Owner, t.Repo, id)
	} else {
		resp, err = c.client.Repositories.DeleteComment(ctx, t.Owner, t.Repo, id)
	}
	if resp != nil && resp.StatusCode == http.StatusNotFound {
		return nil // somebody was faster
	}
	return err
}

// hide folds a comment as outdated; only GraphQL can.
func (c *Commenter) hide(ctx context.Context, node string) error {
	body, err := json.Marshal(map[string]any{
		"query":     "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } } }",
		"variables": map[string]string{"id": node},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.graph, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if resp.StatusCode != http.StatusOK {
		return &statusError{resp.StatusCode}
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("GitHub's answer is no JSON: %w", err)
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("GitHub refused: %.200q", answer.Errors[0].Message)
	}
	return nil
}

type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("GitHub answered %d", e.status) }

// attempts is how often what can be done twice is tried.
const attempts = 4

// again repeats what fails for a passing reason: no answer, or one of the 5xx and 429.
func (c *Commenter) again(ctx context.Context, doing string, do func() error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = c.options.Wait
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := do()
		if err != nil && !passing(err) {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(attempts))
	if err != nil {
		return fault(doing, err)
	}
	return nil
}

func passing(err error) bool {
	if s, ok := errors.AsType[*statusError](err); ok {
		return s.status >= 500 || s.status == http.StatusTooManyRequests
	}
	if r, ok := errors.AsType[*github.ErrorResponse](err); ok && r.Response != nil {
		return r.Response.StatusCode >= 500 || r.Response.StatusCode == http.StatusTooManyRequests
	}
	var n net.Error
	return errors.As(err, &n)
}
