package main

import (
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github"
)

// teamed is a desk with a request for a waiver, and people in and beside the team that may answer.
func teamed(t *testing.T) (d *desk, untested string, number int, id string) {
	t.Helper()
	d, untested, number = glass(t)
	for _, login := range []string{"member", "invited", "outsider"} {
		d.repo.SetRole(login, "write")
	}
	d.repo.SetRole("reader", "read")
	d.hub.Join(d.owner, "platform", "member", "active")
	d.hub.Join(d.owner, "platform", "reader", "active")
	d.hub.Join(d.owner, "platform", "invited", "pending")
	d.hub.Join(d.owner, "other", "outsider", "active")
	return d, untested, number, requestID(t, d.say(number, "writer", "/platform waive production "+untested+" reason down until 1h"))
}

// hide takes the permission to see teams from the App.
func (d *desk) hide() {
	granted := map[string]string{}
	for _, p := range github.Permissions() {
		if p.Name != "members" {
			granted[p.Name] = p.Level
		}
	}
	d.hub.Grant(granted, github.Events())
	d.hub.ExpireTokens()
	d.now = d.now.Add(time.Second)
}

// TestTeamApproves: a member of a listed team answers for a waiver; an invitation, another team and a role that may not
// write do not.
func TestTeamApproves(t *testing.T) {
	t.Parallel()
	d, untested, n, id := teamed(t)
	for _, login := range []string{"invited", "outsider", "reader"} {
		if got := d.say(n, login, "/platform waive approve "+id); strings.Contains(got, "holds until") || login != "reader" && !strings.Contains(got, "does not list you") {
			t.Errorf("%s: %s", login, got)
		}
	}
	if got := d.say(n, "member", "/platform waive approve "+id); !strings.Contains(got, "holds until") {
		t.Fatalf("member: %s", got)
	}
	d.ask(20, untested)
	if g := d.pass(20, time.Second, time.Second); g.State != "approved" || !strings.Contains(g.Comment, "waiver") {
		t.Errorf("%+v", g)
	}
}

// TestTeamLeft: who has left the team since, or whose team is not there to see any more, is no approver when it is used.
func TestTeamLeft(t *testing.T) {
	t.Parallel()
	for name, since := range map[string]func(d *desk){
		"left":    func(d *desk) { d.hub.Join(d.owner, "platform", "member", "") },
		"invited": func(d *desk) { d.hub.Join(d.owner, "platform", "member", "pending") },
		"hidden":  (*desk).hide,
	} {
		d, untested, n, id := teamed(t)
		d.say(n, "member", "/platform waive approve "+id)
		since(d)
		d.ask(20, untested)
		if g := d.pass(20, time.Second, time.Second); g.State != "rejected" {
			t.Errorf("%s: %+v", name, g)
		}
	}
}

// TestTeamHidden: what the account has to grant is said, and users that are listed are approvers all the same.
func TestTeamHidden(t *testing.T) {
	t.Parallel()
	d, _, n, id := teamed(t)
	d.hide()
	if got := d.say(n, "member", "/platform waive approve "+id); !strings.Contains(got, "members: read") || strings.Contains(got, "holds until") {
		t.Errorf("member: %s", got)
	}
	if got := d.say(n, "boss", "/platform waive approve "+id); !strings.Contains(got, "holds until") {
		t.Errorf("boss: %s", got)
	}
}
