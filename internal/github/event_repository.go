package github

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/org/platform-action/internal/control"
)

// pushWish reads everything anew when the default branch's settings may have changed: of the repository, or where the
// policy repository was pushed to, of the whole installation. Any other push to the default branch moves the base of what
// comes next.
func (w wants) pushWish(t control.Tenant, p payload) wish {
	branch, ok := strings.CutPrefix(p.Ref, "refs/heads/")
	if !ok || branch == "" || branch != p.Repository.DefaultBranch || p.Deleted {
		return wish{}
	}
	if strings.EqualFold(p.Repository.Name, w.policyRepo) {
		return wishIf(true, t.Account(), control.SyncInstallation)
	}
	if !p.touchesSettings() {
		return wishIf(true, t, control.ReadBranch)
	}
	return wishIf(true, t, control.SweepRepository)
}

// checkWish answers the buttons of our check run.
func (w wants) checkWish(t control.Tenant, p payload) (wish, error) {
	c := p.CheckRun
	action := "rerun"
	switch {
	case w.foreign(c):
		return p.endedCheck(t)
	case p.does("requested_action"):
		action = p.RequestedAction.Identifier
		if !within(action, 20, func(b byte) bool { return isWord(b) && b != '_' || b == '-' }) {
			return wish{}, errors.New("requested_action.identifier is not one of ours: 1 to 20 small letters, digits and -")
		}
	case !p.does("rerequested"):
		return wish{}, nil
	}
	if c.ID <= 0 {
		return wish{}, errors.New("check_run.id is missing")
	}
	return p.buttonWish(t, "check_run.head_sha", fmt.Sprintf("%d:%s:%d", c.ID, action, p.Sender.ID), control.ButtonInput{Check: c.ID, Head: c.HeadSHA, Action: action, Seen: c.seen()})
}

// endedCheck looks at the deployments that wait for a commit's tests: a job of them has ended.
func (p payload) endedCheck(t control.Tenant) (wish, error) {
	if !p.does("completed") {
		return wish{}, nil
	}
	head := p.CheckRun.HeadSHA
	if err := commit("check_run.head_sha", head); err != nil {
		return wish{}, err
	}
	return wish{tasks: []control.Task{{Tenant: t, Kind: control.WakeDeployments, Subject: head}}}, nil
}

// suiteWish answers the wish to run all checks of a commit again.
func (w wants) suiteWish(t control.Tenant, p payload) (wish, error) {
	if c := p.CheckSuite; p.does("rerequested") && !w.foreign(c) {
		return p.buttonWish(t, "check_suite.head_sha", "suite:"+c.HeadSHA, control.ButtonInput{Head: c.HeadSHA, Action: "rerun", Seen: c.seen()})
	}
	return wish{}, nil
}

func (p payload) buttonWish(t control.Tenant, member, subject string, in control.ButtonInput) (wish, error) {
	var err error
	if in.Sender, err = p.person(); err != nil {
		return wish{}, err
	}
	if err := commit(member, in.Head); err != nil {
		return wish{}, err
	}
	return with(t, control.AnswerButton, subject, in)
}

// foreign reports a check of another App.
func (w wants) foreign(c *eventCheck) bool { return c.App != nil && c.App.ID != w.appID }

// person is who caused the delivery.
func (p payload) person() (control.Person, error) {
	s := p.Sender
	if s.ID <= 0 {
		return control.Person{}, errors.New("sender.id is missing")
	}
	return control.Person{ID: s.ID, Login: s.Login, Kind: s.Type}, errors.Join(plain("sender.login", s.Login), plain("sender.type", s.Type))
}

// commentWish takes commands from people, and puts our own comment back when somebody else changed it.
func (w wants) commentWish(t control.Tenant, p payload) (wish, error) {
	c := p.Comment
	switch {
	case !bool(p.Issue.PullRequest):
		return wish{}, nil
	case !isNumber(p.Issue.Number) || c.ID <= 0:
		return wish{}, errors.New("issue.number or comment.id is missing or no number")
	case p.does("created"):
		return w.commandWish(t, p)
	case p.does("edited", "deleted") && w.ours(c) && p.Sender.ID != c.User.ID:
		return wish{tasks: []control.Task{{Tenant: t, Kind: control.RestoreComment, Subject: strconv.FormatInt(p.Issue.Number, 10)}}}, nil
	}
	return wish{}, nil
}

// ours reports a comment that this App wrote; anybody may write what it says.
func (w wants) ours(c *eventComment) bool {
	return c.User.Type == "Bot" && c.Via != nil && c.Via.ID == w.appID
}

func (w wants) commandWish(t control.Tenant, p payload) (wish, error) {
	c := p.Comment
	text := commandIn(c.Body)
	if text == "" || p.Sender.Type != "User" {
		return wish{}, nil
	}
	sender, err := p.person()
	if err != nil {
		return wish{}, err
	}
	if c.Created.IsZero() {
		return wish{}, errors.New("comment.created_at is missing")
	}
	return with(t, control.AnswerCommand, strconv.FormatInt(c.ID, 10), control.CommandInput{
		Number: int(p.Issue.Number), Comment: c.ID, Author: c.User.ID, ViaApp: c.Via != nil, Sender: sender, Text: text, Written: c.Created,
		Received: w.now(),
	})
}
