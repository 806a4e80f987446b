package control

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/time/rate"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/render"
)

// command answers a comment that begins a line with /platform. Only a person's word counts, only as it was written at
// first, and only that of somebody who may write; nobody else gets an answer.
func (f *Flow) command(ctx context.Context, r Repository, t Task) error {
	var in CommandInput
	if err := json.Unmarshal(t.Input, &in); err != nil {
		return &Parked{Reason: "the input of a command cannot be read: " + err.Error()}
	}
	words := strings.Fields(in.Text)
	if in.ViaApp || in.Sender.Kind != "User" || in.Sender.ID != in.Author || len(words) < 2 || words[0] != "/platform" {
		return nil
	}
	arrived := in.Received
	if arrived.IsZero() {
		arrived = f.o.Now()
	}
	if arrived.Sub(in.Written) > CommandLife { // one that waited here for GitHub is as good as it was
		f.log(ctx).InfoContext(ctx, "a command that is too old was refused", "comment", in.Comment)
		return nil
	}
	if may, err := f.mayWrite(ctx, r, in.Sender); err != nil || !may {
		return err
	}
	wish := fmt.Sprintf("command %d", in.Comment)
	return f.wished(ctx, r, wish, func() error {
		p, err := f.o.Forge.Pull(ctx, r, in.Number)
		if err != nil {
			return err
		}
		answer, err := f.obey(ctx, r, p, in.Sender, words[1], words[2:])
		if err != nil || answer == "" {
			return err
		}
		return f.reply(ctx, r, p, wish, answer)
	})
}

// wished does what somebody wants unless that was done before: a body that comes again under another id is no further
// wish. What was begun and not finished is done again.
func (f *Flow) wished(ctx context.Context, r Repository, wish string, do func() error) error {
	name := "wish/" + wish
	if _, done, err := f.o.Records.Recall(ctx, r.Tenant, name); err != nil || done {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return f.o.Records.Remember(ctx, r.Tenant, name, []byte{'1'})
}

// obey does what a command says; the answer is for whoever gave it.
func (f *Flow) obey(ctx context.Context, r Repository, p Pull, by Person, verb string, rest []string) (string, error) {
	switch {
	case verb == "recheck" && len(rest) == 0:
		return "", f.again(ctx, r, p.Head)
	case verb == "ack" && len(rest) == 1:
		return f.acknowledge(ctx, r, p, p.Head, by, rest[0])
	case verb == "explain" && len(rest) == 1:
		return f.explain(ctx, r, p, rest[0])
	case verb == "waive":
		return f.waive(ctx, r, p, by, rest)
	}
	return "I know `/platform recheck`, `/platform explain ID`, `/platform ack DIGEST` and `/platform waive …`.", nil
}

// mayWrite asks GitHub for the role now. Who may not is not asked about again for a while, so that a flood of commands
// costs no calls.
func (f *Flow) mayWrite(ctx context.Context, r Repository, by Person) (bool, error) {
	key := fmt.Sprintf("%s %d", r.Tenant, by.ID)
	if _, refused := f.refused.Get(key); refused {
		return false, nil
	}
	if err := f.turn(key); err != nil {
		return false, err
	}
	role, err := f.o.Forge.Role(ctx, r, by)
	if err != nil {
		return false, err
	}
	if role < RoleWrite {
		f.refused.Add(key, struct{}{})
		f.log(ctx).InfoContext(ctx, "a command of somebody who may not write was left unanswered", "sender", by.ID)
		return false, nil
	}
	return true, nil
}

// turn holds one person's flood back; nothing of it is lost.
func (f *Flow) turn(key string) error {
	pace, known := f.pace.Get(key)
	if !known {
		pace = rate.NewLimiter(rate.Every(wishEvery), wishesAtOnce)
		f.pace.Add(key, pace)
	}
	now := f.o.Now()
	r := pace.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return &Later{After: wait, Reason: "one person's wishes are taken one after the other"}
	}
	return nil
}

// again has a head evaluated and published anew.
func (f *Flow) again(ctx context.Context, r Repository, head string) error {
	c, err := f.check(ctx, r, head)
	if err != nil {
		return err
	}
	if c.ID != 0 {
		if err := f.reopen(ctx, r, c); err != nil {
			return err
		}
	}
	return f.wantHead(ctx, r, head)
}

// reopen shows that the check is at work again. What it said before does not count any more.
func (f *Flow) reopen(ctx context.Context, r Repository, c CheckRecord) error {
	c.Verdict, c.Finished, c.Started = "", false, f.o.Now()
	text := CheckText{Head: c.Head, Title: "Evaluating anew", Summary: "Reading everything again.", ExternalID: c.Head}
	if c.Notes == "" {
		if err := f.o.Records.SaveCheck(ctx, r.Tenant, c); err != nil {
			return err
		}
		return f.o.Forge.UpdateCheck(ctx, r, c.ID, text)
	}
	c.ID, c.Notes = 0, "" // its annotations cannot be taken back: a new run takes its place
	if err := f.o.Records.SaveCheck(ctx, r.Tenant, c); err != nil {
		return err
	}
	var err error
	if c.ID, err = f.o.Forge.CreateCheck(ctx, r, text); err != nil {
		return err
	}
	return f.o.Records.SaveCheck(ctx, r.Tenant, c)
}

// acknowledge takes somebody's word that the increase of the verdict with this digest, on this head, is meant.
func (f *Flow) acknowledge(ctx context.Context, r Repository, p Pull, head string, by Person, digest string) (string, error) {
	v, known, err := f.o.Records.LatestVerdict(ctx, r.Tenant, p.Number, head)
	if err != nil {
		return "", err
	}
	if !known || len(digest) != 8 || shortened(v.Digest) != digest {
		return "This verdict is no longer the newest one of this pull request: look at the check again before you confirm.", nil
	}
	report, err := render.ReadJSON(v.Report)
	if err != nil {
		return "", &Parked{Reason: "the recorded verdict cannot be read: " + err.Error()}
	}
	if !waitsForAck(report.Verdict) {
		return "This verdict does not wait for an acknowledgement.", nil
	}
	rule, err := f.ackRule(ctx, r, p)
	if err != nil {
		return "", err
	}
	if rule == "not-author" && by.ID == p.AuthorID {
		return "The organisation asks somebody other than the author to confirm the cost (`cost.acknowledge.by: not-author`).", nil
	}
	total, ok := report.Total.Get()
	if !ok {
		return "The increase is not known, so that it cannot be confirmed.", nil
	}
	if _, err := f.o.Records.Acknowledge(ctx, r.Tenant, Acknowledgement{
		Number: p.Number, Amount: total.Delta.Value(), Currency: string(total.Delta.Currency()), Resources: growing(report),
		By: by.Login, ByID: by.ID, Verdict: v.Digest, At: f.o.Now(),
	}); err != nil {
		return "", err
	}
	return "", f.wantHead(ctx, r, head)
}

// ackRule is who may confirm, by what is in force now.
func (f *Flow) ackRule(ctx context.Context, r Repository, p Pull) (string, error) {
	c := change{head: p.Head, into: p.Base, whole: true}
	tip, err := f.o.Forge.Branch(ctx, r, p.Base)
	if err != nil {
		return "", err
	}
	if err := f.measure(ctx, r, &c, tip); err != nil {
		return "", err
	}
	for _, s := range c.standards {
		if s.settings.Config.Cost.Acknowledge.By == "not-author" {
			return "not-author", nil
		}
	}
	return "anyone", nil
}

// growing names what a report's increase is made of, as cost.Growing does.
func growing(r render.Report) []string {
	var projects []cost.Project
	for _, p := range r.Projects {
		if e, ok := p.Estimate.Get(); ok {
			projects = append(projects, cost.Project{Path: p.Name, Estimate: e})
		}
	}
	return cost.Growing(projects)
}
