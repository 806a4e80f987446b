package actions

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/verdict"
)

// Inputs are those of action.yml, checked.
type Inputs struct {
	Command  string
	Paths    []string // plans, folders and patterns
	Base     string
	Usage    string
	Config   string
	Policies []string // folders
	FailOn   verdict.FailOn
	Comment  CommentMode
	Tag      string
	Server   string
	Token    string
	Currency string
}

// CommentMode says what becomes of the comment. The zero mode is auto.
type CommentMode uint8

// The modes.
const (
	CommentAuto CommentMode = iota // update, but silent where an App speaks
	CommentUpdate
	CommentNew
	CommentHideAndNew
	CommentDeleteAndNew
	CommentOff
)

var commentModes = [...]string{"auto", "update", "new", "hide-and-new", "delete-and-new", "off"} //nolint:gochecknoglobals // a constant table

// DefaultTag is the comment's tag where no input gives one.
const DefaultTag = "action"

// Names are the inputs of action.yml; a test holds the two together.
func Names() []string {
	return []string{
		"command", "path", "base-path", "usage-file", "config", "policies", "fail-on", "comment", "comment-tag", "server-url",
		"github-token", "currency",
	}
}

// elsewhere are names that are asked for and are not here, with what to do instead.
func elsewhere() map[string]string {
	const later = "belongs to a command that this version does not have"
	return map[string]string{
		"engine": "is for the command line alone: run `platform check --engine infracost` in a step of its own, where Infracost's program is installed",
		"junit":  later, "suite": later, "environment": later, "artifact-digest": later,
	}
}

// tag is what a comment's marker may hold.
var tag = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) //nolint:gochecknoglobals // compiled once

// Inputs reads them; environ is the whole environment, in which a misspelt input can be seen.
func (r *Runner) Inputs(environ []string) (Inputs, error) {
	if err := misspelt(environ); err != nil {
		return Inputs{}, err
	}
	get := r.lib.GetInput
	in := Inputs{
		Command: or(get("command"), "check"), Paths: lines(get("path")), Base: get("base-path"), Usage: get("usage-file"), Config: get("config"),
		Policies: lines(get("policies")), Tag: or(get("comment-tag"), DefaultTag), Server: strings.TrimRight(get("server-url"), "/"),
		Token: get("github-token"), Currency: get("currency"),
	}
	var errs []error
	var err error
	switch in.Command {
	case "check":
	case "record-tests", "verify-deploy":
		errs = append(errs, fmt.Errorf("command: %s is not there yet: this version has check alone", in.Command))
	default:
		errs = append(errs, fmt.Errorf("command: %.40q is not known; this version has check alone", in.Command))
	}
	if in.FailOn, err = verdict.ParseFailOn(or(get("fail-on"), "block")); err != nil {
		errs = append(errs, fmt.Errorf("fail-on: %w", err))
	}
	mode := slices.Index(commentModes[:], or(get("comment"), "auto"))
	if mode < 0 {
		errs = append(errs, fmt.Errorf("comment: %.40q is not known; choose %s", get("comment"), strings.Join(commentModes[:], ", ")))
	}
	in.Comment = CommentMode(max(mode, 0)) //nolint:gosec // an index of six
	if !tag.MatchString(in.Tag) || in.Tag == "app" {
		errs = append(errs, fmt.Errorf("comment-tag: %.80q is no tag; use up to 64 letters, digits, dots, dashes and underscores, and not app", in.Tag))
	}
	if in.Base != "" && len(in.Paths) == 0 {
		errs = append(errs, errors.New("base-path: there is no path that it is compared with; name one in the input path"))
	}
	return in, errors.Join(errs...)
}

// misspelt refuses inputs that nobody reads: GitHub only warns of them, and a misspelt fail-on would leave a gate open.
func misspelt(environ []string) error {
	var errs []error
	for _, pair := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(pair, "=")
		name, isInput := strings.CutPrefix(name, "INPUT_")
		name = strings.ToLower(name)
		if !isInput || value == "" || slices.Contains(Names(), name) || name == "args" || name == "entrypoint" {
			continue
		}
		if why := elsewhere()[name]; why != "" {
			errs = append(errs, fmt.Errorf("%s: this input %s", name, why))
			continue
		}
		errs = append(errs, fmt.Errorf("%.60q is no input of this action; there are %s", name, strings.Join(Names(), ", ")))
	}
	return errors.Join(errs...)
}

func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
