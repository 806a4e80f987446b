package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// with makes the bench's flow anew, with something in its way.
func (b *bench) with(t *testing.T, change func(*control.FlowOptions)) {
	t.Helper()
	engine, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	o := control.FlowOptions{
		Forge: b.forge, Records: b.db, Queue: b.db, Engine: engine, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
	}
	change(&o)
	b.flow = control.NewFlow(o)
}

func wish(t *testing.T, kind control.TaskKind, input any) control.Task {
	t.Helper()
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	return control.Task{Tenant: tenant, Kind: kind, Subject: "1", Input: data}
}

var writer = control.Person{ID: 9, Login: "writer", Kind: "User"}

func said(comment int64, text string, written, received time.Time) control.CommandInput {
	return control.CommandInput{Number: 1, Comment: comment, Author: writer.ID, Sender: writer, Text: text, Written: written, Received: received}
}

// failing is a database that fails once in the middle of an acknowledgement.
type failing struct {
	control.Records

	failed bool
}

func (f *failing) Acknowledge(ctx context.Context, t control.Tenant, a control.Acknowledgement) (control.LedgerEntry, error) {
	if !f.failed {
		f.failed = true
		return control.LedgerEntry{}, errors.New("the disk is full")
	}
	return f.Records.Acknowledge(ctx, t, a)
}

// TestAcknowledgementIsNotLost: what failed halfway is done again, and what was done is not done twice.
func TestAcknowledgementIsNotLost(t *testing.T) {
	t.Parallel()
	const limit = "version: 1\ncost:\n  acknowledge: {delta: 20}\n"
	b := newBench(t, rooted("t3.micro", limit))
	b.open(t, 1, "h", rooted("m5.large", limit))
	b.evaluate(t, "h")
	b.with(t, func(o *control.FlowOptions) { o.Records = &failing{Records: b.db} })
	press := wish(t, control.AnswerButton, control.ButtonInput{Check: 1, Head: "h", Action: b.checks[0].Buttons[0].Identifier, Sender: writer})
	if err := b.flow.Handle(t.Context(), press, 1); err == nil {
		t.Fatal("the database failed, and nobody was told")
	}
	for attempt := range 2 {
		if err := b.flow.Handle(t.Context(), press, 2+attempt); err != nil {
			t.Fatal(err)
		}
	}
	list, err := b.db.Acknowledgements(t.Context(), tenant, 1)
	if err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	b.evaluate(t, "h")
	if got := b.checks[0].Conclusion; got != control.Succeeded {
		t.Errorf("the confirmation does not count: %+v", b.checks[0])
	}
}

// TestAgeOfCommands: a command's age counts when it arrives. How long it waits here for GitHub does not.
func TestAgeOfCommands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		written, received time.Time
		obeyed            bool
	}{
		"fresh":                  {noon.Add(-time.Minute), noon, true},
		"waited for GitHub":      {noon.Add(-time.Hour), noon.Add(-55 * time.Minute), true},
		"came late":              {noon.Add(-16 * time.Minute), noon, false},
		"of an older version":    {noon.Add(-time.Minute), time.Time{}, true},
		"old, of an older one":   {noon.Add(-time.Hour), time.Time{}, false},
		"came late, waited long": {noon.Add(-2 * time.Hour), noon.Add(-time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, rooted("t3.micro", ""))
			b.open(t, 1, "h", rooted("m5.large", ""))
			b.evaluate(t, "h")
			b.handle(t, wish(t, control.AnswerCommand, said(5, "/platform recheck", c.written, c.received)))
			if got := !b.checks[len(b.checks)-1].Done; got != c.obeyed {
				t.Errorf("obeyed: %t, want %t", got, c.obeyed)
			}
		})
	}
}

// TestReplays: a body that comes again under another id is no further wish; a later wish is.
func TestReplays(t *testing.T) {
	t.Parallel()
	b := newBench(t, rooted("t3.micro", ""))
	b.open(t, 1, "h", rooted("m5.large", ""))
	b.evaluate(t, "h")
	anew := func(what string, task control.Task, want bool) {
		t.Helper()
		b.handle(t, task)
		if got := !b.checks[len(b.checks)-1].Done; got != want {
			t.Errorf("%s is at work again: %t, want %t", what, got, want)
		}
		b.evaluate(t, "h")
	}
	command := wish(t, control.AnswerCommand, said(5, "/platform recheck", noon, noon))
	anew("a command", command, true)
	anew("the same command", command, false)
	anew("another command", wish(t, control.AnswerCommand, said(6, "/platform recheck", noon, noon)), true)
	button := control.ButtonInput{Check: 1, Head: "h", Action: "rerun", Sender: writer, Seen: noon.Add(-time.Minute)}
	anew("a button", wish(t, control.AnswerButton, button), true)
	anew("the same button", wish(t, control.AnswerButton, button), false)
	button.Seen = noon
	anew("the button of what it led to", wish(t, control.AnswerButton, button), true)
}

// TestFloodOfCommands: one person's wishes are taken one after the other.
func TestFloodOfCommands(t *testing.T) {
	t.Parallel()
	b := newBench(t, rooted("t3.micro", ""))
	b.open(t, 1, "h", rooted("t3.micro", ""))
	for i := range 12 {
		err := b.flow.Handle(t.Context(), wish(t, control.AnswerCommand, said(int64(i+1), "/platform recheck", noon, noon)), 1)
		if _, waits := errors.AsType[*control.Later](err); waits != (i >= 10) || !waits && err != nil {
			t.Errorf("command %d: %v", i+1, err)
		}
	}
}

// mute is a forge that compares nothing.
type mute struct{ *forge }

func (mute) Compare(context.Context, control.Repository, string, string) (control.Comparison, error) {
	return control.Comparison{}, errors.New("GitHub answered 500")
}

// TestFailureIsShown: what fails again and again before there is a check gets one, which the watchdog can end.
func TestFailureIsShown(t *testing.T) {
	t.Parallel()
	b := newBench(t, rooted("t3.micro", ""))
	b.open(t, 1, "h", rooted("m5.large", ""))
	now := noon
	b.with(t, func(o *control.FlowOptions) { o.Forge, o.Now = mute{b.forge}, func() time.Time { return now } })
	for attempt, want := range []int{0, 0, 1, 1} {
		err := b.flow.Handle(t.Context(), control.Task{Tenant: tenant, Kind: control.EvaluateHead, Subject: "h"}, attempt+1)
		if err == nil || !strings.Contains(err.Error(), "500") || len(b.checks) != want {
			t.Errorf("attempt %d: %v, %d checks, want %d", attempt+1, err, len(b.checks), want)
		}
	}
	now = noon.Add(11 * time.Minute)
	if err := b.flow.Handle(t.Context(), control.Task{Kind: control.EndStale}, 1); err != nil {
		t.Fatal(err)
	}
	if c := b.checks[0]; !c.Done || c.Conclusion != control.TimedOut || len(c.Buttons) != 1 {
		t.Errorf("%+v", c)
	}
}
