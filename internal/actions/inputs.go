package actions

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/gate/lock"
	"github.com/org/platform-action/internal/verdict"
)

// Inputs are those of action.yml, checked.
type Inputs struct {
	Command  Command
	Paths    []string // plans, folders and patterns; of record-tests documents to pass on
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

	Reports     []string // [SUITE=]GLOB of test reports
	Coverage    []string // [SUITE=]GLOB of what the tests covered
	Suite       string
	Digests     []string // sha256:… of what was built, or is deployed; sorted
	Environment string
	Keys        []string // files with public keys of the App, or one in PEM
	Bundles     []string // files with Sigstore bundles of what is deployed
}

// Command is what a step does. The zero command is none.
type Command uint8

// The commands.
const (
	NoCommand Command = iota
	Check
	RecordTests
	VerifyDeploy
)

func commandNamed(name string) Command {
	switch name {
	case "check":
		return Check
	case "record-tests":
		return RecordTests
	case "verify-deploy":
		return VerifyDeploy
	}
	return NoCommand
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

// parameter is an input and the commands that read it.
type parameter struct {
	name string
	of   []Command // all of them where it has a default, because nobody can tell that it was not given
}

func parameters() []parameter {
	every, checks := []Command{Check, RecordTests, VerifyDeploy}, []Command{Check}
	return []parameter{
		{"command", every},
		{"path", []Command{Check, RecordTests}},
		{"base-path", checks},
		{"usage-file", checks},
		{"config", checks},
		{"policies", checks},
		{"fail-on", every},
		{"comment", every},
		{"comment-tag", []Command{Check, RecordTests}},
		{"junit", []Command{RecordTests}},
		{"coverage", []Command{RecordTests}},
		{"suite", []Command{RecordTests}},
		{"environment", []Command{VerifyDeploy}},
		{artifactDigest, []Command{RecordTests, VerifyDeploy}},
		{"bundle", []Command{VerifyDeploy}},
		{"key", []Command{VerifyDeploy}},
		{"server-url", every},
		{"github-token", every},
		{"currency", checks},
	}
}

// Names are the inputs of action.yml; a test holds the two together.
func Names() []string {
	var out []string
	for _, p := range parameters() {
		out = append(out, p.name)
	}
	return out
}

// elsewhere are names that are asked for and are not here, with what to do instead.
func elsewhere() map[string]string {
	return map[string]string{
		"engine": "is for the command line alone: run `platform check --engine infracost` in a step of its own, where Infracost's program is installed",
	}
}

// tag is what a comment's marker may hold.
var tag = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Inputs reads them; environ is the whole environment, in which a misspelt input can be seen.
func (r *Runner) Inputs(environ []string) (Inputs, error) {
	if err := misspelt(environ); err != nil {
		return Inputs{}, err
	}
	get := r.given
	in := Inputs{
		Command: commandNamed(or(get("command"), "check")), Paths: lines(get("path")), Base: get("base-path"), Usage: get("usage-file"), Config: get("config"),
		Policies: lines(get("policies")), Tag: or(get("comment-tag"), DefaultTag), Server: strings.TrimRight(get("server-url"), "/"),
		Token: get("github-token"), Currency: get("currency"),
		Reports: lines(get("junit")), Coverage: lines(get("coverage")), Suite: or(get("suite"), "tests"), Digests: lines(get(artifactDigest)), Environment: get("environment"), Keys: keys(get("key")), Bundles: lines(get("bundle")),
	}
	if in.Command == VerifyDeploy {
		in.Digests = r.deployed()
	}
	var errs []error
	var err error
	if in.Command == NoCommand {
		errs = append(errs, fmt.Errorf("command: %.40q is not known; choose check, record-tests or verify-deploy", get("command")))
	} else {
		errs = append(errs, foreign(in.Command, get("command"), get))
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
	errs = append(errs, in.deployable())
	return in, errors.Join(errs...)
}

// The input that names artifacts, and what stands there where nobody gave it. A runner hands an input that was given as ""
// over like none at all: only a default tells the two apart.
const (
	artifactDigest = "artifact-digest"
	noArtifact     = "none"
)

// given is an input without the space around it; empty where it was not given.
func (r *Runner) given(name string) string {
	text := r.lib.GetInput(name)
	if name == artifactDigest && text == noArtifact {
		return ""
	}
	return text
}

// deployed are the artifacts that verify-deploy is given, line by line. An empty line stays one, to be refused: it is the
// output of a step that made nothing, and what is deployed in its place nobody has asked about.
func (r *Runner) deployed() []string {
	text := r.env("INPUT_" + strings.ToUpper(artifactDigest))
	if strings.TrimSpace(text) == noArtifact {
		return nil
	}
	out := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range out {
		out[i] = strings.TrimSpace(line)
	}
	return out
}

// keys are files, one a line, or a key itself.
func keys(text string) []string {
	if strings.HasPrefix(text, pemBegins) {
		return []string{text}
	}
	return lines(text)
}

// pemBegins is how a key begins that is no name of a file.
const pemBegins = "-----BEGIN "

// IsKey reports that an element of Inputs.Keys is a key itself, and no name.
func IsKey(text string) bool { return strings.HasPrefix(text, pemBegins) }

// foreign refuses inputs of another command: whoever gave them expects something of them.
func foreign(c Command, name string, get func(string) string) error {
	var errs []error
	for _, p := range parameters() {
		if get(p.name) != "" && !slices.Contains(p.of, c) {
			errs = append(errs, fmt.Errorf("%s: command %s does not read this input; leave it away", p.name, or(name, "check")))
		}
	}
	return errors.Join(errs...)
}

var (
	built  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	titled = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,255}$`)
)

// deployable checks what names a deployment.
func (in *Inputs) deployable() error {
	if in.Command == VerifyDeploy {
		return in.locked()
	}
	var errs []error
	for _, d := range in.Digests {
		if !built.MatchString(d) {
			errs = append(errs, fmt.Errorf("artifact-digest: %.100q is no digest; want sha256: and 64 hexadecimal digits, one a line", d))
		}
	}
	return errors.Join(errs...)
}

// locked checks what the second lock asks with.
func (in *Inputs) locked() error {
	var errs []error
	if !titled.MatchString(in.Environment) {
		errs = append(errs, fmt.Errorf("environment: %.80q is no environment; name the one that this job deploys to", in.Environment))
	}
	digests, err := lock.Artifacts(in.Digests)
	if err != nil {
		errs = append(errs, fmt.Errorf("artifact-digest: %w", err))
	}
	in.Digests = digests
	switch {
	case in.Server != "" && len(in.Keys) == 0:
		errs = append(errs, errors.New("key: anybody who answers at server-url could let this deploy: pin the App's public key, as a file of the repository or as PEM "+
			"(`openssl pkey -in signing.pem -pubout` where the server runs)"))
	case len(in.Bundles) > 0 && len(in.Digests) == 0:
		errs = append(errs, errors.New("bundle: it proves how an artifact was built, and none is named; name it in artifact-digest"))
	}
	return errors.Join(errs...)
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
