package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) environmentRoutes() {
	const repo = "/repos/{owner}/{repo}"
	s.handle(endpoint{pattern: "GET " + repo + "/environments", needs: "actions:read", do: s.environments})
	s.handle(endpoint{pattern: "GET " + repo + "/environments/{environment_name}/deployment_protection_rules", needs: "actions:read", do: s.protectionRules})
	s.handle(endpoint{pattern: "GET " + repo + "/branches", needs: "contents:read", do: s.protectedBranches})
	s.handle(endpoint{pattern: "GET " + repo + "/rules/branches/{branch}", needs: "metadata:read", do: func(*call) answer { return ok([]any{}) }})
	s.handle(endpoint{pattern: "GET " + repo + "/branches/{branch}/protection", needs: "administration:read", do: func(*call) answer {
		return refuse(http.StatusNotFound, "Branch not protected")
	}})
	for _, list := range []string{"/actions/secrets", "/actions/organization-secrets"} {
		s.handle(endpoint{pattern: "GET " + repo + list, needs: "secrets:read", do: func(*call) answer { return ok(object{"total_count": 0, "secrets": []any{}}) }})
	}
}

// named are the environments that something was to be deployed to.
func (r *Repo) named() []string {
	names := map[string]string{}
	for _, g := range r.gates {
		names[strings.ToLower(g.Environment)] = g.Environment
	}
	for _, d := range r.deployments {
		names[strings.ToLower(d.env)] = d.env
	}
	return slices.Sorted(maps.Values(names))
}

func (s *Server) environments(c *call) answer {
	list := []any{}
	for i, name := range c.repo.named() {
		list = append(list, object{
			"id": i + 1, "node_id": "EN_1", "name": name, "url": s.base + c.URL.Path, "html_url": "https://github.com/" + c.repo.FullName() + "/deployments",
			"created_at": stamp(s.o.Now()), "updated_at": stamp(s.o.Now()), "can_admins_bypass": true, "protection_rules": []any{}, "deployment_branch_policy": nil,
		})
	}
	return ok(object{"total_count": len(list), "environments": list})
}

func (s *Server) protectionRules(c *call) answer {
	if !slices.Contains(c.repo.named(), c.PathValue("environment_name")) {
		return notFound()
	}
	return ok(object{"total_count": 1, "custom_deployment_protection_rules": []any{object{
		"id": 1, "node_id": "GA_1", "enabled": true, "app": object{"id": s.o.AppID, "slug": s.o.AppSlug, "integration_url": s.base + "/apps/" + s.o.AppSlug, "node_id": "A_1"},
	}}})
}

// protectedBranches are none: in the stand-in no branch is protected.
func (s *Server) protectedBranches(c *call) answer {
	if c.URL.Query().Get("protected") != "true" {
		return refuse(http.StatusNotImplemented, "the stand-in lists protected branches alone")
	}
	return ok([]any{})
}
