package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate/scan"
	"github.com/org/platform-action/internal/github"
)

type environmentsOptions struct {
	repo, format string
	app          int64
	vouched      []string
}

func newDoctorEnvironments(s streams) *cobra.Command {
	var o environmentsOptions
	c := &cobra.Command{
		Use:   "environments",
		Short: "Which environments of a repository are locked, and what is open",
		Long: "environments reads a repository's settings at GitHub with GITHUB_TOKEN and says of each environment which conditions of a\n" +
			"lock hold (docs/gate.md): yes, no or unknown. It changes nothing. A token of an administrator sees the most; what a token\n" +
			"may not see is unknown, never yes. Where credentials are only you can tell: look, and say so with --vouch.\n\nExit codes:\n" +
			"  0  every environment is locked\n  1  something is open\n  2  usage error\n  3  nothing is open as far as could be seen, but something could not be looked at",
		Example: "  GITHUB_TOKEN=$(gh auth token) platform doctor environments --repo acme/shop --app-id 12345 --vouch production",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s) },
	}
	f := c.Flags()
	f.StringVar(&o.repo, "repo", "", "OWNER/NAME (default: GITHUB_REPOSITORY)")
	f.Int64Var(&o.app, "app-id", 0, "id of your App (default: PLATFORM_GITHUB_APP_ID)")
	f.StringArrayVar(&o.vouched, "vouch", nil, "environment of which you say that its credentials are nowhere else; may be given more than once")
	f.StringVar(&o.format, "format", "text", "text or json")
	return c
}

func (o *environmentsOptions) run(ctx context.Context, s streams) error {
	if o.format != "text" && o.format != "json" {
		return fmt.Errorf("--format %q is neither text nor json", o.format)
	}
	if o.app == 0 {
		o.app, _ = strconv.ParseInt(s.env("PLATFORM_GITHUB_APP_ID"), 10, 64) // none, or none that is one: not known
	}
	hub, repo, err := reader(s, o.repo)
	if err != nil {
		return err
	}
	facts, err := (&surveyor{hub: hub, repo: repo}).survey(ctx)
	if err != nil {
		return &faultError{err}
	}
	facts.App = o.app
	for _, name := range o.vouched {
		i := slices.IndexFunc(facts.Environments, func(e scan.Environment) bool { return e.Name == name })
		if i < 0 {
			return fmt.Errorf("--vouch %.80q: the repository has no such environment", name)
		}
		facts.Environments[i].Vouched = true
	}
	found := symptomsOf(scan.Look(facts))
	if err := tell(s, o.format, found); err != nil {
		return &faultError{err}
	}
	return diagnosis(found)
}

func symptomsOf(reports []scan.Report) []symptom {
	if len(reports) == 0 {
		return []symptom{{"environments", unknown, "the repository has none, or none that this token sees", "name one in a job, and open it under Settings, Environments"}}
	}
	var out []symptom
	for _, r := range reports {
		head := symptom{fmt.Sprintf("%+q", r.Environment), good, "locked, as far as GitHub shows it", ""}
		if !r.Locked() {
			head.Health, head.Detail = unknown, "not known to be locked"
		}
		at := len(out)
		out = append(out, head)
		for _, c := range append(slices.Clone(r.Conditions), r.Notes...) {
			health := map[scan.Answer]health{scan.Yes: good, scan.No: bad, scan.Unknown: unknown}[c.Answer]
			if health == bad {
				out[at].Health, out[at].Detail = bad, "not locked"
			}
			out = append(out, symptom{"  " + c.Name, health, c.Answer.String() + ": " + c.Why, c.Fix})
		}
	}
	return out
}

// surveyor reads a repository's settings. What it may not see becomes missing, with the reason.
type surveyor struct {
	hub    *github.Reader
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
