package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// Comment is a conversation comment.
type Comment struct {
	ID      int64
	Pull    int
	Login   string
	ByApp   bool
	Body    string
	Writes  int
	Created time.Time
	Updated time.Time
}

// maxComment is GitHub's bound of a comment, in characters.
const maxComment = 65536

// Comments lists those of a pull request, oldest first.
func (r *Repo) Comments(n int) []Comment {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	var out []Comment
	for _, c := range r.comments {
		if c.Pull == n {
			out = append(out, *c)
		}
	}
	return out
}

// Comment adds one of a person's.
func (r *Repo) Comment(n int, login, body string) int64 {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.person(login)
	return r.addComment(n, login, body, false).ID
}

func (r *Repo) addComment(n int, login, body string, byApp bool) *Comment {
	now := r.s.o.Now()
	c := &Comment{ID: r.s.id(), Pull: n, Login: login, ByApp: byApp, Body: body, Created: now, Updated: now, Writes: 1}
	r.comments = append(r.comments, c)
	return c
}

// EditComment changes a comment's text, as somebody who may.
func (r *Repo) EditComment(id int64, body string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if c := r.comment(id); c != nil {
		c.Body, c.Updated = body, r.s.o.Now()
	}
}

// DeleteComment removes one.
func (r *Repo) DeleteComment(id int64) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.comments = slices.DeleteFunc(r.comments, func(c *Comment) bool { return c.ID == id })
}

func (r *Repo) comment(id int64) *Comment {
	for _, c := range slices.Backward(r.comments) {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (r *Repo) commentCount(n int) int {
	count := 0
	for _, c := range r.comments {
		if c.Pull == n {
			count++
		}
	}
	return count
}

func (s *Server) commentRoutes() {
	const one = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
	const of = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
	s.handle(endpoint{pattern: "GET " + of, needs: "pull_requests:read", do: s.listComments})
	s.handle(endpoint{pattern: "POST " + of, needs: "pull_requests:write", do: s.createComment})
	s.handle(endpoint{pattern: "GET " + one, needs: "pull_requests:read", do: s.getComment})
	s.handle(endpoint{pattern: "PATCH " + one, needs: "pull_requests:write", do: s.updateComment})
	s.handle(endpoint{pattern: "DELETE " + one, needs: "pull_requests:write", do: s.deleteComment})
}

func (s *Server) listComments(c *call) answer {
	var all []any
	for _, m := range c.repo.comments {
		if m.Pull == int(c.number("issue_number")) {
			all = append(all, s.commentJSON(m))
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: list, header: header}
}

func (s *Server) createComment(c *call) answer {
	n := int(c.number("issue_number"))
	p := c.repo.pulls[n]
	if p == nil {
		return notFound()
	}
	var in struct{ Body string }
	if err := c.read(&in); err != nil || in.Body == "" || utf8.RuneCountInString(in.Body) > maxComment {
		return refuse(http.StatusUnprocessableEntity, "Validation Failed")
	}
	m := c.repo.addComment(n, s.botLogin(), in.Body, true)
	p.updated = s.o.Now()
	return answer{status: http.StatusCreated, body: s.commentJSON(m)}
}

func (s *Server) botLogin() string { return s.o.AppSlug + "[bot]" }

func (s *Server) getComment(c *call) answer {
	m := c.repo.comment(c.number("comment_id"))
	if m == nil {
		return notFound()
	}
	return ok(s.commentJSON(m))
}

func (s *Server) updateComment(c *call) answer {
	m := c.repo.comment(c.number("comment_id"))
	var in struct{ Body string }
	switch err := c.read(&in); {
	case m == nil:
		return notFound()
	case err != nil || in.Body == "" || utf8.RuneCountInString(in.Body) > maxComment:
		return refuse(http.StatusUnprocessableEntity, "Validation Failed")
	}
	m.Body, m.Updated = in.Body, s.o.Now()
	m.Writes++
	return ok(s.commentJSON(m))
}

func (s *Server) deleteComment(c *call) answer {
	id := c.number("comment_id")
	if c.repo.comment(id) == nil {
		return notFound()
	}
	c.repo.comments = slices.DeleteFunc(c.repo.comments, func(m *Comment) bool { return m.ID == id })
	return answer{status: http.StatusNoContent}
}

func (s *Server) commentJSON(m *Comment) object {
	user := object{"id": s.person(m.Login), "login": m.Login, "type": "User"}
	var via any
	if m.ByApp {
		user["type"] = "Bot"
		via = s.appJSON()
	}
	return object{
		"id": m.ID, "body": m.Body, "user": user, "performed_via_github_app": via, "author_association": "NONE",
		"created_at": stamp(m.Created), "updated_at": stamp(m.Updated), "html_url": fmt.Sprintf("https://github.com/#issuecomment-%d", m.ID),
	}
}
