package ledger

import (
	"errors"
	"fmt"
)

// What can be wrong with a ledger, each its own error. An entry that was changed and one that was moved here from
// another tenant look alike: its chain does not follow.
var (
	ErrGap       = errors.New("an entry is missing")
	ErrBroken    = errors.New("an entry does not follow from the one before it")
	ErrTruncated = errors.New("it ends before an entry that was seen elsewhere")
	ErrForked    = errors.New("an entry is another one than was seen elsewhere")
)

// Verify reads a tenant's whole ledger, oldest entry first, and says where it does not hold together. Witnesses are
// entries that others saw, such as those that stand in check runs and reviews at GitHub: without one, a ledger that was
// written anew from some entry on, or cut off, holds together as well.
func Verify(installation, repository int64, entries []Entry, witnesses []Head) error {
	previous := Genesis(installation, repository)
	for i, e := range entries {
		if err := Follows(previous, int64(i), e); err != nil {
			return err
		}
		previous = e.Chain
	}
	for _, w := range witnesses {
		switch {
		case w.Sequence == 0 && w.Chain == Genesis(installation, repository):
		case w.Sequence < 1:
			return fmt.Errorf("%w: entry %d", ErrForked, w.Sequence)
		case w.Sequence > int64(len(entries)):
			return fmt.Errorf("%w: entry %d; it has %d", ErrTruncated, w.Sequence, len(entries))
		case entries[w.Sequence-1].Chain != w.Chain:
			return fmt.Errorf("%w: entry %d", ErrForked, w.Sequence)
		}
	}
	return nil
}

// Follows says what is wrong with an entry after the one with that chain and sequence.
func Follows(previous string, sequence int64, e Entry) error {
	switch {
	case e.Sequence != sequence+1:
		return fmt.Errorf("%w: entry %d, where entry %d stands", ErrGap, sequence+1, e.Sequence)
	case e.Digest != "" && len(e.Body) > 0 && e.Digest != (Entry{Body: e.Body}).BodyDigest():
		return fmt.Errorf("%w: entry %d has a body and the digest of another one", ErrBroken, e.Sequence)
	case Chain(previous, e) != e.Chain:
		return fmt.Errorf("%w: entry %d", ErrBroken, e.Sequence)
	}
	return nil
}
