package actions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Event is why the workflow runs, as the runner and its event file say. Names are hostile.
type Event struct {
	Kind          Kind
	Name          string // as GitHub calls it
	Owner, Repo   string
	DefaultBranch string // empty: the event does not say
	Ref           string // that the workflow runs for
	SHA           string
	Run           string // id and attempt
	APIURL        string
	ServerURL     string
	Workspace     string

	Number   int    // of the pull request; 0: none
	Head     string // commit of the pull request, or of the merge group
	Into     string // branch that it goes to
	Fork     bool   // the head is of another repository
	BaseSHA  string // of a merge group: what it is merged into; of a push: what was there before
	FromPull bool   // what runs may be what a pull request proposes
}

// Kind is the kind of an event. The zero kind is one that this action does not know.
type Kind uint8

// The kinds.
const (
	Unknown Kind = iota
	PullRequest
	PullRequestTarget
	MergeGroup
	Push
	Manual // or on a schedule: nothing was changed
)

func kindNamed(name string) Kind {
	switch name {
	case "pull_request":
		return PullRequest
	case "pull_request_target":
		return PullRequestTarget
	case "merge_group":
		return MergeGroup
	case "push":
		return Push
	case "workflow_dispatch", "schedule":
		return Manual
	}
	return Unknown
}

// payload is what is read of an event file.
type payload struct {
	Repository struct {
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
	Before string `json:"before"`
	Pull   *struct {
		Number int `json:"number"`
		Head   struct {
			SHA  string `json:"sha"`
			Repo *struct {
				ID int64 `json:"id"`
			} `json:"repo"`
		} `json:"head"`
		Base struct {
			Ref  string `json:"ref"`
			Repo struct {
				ID int64 `json:"id"`
			} `json:"repo"`
		} `json:"base"`
	} `json:"pull_request"`
	Group *struct {
		HeadSHA string `json:"head_sha"`
		BaseSHA string `json:"base_sha"`
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
}

// maxEvent is GitHub's bound of a payload.
const maxEvent = 25 << 20

var (
	fullName = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
	commit   = regexp.MustCompile(`^[0-9a-f]{40}(?:[0-9a-f]{24})?$`)
)

// Event reads it.
func (r *Runner) Event() (Event, error) {
	name := r.env("GITHUB_EVENT_NAME")
	e := Event{
		Kind: kindNamed(name), Name: name, Ref: r.env("GITHUB_REF"), SHA: r.env("GITHUB_SHA"), Workspace: r.env("GITHUB_WORKSPACE"),
		APIURL: or(r.env("GITHUB_API_URL"), "https://api.github.com"), ServerURL: or(r.env("GITHUB_SERVER_URL"), "https://github.com"),
		Run: number(r.env("GITHUB_RUN_ID")) + "/" + number(r.env("GITHUB_RUN_ATTEMPT")),
	}
	full := r.env("GITHUB_REPOSITORY")
	switch {
	case name == "":
		return e, errors.New("GITHUB_EVENT_NAME is not set: this program runs as a step of a GitHub workflow; elsewhere use platform check")
	case !fullName.MatchString(full) || strings.Contains(full, ".."):
		return e, fmt.Errorf("GITHUB_REPOSITORY is %.80q, which is not owner/name", full)
	case !commit.MatchString(e.SHA):
		return e, fmt.Errorf("GITHUB_SHA is %.80q, which is no commit", e.SHA)
	case e.Workspace == "":
		return e, errors.New("GITHUB_WORKSPACE is not set: a runner sets it, so do not unset it in the workflow")
	}
	e.Owner, e.Repo, _ = strings.Cut(full, "/")
	p, err := readPayload(r.env("GITHUB_EVENT_PATH"))
	if err != nil {
		return e, err
	}
	return e, e.fill(p)
}

// Known is an error for an event that nobody knows here what is changed by.
func (e Event) Known() error {
	if e.Kind == Unknown {
		return fmt.Errorf("the event %.40q is not known here; run this action on pull_request, pull_request_target, merge_group, push, workflow_dispatch or schedule", e.Name)
	}
	return nil
}

// Proves reports an event whose runs can be evidence of tests: what runs is what the event is about.
func (e Event) Proves() bool {
	return e.Name == "push" || e.Name == "merge_group" || e.Name == "pull_request" || e.Name == "workflow_dispatch"
}

func readPayload(path string) (payload, error) {
	var p payload
	if path == "" {
		return p, errors.New("GITHUB_EVENT_PATH is not set: a runner sets it, so do not unset it in the workflow")
	}
	f, err := os.Open(path)
	if err != nil {
		return p, fmt.Errorf("the event file cannot be read: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxEvent+1))
	switch {
	case err != nil:
		return p, fmt.Errorf("the event file cannot be read: %w", err)
	case len(data) > maxEvent:
		return p, fmt.Errorf("the event file has more than %d MiB, which is no event of GitHub's", maxEvent>>20)
	}
	return parsePayload(data)
}

func parsePayload(data []byte) (payload, error) {
	var p payload
	if json.Unmarshal(data, &p) != nil { // its error may quote what is in it
		return p, errors.New("the event file is not the JSON of an event")
	}
	return p, nil
}

// fill takes from the payload what the event is about.
func (e *Event) fill(p payload) error {
	e.DefaultBranch, e.Head = p.Repository.DefaultBranch, e.SHA
	switch e.Kind {
	case PullRequest, PullRequestTarget:
		if p.Pull == nil || p.Pull.Number <= 0 || !commit.MatchString(p.Pull.Head.SHA) || p.Pull.Base.Ref == "" {
			return fmt.Errorf("the event file of %s names no pull request with a head and a base", e.Name)
		}
		e.Number, e.Head, e.Into, e.FromPull = p.Pull.Number, p.Pull.Head.SHA, p.Pull.Base.Ref, true
		e.Fork = p.Pull.Head.Repo == nil || p.Pull.Head.Repo.ID != p.Pull.Base.Repo.ID
	case MergeGroup:
		if p.Group == nil || !commit.MatchString(p.Group.HeadSHA) || !commit.MatchString(p.Group.BaseSHA) {
			return errors.New("the event file of merge_group names no group with a head and a base")
		}
		e.Head, e.BaseSHA, e.FromPull = p.Group.HeadSHA, p.Group.BaseSHA, true
		e.Into = strings.TrimPrefix(p.Group.BaseRef, "refs/heads/")
	case Push:
		if commit.MatchString(p.Before) && strings.Trim(p.Before, "0") != "" {
			e.BaseSHA = p.Before
		}
	case Manual, Unknown:
	}
	return nil
}

// OnDefault reports that what runs is the default branch itself.
func (e Event) OnDefault() bool {
	return !e.FromPull && e.DefaultBranch != "" && e.Ref == "refs/heads/"+e.DefaultBranch
}

// number is a whole number as it is written, or 0.
func number(text string) string {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return "0"
}
