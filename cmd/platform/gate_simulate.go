package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/ledger"
	"github.com/org/platform-action/internal/verdict"
)

type simulateOptions struct {
	days          int
	until, format string
}

func newGateSimulate(s streams) *cobra.Command {
	var o simulateOptions
	c := &cobra.Command{
		Use:   "simulate LEDGER",
		Short: "Which deployments were or would have been blocked, and why",
		Long: "simulate reads a ledger of gate export and tells of the last days which deployments were rejected, which went ahead only\n" +
			"because their environment is observed, on a waiver, or past the gate. The last entry is today, so that the same ledger\n" +
			"gives the same answer. It decides nothing anew: each decision is the one that was made then.\n\n" +
			"Exit codes:\n  0  told\n  1  the ledger does not hang together\n  2  usage error or unreadable input",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one ledger of gate export\nsee: %s --help", c.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return o.run(s, args[0]) },
	}
	f := c.Flags()
	f.IntVar(&o.days, "days", 30, "how many days are looked at")
	f.StringVar(&o.until, "until", "", "their end, such as 2026-11-20T10:00:00Z (default: the last entry)")
	f.StringVar(&o.format, "format", "text", "text or json")
	return c
}

// past is one deployment, and what became of it.
type past struct {
	At          time.Time `json:"at"`
	Environment string    `json:"environment"`
	Run         int64     `json:"run"`
	Attempt     int       `json:"attempt"`
	Commit      string    `json:"commit"`
	Outcome     string    `json:"outcome"`
	Basis       string    `json:"basis"`
	Would       string    `json:"would"` // have been, without observing, waivers and ways past the gate
	Code        string    `json:"code"`
	Looked      string    `json:"looked"`
	Found       string    `json:"found"`
	Fix         string    `json:"fix"`
}

// simulation is the whole report.
type simulation struct {
	From        time.Time      `json:"from"`
	Until       time.Time      `json:"until"`
	Deployments int            `json:"deployments"`
	Blocked     []past         `json:"blocked"`
	Codes       map[string]int `json:"codes"`
	Unread      int            `json:"unread"` // entries whose body was taken out, or is of another version
}

func (o *simulateOptions) run(s streams, name string) error {
	if o.format != "text" && o.format != "json" {
		return fmt.Errorf("--format %q is neither text nor json", o.format)
	}
	if o.days < 1 || o.days > 3650 {
		return errors.New("--days is from 1 to 3650")
	}
	l, err := readLedger(name)
	if err != nil {
		return err
	}
	if err := ledger.Verify(l.head.Installation, l.head.Repository, l.entries, nil); err != nil {
		say(s.err, "platform: %s: %s", displayName(name), err.Error())
		return &outcomeError{verdict.Block}
	}
	until := time.Time{}
	if n := len(l.entries); n > 0 {
		until = l.entries[n-1].At
	}
	if o.until != "" {
		if until, err = time.Parse(time.RFC3339, o.until); err != nil {
			return fmt.Errorf("--until %.40q is no time: write 2026-11-20T10:00:00Z", o.until)
		}
	}
	report := simulate(l.entries, until.UTC().Add(-time.Duration(o.days)*24*time.Hour), until.UTC())
	if o.format == "json" {
		data, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return &faultError{err}
		}
		return output{}.emit(s, append(data, '\n'))
	}
	report.text(s)
	return nil
}

// simulate takes the last decision of each deployment.
func simulate(entries []ledger.Entry, from, until time.Time) simulation {
	type key struct {
		Environment string `json:"environment"`
		Run         int64  `json:"run"`
		Attempt     int    `json:"attempt"`
	}
	out := simulation{From: from, Until: until, Blocked: []past{}, Codes: map[string]int{}}
	last := map[key]past{}
	for _, e := range entries {
		if e.Kind != "deployment" && e.Kind != "deployment-job" && e.Kind != "bypass" || e.At.Before(from) || e.At.After(until) {
			continue
		}
		var body struct {
			Key      key           `json:"key"`
			Commit   string        `json:"commit"`
			Decision gate.Decision `json:"decision"`
		}
		if json.Unmarshal(e.Body, &body) != nil || body.Key.Environment == "" {
			out.Unread++
			continue
		}
		p := pastOf(e.Kind, body.Decision)
		p.At, p.Environment, p.Run, p.Attempt, p.Commit = e.At.UTC(), body.Key.Environment, body.Key.Run, body.Key.Attempt, body.Commit
		last[body.Key] = p
	}
	out.Deployments = len(last)
	for _, p := range last {
		if p.Would == gate.OutcomeApproved.String() && p.Outcome == p.Would {
			continue
		}
		out.Codes[p.Code]++
		out.Blocked = append(out.Blocked, p)
	}
	slices.SortFunc(out.Blocked, func(a, b past) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Attempt, b.Attempt))
	})
	return out
}

func pastOf(kind string, d gate.Decision) past {
	p := past{Outcome: d.Outcome.String(), Basis: d.Basis.String(), Would: d.Would.String(), Code: evidence.CodeUndecided.String()}
	if len(d.Reasons) > 0 {
		r := d.Reasons[0]
		p.Code, p.Looked, p.Found, p.Fix = r.Code.String(), r.Looked, r.Found, r.Fix
	}
	switch {
	case kind == "bypass":
		p.Outcome, p.Basis, p.Would, p.Code = "past the gate", evidence.BasisBypass.String(), gate.OutcomeError.String(), evidence.BasisBypass.String()
	case d.Basis == evidence.BasisWaiver:
		p.Would = gate.OutcomeRejected.String()
	}
	return p
}

func (r simulation) text(s streams) {
	say(s.out, "%d deployments from %s until %s; %d were blocked, or would have been", r.Deployments, r.From.Format(time.RFC3339), r.Until.Format(time.RFC3339), len(r.Blocked))
	for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
		say(s.out, "  %4d %s", r.Codes[code], code)
	}
	for _, p := range r.Blocked {
		what := p.Outcome
		if p.Outcome == gate.OutcomeApproved.String() {
			what = "approved by " + p.Basis + ", would be " + p.Would
		}
		say(s.out, "%s %s run %d attempt %d %.12s: %s: %s", p.At.Format(time.RFC3339), p.Environment, p.Run, p.Attempt, p.Commit, what, p.Code)
		if p.Looked != "" {
			say(s.out, "    looked for %s", p.Looked)
			say(s.out, "    found      %s", p.Found)
		}
		if p.Fix != "" {
			say(s.out, "    fix        %s", p.Fix)
		}
	}
	if r.Unread > 0 {
		say(s.out, "%d more entries cannot be told: their bodies were taken out by retention, or are of another version", r.Unread)
	}
}
