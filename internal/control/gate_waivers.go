package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/waiver"
)

const waiveUsage = "I know `/platform waive ENVIRONMENT [COMMIT] reason TEXT [ticket ID] until 2h`, `/platform waive approve ID` and `/platform waive revoke ID`. " +
	"Without a commit the merge commit of this pull request is meant. A waiver lets one commit into one environment, once, for at most four hours; policies are not waived by it."

// waiverRequest is what somebody asks for; it lets nothing through.
type waiverRequest struct {
	Environment string        `json:"environment"`
	Commit      string        `json:"commit"`
	Reason      string        `json:"reason"`
	Ticket      string        `json:"ticket,omitempty"`
	For         time.Duration `json:"for"`
	By          Person        `json:"by"`
	Asked       time.Time     `json:"asked"`
	Waiver      string        `json:"waiver,omitempty"` // id of the one that came of it
	Approver    int64         `json:"approver,omitempty"`
	As          string        `json:"as,omitempty"` // what made the approver one
	Issued      time.Time     `json:"issued,omitzero"`
}

func (w waiverRequest) id() string {
	w.Waiver, w.Approver, w.As, w.Issued = "", 0, "", time.Time{}
	data, err := json.Marshal(w)
	if err != nil {
		return "" // plain fields only
	}
	return shortened(digestOf(string(data)))
}

func requestName(id string) string { return "waiver-request/" + id }

var requestForm = regexp.MustCompile(`^[0-9a-f]{8}$`)

// waive does what a command says about waivers: one asks, another one answers for it.
func (f *Flow) waive(ctx context.Context, r Repository, p Pull, by Person, rest []string) (string, error) {
	switch {
	case len(rest) == 2 && rest[0] == "approve":
		return f.approveWaiver(ctx, r, by, rest[1])
	case len(rest) == 2 && rest[0] == "revoke":
		return f.revokeWaiver(ctx, r, by, rest[1])
	}
	asked, ok := parseWaive(rest)
	if !ok {
		return waiveUsage, nil
	}
	if asked.Commit == "" {
		if p.Open || p.MergeCommit == "" {
			return "This pull request is not merged: name the commit that is to be deployed, all 40 digits of it.\n\n" + waiveUsage, nil
		}
		asked.Commit = p.MergeCommit
	}
	want, err := f.requirements(ctx, r)
	if err != nil {
		return "", err
	}
	env := want.gateNamed(asked.Environment)
	if env.Name == "" {
		return fmt.Sprintf("%s is no environment of `%s` on the default branch. A waiver is for an environment, never for a policy.\n\n%s",
			render.Inert(asked.Environment), ConfigName, waiveUsage), nil
	}
	asked.Environment, asked.By, asked.Asked = env.Name, by, f.o.Now().UTC().Truncate(time.Second)
	data, err := json.Marshal(asked)
	if err != nil {
		return "", err
	}
	id := asked.id()
	had, known, err := f.o.Records.Recall(ctx, r.Tenant, requestName(id))
	if err != nil {
		return "", err
	}
	if known && !bytes.Equal(had, data) { // the id is short: what somebody is about to approve must not become another request
		return "Another request has this id: ask again.", nil
	}
	return fmt.Sprintf("A waiver is asked for: commit `%.12s` into %s without proof of its tests, for %s.\n\nSomebody else who is listed under `environments.%s.approvers` answers for it with `/platform waive approve %s`.",
		asked.Commit, render.Inert(env.Name), asked.For, render.Inert(env.Name), id), f.o.Records.Remember(ctx, r.Tenant, requestName(id), data)
}

var commitForm = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// parseWaive reads ENVIRONMENT [COMMIT] reason TEXT [ticket ID] until DURATION.
func parseWaive(words []string) (waiverRequest, bool) {
	var w waiverRequest
	if len(words) < 5 || words[len(words)-2] != "until" {
		return w, false
	}
	var err error
	if w.For, err = time.ParseDuration(words[len(words)-1]); err != nil || w.For < time.Minute || w.For > waiver.Longest {
		return w, false
	}
	w.Environment, words = words[0], words[1:len(words)-2]
	if commitForm.MatchString(words[0]) {
		w.Commit, words = words[0], words[1:]
	}
	if n := len(words); n > 3 && words[n-2] == "ticket" {
		w.Ticket, words = words[n-1], words[:n-2]
	}
	if len(words) < 2 || words[0] != "reason" {
		return w, false
	}
	w.Reason = strings.Join(words[1:], " ")
	return w, true
}

// requested finds what was asked for under an id.
func (f *Flow) requested(ctx context.Context, r Repository, id string) (waiverRequest, bool, error) {
	var asked waiverRequest
	if !requestForm.MatchString(id) {
		return asked, false, nil
	}
	data, known, err := f.o.Records.Recall(ctx, r.Tenant, requestName(id))
	if err != nil || !known {
		return asked, false, err
	}
	if err := json.Unmarshal(data, &asked); err != nil {
		return asked, false, &Parked{Reason: "a request for a waiver cannot be read: " + err.Error()}
	}
	return asked, asked.id() == id, nil
}

// approveWaiver makes the waiver, where somebody who may says so. Whether it holds for a deployment is decided when one
// asks: by who started it, and who wrote what it brings.
func (f *Flow) approveWaiver(ctx context.Context, r Repository, by Person, id string) (string, error) {
	asked, known, err := f.requested(ctx, r, id)
	if err != nil {
		return "", err
	}
	switch {
	case !known || f.o.Now().Sub(asked.Asked) >= waiver.Longest:
		return "Nobody asked for this waiver in the last four hours.", nil
	case asked.Approver != 0 && asked.Approver != by.ID:
		return "This request is answered already: ask again for another use.", nil
	case asked.By.ID == by.ID:
		return "Whoever asks for a waiver does not approve it.", nil
	}
	want, err := f.requirements(ctx, r)
	if err != nil {
		return "", err
	}
	entitled, err := f.entitled(ctx, r, want.gateNamed(asked.Environment), by)
	if err != nil {
		return "", err
	}
	if entitled.as == "" {
		return entitled.refusal(render.Inert(asked.Environment)), nil
	}
	if asked.Approver == 0 {
		asked.Approver, asked.As, asked.Issued = by.ID, entitled.as, f.o.Now().UTC().Truncate(time.Second)
	}
	w, err := waiver.New(waiver.Waiver{
		Installation: r.Tenant.Installation, Repository: r.Tenant.Repository, Environment: asked.Environment, Commit: asked.Commit,
		Reason: asked.Reason, Ticket: asked.Ticket, Requester: waiver.Person{ID: asked.By.ID, Login: asked.By.Login},
		Approver: waiver.Approver{Person: waiver.Person{ID: by.ID, Login: by.Login}, User: by.Kind == "User", As: asked.As},
		Issued:   asked.Issued, Expires: asked.Issued.Add(asked.For), Uses: 1,
	})
	if err != nil {
		return "No waiver can be made of this: " + render.Inert(err.Error()), nil
	}
	asked.Waiver = w.ID()
	data, err := json.Marshal(asked)
	if err != nil {
		return "", err
	}
	// What is to be is remembered first, so that the same command done again makes the same waiver and no second one.
	if err := f.o.Records.Remember(ctx, r.Tenant, requestName(id), data); err != nil {
		return "", err
	}
	entry, err := f.o.Records.SaveWaiver(ctx, r.Tenant, w)
	if err != nil {
		return "", err
	}
	waiting, err := f.waitingDeployments(ctx, r.Tenant)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Waiver `%s` holds until %s, for one deployment of `%.12s` to %s. It opens a test debt.\n\n<sub>ledger entry %d · `%s`</sub>",
		shortened(w.ID()), w.Expires.Format(time.RFC3339), w.Commit, render.Inert(w.Environment), entry.Sequence, digits(entry.Chain)), f.o.Queue.Want(ctx, waiting...)
}

// revokeWaiver ends a waiver. Anybody who may write may: it only shuts the gate.
func (f *Flow) revokeWaiver(ctx context.Context, r Repository, by Person, id string) (string, error) {
	asked, known, err := f.requested(ctx, r, id)
	if err != nil {
		return "", err
	}
	revoked := false
	if known && asked.Waiver != "" {
		revoked, err = f.o.Records.RevokeWaiver(ctx, r.Tenant, asked.Waiver, by, f.o.Now())
	}
	if err != nil || !revoked {
		return "There is no such waiver that holds.", err
	}
	return "The waiver is revoked.", nil
}
