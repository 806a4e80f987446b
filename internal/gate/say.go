package gate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/org/platform-action/internal/evidence"
)

// MaxStatus is how long GitHub lets the comment of a review be.
const MaxStatus = 1024

func reason(c evidence.Code, looked, found, fix string) evidence.Reason {
	return evidence.Reason{Code: c, Message: c.Message(), Looked: looked, Found: found, Fix: fix}
}

func refused(c evidence.Code, looked, found, fix string) finding {
	return finding{outcome: OutcomeRejected, reason: reason(c, looked, found, fix)}
}

func unknown(looked, why string) finding {
	return finding{outcome: OutcomeError, reason: reason(evidence.CodeUndecided, looked, why, "ask again; if it stays, run `platform doctor`")}
}

// ascii quotes a name so that letters which only look like others show.
func ascii(s string) string {
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// object is an object id as people read it.
func object(id string) string {
	if len(id) < 7 || strings.Trim(id, "0123456789abcdef") != "" {
		return ascii(id)
	}
	return id[:7]
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func days(d time.Duration) string { return strconv.Itoa(int(d/(24*time.Hour))) + " days" }

// Foot is what stands under a status: where more is to be read, and the end of the ledger, of which GitHub becomes the
// witness.
type Foot struct {
	Link     string // absolute URL; left out where it is too long
	Sequence int64  // 0: none
	Chain    string
}

// Status is the decision as a comment of a review, of at most MaxStatus bytes: code, what was looked for, what was found,
// what mends it, and where more is to be read. Every text of others stands in a code span, which Markdown leaves alone and
// plain text bears. Fix, link and ledger are never cut for the others.
func (d Decision) Status(f Foot) string {
	head := d.headline()
	tail := f.text()
	if len(d.Reasons) == 0 {
		return head + d.proof() + tail
	}
	r := d.Reasons[0]
	if r.Fix != "" && d.Outcome != OutcomeApproved {
		tail = "\nFix: " + span(r.Fix, 300) + tail
	}
	if n := len(d.Reasons) - 1; n > 0 {
		tail = fmt.Sprintf("\nand %d more", n) + tail
	}
	if len(d.Notes) > 0 {
		head += "\nNote: " + span(d.Notes[len(d.Notes)-1], 100)
	}
	const words = len("\nLooked for: \nFound: ")
	room := MaxStatus - len(head) - len(tail) - words
	found := span(r.Found, room/2)
	return head + "\nLooked for: " + span(r.Looked, room-len(found)) + "\nFound: " + found + tail
}

// proof is what an approval on evidence stands on.
func (d Decision) proof() string {
	suites := d.Evidence.Suites
	if len(suites) == 0 {
		return ""
	}
	out := "\nFound: " + span(suites[0].Name+": "+suites[0].Found, 300)
	if n := len(suites) - 1; n > 0 {
		out += fmt.Sprintf("\nand %d more", n)
	}
	return out
}

func (d Decision) headline() string {
	word := map[Outcome]string{OutcomeError: "Undecided", OutcomeRejected: "Rejected", OutcomeWaiting: "Waiting", OutcomeApproved: "Approved"}[d.Outcome]
	switch {
	case d.Outcome == OutcomeApproved && d.Basis == evidence.BasisObserve:
		word = fmt.Sprintf("OBSERVE: approved without being asked; it would have been %s", d.Would)
	case d.Outcome == OutcomeApproved && d.Basis == evidence.BasisWaiver:
		word = "Approved on waiver " + span(d.Waiver, 30)
		if d.Debt {
			word += "; it owes its tests"
		}
	case d.Outcome == OutcomeApproved:
		return word + ": tested"
	case d.Outcome == OutcomeError && !d.Until.IsZero():
		word += "; it is rejected if that lasts until " + stamp(d.Until)
	case d.Outcome == OutcomeWaiting && !d.Wait.IsZero():
		word += " until " + stamp(d.Wait)
	}
	if len(d.Reasons) == 0 {
		return word
	}
	return word + ": " + d.Reasons[0].Code.String() + ". " + d.Reasons[0].Message
}

func (f Foot) text() string {
	var b strings.Builder
	if f.Link != "" && len(f.Link) <= 200 && strings.IndexFunc(f.Link, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>`\"", r) }) < 0 {
		b.WriteString("\n" + f.Link)
	}
	if f.Sequence > 0 {
		fmt.Fprintf(&b, "\nLedger: %d %s", f.Sequence, span(f.Chain, 80))
	}
	return b.String()
}

// span is a text in a code span, cut to a length in bytes.
func span(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case r == utf8.RuneError || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			return ' '
		}
		return r
	}, s)
	if s = strings.TrimSpace(s); s == "" {
		s = "nothing"
	}
	if len(s)+2 > most {
		cut := max(most-2-len("…"), 0)
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return "`" + s + "`"
}
