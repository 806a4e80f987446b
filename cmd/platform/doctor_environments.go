package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

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
	facts, err := github.Survey(ctx, hub, repo)
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
