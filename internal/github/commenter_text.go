package github

import (
	"errors"
	"strings"
)

// Text is what is written. Marker is its first line.
type Text struct {
	Marker, Body string
	OnlyUpdate   bool   // where none stands, none is written
	Run          string // names the run that writes: letters, digits, - and /; empty: nobody asks
}

// ErrRepeated means that the same run has written a comment with this marker before: two of its jobs would take turns.
var ErrRepeated = errors.New("this run has written a comment with this marker already")

// runLine names the run, below the marker.
func (t Text) runLine() string { return "<!-- platform:run " + t.Run + " -->\n" }

// signed is the body with the run's line in it.
func (t Text) signed() string {
	first, rest, _ := strings.Cut(t.Body, "\n")
	if t.Run == "" {
		return t.Body
	}
	return first + "\n" + t.runLine() + rest
}

// by reports a body that the same run has written.
func (t Text) by(body string) bool {
	return t.Run != "" && strings.HasPrefix(body, t.Marker+"\n"+t.runLine())
}

// unsigned leaves a run's line out: a comment that says the same for another run is not written again.
func unsigned(body string) string {
	first, rest, _ := strings.Cut(body, "\n")
	line, below, found := strings.Cut(rest, "\n")
	if !found || !strings.HasPrefix(line, "<!-- platform:run ") {
		return body
	}
	return first + "\n" + below
}
