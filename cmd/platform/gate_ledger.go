package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/gate/seal"
	"github.com/org/platform-action/internal/ledger"
	"github.com/org/platform-action/internal/verdict"
)

// A ledger on disk: a line that says whose it is, and a line for each entry, oldest first.
const (
	ledgerKind   = "platform-ledger"
	maxEntry     = 4 << 20
	maxEntries   = 2_000_000
	maxLedger    = 1 << 30
	ledgerPrefix = `{"kind":"` + ledgerKind + `"`
)

type ledgerHead struct {
	Kind         string `json:"kind"`
	Version      int    `json:"version"`
	Installation int64  `json:"installation"`
	Repository   int64  `json:"repository"`
}

type exported struct {
	head    ledgerHead
	entries []ledger.Entry
}

// isLedger tells the two kinds of file apart. What cannot be opened is told by whoever reads it.
func isLedger(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	start := make([]byte, len(ledgerPrefix))
	_, err = io.ReadFull(f, start)
	return err == nil && string(start) == ledgerPrefix
}

func readLedger(name string) (exported, error) {
	f, err := os.Open(name)
	if err != nil {
		return exported{}, err
	}
	defer f.Close()
	out, err := parseLedger(f)
	if err != nil {
		return out, fmt.Errorf("%s: %w; write it with `platform gate export`", displayName(name), err)
	}
	return out, nil
}

// parseLedger reads an export, line by line. It says nothing of whether the entries hang together.
func parseLedger(r io.Reader) (exported, error) {
	var out exported
	limited := &io.LimitedReader{R: r, N: maxLedger + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxEntry)
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			if err := strictly(lines.Bytes(), &out.head); err != nil || out.head.Kind != ledgerKind || out.head.Version != 1 || out.head.Installation <= 0 || out.head.Repository <= 0 {
				return out, errors.Join(errors.New("line 1 does not say whose ledger it is"), err)
			}
			continue
		}
		var e ledger.Entry
		if err := strictly(lines.Bytes(), &e); err != nil {
			return out, fmt.Errorf("line %d is no entry: %w", n, err)
		}
		if out.entries = append(out.entries, e); len(out.entries) > maxEntries {
			return out, fmt.Errorf("it has more than %d entries", maxEntries)
		}
	}
	switch err := lines.Err(); {
	case limited.N <= 0:
		return out, fmt.Errorf("it has more than %d MiB", maxLedger>>20)
	case errors.Is(err, bufio.ErrTooLong):
		return out, fmt.Errorf("line %d has more than %d MiB", len(out.entries)+2, maxEntry>>20)
	case err != nil:
		return out, err
	case out.head.Kind == "":
		return out, errors.New("it is empty")
	}
	return out, nil
}

// strictly reads one JSON value, and refuses keys that are not known and anything after it.
func strictly(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows")
	}
	return nil
}

// ledgerOptions say where heads of the ledger were seen.
type ledgerOptions struct {
	witnesses []string
	github    bool
	repo      string
}

func (o *ledgerOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&o.witnesses, "witness", nil, "signed verdict whose entry the ledger must have; may be given more than once")
	f.BoolVar(&o.github, "against-github", false, "hold the ledger against the heads that stand in check runs at GitHub (GITHUB_TOKEN)")
	f.StringVar(&o.repo, "repo", "", "OWNER/NAME of the ledger's repository (default: GITHUB_REPOSITORY)")
}

func (o *ledgerOptions) given() bool { return len(o.witnesses) > 0 || o.github }

// verify says whether a ledger is whole, and whether it has what was seen of it elsewhere.
func (o *ledgerOptions) verify(ctx context.Context, s streams, name string, repository int64, keys []seal.Key) error {
	if len(o.witnesses) > 0 && len(keys) == 0 {
		return errors.New("--key is needed: a witness is never believed by a key that comes with it")
	}
	l, err := readLedger(name)
	if err != nil {
		return err
	}
	f := &findings{s: s}
	if repository != 0 && repository != l.head.Repository {
		f.wrong("it is the ledger of repository %d, and not of %d", l.head.Repository, repository)
	}
	if err := ledger.Verify(l.head.Installation, l.head.Repository, l.entries, nil); err != nil {
		f.wrong("%s", err.Error())
	} else {
		f.good("%d entries of repository %d hang together, from the first to %s", len(l.entries), l.head.Repository, l.end())
	}
	if n := withoutBody(l.entries); n > 0 {
		say(s.out, "note     %s", bodiesGone(n))
	}
	for _, w := range o.witnesses {
		if err := f.witness(ctx, l, w, keys); err != nil {
			return err
		}
	}
	if o.github {
		if err := o.atGitHub(ctx, s, f, l); err != nil && f.bad == 0 {
			return err
		} else if _, told := errors.AsType[*outcomeError](err); err != nil && !told {
			f.open("anything more against GitHub: %s", err.Error()) // what is wrong is wrong without it
		}
	}
	if !o.given() {
		f.open("that nothing was cut off at its end, or written anew: hold it against heads that stand elsewhere (--witness, --against-github)")
	}
	if f.bad > 0 {
		return &outcomeError{verdict.Block}
	}
	return nil
}

// withoutBody counts the entries of which only a digest is left.
func withoutBody(entries []ledger.Entry) int {
	n := 0
	for _, e := range entries {
		if len(e.Body) == 0 {
			n++
		}
	}
	return n
}

func bodiesGone(n int) string {
	return fmt.Sprintf("retention took out what %d of them said; their digests stand in its place", n)
}

func (l exported) end() string {
	if len(l.entries) == 0 {
		return "none"
	}
	last := l.entries[len(l.entries)-1]
	return fmt.Sprintf("%d %s", last.Sequence, last.Chain)
}

// witness holds the ledger against a verdict that was signed when its entry was written.
func (f *findings) witness(ctx context.Context, l exported, name string, keys []seal.Key) error {
	data, err := readAtMost(name, seal.MaxBytes)
	if err != nil {
		return fmt.Errorf("--witness: %w", err)
	}
	v, err := seal.Open(ctx, data, keys)
	if err != nil {
		return fmt.Errorf("--witness %s: %w", displayName(name), err)
	}
	if v.Subject.Installation != l.head.Installation || v.Subject.Repository != l.head.Repository {
		return fmt.Errorf("--witness %s is of repository %d, and the ledger of %d", displayName(name), v.Subject.Repository, l.head.Repository)
	}
	f.seen("verdict "+displayName(name), l, ledger.Head{Sequence: v.Sequence, Chain: v.Chain})
	return nil
}

// seen says whether the ledger has an entry that was seen elsewhere.
func (f *findings) seen(where string, l exported, h ledger.Head) {
	switch {
	case h.Sequence < 1:
		f.wrong("%s names entry %d, which no ledger has", where, h.Sequence)
	case h.Sequence > int64(len(l.entries)):
		f.wrong("%s: %s: entry %d; it has %d", where, ledger.ErrTruncated.Error(), h.Sequence, len(l.entries))
	case l.entries[h.Sequence-1].Chain != h.Chain:
		f.wrong("%s: %s: entry %d", where, ledger.ErrForked.Error(), h.Sequence)
	default:
		f.good("%s: entry %d is the one that was seen", where, h.Sequence)
	}
}
