package github

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	commandWord = "/platform"
	maxCommand  = 1000 // bytes of its line
)

// commandIn finds the first line of a comment that gives a command: one that begins with /platform and is neither
// quoted nor code. Control characters become blanks.
func commandIn(text string) string {
	var fence string
	for line := range strings.Lines(text) {
		content := strings.TrimSpace(line)
		mark := fenceOf(content)
		switch {
		case fence != "":
			if strings.HasPrefix(mark, fence) && mark == content {
				fence = ""
			}
		case mark != "":
			fence = mark
		case isCommand(content):
			return cutCommand(content)
		}
	}
	return ""
}

// fenceOf is the run of backticks or tildes that a line of code fences begins with.
func fenceOf(line string) string {
	for _, mark := range []string{"`", "~"} {
		rest := strings.TrimLeft(line, mark)
		// Backticks that end on the same line are code within a paragraph.
		if n := len(line) - len(rest); n >= 3 && (mark == "~" || !strings.Contains(rest, mark)) {
			return line[:n]
		}
	}
	return ""
}

func isCommand(line string) bool {
	rest, ok := strings.CutPrefix(line, commandWord)
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && (rest == "" || unicode.IsSpace(first))
}

// cutCommand bounds a line without breaking a character.
func cutCommand(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, line)
	if len(line) > maxCommand {
		end := maxCommand
		for end > 0 && !utf8.RuneStart(line[end]) {
			end--
		}
		line = line[:end]
	}
	return line
}
