// Package ledger is the rule by which the entries of a tenant's append-only ledger hang together: entries in, one answer
// out, whoever kept them.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Entry is one line of a tenant's append-only, hash-chained ledger.
type Entry struct {
	Sequence int64           `json:"sequence"` // from 1, without a gap
	Kind     string          `json:"kind"`     // such as verdict, acknowledgement, tested, decision
	Subject  string          `json:"subject"`
	Body     json.RawMessage `json:"body,omitempty"`
	Digest   string          `json:"digest,omitempty"` // sha256:… of a body that retention took out; empty where Body is there
	At       time.Time       `json:"at"`
	Chain    string          `json:"chain"` // sha256:… over the entry before and this one
}

// Head is an end of a ledger that somebody else saw, such as one that stands in a check run.
type Head struct {
	Sequence int64  `json:"sequence"`
	Chain    string `json:"chain"`
}

// Genesis is the chain before a tenant's first entry: it keeps entries from being moved to another tenant.
func Genesis(installation, repository int64) string {
	return fmt.Sprintf("platform-ledger:v1:%d/%d", installation, repository)
}

// BodyDigest is the name of a body; of one that was taken out, what stands in its place.
func (e Entry) BodyDigest() string {
	if e.Digest != "" {
		return e.Digest
	}
	sum := sha256.Sum256(e.Body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Chain is the chain of an entry that follows the previous one: sha256 over previous chain, sequence, kind, subject,
// sha256 of the body and time in microseconds, each written as its length in bytes, a colon and its text.
func Chain(previous string, e Entry) string {
	h := sha256.New()
	for _, field := range []string{
		previous, strconv.FormatInt(e.Sequence, 10), e.Kind, e.Subject, e.BodyDigest(), strconv.FormatInt(micros(e.At), 10),
	} {
		fmt.Fprintf(h, "%d:%s", len(field), field)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
