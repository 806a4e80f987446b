package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/verdict"
)

// estate is how much is generated: docs/scale.md has the proportions, and says why.
type estate struct {
	installations, repositories, verdicts int
	until                                 time.Time // of the last verdict
}

const (
	estateSpan = 390 * 24 * time.Hour // of all verdicts: none is so old that its report would have gone
	pushes     = 3                    // verdicts of a pull request
	giants     = 20                   // repositories with many open pull requests
	giantOpen  = 10
	otherOpen  = 5 // one in so many others has an open one
)

// holding is one repository of it.
type holding struct {
	repo     control.Repository
	hub      *githubtest.Repo // nil where GitHub is not asked
	rank     int              // among all, by verdicts
	verdicts int
	heads    map[int]string // of the open pull requests, as GitHub has them
}

// apportion gives each of so many parts its share of n, the first ones most: the i-th gets 1/(i+flat) of what the others get.
func apportion(n, parts int, flat float64) []int {
	var all, sum float64
	for i := range parts {
		all += 1 / (float64(i) + flat)
	}
	out, given := make([]int, parts), 0
	for i := range parts {
		sum += 1 / (float64(i) + flat)
		to := int(math.Round(sum / all * float64(n)))
		out[i], given = to-given, to
	}
	return out
}

// repositoriesOf are how many repositories each installation has: of 200 with 5,000 from 90 down to 10.
func (e estate) repositoriesOf() []int { return apportion(e.repositories, e.installations, 25) }

// verdictsOf are how many verdicts each repository has, by its place: of 5,000 with a million from 43,900 down to 26. Large ones
// are anywhere.
func (e estate) verdictsOf() (verdicts, ranks []int) {
	sizes := apportion(e.verdicts, e.repositories, 3)
	ranks = rand.New(rand.NewPCG(20261127, 1)).Perm(e.repositories)
	verdicts = make([]int, e.repositories)
	for place, rank := range ranks {
		verdicts[place] = sizes[rank]
	}
	return verdicts, ranks
}

// pulls is how many pull requests it has, and open is how many of them, the newest, are open.
func (h holding) pulls() int { return (h.verdicts + pushes - 1) / pushes }

func (h holding) open() int {
	switch {
	case h.rank < giants:
		return min(h.pulls(), giantOpen)
	case h.rank%otherOpen == 0:
		return min(h.pulls(), 1)
	}
	return 0
}

// kind is a verdict as the server wrote it once, with what differs taken out.
type kind struct {
	share        int // of a thousand
	report       []byte
	head, digest string // as they stand in the report
	headline     string
	outcome      verdict.Outcome
	costs        []control.CostShare
}

// drawn picks one by its share.
func drawn(kinds []kind, r *rand.Rand) kind {
	n := r.IntN(1000)
	for _, k := range kinds {
		if n -= k.share; n < 0 {
			return k
		}
	}
	return kinds[len(kinds)-1]
}

// push is one step of a pull request's life: what is known of it then, what was decided, and the check that shows it.
type push struct {
	pull    control.PullRecord
	verdict control.VerdictRecord
	check   control.CheckRecord
	last    bool // of its pull request, which closes then unless it is an open one
}

// history is what happened in a repository, oldest first. The same estate has the same history.
func (h holding) history(e estate, kinds []kind) iter.Seq[push] {
	return func(yield func(push) bool) {
		random := rand.New(rand.NewPCG(uint64(h.repo.Tenant.Installation), uint64(h.repo.Tenant.Repository)))
		apart := (estateSpan / time.Duration(max(h.verdicts, 1))).Truncate(time.Microsecond)
		for i := range h.verdicts {
			n := i/pushes + 1
			last := i%pushes == pushes-1 || i == h.verdicts-1
			at := e.until.Add(-apart * time.Duration(h.verdicts-1-i))
			head := hashed(h.repo.Tenant, "head", i)[:40]
			if real := h.heads[n]; real != "" && last {
				head = real
			}
			k := drawn(kinds, random)
			digest := "sha256:" + hashed(h.repo.Tenant, "verdict", i)
			report := bytes.ReplaceAll(bytes.ReplaceAll(k.report, []byte(k.head), []byte(head)), []byte(k.digest), []byte(digest))
			p := push{
				pull: control.PullRecord{Number: n, Head: head, Base: "main", Open: true, Seen: at.Truncate(time.Second)}, last: last,
				verdict: control.VerdictRecord{Number: n, Head: head, Outcome: k.outcome, Digest: digest, Report: report, At: at, Headline: k.headline, Costs: k.costs},
			}
			if !h.isOpen(n) || !last { // that of an open one is still to be made: the first sweep does it
				p.check = control.CheckRecord{Head: head, ID: int64(1_000_000_000 + i), Finished: true, Verdict: digest, Started: at.Add(-time.Second), Updated: at}
			}
			if !yield(p) {
				return
			}
		}
	}
}

func (h holding) isOpen(n int) bool { return n > h.pulls()-h.open() }

func hashed(t control.Tenant, what string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", t, what, i))
	return hex.EncodeToString(sum[:])
}
