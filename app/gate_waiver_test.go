package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

const approvers = "    approvers: [{user: boss}, {user: other}, {team: platform}]\n"

// glass is a desk whose main branch has something that was never tested, and a pull request to speak in.
func glass(t *testing.T) (d *desk, untested string, number int) {
	t.Helper()
	d = newDesk(t, approvers)
	for _, login := range []string{"stranger"} {
		d.repo.SetRole(login, "read")
	}
	d.tested(1, d.tip, 3, 0)
	untested = d.repo.Commit("main", map[string]string{"urgent.md": "text\n"})
	d.repo.Commit("talk", map[string]string{"talk.md": "text\n"})
	return d, untested, d.repo.OpenPull("A change", "talk", "main", "writer")
}

// say comments, and is what the App replies; empty: nothing.
func (d *desk) say(number int, login, text string) string {
	d.t.Helper()
	id := d.repo.Comment(number, login, text)
	input, err := json.Marshal(control.CommandInput{
		Comment: id, Number: number, Text: text, Written: d.now, Received: d.now, Author: d.hub.PersonID(login),
		Sender: control.Person{ID: d.hub.PersonID(login), Login: login, Kind: "User"},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	before := len(d.repo.Comments(number))
	d.do(control.Task{Tenant: d.tenant, Kind: control.AnswerCommand, Subject: fmt.Sprint(id), Input: input})
	comments := d.repo.Comments(number)
	if len(comments) == before {
		return ""
	}
	return comments[len(comments)-1].Body
}

// requestID is the id in a reply to a request.
func requestID(t testing.TB, reply string) string {
	t.Helper()
	_, rest, ok := strings.Cut(reply, "/platform waive approve ")
	if !ok || len(rest) < 8 {
		t.Fatalf("the reply names no request: %s", reply)
	}
	return rest[:8]
}

// TestWaiverRequests: a request that was answered does not become another one, and a waiver can be revoked as long as it holds,
// however late it was approved.
func TestWaiverRequests(t *testing.T) {
	t.Parallel()
	d, untested, n := glass(t)
	ask := "/platform waive production " + untested + " reason the site is down until 4h"
	id := requestID(t, d.say(n, "writer", ask))
	d.now = d.now.Add(3 * time.Hour)
	if got := d.say(n, "boss", "/platform waive approve "+id); !strings.Contains(got, "holds until") {
		t.Fatal(got)
	}
	d.now = d.now.Add(-3 * time.Hour) // the same words in the same second have the same id
	if got := d.say(n, "writer", ask); !strings.Contains(got, "ask again") {
		t.Errorf("an answered request was replaced: %s", got)
	}
	d.now = d.now.Add(6 * time.Hour)
	if got := d.say(n, "other", "/platform waive revoke "+id); !strings.Contains(got, "is revoked") {
		t.Errorf("it holds for another hour, and cannot be revoked: %s", got)
	}
	d.ask(10, untested)
	if g := d.pass(10, time.Second, time.Second); g.State == "approved" {
		t.Errorf("approved on a revoked waiver: %+v", g)
	}
}

// TestWaiver: one asks, another answers, and the untested commit goes ahead once; then its tests are owed.
func TestWaiver(t *testing.T) {
	t.Parallel()
	d, untested, n := glass(t)
	reply := d.say(n, "writer", "/platform waive production "+untested+" reason the site is `down` <b> ticket OPS-1 until 1h")
	id := requestID(t, reply)
	d.ask(10, untested)
	if g := d.pass(10, time.Second, time.Second); g.State != "rejected" {
		t.Errorf("a request let it through: %+v", g)
	}
	for who, want := range map[string]string{"writer": "does not approve", "stranger": ""} {
		if got := d.say(n, who, "/platform waive approve "+id); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %s", who, got)
		}
	}
	if got := d.say(n, "boss", "/platform waive approve "+id); !strings.Contains(got, "holds until") || !strings.Contains(got, "ledger entry") {
		t.Errorf("boss: %s", got)
	}
	if got := d.say(n, "other", "/platform waive approve "+id); !strings.Contains(got, "answered already") {
		t.Errorf("other: %s", got)
	}
	d.ask(11, untested)
	g := d.pass(11, time.Second, time.Second)
	if g.State != "approved" || !strings.Contains(g.Comment, "waiver") {
		t.Fatalf("%+v", g)
	}
	d.proved(g)
	if issues := d.repo.Issues(); len(issues) != 1 || !strings.Contains(issues[0].Body, "waiver") {
		t.Errorf("issues %+v", issues)
	}
	d.ask(12, untested) // the same again: it is used up
	if g := d.pass(12, time.Second, time.Second); g.State != "rejected" || !strings.Contains(g.Comment, "waiver-expired") {
		t.Errorf("a second use: %+v", g)
	}
	d.now = d.now.Add(time.Minute)
	next := d.repo.Commit("main", map[string]string{"next.md": "text\n"})
	d.tested(5, next, 3, 0)
	d.ask(13, next)
	if g := d.pass(13, time.Second, time.Second); g.State != "rejected" || !strings.Contains(g.Comment, "test-debt") {
		t.Errorf("with a debt: %+v", g)
	}
	d.tested(6, untested, 3, 0)
	d.ask(14, next)
	if g := d.pass(14, time.Second, time.Second); g.State != "approved" {
		t.Errorf("with a debt that is paid: %+v", g)
	}
}

// TestWaiverAttacks: none of these lets anything through.
func TestWaiverAttacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]func(d *desk, n int, untested string) (commit string){
		"another commit": func(d *desk, n int, untested string) string {
			d.say(n, "boss", "/platform waive approve "+requestID(d.t, d.say(n, "writer", "/platform waive production "+d.tip+" reason why not until 1h")))
			return untested
		},
		"expired": func(d *desk, n int, untested string) string {
			d.say(n, "boss", "/platform waive approve "+requestID(d.t, d.say(n, "writer", "/platform waive production "+untested+" reason why not until 30m")))
			d.now = d.now.Add(31 * time.Minute)
			return untested
		},
		"revoked": func(d *desk, n int, untested string) string {
			id := requestID(d.t, d.say(n, "writer", "/platform waive production "+untested+" reason why not until 1h"))
			d.say(n, "boss", "/platform waive approve "+id)
			if got := d.say(n, "writer", "/platform waive revoke "+id); !strings.Contains(got, "revoked") {
				d.t.Error(got)
			}
			return untested
		},
		"approved by who wrote the commit": func(d *desk, n int, untested string) string {
			d.repo.Author(untested, "boss")
			d.say(n, "boss", "/platform waive approve "+requestID(d.t, d.say(n, "writer", "/platform waive production "+untested+" reason why not until 1h")))
			return untested
		},
		"approved by who started the run": func(d *desk, n int, untested string) string {
			d.say(n, "boss", "/platform waive approve "+requestID(d.t, d.say(n, "other", "/platform waive production "+untested+" reason why not until 1h")))
			run := deploying(20, untested)
			run.Actor, run.Started = "boss", d.now
			d.repo.Deploy(run, "production")
			return untested
		},
		"approved by who is none any more": func(d *desk, n int, untested string) string {
			d.say(n, "boss", "/platform waive approve "+requestID(d.t, d.say(n, "writer", "/platform waive production "+untested+" reason why not until 1h")))
			d.repo.SetRole("boss", "read")
			return untested
		},
		"approved by nobody": func(d *desk, n int, untested string) string {
			d.say(n, "writer", "/platform waive production "+untested+" reason why not until 1h")
			return untested
		},
		"for a policy": func(d *desk, n int, untested string) string {
			if got := d.say(n, "writer", "/platform waive DEPLOY-001 "+untested+" reason why not until 1h"); !strings.Contains(got, "never for a policy") {
				d.t.Error(got)
			}
			return untested
		},
		"for too long": func(d *desk, n int, untested string) string {
			if got := d.say(n, "writer", "/platform waive production "+untested+" reason why not until 5h"); !strings.Contains(got, "at most four hours") {
				d.t.Error(got)
			}
			return untested
		},
		"a request that is old": func(d *desk, n int, untested string) string {
			id := requestID(d.t, d.say(n, "writer", "/platform waive production "+untested+" reason why not until 1h"))
			d.now = d.now.Add(4*time.Hour + time.Second)
			if got := d.say(n, "boss", "/platform waive approve "+id); !strings.Contains(got, "Nobody asked") {
				d.t.Error(got)
			}
			return untested
		},
	} {
		d, untested, n := glass(t)
		commit := c(d, n, untested)
		if d.repo.GateOf(20, "production").State == "" {
			d.ask(20, commit)
		}
		if g := d.pass(20, time.Second, time.Second); g.State != "rejected" || g.Tries != 1 {
			t.Errorf("%s: %+v", name, g)
		}
	}
}
