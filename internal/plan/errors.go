package plan

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The commands that make a readable plan.
const (
	fixShow = "run: terraform show -json plan.out > plan.json"
	fixPlan = "run: terraform plan -out plan.out && terraform show -json plan.out > plan.json"
)

// InputError says why an input is not a readable plan. It holds no value of the input but a format version.
type InputError struct {
	Name    string // as the user gave it
	Where   string // JSON path or byte offset; empty for the file as a whole
	Problem string
	Fix     string // what to do, or the command to run
}

// Error is the whole message on one line.
func (e *InputError) Error() string {
	where := ""
	if e.Where != "" {
		where = " (at " + e.Where + ")"
	}
	return e.Name + ": " + e.Problem + where + "; " + e.Fix
}

// wherePath shortens a JSON path: deep parts may be keys of a secret map, so that four steps are kept.
func wherePath(p jsontext.Pointer) string {
	const steps, length = 4, 160
	parts := strings.SplitN(string(p), "/", steps+2)
	if len(parts) > steps+1 {
		parts = append(parts[:steps+1], "…")
	}
	return shorten(strings.Join(parts, "/"), length)
}

// shorten cuts at a rune's edge.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most] + "…"
}

// syntaxProblem turns a decoder's error into ours. The decoder's own text may quote the input and is not passed on.
func syntaxProblem(name string, err error) error {
	if ours, ok := errors.AsType[*InputError](err); ok {
		return ours
	}
	out := &InputError{Name: name, Problem: "is not valid JSON", Fix: fixShow}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		out.Where = fmt.Sprintf("byte %d", syntax.ByteOffset)
		if p := wherePath(syntax.JSONPointer); p != "" {
			out.Where = p + ", " + out.Where
		}
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		out.Problem = "is cut off: the JSON ends before it is complete"
	case errors.Is(err, jsontext.ErrDuplicateName):
		out.Problem = "is not valid JSON: an object has the same key twice, and which of them counts is not known"
	case syntax != nil && strings.Contains(err.Error(), "UTF-8"):
		out.Problem = "is not valid JSON: a string is not valid UTF-8"
	case syntax != nil && strings.Contains(err.Error(), "depth"):
		out.Problem = "nests objects and arrays too deeply"
	case syntax == nil:
		out.Problem = "could not be read: " + err.Error()
		out.Fix = "check that the file is readable"
	}
	return out
}
