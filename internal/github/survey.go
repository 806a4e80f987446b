package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate/scan"
)

// Survey reads how a repository, repos/OWNER/NAME, deploys. What the reader's token may not see is missing, with the reason.
func Survey(ctx context.Context, hub *Reader, repo string) (scan.Facts, error) {
	return (&surveyor{hub: hub, repo: repo}).survey(ctx)
}

type surveyor struct {
	hub    *Reader
	repo   string // repos/OWNER/NAME
	branch string // the default one
}

// seen turns an answer into a fact.
func seen[T any](v T, err error, what string) fact.Known[T] {
	switch {
	case err == nil:
		return fact.Of(v)
	case errors.Is(err, control.ErrForbidden), errors.Is(err, control.ErrGone):
		return fact.Missing[T](what + " cannot be seen with this token")
	}
	return fact.Missing[T](what + " could not be read: " + err.Error())
}

func (s *surveyor) survey(ctx context.Context) (scan.Facts, error) {
	var f scan.Facts
	var about struct {
		Branch string `json:"default_branch"`
	}
	if err := s.hub.Get(ctx, s.repo, &about); err != nil {
		return f, err
	}
	s.branch = about.Branch
	var err error
	if f.Environments, err = s.environments(ctx); err != nil {
		return f, err
	}
	f.Branches = s.branches(ctx)
	f.Checks, f.Owned = s.rules(ctx)
	f.Configured, f.Jobs, f.Secrets = s.configured(ctx), s.jobs(ctx), s.secrets(ctx)
	return f, nil
}

// mostEnvironments bounds what is looked at; more is an error, for none may be left out unseen.
const mostEnvironments = 100

func (s *surveyor) environments(ctx context.Context) ([]scan.Environment, error) {
	var list struct {
		Total        int `json:"total_count"`
		Environments []struct {
			Name   string `json:"name"`
			Bypass *bool  `json:"can_admins_bypass"`
			Policy *struct {
				Protected bool `json:"protected_branches"`
			} `json:"deployment_branch_policy"`
		} `json:"environments"`
	}
	if err := s.hub.Get(ctx, fmt.Sprintf("%s/environments?per_page=%d", s.repo, mostEnvironments), &list); err != nil {
		return nil, err
	}
	if list.Total > len(list.Environments) {
		return nil, fmt.Errorf("the repository has %d environments; at most %d are looked at: delete those of past previews", list.Total, mostEnvironments)
	}
	var out []scan.Environment
	for _, e := range list.Environments {
		v := scan.Environment{Name: e.Name, Protected: fact.Of(e.Policy != nil && e.Policy.Protected), Bypass: fact.Missing[bool]("whether administrators may bypass it GitHub does not tell")}
		if e.Bypass != nil {
			v.Bypass = fact.Of(*e.Bypass)
		}
		var rules struct {
			Rules []struct {
				Enabled bool `json:"enabled"`
				App     struct {
					ID int64 `json:"id"`
				} `json:"app"`
			} `json:"custom_deployment_protection_rules"`
		}
		err := s.hub.Get(ctx, s.repo+"/environments/"+url.PathEscape(e.Name)+"/deployment_protection_rules", &rules)
		on := []int64{}
		for _, r := range rules.Rules {
			if r.Enabled {
				on = append(on, r.App.ID)
			}
		}
		v.Rules = seen(on, err, "its protection rules")
		out = append(out, v)
	}
	return out, nil
}

func (s *surveyor) branches(ctx context.Context) fact.Known[int] {
	var list []struct {
		Name string `json:"name"`
	}
	err := s.hub.Get(ctx, s.repo+"/branches?protected=true&per_page=100", &list)
	return seen(len(list), err, "which branches are protected")
}

// rules are what the default branch requires, by rulesets and by its own protection.
func (s *surveyor) rules(ctx context.Context) (fact.Known[[]scan.Check], fact.Known[bool]) {
	var rules []struct {
		Type       string `json:"type"`
		Parameters struct {
			Owners bool `json:"require_code_owner_review"`
			Checks []struct {
				Context string `json:"context"`
				App     int64  `json:"integration_id"`
			} `json:"required_status_checks"`
		} `json:"parameters"`
	}
	branch := url.PathEscape(s.branch)
	rulesErr := s.hub.Get(ctx, s.repo+"/rules/branches/"+branch+"?per_page=100", &rules)
	var own struct {
		Checks struct {
			Checks []struct {
				Context string `json:"context"`
				App     int64  `json:"app_id"`
			} `json:"checks"`
		} `json:"required_status_checks"`
		Reviews struct {
			Owners bool `json:"require_code_owner_reviews"`
		} `json:"required_pull_request_reviews"`
	}
	ownErr := s.hub.Get(ctx, s.repo+"/branches/"+branch+"/protection", &own)
	checks, reviewed := []scan.Check{}, own.Reviews.Owners
	for _, c := range own.Checks.Checks {
		checks = append(checks, scan.Check{Name: c.Context, App: c.App})
	}
	for _, r := range rules {
		reviewed = reviewed || r.Type == "pull_request" && r.Parameters.Owners
		for _, c := range r.Parameters.Checks {
			checks = append(checks, scan.Check{Name: c.Context, App: c.App})
		}
	}
	err := rulesErr
	if err == nil {
		err = ownErr
	}
	required := seen(checks, err, "what the default branch requires")
	if slices.ContainsFunc(checks, func(c scan.Check) bool { return c.Name == scan.TestedCheck && c.App > 0 }) {
		required = fact.Of(checks) // what was seen suffices
	}
	if !reviewed && err != nil {
		return required, seen(false, err, "whether code owners have to review")
	}
	if !reviewed {
		return required, fact.Of(false)
	}
	return required, s.owners(ctx)
}
