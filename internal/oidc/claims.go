package oidc

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/control"
)

// claims are what is read of a token. Its sub, actor, head_ref, base_ref and the names of repositories are passed over:
// they can be chosen, or change, while the ids stay.
type claims struct {
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
	Expires  date     `json:"exp"`
	Begins   date     `json:"nbf"`
	Issued   date     `json:"iat"`
	ID       string   `json:"jti"`

	Repository jsontext.Value `json:"repository_id"`
	Owner      jsontext.Value `json:"repository_owner_id"`
	Run        jsontext.Value `json:"run_id"`
	Attempt    jsontext.Value `json:"run_attempt"`
	CheckRun   jsontext.Value `json:"check_run_id"`

	SHA            string `json:"sha"`
	Ref            string `json:"ref"`
	Event          string `json:"event_name"`
	WorkflowRef    string `json:"workflow_ref"`
	WorkflowSHA    string `json:"workflow_sha"`
	JobWorkflowRef string `json:"job_workflow_ref"`
	JobWorkflowSHA string `json:"job_workflow_sha"`
	Environment    string `json:"environment"`
	Runner         string `json:"runner_environment"`
}

// audience is one text, or a list of them.
type audience []string

// UnmarshalJSON reads both forms.
func (a *audience) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]string)(a))
	}
	*a = audience{""}
	return json.Unmarshal(data, &(*a)[0])
}

// date is a number of seconds since 1970. Zero: not told.
type date float64

// lastDate is the end of the year 9999.
const lastDate = 253402300799

func (d date) told() bool { return d > 0 && d <= lastDate }

func (d date) time() time.Time { return time.Unix(int64(d), 0).UTC() }

// parseClaims reads what a token says, whoever signed it. A name that comes twice is refused, because two readers would
// take a different one of them.
func parseClaims(payload []byte) (claims, error) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, refuse(BadClaims, "a claim of the token has another form than GitHub gives it; send the token as GitHub gave it")
	}
	return c, nil
}

func (c claims) checkTimes(now time.Time) error {
	if !c.Expires.told() || !c.Issued.told() || c.Begins != 0 && !c.Begins.told() {
		return refuse(BadClaims, "the token does not say when it was issued and when it ends (iat, exp)")
	}
	switch {
	case !now.Before(c.Expires.time()):
		return refuse(Expired, "the token has expired: ask for a new one right before it is sent")
	case c.Issued.time().After(now.Add(maxSkew)), c.Begins.told() && c.Begins.time().After(now.Add(maxSkew)):
		return refuse(NotYet, "the token is not valid yet: the clocks of its issuer and of this server differ; ask the server's operator to set its clock")
	case now.Sub(c.Issued.time()) > maxAge:
		return refuse(TooOld, "the token was issued more than ten minutes ago: ask for a new one right before it is sent")
	}
	return nil
}

// run checks every claim that something is decided on.
func (c claims) run() (control.Run, error) {
	run := control.Run{
		SHA: c.SHA, Ref: c.Ref, Event: c.Event, WorkflowRef: c.WorkflowRef, WorkflowSHA: c.WorkflowSHA,
		JobWorkflowRef: c.JobWorkflowRef, JobSHA: c.JobWorkflowSHA, Environment: c.Environment, RunnerKind: c.Runner,
		Issued: c.Issued.time(), Expires: c.Expires.time(), TokenID: c.ID,
	}
	var attempt int64
	for _, id := range []struct {
		name  string
		value jsontext.Value
		to    *int64
	}{
		{"repository_id", c.Repository, &run.RepositoryID}, {"repository_owner_id", c.Owner, &run.OwnerID}, {"run_id", c.Run, &run.ID},
		{"run_attempt", c.Attempt, &attempt}, {"check_run_id", c.CheckRun, &run.CheckRunID},
	} {
		if id.name == "check_run_id" && absent(id.value) {
			continue
		}
		n, ok := number(id.value)
		if !ok || id.name == "run_attempt" && n > math.MaxInt32 {
			return control.Run{}, badClaim(id.name)
		}
		*id.to = n
	}
	run.Attempt = int(attempt)
	for _, text := range []struct {
		name, value string
		good        func(string) bool
	}{
		{"jti", c.ID, isWord}, {"sha", c.SHA, isCommit}, {"ref", c.Ref, orEmpty(isLine)}, {"event_name", c.Event, isLabel},
		{"workflow_ref", c.WorkflowRef, isFileRef}, {"workflow_sha", c.WorkflowSHA, isCommit},
		{"job_workflow_ref", c.JobWorkflowRef, isFileRef}, {"job_workflow_sha", c.JobWorkflowSHA, isCommit},
		{"environment", c.Environment, orEmpty(isLine)}, {"runner_environment", c.Runner, isLabel},
	} {
		if !text.good(text.value) {
			return control.Run{}, badClaim(text.name)
		}
	}
	return run, nil
}

func badClaim(name string) *Refusal {
	return refuse(BadClaims, fmt.Sprintf("the token's claim %s is missing, or has another form than GitHub gives it", name))
}

func absent(v jsontext.Value) bool { return len(v) == 0 || string(v) == "null" || string(v) == `""` }

// number reads an id: digits, which GitHub writes as a text.
func number(v jsontext.Value) (int64, bool) {
	digits := string(v)
	if inner, ok := strings.CutPrefix(digits, `"`); ok {
		digits = strings.TrimSuffix(inner, `"`)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == digits
}

func all(s string, good func(rune) bool) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !good(r) }) < 0
}

func isHex(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' }

// isDigest takes the SHA-256 of a body.
func isDigest(s string) bool { return len(s) == 64 && all(s, isHex) }

// isCommit takes ids of both of git's hashes.
func isCommit(s string) bool { return (len(s) == 40 || len(s) == 64) && all(s, isHex) }

// isLabel takes the names of events and of kinds of runners.
func isLabel(s string) bool {
	return s != "" && len(s) <= 64 && all(s, func(r rune) bool { return r >= 'a' && r <= 'z' || r == '_' || r == '-' })
}

// isWord takes an id of a token.
func isWord(s string) bool {
	return s != "" && len(s) <= 256 && all(s, func(r rune) bool { return r > ' ' && r < 0x7f })
}

// isLine takes names that people choose.
func isLine(s string) bool {
	return s != "" && len(s) <= 1024 && all(s, unicode.IsPrint)
}

// isFileRef takes owner/name/path@ref.
func isFileRef(s string) bool {
	file, ref, found := strings.Cut(s, "@")
	return isLine(s) && found && ref != "" && strings.Count(file, "/") >= 2
}

func orEmpty(good func(string) bool) func(string) bool {
	return func(s string) bool { return s == "" || good(s) }
}
