package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// commentOptions are the flags of infracost comment.
type commentOptions struct {
	paths, policies                     []string
	repo, commit, token, apiURL, author string
	behavior, tag, format, extra        string
	pullText                            string // empty, where a workflow has no pull request
	pull                                int
	dryRun, skipNoDiff, skipped         bool
}

func newComment(s streams) *cobra.Command {
	c := &cobra.Command{
		Use: "comment", Short: "Write a comment of Infracost JSON files to a pull request", Args: noCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newCommentGitHub(s))
	for _, other := range []struct{ name, format, instead string }{
		{"gitlab", "gitlab-comment", "curl --request POST --header \"PRIVATE-TOKEN: $GITLAB_TOKEN\" --data-urlencode body@comment.md $CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"},
		{"azure-repos", "azure-repos-comment", "az repos pr or the REST API's pull request threads"},
		{"bitbucket", "bitbucket-comment", "the REST API's pull request comments"},
	} {
		c.AddCommand(newCommentElsewhere(s, other.name, other.format, other.instead))
	}
	return c
}

func (o *commentOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVarP(&o.paths, "path", "p", nil, "Infracost JSON file, or a pattern in quotes; may be given more than once")
	f.StringArrayVar(&o.policies, "policy-path", nil, "policies of package infracost: file, folder or pattern in quotes; may be given more than once")
	f.StringVar(&o.repo, "repo", "", "repository, as owner/name")
	f.StringVar(&o.pullText, "pull-request", "", "number of the pull request")
	f.StringVar(&o.commit, "commit", "", "commit to comment on, in place of a pull request")
	f.StringVar(&o.behavior, "behavior", "update", "update, new, hide-and-new or delete-and-new")
	f.StringVar(&o.tag, "tag", "", "tells comments of several jobs apart")
	f.BoolVar(&o.dryRun, "dry-run", false, "write the comment to standard output and nowhere else")
	f.BoolVar(&o.skipNoDiff, "skip-no-diff", false, "write none while nothing changes and none is there")
	f.StringVar(&o.format, "format", "", "only accepted: json")
	f.StringVar(&o.extra, "additional-comment-data-path", "", "not here")
	f.BoolVar(&o.skipped, "show-skipped", false, "types without a price are named in any case")
	f.Bool("show-all-projects", false, "all projects are shown in any case")
	f.Bool("show-changed", false, "accepted: all projects are shown")
	_ = f.MarkHidden("additional-comment-data-path")
	_ = c.MarkFlagRequired("path")
}

func newCommentGitHub(s streams) *cobra.Command {
	var o commentOptions
	c := &cobra.Command{
		Use: "github", Short: "Write the comment to a pull request, or a commit, on GitHub", Args: cobra.NoArgs,
		Long: "github writes the comment of Infracost JSON files. It updates its own comment, which it finds by a hidden marker and by\n" +
			"its author: a marker alone could be anybody's. Exit code 1 means that a policy of --policy-path failed.",
		Example: "  infracost comment github --path infracost.json --repo org/shop --pull-request 3 --github-token $GITHUB_TOKEN",
		RunE:    func(c *cobra.Command, _ []string) error { return o.github(c.Context(), s) },
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.token, "github-token", "", "token (default $GITHUB_TOKEN)")
	f.StringVar(&o.apiURL, "github-api-url", "https://api.github.com", "API of GitHub; of an Enterprise Server https://HOST/api/v3")
	f.StringVar(&o.author, "comment-author", "", "login that the token writes under, where GitHub does not say it (default github-actions[bot])")
	ignoredText(f, "github-tls-cert-file", "github-tls-key-file")
	ignored(f, "github-tls-insecure-skip-verify")
	return c
}

// written is a comment that is ready.
type written struct {
	body    string
	changes bool
	outcome verdict.Outcome
	failed  []verdict.Finding // policies
}

// write makes the comment in a format.
func (o *commentOptions) write(ctx context.Context, format infracost.Format) (written, error) {
	marker, err := markerOf(o.tag)
	if err != nil {
		return written{}, err
	}
	if err := additional(o.extra); err != nil {
		return written{}, err
	}
	all, err := combine(o.paths)
	if err != nil {
		return written{}, err
	}
	var findings []verdict.Finding
	var checks []verdict.Check
	if len(o.policies) > 0 {
		result, err := all.judge(ctx, o.policies)
		if err != nil {
			return written{}, err
		}
		findings, checks = result.Findings, result.Checks
	}
	r, err := all.report(ctx, findings, checks)
	if err != nil {
		return written{}, err
	}
	if len(o.policies) > 0 {
		r.View = render.CheckView
	}
	b, err := infracost.Render(format, infracost.View{Projects: all.projects, Report: r, Marker: marker})
	if err != nil {
		return written{}, &faultError{err}
	}
	out := written{body: string(b), outcome: r.Verdict.Outcome, failed: findings}
	for i := range all.projects {
		for _, c := range all.projects[i].Estimate.Resources {
			out.changes = out.changes || c.Action.Changes()
		}
	}
	return out, nil
}

func (o *commentOptions) validate() error {
	if !slices.Contains([]string{"update", "new", "hide-and-new", "delete-and-new"}, o.behavior) {
		return fmt.Errorf("--behavior %.40q is not known; choose update, new, hide-and-new or delete-and-new", o.behavior)
	}
	owner, name, ok := strings.Cut(o.repo, "/")
	if o.pullText != "" {
		n, err := strconv.Atoi(o.pullText)
		if err != nil || n <= 0 {
			return fmt.Errorf("--pull-request %.40q is no number of a pull request", o.pullText)
		}
		o.pull = n
	}
	switch {
	case o.format != "" && o.format != "json":
		return fmt.Errorf("--format %.40q is not known; a comment's is Markdown", o.format)
	case !ok || owner == "" || name == "" || strings.ContainsAny(o.repo, " ?#%\\") || strings.Count(o.repo, "/") != 1 || strings.Contains(o.repo, ".."):
		return fmt.Errorf("--repo %.80q is not owner/name", o.repo)
	case o.pull == 0 && o.commit == "":
		return errors.New("name where to write: --pull-request NUMBER, or --commit SHA")
	case o.commit != "" && strings.Trim(o.commit, "0123456789abcdefABCDEF") != "":
		return fmt.Errorf("--commit %.60q is no commit", o.commit)
	}
	return nil
}

func (o *commentOptions) github(ctx context.Context, s streams) error {
	if err := o.validate(); err != nil {
		return err
	}
	w, err := o.write(ctx, infracost.GitHubFormat)
	if err != nil {
		return err
	}
	if o.dryRun {
		fmt.Fprintln(s.out, w.body)
		warn(s.err, "the comment was not written to GitHub: --dry-run")
		return w.exit(s)
	}
	token := o.token
	if token == "" {
		token = s.env("GITHUB_TOKEN")
	}
	if token == "" {
		return errors.New("no token: give --github-token, or set GITHUB_TOKEN")
	}
	owner, name, _ := strings.Cut(o.repo, "/")
	poster, err := github.NewCommenter(github.CommenterOptions{APIURL: o.apiURL, Token: token, Author: o.author})
	if err != nil {
		return err
	}
	behavior := github.Behavior(o.behavior)
	did, err := poster.Post(ctx, github.Target{Owner: owner, Repo: name, Pull: o.pull, Commit: o.commit}, github.Text{
		Marker: strings.SplitN(w.body, "\n", 2)[0], Body: w.body, OnlyUpdate: o.skipNoDiff && !w.changes,
	}, behavior)
	if err != nil {
		return &faultError{fmt.Errorf("the comment could not be written: %w", err)}
	}
	fmt.Fprintln(s.err, did)
	return w.exit(s)
}

// exit says which policies failed, and turns the outcome into the exit code.
func (w written) exit(s streams) error {
	for _, f := range w.failed {
		fmt.Fprintf(s.err, "policy: %s: %s\n", f.Severity, render.Plain(render.Redact(f.Message)))
	}
	return failing(w.outcome, "block")
}

// newCommentElsewhere makes the comment for a place that this program does not write to.
func newCommentElsewhere(s streams, name, format, instead string) *cobra.Command {
	var o commentOptions
	c := &cobra.Command{
		Use: name, Short: "The comment for " + name + ", with --dry-run", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !o.dryRun {
				return fmt.Errorf("comment %s does not write to %s: write the text with infracost output --path FILE --format %s --out-file comment.md, and send it with %s", name, name, format, instead)
			}
			f, err := infracost.ParseFormat(format)
			if err != nil {
				return err
			}
			w, err := o.write(c.Context(), f)
			if err != nil {
				return err
			}
			fmt.Fprintln(s.out, w.body)
			return w.exit(s)
		},
	}
	o.flags(c)
	ignoredText(c.Flags(), "gitlab-token", "gitlab-server-url", "merge-request", "azure-access-token", "repo-url", "bitbucket-token", "bitbucket-server-url")
	ignored(c.Flags(), "exclude-cli-output")
	return c
}
