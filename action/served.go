package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/oidc"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// How long the App is waited for, and how long a verdict that does not change is given to do so.
const (
	appTime   = 3 * time.Minute
	appSettle = 20 * time.Second
	appPause  = time.Second
)

// served tells the App of the plans and shows what it decides. Source is for the App to evaluate.
func (c *step) served(ctx context.Context) (verdict.Outcome, error) {
	if err := webAddress(c.in.Server); err != nil {
		return verdict.Undecided, err
	}
	if c.job == nil {
		return verdict.Undecided, errors.New("no token: the App's verdict is read from its check; leave the input github-token away")
	}
	q, _, err := c.named()
	if err != nil {
		return verdict.Undecided, err
	}
	before, _, err := c.job.Check(ctx, c.event.Head)
	if err != nil {
		return verdict.Undecided, needs(err, "checks: read")
	}
	told, err := c.tell(ctx, q)
	if err != nil {
		return verdict.Undecided, err
	}
	app, err := c.wait(ctx, before, told)
	if err != nil {
		return verdict.Undecided, err
	}
	outcome := outcomeOf(app)
	if err := c.runner.WriteOutputs(actions.Outputs{Outcome: outcome}); err != nil {
		return verdict.Undecided, &faultError{err}
	}
	title := render.Plain(render.Redact(app.Title))
	c.runner.Say("the App decides: %s", title)
	if outcome != verdict.Allow && outcome != verdict.Warn {
		c.runner.Fail("platform "+outcome.Word(), errors.New(title+" · see the check "+github.CheckName))
	}
	if err := c.runner.WriteSummary("### " + render.Symbol(outcome) + " " + outcome.Word() + "\n\nThe App decides: its check `" + github.CheckName + "` on this commit has the verdict, with every reason."); err != nil {
		c.runner.Warn("platform", "the job's summary was not written: %v", err)
	}
	return outcome, nil
}

func webAddress(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("server-url: %.80q is no web address; give the App's PLATFORM_PUBLIC_URL, such as https://platform.example.com", text)
	}
	return nil
}

// tell sends the facts of the plans. Of a fork's run no token can be had, and the App judges from source.
func (c *step) tell(ctx context.Context, q question) (bool, error) {
	documents, err := local.Uploads(ctx, q.sources, "")
	if err != nil {
		return false, &faultError{err}
	}
	if c.event.Fork && len(documents) > 0 {
		c.runner.Say("a fork's run cannot prove what it is: the App judges this pull request from its source")
		return false, nil
	}
	for _, d := range documents {
		var receipt control.Receipt
		if err := oidc.Send(ctx, c.env, c.in.Server, oidc.Facts, d.Document, &receipt); err != nil {
			return false, &faultError{fmt.Errorf("the App was not told of %s: %w", d.Name, err)}
		}
		if receipt.Trusted {
			c.runner.Say("%s: the App judges %.7s by this plan", d.Name, receipt.Head)
		} else {
			c.runner.Say("%s: the App judges %.7s from its source, beside this plan: %s", d.Name, receipt.Head, receipt.Why)
		}
	}
	return len(documents) > 0, nil
}

// wait looks until the App has decided. After it was told something its verdict may be about to change: one that stays
// as it is for a while is taken, because the App writes nothing that it said before.
func (c *step) wait(ctx context.Context, before github.AppCheck, told bool) (github.AppCheck, error) {
	start := c.now()
	for {
		app, there, err := c.job.Check(ctx, c.event.Head)
		if err != nil {
			return app, needs(err, "checks: read")
		}
		fresh := app.ID != before.ID || !app.Ended.Equal(before.Ended)
		waited := c.now().Sub(start)
		switch {
		case there && app.Done && (fresh || !told || waited >= appSettle):
			return app, nil
		case waited >= appTime:
			return app, &faultError{fmt.Errorf("the App has not decided on %.7s within %s: is it installed on this repository?", c.event.Head, appTime)}
		}
		timer := time.NewTimer(appPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return app, ctx.Err()
		}
	}
}

// outcomeOf reads an outcome back from a check run. What it does not say is undecided.
func outcomeOf(app github.AppCheck) verdict.Outcome {
	said := verdict.Undecided
	for _, o := range verdict.Outcomes() {
		if strings.HasPrefix(app.Title, o.Word()+" — ") {
			said = o
		}
	}
	if allowed := said == verdict.Allow || said == verdict.Warn; (app.Conclusion == "success") != allowed {
		return verdict.Undecided
	}
	return said
}
