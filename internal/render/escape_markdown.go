package render

import (
	"regexp"
	"strings"
)

// split stands between two characters that GitHub would read as one thing. It is written as an entity, so that a
// reader of the source sees it.
const split = "&#8203;"

// references are what GitHub links by shape alone: GH-1, and words that look like a commit.
var references = regexp.MustCompile(`(?i)\bgh-[0-9]|\b[0-9a-f]{7,64}\b`)

// markdown makes a string inert inside GitHub's Markdown: no formatting, link, mention, reference, emoji, formula,
// HTML or workflow command. What a reader sees is the string.
func markdown(s string) string {
	s = strings.TrimSpace(oneLine(s))
	breaks := referenceBreaks(s)
	var b strings.Builder
	for i, r := range s {
		if len(breaks) > 0 && breaks[0] == i {
			b.WriteString(split)
			breaks = breaks[1:]
		}
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '@', r == '#',
			r == ':' && (next == '/' || next == ':' || shortcode(s[i:])),
			(r == 'w' || r == 'W') && len(s) > i+3 && strings.EqualFold(s[i:i+4], "www."):
			b.WriteRune(r)
			b.WriteString(split)
		case r == '$' && (next < '0' || next > '9'):
			// GitHub renders $…$ as a formula, and a backslash does not stop it. The closing sign is never one that
			// stands before a digit, so that amounts need no such care.
			b.WriteString("<span>$</span>")
		case strings.ContainsRune("\\`*_[]|~", r), i == 0 && (r == '-' || r == '+') && (next == 0 || next == ' ' || next == '-'):
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '.' || r == ')') && (next == 0 || next == ' ') && i > 0 && strings.Trim(s[:i], "0123456789") == "":
			b.WriteByte('\\') // "1. " at the start would begin a list
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shortest is how many digits of a commit GitHub links.
const shortest = 7

// referenceBreaks are the byte positions at which a reference has to be split.
func referenceBreaks(s string) []int {
	var out []int
	for _, at := range references.FindAllStringIndex(s, -1) {
		if at[0] > 0 && s[at[0]-1] == '.' && strings.Trim(s[at[0]:at[1]], "0123456789") == "" {
			continue // the decimals of a number
		}
		if s[at[1]-2] == '-' {
			out = append(out, at[0]+2) // GH-1
			continue
		}
		for i := at[0] + shortest - 1; i < at[1]; i += shortest - 1 {
			out = append(out, i) // what is left on either side must be too short for a commit as well
		}
	}
	return out
}

// shortcode reports that s begins with an emoji's name between colons.
func shortcode(s string) bool {
	name, _, closed := strings.Cut(s[1:], ":")
	return closed && name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && r != '-' && r != '+' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// code puts a string into a code span that it cannot leave. GitHub renders no mention, reference or link inside one.
// A pipe would end a table cell even there, and how a backslash before it is read differs between parsers, so it is
// drawn as a broken bar.
func code(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "¦")
	if s == "" {
		return ""
	}
	run, longest := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.TrimSpace(s) != s {
		s = " " + s + " "
	}
	return fence + s + fence
}

// linked is a code span that links, when the address is one that can be trusted to stay inside its brackets.
func linked(text, url string) string {
	if text == "" || !plainURL(url) {
		return code(text)
	}
	return "[" + code(text) + "](" + url + ")"
}

// plainURL accepts an https address of characters that mean nothing to Markdown or HTML.
func plainURL(s string) bool {
	return strings.HasPrefix(s, "https://") && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("-._~:/?#@=%&+", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// pathEscape percent-encodes a slash-separated path for a URL.
func pathEscape(path string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if strings.IndexByte("-._~/", c) >= 0 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

// comment makes a marker a single HTML comment whatever is in its tag.
func comment(marker string) string {
	inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(oneLine(marker)), "<!--"), "-->")
	inner = strings.NewReplacer("<", "", ">", "").Replace(inner) // first: it may bring two dashes together
	for strings.Contains(inner, "--") {
		inner = strings.ReplaceAll(inner, "--", "-")
	}
	return "<!-- " + strings.TrimSpace(inner) + " -->"
}
