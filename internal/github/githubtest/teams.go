package githubtest

import (
	"net/http"
	"strings"
)

// Join makes somebody a member of an account's team; a state of pending is an invitation that was not accepted.
func (s *Server) Join(i *Installation, team, login, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person(login)
	s.teams[i.Account.Login+"/"+team+"/"+login] = state
}

func (s *Server) teamRoutes() {
	s.handle(endpoint{as: asInstallation, pattern: "GET /orgs/{org}/teams/{team_slug}/memberships/{username}", do: func(c *call) answer {
		if c.person != "" {
			return s.ownMembership(c)
		}
		if c.token.permissions["members"] == "" {
			return refuse(http.StatusForbidden, "Resource not accessible by integration")
		}
		state := s.teams[strings.ToLower(c.PathValue("org")+"/"+c.PathValue("team_slug"))+"/"+c.PathValue("username")]
		if state == "" || s.installations[c.token.installation].Account.Login != strings.ToLower(c.PathValue("org")) {
			return notFound()
		}
		return ok(object{"url": s.base + c.URL.Path, "role": "member", "state": state})
	}})
}

// ownMembership answers somebody's own token, which sees teams where both they and the App may.
func (s *Server) ownMembership(c *call) answer {
	state := s.teams[strings.ToLower(c.PathValue("org")+"/"+c.PathValue("team_slug"))+"/"+c.PathValue("username")]
	if state == "" || c.person != c.PathValue("username") || s.grants.permissions["members"] == "" {
		return notFound()
	}
	return ok(object{"url": s.base + c.URL.Path, "role": "member", "state": state})
}
