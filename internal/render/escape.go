package render

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Every string that may come from a pull request passes one of these functions on its way out, once, at the edge.

// oneLine drops what no sink may print: control characters, bidirectional and zero-width marks, invalid UTF-8.
// Line breaks and tabs become spaces.
func oneLine(s string) string {
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

// invisible are the marks that make text look like other text.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || r == '\u034f' || r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0'
}

// terminal makes a string safe for a terminal and for a tab-separated row.
func terminal(s string) string { return oneLine(s) }

// markdown makes a string inert inside GitHub's Markdown: no formatting, link, mention, reference, HTML or command.
func markdown(s string) string {
	var b strings.Builder
	s = oneLine(s)
	for i, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '@':
			b.WriteString("@\u200b") // not a mention
		case r == '#':
			b.WriteString("#\u200b") // not a reference
		case r == ':' && i+1 < len(s) && s[i+1] != ' ', r == '.' && strings.EqualFold(tail(s[:i], 3), "www"):
			b.WriteRune(r)
			b.WriteRune('\u200b') // neither an emoji, a link nor a workflow command
		case strings.ContainsRune("\\`*_{}[]()!|~$+-=\"'/", r):
			if r == '-' || r == '/' || r == '(' || r == ')' || r == '"' || r == '\'' || r == '=' || r == '+' {
				b.WriteRune(r)
				continue
			}
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return breakReferences(b.String())
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// breakReferences splits what GitHub would link by its shape: GH-1, and hexadecimal words that look like commits.
func breakReferences(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if len(w) > 3 && strings.EqualFold(w[:3], "gh-") {
			words[i] = w[:2] + "\u200b" + w[2:]
		}
		if bare := strings.Trim(w, ".,;()\"'"); len(bare) >= 7 && len(bare) <= 40 && isHex(bare) {
			words[i] = w[:4] + "\u200b" + w[4:]
		}
	}
	return strings.Join(words, " ")
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// code puts a string into a Markdown code span that it cannot leave. GitHub renders no mention, reference or link
// inside one. A pipe would end a table cell even there.
func code(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "¦")
	if s == "" {
		return ""
	}
	fence, run, longest := "`", 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence = strings.Repeat("`", longest+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.TrimSpace(s) != s {
		s = " " + s + " "
	}
	return fence + s + fence
}

// fenced is a line inside a fenced code block: it cannot end the block or begin as something else.
func fenced(s string) string { return strings.ReplaceAll(oneLine(s), "```", "`\u200b``") }

// command escapes the message of a workflow command.
func command(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(visible(s))
}

// property escapes a property of a workflow command.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(command(oneLine(s)))
}

// visible drops control and invisible characters but keeps line breaks.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		if r == utf8.RuneError || unicode.IsControl(r) || invisible(r) {
			return -1
		}
		return r
	}, s)
}

// cell neutralises formulas: a spreadsheet runs what begins with one of these characters.
func cell(s string) string {
	s = oneLine(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// middle shortens a string in its middle to n characters, so that both ends stay readable.
func middle(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	left := (n - 1) / 2
	return string(runes[:left]) + "…" + string(runes[len(runes)-(n-1-left):])
}
