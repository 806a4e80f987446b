package waiver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxBytes   = 64 << 10
	maxText    = 1000 // characters of a reason
	maxWord    = 256  // of any other text
	maxDigests = 100
)

var (
	commitForm = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// New is the waiver in its canonical form, or the first thing that is wrong with it. The caller keeps what it gave.
func New(w Waiver) (Waiver, error) {
	if w.Version == 0 {
		w.Version = Version
	}
	if w.Uses == 0 {
		w.Uses = 1
	}
	w.Issued, w.Expires = w.Issued.UTC().Truncate(time.Second), w.Expires.UTC().Truncate(time.Second)
	w.Digests = slices.Clone(w.Digests)
	slices.Sort(w.Digests)
	w.Digests = slices.Compact(w.Digests)
	if len(w.Digests) == 0 {
		w.Digests = nil
	}
	if err := w.Validate(); err != nil {
		return Waiver{}, err
	}
	return w, nil
}

// Validate says what is wrong with a waiver in itself, whoever uses it.
func (w Waiver) Validate() error {
	switch {
	case w.Version != Version:
		return fmt.Errorf("version is %d; this program reads %d", w.Version, Version)
	case w.Installation <= 0 || w.Repository <= 0:
		return errors.New("installation and repository must be ids; name both")
	case w.Commit == "" && len(w.Digests) == 0:
		return errors.New("neither commit nor digests: say what is let through; there is no waiver for everything")
	case w.Commit != "" && !commitForm.MatchString(w.Commit):
		return fmt.Errorf("commit %.80q is no full object id; `git rev-parse HEAD` prints it", w.Commit)
	case len(w.Digests) > maxDigests:
		return fmt.Errorf("%d digests; at most %d", len(w.Digests), maxDigests)
	}
	for _, d := range w.Digests {
		if !digestForm.MatchString(d) {
			return fmt.Errorf("digest %.80q is none: write sha256:…, because a tag can be moved", d)
		}
	}
	if err := w.texts(); err != nil {
		return err
	}
	return w.bounds()
}

func (w Waiver) texts() error {
	for _, t := range []struct {
		name, text string
		longest    int
		optional   bool
	}{
		{"environment", w.Environment, maxWord, false}, {"reason", w.Reason, maxText, false}, {"ticket", w.Ticket, maxWord, true},
		{"requester.login", w.Requester.Login, maxWord, false}, {"approver.login", w.Approver.Login, maxWord, false}, {"approver.as", w.Approver.As, maxWord, true},
	} {
		switch {
		case strings.TrimSpace(t.text) == "" && (t.text != "" || !t.optional):
			return fmt.Errorf("%s is empty; give it", t.name)
		case !utf8.ValidString(t.text) || strings.ContainsFunc(t.text, hidden):
			return fmt.Errorf("%s has characters that cannot be seen; write it again", t.name)
		case utf8.RuneCountInString(t.text) > t.longest:
			return fmt.Errorf("%s has more than %d characters; shorten it", t.name, t.longest)
		}
	}
	return nil
}

// hidden are characters that change how a text is read and do not show: control and format ones.
func hidden(r rune) bool { return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) }

func (w Waiver) bounds() error {
	lasts := w.Expires.Sub(w.Issued)
	switch {
	case w.Requester.ID <= 0 || w.Approver.ID <= 0:
		return errors.New("requester and approver must be accounts with their ids; name both")
	case w.Requester.ID == w.Approver.ID:
		return errors.New("its approver is its requester; ask somebody else to approve it")
	case w.Issued.IsZero() || w.Issued.Year() > 9999 || w.Expires.Year() > 9999:
		return errors.New("issued and expires must be times")
	case lasts <= 0 || lasts > Longest:
		return fmt.Errorf("it lasts %s; at most %s and more than none", lasts, Longest)
	case w.Uses < 1 || w.Uses > MostUses:
		return fmt.Errorf("uses is %d; from 1 to %d", w.Uses, MostUses)
	}
	return nil
}

// JSON is the canonical form: fields in the order of the types, lists sorted, no space.
func (w Waiver) JSON() []byte {
	data, err := json.Marshal(w)
	if err != nil {
		return nil // plain fields only; Validate refuses a time that has no form, and nil is the form of no waiver
	}
	return data
}

// ID is the waiver's name: sha256: and the digest of its canonical form.
func (w Waiver) ID() string {
	sum := sha256.Sum256(w.JSON())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Parse reads a waiver as JSON wrote it and refuses anything that is not its canonical form, so that one waiver has one
// id and its uses cannot be counted twice.
func Parse(data []byte) (Waiver, error) {
	if len(data) > maxBytes {
		return Waiver{}, fmt.Errorf("the waiver has %d bytes; at most %d are read", len(data), maxBytes)
	}
	var w Waiver
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return Waiver{}, fmt.Errorf("the waiver is no JSON of this form: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Waiver{}, errors.New("more follows after the waiver")
	}
	w, err := New(w)
	if err != nil {
		return Waiver{}, fmt.Errorf("the waiver cannot be used: %w", err)
	}
	if !bytes.Equal(w.JSON(), data) {
		return Waiver{}, errors.New("the waiver is not in its canonical form; write it with Waiver.JSON")
	}
	return w, nil
}
