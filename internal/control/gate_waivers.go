package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/waiver"
)

const waiveUsage = "I know `/platform waive ENVIRONMENT [COMMIT] reason TEXT [ticket ID] until 2h`, `/platform waive approve ID` and `/platform waive revoke ID`. " +
	"Without a commit the merge commit of this pull request is meant. A waiver lets one commit into one environment, once, for at most four hours; policies are not waived by it."

// WaiverRequest is what somebody asks for; it lets nothing through. Its texts are hostile.
type WaiverRequest struct {
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

// ID is what people call it by.
func (w WaiverRequest) ID() string {
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
		w, entry, err := f.approveWaiver(ctx, r, by, rest[1])
		if err != nil {
			return said("", err)
		}
		return fmt.Sprintf("Waiver `%s` holds until %s, for one deployment of `%.12s` to %s. It opens a test debt.\n\n<sub>ledger entry %d · `%s`</sub>",
			shortened(w.ID()), w.Expires.Format(time.RFC3339), w.Commit, render.Inert(w.Environment), entry.Sequence, digits(entry.Chain)), nil
	case len(rest) == 2 && rest[0] == "revoke":
		return said("The waiver is revoked.", f.revokeWaiver(ctx, r, by, rest[1]))
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
	kept, err := f.askWaiver(ctx, r, by, asked)
	if err != nil {
		return said("", err)
	}
	name := render.Inert(kept.Environment)
	return fmt.Sprintf("A waiver is asked for: commit `%.12s` into %s without proof of its tests, for %s.\n\nSomebody else who is listed under `environments.%s.approvers` answers for it with `/platform waive approve %s`.",
		kept.Commit, name, kept.For, name, kept.ID()), nil
}

// said tells a refusal to whoever gave a command.
func said(answer string, err error) (string, error) {
	if refused, ok := errors.AsType[*Refused](err); ok {
		return refused.Message, nil
	}
	return answer, err
}

func notWaived(message string) error { return &Refused{Forbidden, "waive", message} }

// askWaiver keeps a request.
func (f *Flow) askWaiver(ctx context.Context, r Repository, by Person, asked WaiverRequest) (WaiverRequest, error) {
	want, err := f.requirements(ctx, r)
	if err != nil {
		return asked, err
	}
	env := want.gateNamed(asked.Environment)
	if env.Name == "" {
		return asked, notWaived(fmt.Sprintf("%s is no environment of `%s` on the default branch. A waiver is for an environment, never for a policy.\n\n%s",
			render.Inert(asked.Environment), ConfigName, waiveUsage))
	}
	asked.Environment, asked.By, asked.Asked = env.Name, by, f.o.Now().UTC().Truncate(time.Second)
	data, err := json.Marshal(asked)
	if err != nil {
		return asked, err
	}
	id := asked.ID()
	had, known, err := f.o.Records.Recall(ctx, r.Tenant, requestName(id))
	if err != nil {
		return asked, err
	}
	if known && !bytes.Equal(had, data) { // the id is short: what somebody is about to approve must not become another request
		return asked, notWaived("Another request has this id: ask again.")
	}
	return asked, f.o.Records.Remember(ctx, r.Tenant, requestName(id), data)
}

var commitForm = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// parseWaive reads ENVIRONMENT [COMMIT] reason TEXT [ticket ID] until DURATION.
func parseWaive(words []string) (WaiverRequest, bool) {
	var w WaiverRequest
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
func (f *Flow) requested(ctx context.Context, r Repository, id string) (WaiverRequest, bool, error) {
	var asked WaiverRequest
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
	return asked, asked.ID() == id, nil
}

// approveWaiver makes the waiver, where somebody who may says so. Whether it holds for a deployment is decided when one
// asks: by who started it, and who wrote what it brings.
func (f *Flow) approveWaiver(ctx context.Context, r Repository, by Person, id string) (waiver.Waiver, LedgerEntry, error) {
	asked, err := f.answerable(ctx, r, by, id)
	if err != nil {
		return waiver.Waiver{}, LedgerEntry{}, err
	}
	w, err := waiver.New(waiver.Waiver{
		Installation: r.Tenant.Installation, Repository: r.Tenant.Repository, Environment: asked.Environment, Commit: asked.Commit,
		Reason: asked.Reason, Ticket: asked.Ticket, Requester: waiver.Person{ID: asked.By.ID, Login: asked.By.Login},
		Approver: waiver.Approver{Person: waiver.Person{ID: by.ID, Login: by.Login}, User: by.Kind == "User", As: asked.As},
		Issued:   asked.Issued, Expires: asked.Issued.Add(asked.For), Uses: 1,
	})
	if err != nil {
		return w, LedgerEntry{}, notWaived("No waiver can be made of this: " + render.Inert(err.Error()))
	}
	asked.Waiver = w.ID()
	data, err := json.Marshal(asked)
	if err != nil {
		return w, LedgerEntry{}, err
	}
	// What is to be is remembered first, so that the same command done again makes the same waiver and no second one.
	if err := f.o.Records.Remember(ctx, r.Tenant, requestName(id), data); err != nil {
		return w, LedgerEntry{}, err
	}
	entry, err := f.o.Records.SaveWaiver(ctx, r.Tenant, w)
	if err != nil {
		return w, entry, err
	}
	waiting, err := f.waitingDeployments(ctx, r.Tenant)
	if err != nil {
		return w, entry, err
	}
	return w, entry, f.o.Queue.Want(ctx, waiting...)
}

// answerable is the request, as it is once this person has answered for it; *Refused if they may not.
func (f *Flow) answerable(ctx context.Context, r Repository, by Person, id string) (WaiverRequest, error) {
	asked, known, err := f.requested(ctx, r, id)
	if err != nil {
		return asked, err
	}
	switch {
	case !known || f.o.Now().Sub(asked.Asked) >= waiver.Longest:
		return asked, notWaived("Nobody asked for this waiver in the last four hours.")
	case asked.Approver != 0 && asked.Approver != by.ID:
		return asked, notWaived("This request is answered already: ask again for another use.")
	case asked.By.ID == by.ID:
		return asked, notWaived("Whoever asks for a waiver does not approve it.")
	}
	want, err := f.requirements(ctx, r)
	if err != nil {
		return asked, err
	}
	entitled, err := f.entitled(ctx, r, want.gateNamed(asked.Environment), by)
	if err != nil {
		return asked, err
	}
	if entitled.as == "" {
		return asked, notWaived(entitled.refusal(render.Inert(asked.Environment)))
	}
	if asked.Approver == 0 {
		asked.Approver, asked.As, asked.Issued = by.ID, entitled.as, f.o.Now().UTC().Truncate(time.Second)
	}
	return asked, nil
}

// revokeWaiver ends a waiver. Anybody who may write may: it only shuts the gate.
func (f *Flow) revokeWaiver(ctx context.Context, r Repository, by Person, id string) error {
	asked, known, err := f.requested(ctx, r, id)
	if err != nil {
		return err
	}
	revoked := false
	if known && asked.Waiver != "" {
		revoked, err = f.o.Records.RevokeWaiver(ctx, r.Tenant, asked.Waiver, by, f.o.Now())
	}
	if err == nil && !revoked {
		return notWaived("There is no such waiver that holds.")
	}
	return err
}
