package render

import (
	"regexp"
	"strings"
	"unicode"
)

const redacted = "[redacted]"

// Redact removes what looks like a secret from a text on its way out. It is the last net, not the first: values
// marked sensitive are dropped while a plan is read. Hexadecimal digests and commits survive, and so does a secret
// that looks like one.
func Redact(s string) string {
	if len(s) < minSecret {
		return s
	}
	for _, p := range secretPatterns {
		if strings.Contains(s, p.hint) {
			s = p.pattern.ReplaceAllString(s, p.with)
		}
	}
	return redactRandom(s)
}

// minSecret is the length of the shortest text that is looked at: a URL with a password in it.
const minSecret = 10

type secretPattern struct {
	hint    string // a text that every match contains, so that clean texts cost nothing
	pattern *regexp.Regexp
	with    string
}

var secretPatterns = []secretPattern{
	{"PRIVATE KEY", regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|$)`), redacted},
	{"eyJ", regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)*`), redacted},
	{"gh", regexp.MustCompile(`gh[pousr]_[A-Za-z0-9_]{20,}`), redacted},
	{"github_pat_", regexp.MustCompile(`github_pat_[A-Za-z0-9_]{20,}`), redacted},
	{"glpat-", regexp.MustCompile(`glpat-[A-Za-z0-9_-]{20,}`), redacted},
	{"KIA", regexp.MustCompile(`AKIA[A-Z0-9]{16}`), redacted},
	{"SIA", regexp.MustCompile(`ASIA[A-Z0-9]{16}`), redacted},
	{"xox", regexp.MustCompile(`xox[abpors]-[A-Za-z0-9-]{10,}`), redacted},
	{"AIza", regexp.MustCompile(`AIza[A-Za-z0-9_-]{30,}`), redacted},
	{"_live_", regexp.MustCompile(`[rs]k_live_[A-Za-z0-9]{16,}`), redacted},
	{"hvs.", regexp.MustCompile(`hvs\.[A-Za-z0-9_-]{20,}`), redacted},
	{"://", regexp.MustCompile(`://[\w.~%!$&'()*+,;=-]*:[\w.~%!$&'()*+,;=-]+@`), "://" + redacted + "@"},
}

// redactRandom removes long words that look drawn at random, such as the secret half of an access key.
func redactRandom(s string) string {
	var b strings.Builder
	kept := 0
	for i := 0; i < len(s); {
		if !tokenByte(s[i]) {
			i++
			continue
		}
		end := i
		for end < len(s) && tokenByte(s[end]) {
			end++
		}
		if hidden, ok := redactToken(s[i:end]); ok {
			b.WriteString(s[kept:i] + hidden)
			kept = end
		}
		i = end
	}
	if kept == 0 {
		return s
	}
	return b.String() + s[kept:]
}

// redactToken hides a random word whole, or the random parts of a path.
func redactToken(word string) (string, bool) {
	switch {
	case len(word) < minRandom:
		return "", false
	case random(word):
		return redacted, true
	case !strings.Contains(word, "/"):
		return "", false
	}
	parts, found := strings.Split(word, "/"), false
	for i, p := range parts {
		if random(p) {
			parts[i], found = redacted, true
		}
	}
	return strings.Join(parts, "/"), found
}

// minRandom is the shortest word that is judged: below it, instance names and version strings look random too.
const minRandom = 24

func tokenByte(c byte) bool { return class(c) != 0 }

func class(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z':
		return 'a'
	case c >= 'A' && c <= 'Z':
		return 'A'
	case c >= '0' && c <= '9':
		return '0'
	case c == '+', c == '/', c == '_', c == '=', c == '-':
		return '-'
	}
	return 0
}

// random reports a word of all three kinds of characters that changes its kind at two of five steps, and does so in
// its longest stretch without a separator too. Random base64 changes at five of eight and is seldom separated; words,
// camel case, paths, product codes such as Standard_NC24ads_A100_v4 and hexadecimal are not like that.
func random(s string) bool {
	if len(s) < minRandom {
		return false
	}
	kinds := map[byte]int{}
	for i := range len(s) {
		kinds[class(s[i])]++
	}
	if kinds['a'] == 0 || kinds['A'] == 0 || kinds['0'] == 0 || !restless(s) {
		return false
	}
	longest := ""
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || class(byte(r)) == '-' }) { //nolint:gosec // the rest is ASCII
		if len(part) > len(longest) {
			longest = part
		}
	}
	return len(longest) >= 10 && restless(longest)
}

// restless reports a kind of character that changes at two of five steps or more.
func restless(s string) bool {
	steps := 0
	for i := 1; i < len(s); i++ {
		if class(s[i]) != class(s[i-1]) {
			steps++
		}
	}
	return 5*steps >= 2*(len(s)-1)
}
