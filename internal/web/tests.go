package web

import (
	"context"
	"encoding/json"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
)

// testsView is what platform/tested decided of a commit.
type testsView struct {
	control.TestedAnswer

	At      time.Time
	Entry   int64 // of the ledger; 0: there is none
	Waiting bool  // nothing was decided yet
	Broken  bool
}

// tests reads what was decided on whether a commit was tested; nil where nothing asks.
func (p *pages) tests(ctx context.Context, t control.Tenant, head string) (*testsView, error) {
	c, known, err := p.o.Records.TestedCheck(ctx, t, head)
	if err != nil || !known {
		return nil, err
	}
	if len(c.Answer) == 0 {
		return &testsView{Waiting: true}, nil
	}
	v := testsView{At: c.Updated}
	if json.Unmarshal(c.Answer, &v.TestedAnswer) != nil {
		return &testsView{Broken: true}, nil //nolint:nilerr // the page says so
	}
	entry, found, err := p.o.Records.EntryOf(ctx, t, c.Decided)
	if found {
		v.Entry = entry.Sequence
	}
	return &v, err
}

// Causes are what keeps a commit from counting as tested, one for each reason and environment.
func (v *testsView) Causes() []evidence.Reason {
	var out []evidence.Reason
	if v == nil || v.Outcome == evidence.OutcomeTested || v.Outcome == evidence.OutcomeWaiting {
		return nil
	}
	seen := map[evidence.Reason]bool{}
	add := func(name string, r evidence.Reason) {
		if name != "" {
			r.Message = "Suite " + name + ": " + r.Message
		}
		if !seen[r] && len(out) < maxCauses {
			out = append(out, r)
		}
		seen[r] = true
	}
	for _, part := range v.Parts {
		for _, r := range part.Decision.Reasons {
			add("", r)
		}
		for _, s := range part.Decision.Suites {
			if s.Outcome != evidence.OutcomeTested {
				add(s.Name, s.Reason)
			}
		}
	}
	return out
}
