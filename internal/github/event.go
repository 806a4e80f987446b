package github

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/control"
)

// payload is what is read of a delivery's body, whatever its event. Titles, descriptions and everything else that is
// not needed are passed over.
type payload struct {
	envelope
	shape

	reviewed bool // it is of a deployment's review

	Number      int64 `json:"number"`
	PullRequest *struct {
		State   string    `json:"state"`
		Updated time.Time `json:"updated_at"`
		Head    struct {
			SHA string `json:"sha"`
		} `json:"head"`
		Base struct {
			Ref string `json:"ref"`
		} `json:"base"`
	} `json:"pull_request"`
	Changes struct {
		Base          present `json:"base"`
		DefaultBranch present `json:"default_branch"`
	} `json:"changes"`

	Ref     string      `json:"ref"`
	Before  string      `json:"before"`
	After   string      `json:"after"`
	Deleted bool        `json:"deleted"`
	Forced  bool        `json:"forced"`
	Commits pushedFiles `json:"commits"`

	Review present `json:"review"`

	MergeGroup *struct {
		HeadSHA string `json:"head_sha"`
		HeadRef string `json:"head_ref"`
		BaseSHA string `json:"base_sha"`
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`

	CheckRun        *eventCheck `json:"check_run"`
	CheckSuite      *eventCheck `json:"check_suite"`
	RequestedAction struct {
		Identifier string `json:"identifier"`
	} `json:"requested_action"`

	Issue *struct {
		Number      int64   `json:"number"`
		PullRequest present `json:"pull_request"`
	} `json:"issue"`
	Comment *eventComment `json:"comment"`

	Environment string `json:"environment"`
	Callback    string `json:"deployment_callback_url"`
	Status      *struct {
		State string `json:"state"`
	} `json:"deployment_status"`
}

// envelope is what every event has, as far as it applies.
type envelope struct {
	Does         string `json:"action"`
	Installation struct {
		ID      int64    `json:"id"`
		Account *eventID `json:"account"`
	} `json:"installation"`
	Repository *struct {
		ID            int64       `json:"id"`
		Name          string      `json:"name"`
		DefaultBranch string      `json:"default_branch"`
		Owner         eventPerson `json:"owner"`
	} `json:"repository"`
	Account *eventID    `json:"account"`
	Sender  eventPerson `json:"sender"`
}

// shape is what tells the body of one event from that of another. It holds the members of bodies that could otherwise
// pass for a repository's.
type shape struct {
	Added       member         `json:"repositories_added"`
	Removed     member         `json:"repositories_removed"`
	Alert       member         `json:"alert"`
	Card        member         `json:"project_card"`
	Column      member         `json:"project_column"`
	Deployment  deploymentHint `json:"deployment"`
	Discussion  member         `json:"discussion"`
	Hook        member         `json:"hook"`
	Key         member         `json:"key"`
	Label       member         `json:"label"`
	Member      member         `json:"member"`
	Milestone   member         `json:"milestone"`
	Package     member         `json:"package"`
	Project     member         `json:"project"`
	Release     member         `json:"release"`
	Rule        member         `json:"rule"`
	Starred     member         `json:"starred_at"`
	Team        member         `json:"team"`
	WorkflowJob member         `json:"workflow_job"`
	WorkflowRun runHint        `json:"workflow_run"`
}

type eventID struct {
	ID int64 `json:"id"`
}

type eventPerson struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

// eventCheck is a check run or a check suite.
type eventCheck struct {
	ID        int64     `json:"id"`
	HeadSHA   string    `json:"head_sha"`
	App       *eventID  `json:"app"`
	Completed time.Time `json:"completed_at"`
	Updated   time.Time `json:"updated_at"` // of a suite
	Suite     struct {
		Updated time.Time `json:"updated_at"`
	} `json:"check_suite"`
}

// seen is when that was finished which somebody wants anew. GitHub resets a run before it tells of the wish, and then
// its suite still knows.
func (c *eventCheck) seen() time.Time {
	for _, at := range []time.Time{c.Completed, c.Suite.Updated, c.Updated} {
		if !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

type eventComment struct {
	ID      int64       `json:"id"`
	Body    string      `json:"body"`
	Created time.Time   `json:"created_at"`
	User    eventPerson `json:"user"`
	Via     *eventID    `json:"performed_via_github_app"`
}

// present says that a member is there and not null; its value is passed over.
type present bool

// UnmarshalJSONFrom looks no further than the kind of the value.
func (p *present) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*p = d.PeekKind() != 'n'
	return d.SkipValue()
}

// member says that a member is there, even if it is null.
type member bool

// UnmarshalJSONFrom does not look at the value.
func (m *member) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*m = true
	return d.SkipValue()
}

// maxNesting is more than three times of what GitHub sends.
const maxNesting = 50

// parsePayload reads a body. Of events that are not wanted, only the envelope: the rest may have other types there.
func parsePayload(event string, data []byte) (payload, error) {
	var p payload
	if first := bytes.TrimLeft(data, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return p, errors.New("the body is not a JSON object")
	}
	if nestsDeeper(data, maxNesting) {
		return p, fmt.Errorf("the body nests deeper than %d levels", maxNesting)
	}
	if !wanted(event) {
		return p, bodyProblem(json.Unmarshal(data, &p.envelope))
	}
	if err := p.read(event, data); err != nil {
		return p, bodyProblem(err)
	}
	if !p.fits(event) {
		return p, fmt.Errorf("the body is not that of the event %s: X-GitHub-Event is not signed, and must be the one that GitHub sent with it", event)
	}
	return p, nil
}

// read takes of a body what its event has. The comment of a deployment's review is a text, where others have an object.
func (p *payload) read(event string, data []byte) error {
	if event != "deployment_review" {
		return json.Unmarshal(data, p)
	}
	var in struct {
		envelope

		WorkflowRun runHint `json:"workflow_run"`
		Approver    member  `json:"approver"`
		Requestor   member  `json:"requestor"`
	}
	err := json.Unmarshal(data, &in)
	p.envelope, p.WorkflowRun, p.reviewed = in.envelope, in.WorkflowRun, bool(in.Approver || in.Requestor)
	return err
}

// nestsDeeper counts brackets outside of strings. Whether the text is JSON at all, the parser says.
func nestsDeeper(data []byte, most int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// bodyProblem says what is wrong with a body, and nothing of what is in it.
func bodyProblem(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errors.New("the body has an object with the same key twice: which of them counts is not known")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("the body is not valid JSON in UTF-8 at byte %d", syntax.ByteOffset)
	}
	if kind, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("the body has a value at byte %d whose type is not the one that GitHub sends", kind.ByteOffset)
	}
	return errors.New("the body cannot be read")
}

// ofAccount reports the events of an installation as a whole.
func ofAccount(event string) bool {
	return event == "installation" || event == "installation_repositories" || event == "installation_target"
}

// placed reports whether a delivery belongs to an installation, and where the event is one of a repository, to that.
func (p payload) placed(event string) bool {
	return p.Installation.ID > 0 && (ofAccount(event) || p.Repository != nil && p.Repository.ID > 0)
}

func (p payload) tenant(event string) control.Tenant {
	t := control.Tenant{Installation: max(p.Installation.ID, 0)}
	if !ofAccount(event) && p.Repository != nil {
		t.Repository = max(p.Repository.ID, 0)
	}
	return t
}

// account is the id of who owns the installation; 0: not told.
func (p payload) account(event string) int64 {
	switch {
	case event == "installation_target" && p.Account != nil:
		return p.Account.ID
	case ofAccount(event) && p.Installation.Account != nil:
		return p.Installation.Account.ID
	case !ofAccount(event) && p.Repository != nil:
		return p.Repository.Owner.ID
	}
	return 0
}

// action is the body's, where it looks like one.
func (p payload) action() string {
	if !within(p.Does, 64, func(c byte) bool { return isWord(c) || c == '-' }) {
		return ""
	}
	return p.Does
}
