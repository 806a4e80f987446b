package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// operations are those that the App, the Action and their tests use.
func operations() map[string][]string {
	const repo = "/repos/{owner}/{repo}"
	return map[string][]string{
		repo:                                                                  {"get"},
		repo + "/pulls":                                                       {"get"},
		repo + "/pulls/{pull_number}":                                         {"get"},
		repo + "/pulls/{pull_number}/files":                                   {"get"},
		repo + "/compare/{basehead}":                                          {"get"},
		repo + "/git/ref/{ref}":                                               {"get"},
		repo + "/git/trees/{tree_sha}":                                        {"get"},
		repo + "/git/commits/{commit_sha}":                                    {"get"},
		repo + "/contents/{path}":                                             {"get"},
		repo + "/tarball/{ref}":                                               {"get"},
		repo + "/collaborators/{username}/permission":                         {"get"},
		repo + "/check-runs":                                                  {"post"},
		repo + "/check-runs/{check_run_id}":                                   {"get", "patch"},
		repo + "/commits/{ref}/check-runs":                                    {"get"},
		repo + "/issues/{issue_number}/comments":                              {"get", "post"},
		repo + "/issues/comments/{comment_id}":                                {"get", "patch", "delete"},
		repo + "/actions/runs":                                                {"get"},
		repo + "/actions/runs/{run_id}":                                       {"get"},
		repo + "/actions/runs/{run_id}/jobs":                                  {"get"},
		repo + "/actions/runs/{run_id}/artifacts":                             {"get"},
		repo + "/actions/jobs/{job_id}":                                       {"get"},
		repo + "/actions/artifacts/{artifact_id}/{archive_format}":            {"get"},
		repo + "/actions/runs/{run_id}/deployment_protection_rule":            {"post"},
		repo + "/actions/runs/{run_id}/pending_deployments":                   {"get"},
		repo + "/actions/runs/{run_id}/approvals":                             {"get"},
		repo + "/environments":                                                {"get"},
		repo + "/environments/{environment_name}":                             {"get"},
		repo + "/environments/{environment_name}/deployment_protection_rules": {"get"},
		repo + "/deployments/{deployment_id}":                                 {"get"},
		repo + "/deployments/{deployment_id}/statuses":                        {"get"},
		repo + "/issues":                                                      {"post"},
		repo + "/branches/{branch}":                                           {"get"},
		repo + "/pulls/{pull_number}/reviews":                                 {"get"},
		repo + "/pulls/{pull_number}/commits":                                 {"get"},
		repo + "/branches":                                                    {"get"},
		repo + "/rules/branches/{branch}":                                     {"get"},
		repo + "/branches/{branch}/protection":                                {"get"},
		repo + "/actions/secrets":                                             {"get"},
		repo + "/actions/organization-secrets":                                {"get"},
		"/orgs/{org}/teams/{team_slug}/memberships/{username}":                {"get"},
		repo + "/installation":                                                {"get"},
		"/installation/repositories":                                          {"get"},
		"/app":                                                                {"get"},
		"/app/installations":                                                  {"get"},
		"/app/installations/{installation_id}":                                {"get"},
		"/app/installations/{installation_id}/access_tokens":                  {"post"},
		"/app/hook/config":                                                    {"get", "patch"},
		"/app/hook/deliveries":                                                {"get"},
		"/app/hook/deliveries/{delivery_id}":                                  {"get"},
		"/app/hook/deliveries/{delivery_id}/attempts":                         {"post"},
		"/app-manifests/{code}/conversions":                                   {"post"},
		"/rate_limit":                                                         {"get"},
		"/meta":                                                               {"get"},
		"/user":                                                               {"get"},
		"/user/installations":                                                 {"get"},
		"/user/installations/{installation_id}/repositories":                  {"get"},
		"/applications/{client_id}/token":                                     {"delete"},
	}
}

// byID is a route that GitHub has served for years, and uses in its own redirects, without describing it.
const byID = "/repositories/{repository_id}"

// trim keeps the operations and what they refer to, without prose and examples.
func trim(whole map[string]any, version string) (map[string]any, error) {
	all, _ := whole["paths"].(map[string]any)
	paths := map[string]any{}
	for path, methods := range operations() {
		had, ok := all[path].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the description has no path %s", path)
		}
		kept := map[string]any{}
		for _, m := range methods {
			op, ok := had[m].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("the description has no operation %s %s", m, path)
			}
			kept[m] = bare(op, false)
		}
		paths[path] = kept
	}
	paths[byID] = repositoryByID(paths["/repos/{owner}/{repo}"])
	components := map[string]any{}
	if err := follow(paths, whole, components); err != nil {
		return nil, err
	}
	return map[string]any{
		"openapi": whole["openapi"],
		"info": map[string]any{
			"title": "GitHub's REST API, trimmed", "version": version,
			"description": "From the npm package @octokit/openapi " + version + "; GET " + byID + " is added, after GET /repos/{owner}/{repo}.",
		},
		"servers": []any{map[string]any{"url": "/"}},
		"paths":   paths, "components": components,
	}, nil
}

func repositoryByID(by any) map[string]any {
	from, _ := by.(map[string]any)
	op, _ := from["get"].(map[string]any)
	own := maps.Clone(op)
	own["operationId"] = "repos/get-by-id"
	own["parameters"] = []any{map[string]any{"name": "repository_id", "in": "path", "required": true, "schema": map[string]any{"type": "integer"}}}
	return map[string]any{"get": own}
}

// bare drops what does not decide whether a request is valid. Under named are the members' own names, which may read
// like one of the keys.
func bare(v any, named bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			if !named && (slices.Contains([]string{"example", "examples", "externalDocs", "summary", "tags"}, key) || strings.HasPrefix(key, "x-")) {
				continue
			}
			if text, isText := value.(string); !named && key == "description" && isText {
				out[key] = text[:min(len(text), 1)] // an answer must have one
				continue
			}
			out[key] = bare(value, key == "properties" && !named)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = bare(v[i], false)
		}
		return out
	}
	return v
}

// follow copies every component that from refers to, and what those refer to.
func follow(from any, whole, into map[string]any) error {
	switch v := from.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			return copyComponent(ref, whole, into)
		}
		for _, value := range v {
			if err := follow(value, whole, into); err != nil {
				return err
			}
		}
	case []any:
		for _, value := range v {
			if err := follow(value, whole, into); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyComponent(ref string, whole, into map[string]any) error {
	parts := strings.Split(strings.TrimPrefix(ref, "#/components/"), "/")
	if len(parts) != 2 {
		return fmt.Errorf("the reference %s cannot be followed", ref)
	}
	kind, name := parts[0], parts[1]
	group, _ := into[kind].(map[string]any)
	if group == nil {
		group = map[string]any{}
		into[kind] = group
	}
	if _, done := group[name]; done {
		return nil
	}
	components, _ := whole["components"].(map[string]any)
	all, _ := components[kind].(map[string]any)
	value, ok := all[name]
	if !ok {
		return fmt.Errorf("the description has no %s", ref)
	}
	group[name] = bare(value, false)
	return follow(group[name], whole, into)
}
