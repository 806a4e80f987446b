package githubtest

import "net/http"

// review is what somebody said of a pull request.
type review struct {
	id                   int64
	login, state, commit string
}

// Review says something of a pull request's present head: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED.
func (r *Repo) Review(n int, login, state string) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.person(login)
	r.pulls[n].reviews = append(r.pulls[n].reviews, review{r.s.id(), login, state, r.pulls[n].head})
}

// ReviewEvent is what happens to a review: submitted or dismissed.
func (r *Repo) ReviewEvent(action string, n int, sender string) Event {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.pulls[n]
	return r.event("pull_request_review", action, sender, object{"pull_request": r.pullJSON(p, p.pullState), "review": object{"id": r.s.id()}})
}

func (s *Server) reviewRoutes() {
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", needs: "pull_requests:read", do: s.reviews})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits", needs: "pull_requests:read", do: s.pullCommits})
}

func (s *Server) reviews(c *call) answer {
	p := c.repo.pulls[int(c.number("pull_number"))]
	if p == nil {
		return notFound()
	}
	list := []any{}
	for _, v := range p.reviews {
		list = append(list, object{"id": v.id, "state": v.state, "commit_id": v.commit, "user": object{"id": s.person(v.login), "login": v.login, "type": "User"}})
	}
	part, header := paged(s, c, list)
	return answer{status: http.StatusOK, body: part, header: header}
}

// pullCommits lists the head alone, written by who opened the pull request.
func (s *Server) pullCommits(c *call) answer {
	p := c.repo.pulls[int(c.number("pull_number"))]
	if p == nil {
		return notFound()
	}
	who := object{"id": s.person(p.author), "login": p.author, "type": "User"}
	return ok([]any{object{"sha": p.head, "author": who, "committer": who}})
}
