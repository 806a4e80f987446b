package github

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate/scan"
)

func (s *surveyor) file(ctx context.Context, path string) ([]byte, error) {
	var f struct {
		Encoding string `json:"encoding"`
		Content  string `json:"content"`
	}
	if err := s.hub.Get(ctx, s.repo+"/contents/"+(&url.URL{Path: path}).EscapedPath()+"?ref="+url.QueryEscape(s.branch), &f); err != nil {
		return nil, err
	}
	if f.Encoding != "base64" {
		return nil, errors.New(path + " is too large")
	}
	return base64.StdEncoding.DecodeString(strings.ReplaceAll(f.Content, "\n", ""))
}

// owners looks for a code owner of .github/**. Only patterns that surely cover it, or surely not, are judged.
func (s *surveyor) owners(ctx context.Context) fact.Known[bool] {
	for _, path := range []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} {
		data, err := s.file(ctx, path)
		if errors.Is(err, control.ErrGone) {
			continue
		}
		if err != nil {
			return seen(false, err, "CODEOWNERS")
		}
		return ownedGitHub(string(data))
	}
	return fact.Of(false)
}

func ownedGitHub(text string) fact.Known[bool] {
	owned := fact.Of(false)
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		pattern, owners := words[0], len(words) > 1
		switch was, _ := owned.Get(); { // the last pattern that matches holds
		case slices.Contains([]string{"*", "/**", "**", ".github", "/.github", ".github/", "/.github/", "/.github/**", ".github/**"}, pattern):
			owned = fact.Of(owners)
		case elsewhere(pattern), was && owners:
		default:
			owned = fact.Missing[bool]("whether " + strconv.QuoteToASCII(pattern) + " of CODEOWNERS is about .github is not judged here")
		}
	}
	return owned
}

// elsewhere reports a pattern that is surely not about .github.
func elsewhere(pattern string) bool {
	first, rest, _ := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
	anchored := strings.HasPrefix(pattern, "/") || rest != ""
	return anchored && !strings.ContainsAny(first, "*?[\\") && !strings.EqualFold(first, ".github")
}

func (s *surveyor) configured(ctx context.Context) fact.Known[[]string] {
	data, err := s.file(ctx, control.ConfigName)
	if errors.Is(err, control.ErrGone) {
		return fact.Of([]string{})
	}
	if err != nil {
		return seen([]string(nil), err, control.ConfigName)
	}
	c, err := config.Parse(control.ConfigName, data)
	if err != nil {
		return fact.Missing[[]string](control.ConfigName + " is invalid: " + err.Error())
	}
	return fact.Of(slices.Sorted(maps.Keys(c.Environments)))
}

// mostWorkflows bounds what is looked at.
const mostWorkflows = 100

func (s *surveyor) jobs(ctx context.Context) fact.Known[[]scan.Job] {
	var list []struct {
		Path string `json:"path"`
		Type string `json:"type"`
	}
	err := s.hub.Get(ctx, s.repo+"/contents/.github/workflows?ref="+url.QueryEscape(s.branch), &list)
	if errors.Is(err, control.ErrGone) {
		return fact.Of([]scan.Job{})
	}
	if err != nil || len(list) > mostWorkflows {
		return seen([]scan.Job(nil), cmp.Or(err, errors.New("there are more than are looked at")), "the workflows")
	}
	out := []scan.Job{}
	for _, f := range list {
		if f.Type != "file" || !strings.HasSuffix(f.Path, ".yml") && !strings.HasSuffix(f.Path, ".yaml") {
			continue
		}
		data, err := s.file(ctx, f.Path)
		if err != nil {
			return seen([]scan.Job(nil), err, f.Path)
		}
		jobs, err := scan.Jobs(f.Path, data)
		if err != nil {
			return fact.Missing[[]scan.Job](err.Error())
		}
		out = append(out, jobs...)
	}
	return fact.Of(out)
}

// secrets are the names of those outside of environments.
func (s *surveyor) secrets(ctx context.Context) fact.Known[[]string] {
	names := []string{}
	for _, path := range []string{"/actions/secrets", "/actions/organization-secrets"} {
		var list struct {
			Secrets []struct {
				Name string `json:"name"`
			} `json:"secrets"`
		}
		if err := s.hub.Get(ctx, s.repo+path+"?per_page=100", &list); err != nil {
			return seen([]string(nil), err, "secrets")
		}
		for _, v := range list.Secrets {
			names = append(names, v.Name)
		}
	}
	return fact.Of(names)
}
