package render

import (
	"regexp"
	"strings"
)

// Redact removes what looks like a secret from a text on its way out. It is the last net, not the first: values
// marked sensitive are dropped while a plan is read.
func Redact(s string) string {
	for _, p := range secretPatterns {
		if !strings.Contains(s, p.hint) {
			continue
		}
		s = p.pattern.ReplaceAllString(s, "[redacted]")
	}
	return s
}

type secretPattern struct {
	hint    string // a text that every match contains, so that clean texts cost nothing
	pattern *regexp.Regexp
}

var secretPatterns = []secretPattern{ //nolint:gochecknoglobals // compiled once
	{"PRIVATE KEY", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)`)},
	{"eyJ", regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)},
	{"gh", regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9_]{20,}`)},
	{"github_pat_", regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{20,}`)},
	{"A", regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`)},
	{"xox", regexp.MustCompile(`\bxox[abpors]-[A-Za-z0-9-]{10,}`)},
	{"AIza", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{30,}`)},
}
