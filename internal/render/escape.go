package render

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Every string that may come from a pull request passes one of these functions on its way out, once, at the edge.

// oneLine drops what no sink may print: control characters, bidirectional and zero-width marks, invalid UTF-8.
// Line breaks and tabs become spaces.
func oneLine(s string) string {
	if plainASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029', r == '\u0085':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), invisible(r):
			return -1
		}
		return r
	}, s)
}

// inertCommand breaks what an Actions runner obeys wherever it stands in a line of a log. What it obeys only at the
// start of a line, after blanks, is for each format to keep from there.
func inertCommand(s string) string { return strings.ReplaceAll(s, "##[", "# #[") }

// inertLines is for formats whose lines may begin with a text of the pull request.
func inertLines(s string) string {
	if !strings.Contains(s, "::") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(strings.TrimLeft(l, " "), "::") {
			lines[i] = strings.Replace(l, "::", ": :", 1)
		}
	}
	return strings.Join(lines, "\n")
}

// plainASCII reports text that needs no care; almost all text is, and reports can be large.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// invisible are the marks that make text look like other text.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || r == '\u034f' || r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0'
}

// terminal makes a string safe for a terminal and for a tab-separated row.
func terminal(s string) string { return oneLine(s) }

// command escapes the message of a workflow command. GitHub cuts an annotation at 64 KiB; nobody reads a tenth of it.
func command(s string) string { return strings.ReplaceAll(middle(oneLine(s), 4000), "%", "%25") }

// property escapes a property of a workflow command.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(command(s))
}

// InertJSON is asciiJSON for documents that are written elsewhere.
func InertJSON(b []byte) []byte {
	if bytes.IndexFunc(b, steering) < 0 && !bytes.Contains(b, []byte("##[")) {
		return b
	}
	return asciiJSON(b)
}

// asciiJSON writes control and invisible characters of a JSON text as \u escapes: a parser reads the same strings,
// and a terminal that shows the text is not steered by it.
func asciiJSON(b []byte) []byte {
	s := string(b)
	s = strings.ReplaceAll(s, "##[", `#\u0023[`)
	if strings.IndexFunc(s, steering) < 0 {
		return []byte(s)
	}
	var out strings.Builder
	for _, r := range s {
		switch {
		case !steering(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return []byte(out.String())
}

func steering(r rune) bool {
	return r != '\n' && r > '~' && (unicode.IsControl(r) || invisible(r) || r == '\u2028' || r == '\u2029')
}

// cell neutralises formulas and commands: a spreadsheet runs what begins with one of these characters, some in their
// wide form too, and some after a blank; an Actions runner obeys a line of its log that begins with two colons. Numbers of our own do not pass here, so that they stay numbers.
func cell(s string) string {
	s = oneLine(s)
	if first := strings.TrimLeft(s, " \u00a0"); first != "" && (strings.ContainsAny(firstRune(first), "=+-@＝＋－＠") || strings.HasPrefix(first, "::")) {
		return "'" + s
	}
	return s
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// middle shortens a string in its middle to n characters, so that both ends stay readable.
func middle(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	left := (n - 1) / 2
	return string(runes[:left]) + "…" + string(runes[len(runes)-(n-1-left):])
}
