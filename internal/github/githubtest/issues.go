package githubtest

import (
	"net/http"
	"slices"
)

// Issue is one that was opened.
type Issue struct {
	Number      int
	Title, Body string
}

// Issues lists those that the App opened.
func (r *Repo) Issues() []Issue {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return slices.Clone(r.opened)
}

// Numbered lets so many issues and pull requests have been there before: the next one has the number after them.
func (r *Repo) Numbered(n int) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.issues = max(r.issues, n)
}

func (s *Server) issueRoutes() {
	s.handle(endpoint{pattern: "POST /repos/{owner}/{repo}/issues", needs: "issues:write", do: s.createIssue})
}

func (s *Server) createIssue(c *call) answer {
	var in struct {
		Title string `json:"title"`
		Body  string `json:"body"`
	}
	if err := c.read(&in); err != nil || in.Title == "" {
		return refuse(http.StatusUnprocessableEntity, "Validation Failed")
	}
	c.repo.issues++
	c.repo.opened = append(c.repo.opened, Issue{c.repo.issues, in.Title, in.Body})
	return answer{status: http.StatusCreated, body: object{"number": c.repo.issues, "title": in.Title, "body": in.Body, "state": "open"}}
}
