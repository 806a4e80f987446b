package github

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/org/platform-action/internal/control"
)

// wants knows which deliveries ask for what. It reads nothing but the payload.
type wants struct {
	appID      int64
	policyRepo string
	now        control.Clock
}

// wish is what a delivery asks for. Without tasks it asks for nothing.
type wish struct {
	tasks []control.Task
	pull  *control.PullRecord
}

// tasksOf is the table of events. Errors say which member GitHub would not send, and never what it holds.
func (w wants) tasksOf(event string, p payload) (wish, error) {
	t := p.tenant(event)
	switch event {
	case "pull_request":
		return p.pullWish(t)
	case "merge_group":
		return p.groupWish(t)
	case "push":
		return w.pushWish(t, p), nil
	case "check_run":
		return w.checkWish(t, p)
	case "check_suite":
		return w.suiteWish(t, p)
	case "issue_comment":
		return w.commentWish(t, p)
	case "workflow_run":
		return p.runWish(t), nil
	case "pull_request_review":
		return p.reviewWish(t)
	case "deployment_protection_rule":
		return w.gateWish(t, p)
	case "deployment_review":
		return p.answeredWish(t), nil
	case "deployment_status":
		return p.statusWish(t)
	case "installation":
		return wishIf(p.does("created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"), t, control.SyncInstallation), nil
	case "installation_repositories":
		return wishIf(p.does("added", "removed"), t, control.SyncInstallation), nil
	case "installation_target":
		return wishIf(p.does("renamed"), t, control.SyncInstallation), nil
	case "repository":
		if p.does("created") {
			return wishIf(true, t.Account(), control.SyncInstallation), nil
		}
		news := p.does("renamed", "transferred", "archived", "unarchived", "deleted", "privatized", "publicized")
		return wishIf(news || p.does("edited") && bool(p.Changes.DefaultBranch), t, control.SweepRepository), nil
	}
	return wish{}, nil
}

// does reports whether the action is one of these.
func (p payload) does(actions ...string) bool { return slices.Contains(actions, p.Does) }

// wishIf asks for work on the tenant as a whole.
func wishIf(yes bool, t control.Tenant, kind control.TaskKind) wish {
	if !yes {
		return wish{}
	}
	return wish{tasks: []control.Task{{Tenant: t, Kind: kind}}}
}

// with asks for one task with an input.
func with(t control.Tenant, kind control.TaskKind, subject string, input any) (wish, error) {
	data, err := json.Marshal(input)
	if err != nil {
		return wish{}, errors.New("the body holds a text or a time that cannot be kept")
	}
	return wish{tasks: []control.Task{{Tenant: t, Kind: kind, Subject: subject, Input: data}}}, nil
}

// pullWish evaluates the head. After a push it looks at the head before, too: another pull request may still have it,
// or nobody, and then its unfinished check must end.
func (p payload) pullWish(t control.Tenant) (wish, error) {
	moved := p.does("synchronize")
	rebased := p.does("edited") && bool(p.Changes.Base)
	if !moved && !rebased && !p.does("opened", "reopened", "ready_for_review", "converted_to_draft", "closed") {
		return wish{}, nil
	}
	pr := p.PullRequest
	if err := errors.Join(commit("pull_request.head.sha", pr.Head.SHA), plain("pull_request.base.ref", pr.Base.Ref)); err != nil {
		return wish{}, err
	}
	if pr.Updated.IsZero() || pr.State != "open" && pr.State != "closed" {
		return wish{}, errors.New("pull_request.updated_at or pull_request.state is missing or unknown")
	}
	out := wish{
		tasks: []control.Task{{Tenant: t, Kind: control.EvaluateHead, Subject: pr.Head.SHA}},
		pull:  &control.PullRecord{Number: int(p.Number), Head: pr.Head.SHA, Base: pr.Base.Ref, Open: pr.State == "open", Seen: pr.Updated},
	}
	if moved && p.Before != "" && p.Before != pr.Head.SHA {
		if err := commit("before", p.Before); err != nil {
			return wish{}, err
		}
		out.tasks = append(out.tasks, control.Task{Tenant: t, Kind: control.EvaluateHead, Subject: p.Before})
	}
	return out, nil
}

func (p payload) groupWish(t control.Tenant) (wish, error) {
	if !p.does("checks_requested", "destroyed") {
		return wish{}, nil
	}
	g := p.MergeGroup
	err := errors.Join(commit("merge_group.head_sha", g.HeadSHA), commit("merge_group.base_sha", g.BaseSHA),
		plain("merge_group.head_ref", g.HeadRef), plain("merge_group.base_ref", g.BaseRef))
	if err != nil {
		return wish{}, err
	}
	return with(t, control.EvaluateGroup, g.HeadSHA, control.GroupInput{
		Base: g.BaseSHA, Ref: g.HeadRef, Branch: strings.TrimPrefix(g.BaseRef, "refs/heads/"), Number: lastPull(g.HeadRef), Gone: p.does("destroyed"),
	})
}

// lastPull is the pull request that a merge group's ref names: refs/heads/gh-readonly-queue/BRANCH/pr-NUMBER-COMMIT.
func lastPull(ref string) int {
	rest, ok := strings.CutPrefix(ref[strings.LastIndexByte(ref, '/')+1:], "pr-")
	digits, _, _ := strings.Cut(rest, "-")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil {
		return 0
	}
	return int(n)
}

// commit checks that a text is the id of a commit.
func commit(member, sha string) error {
	hexadecimal := within(sha, 64, func(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' })
	if !hexadecimal || len(sha) != 40 && len(sha) != 64 {
		return fmt.Errorf("%s is not the id of a commit: 40 or 64 hexadecimal digits", member)
	}
	return nil
}

// maxText is longer than any name of a branch or a person at GitHub.
const maxText = 300

// plain checks that a name is there, is short and has no control characters.
func plain(member, text string) error {
	if text == "" || len(text) > maxText || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return fmt.Errorf("%s is missing, longer than %d bytes, or has control characters", member, maxText)
	}
	return nil
}
