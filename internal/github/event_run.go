package github

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/control"
)

// runHint is all that is read of a workflow run in a delivery: that there is one, and which.
type runHint struct {
	there bool
	id    int64
}

// UnmarshalJSONFrom passes over everything but the id.
func (r *runHint) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	r.there = true
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	var run struct {
		ID int64 `json:"id"`
	}
	err := json.UnmarshalDecode(d, &run)
	r.id = run.ID
	return err
}

// reviewWish looks at a head again whose guarded files somebody may have approved.
func (p payload) reviewWish(t control.Tenant) (wish, error) {
	if !p.does("submitted", "dismissed") {
		return wish{}, nil
	}
	head := p.PullRequest.Head.SHA
	if err := commit("pull_request.head.sha", head); err != nil {
		return wish{}, err
	}
	return wish{tasks: []control.Task{{Tenant: t, Kind: control.EvaluateTested, Subject: head}}}, nil
}

// runWish looks at a run whenever it begins or ends.
func (p payload) runWish(t control.Tenant) wish {
	if !p.does("requested", "in_progress", "completed") {
		return wish{}
	}
	return wish{tasks: []control.Task{{Tenant: t, Kind: control.LookAtRun, Subject: strconv.FormatInt(p.WorkflowRun.id, 10)}}}
}
