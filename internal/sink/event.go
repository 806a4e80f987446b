package sink

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/org/platform-action/internal/control"
)

// The kinds that a sink may ask for.
const (
	kindVerdict    = "verdict"
	kindAck        = "acknowledgement"
	kindTested     = "tested"
	kindDeployment = "deployment"
	kindBypass     = "bypass"
	kindWaiver     = "waiver"
)

// Kinds are all of them.
func Kinds() []string {
	return []string{kindVerdict, kindAck, kindTested, kindDeployment, kindBypass, kindWaiver}
}

// kindOf tells which kind an entry of the ledger is, and the last part of its event's type. An entry that is none of these
// is told to nobody: a new one gets its line here first.
func kindOf(entry string) (kind, name string) {
	switch entry {
	case "verdict":
		return kindVerdict, "verdict.recorded"
	case "acknowledgement":
		return kindAck, "acknowledgement.given"
	case "tested":
		return kindTested, "tested.decided"
	case "deployment":
		return kindDeployment, "deployment.decided"
	case "deployment-job":
		return kindDeployment, "deployment.answered"
	case "deployment-stands":
		return kindDeployment, "deployment.stands"
	case "deployment-ended":
		return kindDeployment, "deployment.ended"
	case "bypass":
		return kindBypass, "deployment.bypassed"
	case "waiver":
		return kindWaiver, "waiver.granted"
	case "waiver-revoked":
		return kindWaiver, "waiver.revoked"
	}
	return "", ""
}

// typePrefix begins every type; its last part is the version of the data.
const (
	typePrefix = "platform."
	version    = ".v1"
)

// Data is what every event says: ids, outcomes, digests and addresses. There is no title, no file, no reason and no name of
// a person in it, because all of these are written by others.
type Data struct {
	Installation int64  `json:"installation"`
	Repository   int64  `json:"repository"`
	Sequence     int64  `json:"sequence"`          // of the ledger's entry
	Chain        string `json:"chain"`             // of the ledger up to here
	Digest       string `json:"digest,omitempty"`  // of the verdict, the decision or the waiver
	Outcome      string `json:"outcome,omitempty"` // what was decided
	Basis        string `json:"basis,omitempty"`   // what a deployment's decision stands on

	Pull        int    `json:"pull,omitempty"`
	Head        string `json:"head,omitempty"` // commit
	Environment string `json:"environment,omitempty"`
	Run         int64  `json:"run,omitempty"`
	Attempt     int    `json:"attempt,omitempty"`
	Commit      string `json:"commit,omitempty"`
	Tree        string `json:"tree,omitempty"`
	Confirmed   *bool  `json:"confirmed,omitempty"` // of a bypass: a job of the run really ran; else it is somebody's word
	Succeeded   *bool  `json:"succeeded,omitempty"` // of one that ended
	Amount      string `json:"amount,omitempty"`    // that was acknowledged, a month
	Currency    string `json:"currency,omitempty"`
	By          int64  `json:"by,omitempty"`       // id of who acknowledged, approved or revoked
	Approver    int64  `json:"approver,omitempty"` // of a waiver
	Expires     string `json:"expires,omitempty"`
	Link        string `json:"link,omitempty"`
}

// body is what may stand in the ledger, of all kinds; what is not in it is not told.
type body struct {
	Number    int                    `json:"number"`
	Head      string                 `json:"head"`
	Outcome   string                 `json:"outcome"`
	Key       *control.DeploymentKey `json:"key"`
	Commit    string                 `json:"commit"`
	Tree      string                 `json:"tree"`
	Basis     string                 `json:"basis"`
	Stands    string                 `json:"stands"`
	Confirmed *bool                  `json:"confirmed"`
	Succeeded *bool                  `json:"succeeded"`
	Amount    string                 `json:"amount"`
	Currency  string                 `json:"currency"`
	ByID      int64                  `json:"by_id"`
	ID        int64                  `json:"id"` // of the person who revoked
	Decision  struct {
		Outcome string `json:"outcome"`
	} `json:"decision"`
	Environment string `json:"environment"` // of a waiver
	Requester   struct {
		ID int64 `json:"id"`
	} `json:"requester"`
	Approver struct {
		ID int64 `json:"id"`
	} `json:"approver"`
	Expires time.Time `json:"expires"`
}

// Places make the addresses in events.
type Places struct {
	Source string // of the server; empty: events name it by a path alone
	Pages  string // where the pages are; empty: links lead to GitHub
	Web    string // of GitHub
}

// eventOf makes the event of an entry. Its id is the same each time it is made.
func eventOf(at Places, r control.Repository, t control.Tenant, e control.LedgerEntry) (event.Event, error) {
	kind, name := kindOf(e.Kind)
	var b body
	if len(e.Body) > 0 {
		if err := json.Unmarshal(e.Body, &b); err != nil {
			return event.Event{}, fmt.Errorf("entry %d of the ledger of %s cannot be read: %w", e.Sequence, t, err)
		}
	}
	d := b.data(kind)
	d.Installation, d.Repository, d.Sequence, d.Chain, d.Digest = t.Installation, t.Repository, e.Sequence, e.Chain, e.Subject
	d.Link = at.link(r, d)

	out := event.New(event.CloudEventsVersionV1)
	out.SetID(fmt.Sprintf("%d-%d-%d", t.Installation, t.Repository, e.Sequence))
	out.SetSource(fmt.Sprintf("%s/ledger/%d/%d", strings.TrimSuffix(at.Source, "/"), t.Installation, t.Repository))
	out.SetType(typePrefix + name + version)
	if subject := d.subject(); subject != "" {
		out.SetSubject(subject)
	}
	out.SetTime(e.At.UTC())
	out.SetExtension("sequence", fmt.Sprintf("%019d", e.Sequence))
	if err := out.SetData(event.ApplicationJSON, d); err != nil {
		return out, err
	}
	return out, out.Validate()
}

// data takes out of an entry's body what its kind may tell.
func (b body) data(kind string) Data {
	d := Data{Outcome: b.Outcome}
	switch kind {
	case kindVerdict, kindTested:
		d.Pull, d.Head = b.Number, b.Head
	case kindAck:
		d.Pull, d.Amount, d.Currency, d.By = b.Number, b.Amount, b.Currency, b.ByID
	case kindDeployment, kindBypass:
		if b.Key != nil {
			d.Environment, d.Run, d.Attempt = b.Key.Environment, b.Key.Run, b.Key.Attempt
		}
		d.Commit, d.Tree, d.Basis, d.Confirmed, d.Succeeded = b.Commit, b.Tree, b.Basis, b.Confirmed, b.Succeeded
		if d.Outcome = b.Decision.Outcome; b.Stands != "" {
			d.Outcome = b.Stands
		}
	case kindWaiver:
		d.Outcome, d.Environment, d.Commit, d.By, d.Approver = "", b.Environment, b.Commit, b.Requester.ID, b.Approver.ID
		if b.ID != 0 {
			d.By = b.ID
		}
		if !b.Expires.IsZero() {
			d.Expires = b.Expires.UTC().Format(time.RFC3339)
		}
	}
	return d
}

func (d Data) subject() string {
	switch {
	case d.Pull > 0:
		return "pull/" + strconv.Itoa(d.Pull)
	case d.Run > 0:
		return "run/" + strconv.FormatInt(d.Run, 10)
	case d.Run < 0: // a deployment that no run is known of
		return "deployment/" + strconv.FormatInt(-d.Run, 10)
	case d.Head != "":
		return "commit/" + d.Head
	}
	return ""
}

// link leads to the page that says why; empty: the repository's name is not known.
func (at Places) link(r control.Repository, d Data) string {
	if r.Owner == "" || r.Name == "" {
		return ""
	}
	base := strings.TrimSuffix(at.Pages, "/")
	if base == "" || d.Run != 0 {
		base = strings.TrimSuffix(at.Web, "/")
	}
	base += "/" + r.Owner + "/" + r.Name
	switch {
	case d.Pull > 0:
		return base + "/pull/" + strconv.Itoa(d.Pull)
	case d.Run > 0:
		return base + "/actions/runs/" + strconv.FormatInt(d.Run, 10)
	case d.Head != "":
		return base + "/commit/" + d.Head
	}
	return base
}
