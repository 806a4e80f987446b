package web

import (
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

var shaForm = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// functions are what the pages' templates say things with.
func functions(webURL string) template.FuncMap {
	out := render.HTMLFuncs()
	maps.Copy(out, template.FuncMap{
		"clean": render.CleanText, "stamp": stamp, "machine": machine, "state": stateOf, "tested": testedState, "sha": shortSHA, "digest": shortDigest,
		"day":      func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
		"repoPath": repoPath, "pullLink": pullLink, "commitLink": commitLink,
		"github": func(parts ...any) string { return github(webURL, parts...) },
		"file":   func(r control.Repository, head string, f verdict.Finding) string { return fileLink(webURL, r, head, f) },
		"ackAmount": func(a control.Acknowledgement) string {
			c, err := money.ParseCurrency(a.Currency)
			if err != nil {
				return "an amount"
			}
			return render.Signed(money.New(a.Amount, c))
		},
		"why": why, "prose": prose, "span": span, "answer": answerState, "asciiName": func(s string) string { return render.CleanText(strings.Trim(strconv.QuoteToASCII(s), `"`)) },
		"waiver": waiverLink,
		"looked": looked, "approver": approver, "secure": func(u string) bool { return strings.HasPrefix(u, "https://") },
		"first": func(list []string, n int) []string { return list[:min(len(list), n)] },
		"more":  func(list []string, n int) int { return max(len(list)-n, 0) },
	})
	return out
}

// stamp is a time as people read it, and machine as browsers do. Both are UTC: a page has no script that knows another zone.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }

func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// state is a word and the class of its colour.
type state struct{ Class, Word string }

func stateOf(o verdict.Outcome) state { return state{o.String(), o.Word()} }

func testedState(o evidence.Outcome) state {
	switch o {
	case evidence.OutcomeTested:
		return state{"allow", "Tested"}
	case evidence.OutcomeNotTested:
		return state{"block", "Not tested"}
	case evidence.OutcomeWaiting:
		return state{"warn", "Waiting"}
	case evidence.OutcomeUndecided:
	}
	return state{"undecided", "Undecided"}
}

func shortSHA(s string) string {
	s = render.CleanText(s)
	return s[:min(len(s), 7)]
}

// shortDigest leaves enough of a digest to tell it from others.
func shortDigest(s string) string {
	s = render.CleanText(s)
	kind, digits, found := strings.Cut(s, ":")
	if !found {
		return s[:min(len(s), 16)]
	}
	return kind + ":" + digits[:min(len(digits), 12)]
}

func repoPath(r control.Repository) string {
	return "/" + url.PathEscape(r.Owner) + "/" + url.PathEscape(r.Name)
}

func pullLink(r control.Repository, n int) string { return fmt.Sprintf("%s/pull/%d", repoPath(r), n) }

func commitLink(r control.Repository, sha string) string {
	return repoPath(r) + "/commit/" + url.PathEscape(sha)
}

// github is an address there: each part is escaped on its own, so that none of them leads elsewhere.
func github(webURL string, parts ...any) string {
	var at strings.Builder
	at.WriteString(strings.TrimSuffix(webURL, "/"))
	for _, part := range parts {
		at.WriteString("/" + url.PathEscape(render.CleanText(fmt.Sprint(part))))
	}
	return at.String()
}

// fileLink is where GitHub shows the line of a finding, at the commit that was judged.
func fileLink(webURL string, r control.Repository, head string, f verdict.Finding) string {
	if f.File == "" || !shaForm.MatchString(head) {
		return ""
	}
	parts := []any{r.Owner, r.Name, "blob", head}
	for part := range strings.SplitSeq(f.File, "/") {
		if part == "" || part == "." || part == ".." {
			return ""
		}
		parts = append(parts, part)
	}
	at := github(webURL, parts...)
	if f.Line > 0 {
		at += fmt.Sprintf("#L%d", f.Line)
	}
	return at
}

// looked says what a rule looked at: a rule that had nothing to look at has not passed.
func looked(c verdict.Check) string {
	switch {
	case c.Looked < 0:
		return "cannot say"
	case c.Looked == 0:
		return "nothing: no resource of its kind is in the change"
	case c.Looked == 1:
		return "1 resource"
	}
	return fmt.Sprintf("%d resources", c.Looked)
}

func approver(a config.Approver) string {
	if a.Team != "" {
		return "team " + a.Team
	}
	return a.User
}

// why is a headline without the word that stands beside it anyway.
func why(headline string) string {
	if _, rest, found := strings.Cut(headline, " — "); found {
		first, n := utf8.DecodeRuneInString(rest)
		return string(unicode.ToUpper(first)) + rest[n:]
	}
	return headline
}

// piece is a part of a text; what stood between backticks is code.
type piece struct {
	Text string
	Code bool
}

func prose(text string) []piece {
	var out []piece
	for i, part := range strings.Split(text, "`") {
		if part != "" {
			out = append(out, piece{part, i%2 == 1})
		}
	}
	return out
}

// span is a duration as people write it.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.String()
}
