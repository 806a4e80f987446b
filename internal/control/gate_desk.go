package control

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/org/platform-action/internal/waiver"
)

// AskWaiver keeps what somebody who signed in asks for, by the rules of `/platform waive`, and answers the request's id. What
// they may not do is *Refused.
func (f *Flow) AskWaiver(ctx context.Context, t Tenant, by Person, asked WaiverRequest) (id string, err error) {
	err = f.asWriter(ctx, t, by, "waive", func(ctx context.Context, r Repository) error {
		if asked.Reason == "" || !commitForm.MatchString(asked.Commit) || asked.For < time.Minute || asked.For > waiver.Longest {
			return notWaived("A waiver needs a commit, all 40 digits of it, a reason, and an end within four hours.")
		}
		kept, err := f.askWaiver(ctx, r, by, asked)
		id = kept.ID()
		return err
	})
	return id, err
}

// ApproveWaiver answers for a request, as `/platform waive approve` does.
func (f *Flow) ApproveWaiver(ctx context.Context, t Tenant, by Person, id string) error {
	return f.asWriter(ctx, t, by, "waive", func(ctx context.Context, r Repository) error {
		_, _, err := f.approveWaiver(ctx, r, by, id)
		return err
	})
}

// RevokeWaiver ends what came of a request, as `/platform waive revoke` does.
func (f *Flow) RevokeWaiver(ctx context.Context, t Tenant, by Person, id string) error {
	return f.asWriter(ctx, t, by, "waive", func(ctx context.Context, r Repository) error { return f.revokeWaiver(ctx, r, by, id) })
}

// WaiverRequests are what was asked for in the last four hours, newest first.
func (f *Flow) WaiverRequests(ctx context.Context, t Tenant) ([]WaiverRequest, error) {
	docs, err := f.o.Records.RecallAll(ctx, t, requestName(""), f.o.Now().Add(-waiver.Longest))
	if err != nil {
		return nil, err
	}
	out := []WaiverRequest{}
	for _, data := range docs {
		var asked WaiverRequest
		if json.Unmarshal(data, &asked) == nil {
			out = append(out, asked)
		}
	}
	slices.SortFunc(out, func(a, b WaiverRequest) int { return cmp.Or(b.Asked.Compare(a.Asked), cmp.Compare(a.ID(), b.ID())) })
	return out, nil
}
