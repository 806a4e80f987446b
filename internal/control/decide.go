package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// decision is the verdict on one pull request or merge group.
type decision struct {
	change change
	report render.Report
	spoken bool // it changes something, or has something to say
}

var plainBranch = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// decide judges a change by each of its standards; the worst verdict counts, and of equal ones the default branch's.
func (f *Flow) decide(ctx context.Context, r Repository, c change, read *sides) (worst decision, err error) {
	ctx, end := step(ctx, "decide", slog.Int("pull", c.number), slog.String("head", c.head))
	defer func() {
		end(err, slog.String("outcome", worst.report.Verdict.Outcome.String()), slog.Int("findings", len(worst.report.Verdict.Findings)))
	}()
	acks, err := f.o.Records.Acknowledgements(ctx, r.Tenant, c.number)
	if err != nil {
		return decision{}, err
	}
	if read != nil {
		if read.uploads, err = f.o.Records.Uploads(ctx, r.Tenant, c.head); err != nil {
			return decision{}, err
		}
	}
	for i, s := range c.standards {
		report, err := f.judge(ctx, c, s.settings, read, acks)
		if err != nil {
			return decision{}, err
		}
		if i == 0 || report.Verdict.Outcome < worst.report.Verdict.Outcome {
			worst.report = report
		}
	}
	worst.change = c
	worst.report.Version, worst.report.Commit = f.o.Version, c.head
	if plainBranch.MatchString(c.into) { // any other name would have to be quoted, and people copy what they read
		worst.report.Reproduce = "platform check --base-ref origin/" + c.into
	}
	worst.report.Files = f.o.WebURL + "/" + r.Owner + "/" + r.Name + "/blob/" + c.head + "/"
	worst.report.Link = f.page(r, c.number, c.head)
	worst.spoken = Speaks(worst.report)
	return worst, nil
}

// Speaks reports a verdict that a comment is worth: something changes, or something is to be said.
func Speaks(r render.Report) bool {
	if r.Verdict.Outcome != verdict.Allow {
		return true
	}
	for _, p := range r.Projects {
		if p.Plan.Create+p.Plan.Update+p.Plan.Replace+p.Plan.Delete+p.Plan.Forget > 0 {
			return true
		}
	}
	return false
}

// judge asks the control plane about a change under one standard.
func (f *Flow) judge(ctx context.Context, c change, s Settings, read *sides, acks []Acknowledgement) (render.Report, error) {
	plane, s, err := f.plane(ctx, s)
	if err != nil {
		return render.Report{}, err
	}
	limits, err := s.Config.Limits(CurrencyOf(s.Config))
	if err != nil {
		return render.Report{}, err
	}
	limits.Confirmed = confirmations(acks)
	req := Request{Limits: limits, Params: s.Config.Policies.Params, Inputs: s.Inputs, Notes: s.Notes}
	if read != nil {
		if req, err = f.addSources(ctx, c, s, *read, req, plane.Rules()); err != nil {
			return render.Report{}, err
		}
	}
	if len(req.Sources) == 0 {
		req.Notes = append(req.Notes, NothingChanged())
	}
	return plane.Check(ctx, req)
}

func (f *Flow) addSources(ctx context.Context, c change, s Settings, read sides, req Request, rules []policy.Rule) (Request, error) {
	names, notes, err := read.touched(ctx, c.files, c.whole, s.Config.Roots)
	if err != nil {
		return req, err
	}
	req.Notes = append(append(req.Notes, notes...), read.missing()...)
	if !c.whole {
		req.Notes = append(req.Notes, verdict.Finding{
			ID: "files-unknown", Title: "More files than GitHub tells", Severity: verdict.Warn,
			Message: fmt.Sprintf("this change has more files than the %d that GitHub lists: every Terraform root was evaluated", len(c.files)),
		})
	}
	for _, name := range names {
		source, notes, err := read.source(ctx, name, rootNamed(s.Config.Roots, name))
		if err != nil {
			return req, err
		}
		source.Infracost = f.o.Infracost
		source, findings := replaced(source, read.uploads, rules)
		req.Sources = append(req.Sources, source)
		req.Notes = append(append(req.Notes, notes...), findings...)
	}
	return req, nil
}

// plane is the control plane of settings. Settings that nobody could judge by leave the outcome undecided, and are told.
func (f *Flow) plane(ctx context.Context, s Settings) (*Control, Settings, error) {
	plane, err := f.o.Engine.Control(ctx, s)
	var wrong *unusable
	var broken *policy.PolicyError
	if err == nil || !errors.As(err, &wrong) && !errors.As(err, &broken) {
		return plane, s, err
	}
	s.Notes = append(s.Notes, verdict.Finding{
		ID: "config-invalid", Title: "The configuration cannot be used", Severity: verdict.Undecided, File: ConfigName,
		Message: err.Error(), Fix: "correct the file on the default branch",
	})
	s.Config.Policies.Disable = nil
	s.Config.Cost.Currency, s.Config.Cost.Budgets = money.USD, nil
	s.Inputs, s.Usage = nil, nil // an engine keeps planes by their inputs
	s.Bundles, s.Origin = nil, ""
	plane, err = f.o.Engine.Control(ctx, s)
	return plane, s, err
}

func confirmations(acks []Acknowledgement) []fact.Confirmation {
	var out []fact.Confirmation
	for _, a := range acks {
		currency, err := money.ParseCurrency(a.Currency)
		if err != nil {
			continue // an amount without a currency confirms nothing
		}
		out = append(out, fact.Confirmation{
			Amount: money.New(a.Amount, currency), Resources: a.Resources, By: a.By, On: a.At.UTC().Format("2006-01-02"),
		})
	}
	return out
}

// waitsForAck reports that an acknowledgement is missing.
func waitsForAck(v verdict.Verdict) bool {
	return slices.ContainsFunc(v.Findings, func(f verdict.Finding) bool { return f.ID == cost.NeedsAck && f.Severity == verdict.Block })
}

// needsAck reports that nothing but a missing acknowledgement blocks.
func needsAck(v verdict.Verdict) bool {
	waiting := false
	for _, f := range v.Findings {
		if f.Severity > verdict.Block {
			continue
		}
		if f.ID != cost.NeedsAck || f.Severity != verdict.Block {
			return false
		}
		waiting = true
	}
	return waiting
}
