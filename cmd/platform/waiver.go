package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/waiver"
)

func newWaiver(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "waiver",
		Short: "Break the glass: let one commit into one environment without proof",
		Long: "waiver asks for waivers and answers for them, by the App's comment commands: it writes the comment under your name, with\n" +
			"GITHUB_TOKEN, and shows the App's reply. The App decides by what GitHub says of you, not by what is written.\n" +
			"A workflow's own token cannot ask: it is nobody's.\n\nExit codes:\n" +
			"  0  the comment is written, and the App has replied; its reply says what became of it\n  2  usage error or unreadable input\n  3  GitHub or the App did not answer",
		Args: noCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newWaiverAsk(s), newWaiverAnswer(s, "approve", "Answer for a waiver that somebody else asked for"),
		newWaiverAnswer(s, "revoke", "End a waiver before its time"), newWaiverList(s))
	return c
}

// place is where the comment is written.
type place struct {
	repo string
	pull int
	wait time.Duration
}

func (p *place) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.repo, "repo", "", "OWNER/NAME (default: GITHUB_REPOSITORY)")
	f.IntVar(&p.pull, "pull", 0, "number of a pull request to write in: that of the urgent change, or any")
	f.DurationVar(&p.wait, "wait", time.Minute, "how long to wait for the App's reply")
}

type askOptions struct {
	place
	environment, commit, reason, ticket string
	lasts                               time.Duration
}

func newWaiverAsk(s streams) *cobra.Command {
	var o askOptions
	c := &cobra.Command{
		Use:     "ask",
		Short:   "Ask for a waiver; somebody else answers for it",
		Example: "  GITHUB_TOKEN=$(gh auth token) platform waiver ask --repo acme/shop --pull 7 --environment production --reason 'the shop is down' --for 2h",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := o.command()
			if err != nil {
				return err
			}
			return o.say(c.Context(), s, text)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.environment, "environment", "", "the environment, as .github/platform.yml names it")
	f.StringVar(&o.commit, "commit", "", "what is to be deployed, all digits of it (default: the pull request's merge commit)")
	f.StringVar(&o.reason, "reason", "", "why it cannot wait for its tests")
	f.StringVar(&o.ticket, "ticket", "", "where this is followed up")
	f.DurationVar(&o.lasts, "for", time.Hour, "how long it holds once it is approved; at most 4h")
	return c
}

var (
	oneWord   = regexp.MustCompile(`^[^\s]{1,255}$`)
	wholeID   = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	requestID = regexp.MustCompile(`^[0-9a-f]{8}$`)
	replyTo   = regexp.MustCompile(`^<!-- platform:reply:v1 .{1,80} -->`)
)

// command is the comment. What would be read in another way than it is meant is refused.
func (o *askOptions) command() (string, error) {
	reason := strings.Fields(o.reason)
	switch {
	case !oneWord.MatchString(o.environment) || wholeID.MatchString(o.environment):
		return "", errors.New("--environment is needed, and is one word")
	case o.commit != "" && !wholeID.MatchString(o.commit):
		return "", fmt.Errorf("--commit %.80q is no full object id; `git rev-parse HEAD` prints it", o.commit)
	case len(reason) == 0 || len(o.reason) > 1000:
		return "", errors.New("--reason is needed, and has at most 1,000 characters: everybody will read it")
	case o.ticket != "" && !oneWord.MatchString(o.ticket):
		return "", errors.New("--ticket is one word, such as OPS-1")
	case o.ticket == "" && len(reason) > 2 && reason[len(reason)-2] == "ticket":
		return "", errors.New("--reason ends in what would be read as a ticket: give it as --ticket")
	case o.lasts < time.Minute || o.lasts > waiver.Longest:
		return "", fmt.Errorf("--for is from 1m to %s", waiver.Longest)
	}
	words := []string{"/platform", "waive", o.environment}
	if o.commit != "" {
		words = append(words, o.commit)
	}
	words = append(append(words, "reason"), reason...)
	if o.ticket != "" {
		words = append(words, "ticket", o.ticket)
	}
	return strings.Join(append(words, "until", o.lasts.String()), " "), nil
}

func newWaiverAnswer(s streams, verb, short string) *cobra.Command {
	var p place
	c := &cobra.Command{
		Use:     verb + " ID",
		Short:   short,
		Example: "  GITHUB_TOKEN=$(gh auth token) platform waiver " + verb + " 1a2b3c4d --repo acme/shop --pull 7",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || !requestID.MatchString(args[0]) {
				return fmt.Errorf("name one request by its id, such as 1a2b3c4d: the App's reply to waiver ask has it\nsee: %s --help", c.CommandPath())
			}
			return p.say(c.Context(), s, "/platform waive "+verb+" "+args[0])
		},
	}
	p.flags(c)
	return c
}

// say writes the comment once, and waits for the App's reply.
func (p *place) say(ctx context.Context, s streams, text string) error {
	if p.pull <= 0 {
		return errors.New("--pull is needed: the App hears commands in the comments of a pull request")
	}
	hub, repo, err := reader(s, p.repo)
	if err != nil {
		return err
	}
	var me struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	}
	if err := hub.Get(ctx, "user", &me); err != nil {
		return &faultError{fmt.Errorf("whose GITHUB_TOKEN is cannot be told; a person's is needed (`GITHUB_TOKEN=$(gh auth token)`): %w", err)}
	}
	if me.Type != "User" {
		return fmt.Errorf("GITHUB_TOKEN is that of %.80q, which is no person", me.Login)
	}
	comments := repo + "/issues/" + strconv.Itoa(p.pull) + "/comments"
	id, err := hub.Comment(ctx, comments, text)
	if err != nil {
		return &faultError{fmt.Errorf("whether the comment was written is not known: look before you try again: %w", err)}
	}
	say(s.err, "%s says in pull request %d: %s", me.Login, p.pull, text)
	reply, err := p.reply(ctx, hub, comments, id, s.now().Add(-10*time.Minute))
	if err != nil {
		return &faultError{err}
	}
	for line := range strings.Lines(reply) {
		say(s.out, "%s", strings.TrimSuffix(line, "\n"))
	}
	return nil
}

const replyEvery = 2 * time.Second

// reply is what the App says to a comment. A person can write its marker, and is none.
func (p *place) reply(ctx context.Context, hub *github.Reader, comments string, id int64, since time.Time) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	tick := time.NewTicker(replyEvery)
	defer tick.Stop()
	marker := fmt.Sprintf("<!-- platform:reply:v1 command %d -->", id)
	for {
		var list []struct {
			Body string `json:"body"`
			User struct {
				Type string `json:"type"`
			} `json:"user"`
		}
		if err := hub.Get(ctx, comments+"?per_page=100&since="+url.QueryEscape(since.UTC().Format(time.RFC3339)), &list); err != nil && ctx.Err() == nil {
			return "", err
		}
		for _, c := range list {
			if c.User.Type == "Bot" && strings.HasPrefix(c.Body, marker) {
				return strings.TrimSpace(replyTo.ReplaceAllString(c.Body, "")), nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the comment is written, and the App has not replied within %s: it replies only to people who may write, and only where it is installed", p.wait)
		case <-tick.C:
		}
	}
}
