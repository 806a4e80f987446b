package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/ledger"
)

// chained writes n entries for a tenant.
func chained(repository int64, n int) []ledger.Entry {
	previous := ledger.Genesis(1, repository)
	var out []ledger.Entry
	for i := range n {
		e := ledger.Entry{Sequence: int64(i + 1), Kind: "decision", Subject: fmt.Sprintf("sha256:%d", i), Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)),
			At: time.UnixMicro(int64(1_700_000_000_000_000 + i))}
		e.Chain = ledger.Chain(previous, e)
		previous = e.Chain
		out = append(out, e)
	}
	return out
}

// again chains entries from one on anew, as somebody does who owns the database.
func again(entries []ledger.Entry, from int) []ledger.Entry {
	previous := ledger.Genesis(1, 2)
	for i := range entries {
		if i >= from {
			entries[i].Sequence = int64(i + 1)
			entries[i].Chain = ledger.Chain(previous, entries[i])
		}
		previous = entries[i].Chain
	}
	return entries
}

// TestGenesisAndChain pins the form: what is written with it has to be read for ever.
func TestGenesisAndChain(t *testing.T) {
	t.Parallel()
	if got := chained(2, 2)[1].Chain; got != "sha256:ca0c4146a385e4e5136672887dc58aee00db316c8856dc96cc3cebfdfe2ebb6e" {
		t.Errorf("the chain is %s", got)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	whole := chained(2, 5)
	seen := []ledger.Head{{Chain: ledger.Genesis(1, 2)}, {Sequence: 3, Chain: whole[2].Chain}, {Sequence: 5, Chain: whole[4].Chain}}
	for name, c := range map[string]struct {
		change    func([]ledger.Entry) []ledger.Entry
		witnesses []ledger.Head
		want      error
	}{
		"whole":                   {func(e []ledger.Entry) []ledger.Entry { return e }, seen, nil},
		"empty":                   {func([]ledger.Entry) []ledger.Entry { return nil }, nil, nil},
		"body replaced by digest": {func(e []ledger.Entry) []ledger.Entry { e[1].Digest, e[1].Body = e[1].BodyDigest(), nil; return e }, seen, nil},
		"digest of another body":  {func(e []ledger.Entry) []ledger.Entry { e[1].Digest, e[1].Body = e[0].BodyDigest(), nil; return e }, seen, ledger.ErrBroken},
		"body beside its digest": {func(e []ledger.Entry) []ledger.Entry {
			e[1].Digest, e[1].Body = e[1].BodyDigest(), json.RawMessage(`{}`)
			return e
		}, seen, ledger.ErrBroken},
		"body changed": {func(e []ledger.Entry) []ledger.Entry { e[1].Body = json.RawMessage(`{"n":7}`); return e }, nil, ledger.ErrBroken},
		"time changed": {func(e []ledger.Entry) []ledger.Entry { e[1].At = e[1].At.Add(time.Microsecond); return e }, nil, ledger.ErrBroken},
		"kind moved into subject": {func(e []ledger.Entry) []ledger.Entry {
			e[1].Kind, e[1].Subject = "decisions", e[1].Subject[1:]
			return e
		}, nil, ledger.ErrBroken},
		"taken out":            {func(e []ledger.Entry) []ledger.Entry { return slices.Delete(e, 1, 2) }, nil, ledger.ErrGap},
		"swapped":              {func(e []ledger.Entry) []ledger.Entry { e[1], e[2] = e[2], e[1]; return e }, nil, ledger.ErrGap},
		"twice":                {func(e []ledger.Entry) []ledger.Entry { return slices.Insert(e, 1, e[0]) }, nil, ledger.ErrGap},
		"of another tenant":    {func([]ledger.Entry) []ledger.Entry { return chained(3, 5) }, nil, ledger.ErrBroken},
		"cut off":              {func(e []ledger.Entry) []ledger.Entry { return e[:4] }, seen, ledger.ErrTruncated},
		"emptied":              {func([]ledger.Entry) []ledger.Entry { return nil }, seen, ledger.ErrTruncated},
		"written anew":         {func(e []ledger.Entry) []ledger.Entry { e[1].Subject = "x"; return again(e, 1) }, seen, ledger.ErrForked},
		"written anew, unseen": {func(e []ledger.Entry) []ledger.Entry { e[3].Subject = "x"; return again(e, 3) }, seen[:2], nil}, // why witnesses are needed
		"a witness of nothing": {func(e []ledger.Entry) []ledger.Entry { return e }, []ledger.Head{{Sequence: -1}}, ledger.ErrForked},
	} {
		if err := ledger.Verify(1, 2, c.change(slices.Clone(whole)), c.witnesses); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestAnyChange holds that no single change of an entry is passed over, whichever it is.
func TestAnyChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		entries := chained(2, rapid.IntRange(1, 8).Draw(r, "n"))
		e := &entries[rapid.IntRange(0, len(entries)-1).Draw(r, "which")]
		switch rapid.IntRange(0, 4).Draw(r, "what") {
		case 0:
			e.Kind += "x"
		case 1:
			e.Subject = e.Kind
		case 2:
			e.Body = append(slices.Clone(e.Body), ' ')
		case 3:
			e.At = e.At.Add(time.Duration(rapid.IntRange(1, 1000).Draw(r, "by")) * time.Microsecond)
		case 4:
			e.Chain = ledger.Genesis(1, 2)
		}
		if err := ledger.Verify(1, 2, entries, nil); err == nil {
			r.Fatal("nobody saw it")
		}
	})
}
