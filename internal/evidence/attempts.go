package evidence

import (
	"cmp"
	"slices"
	"time"
)

// attempt is what is known of one attempt of a run about the subject.
type attempt struct {
	id      attemptID
	started time.Time
	run     *Run      // nil: the API does not list it
	records []*Record // of any suite, trusted or not
	next    *attempt  // another one of the same run
}

type attemptID struct {
	run     int64
	attempt int
}

// attempts finds them by run: ten thousand of one tree are found in the time of a lookup by one number each.
type attempts struct {
	first map[int64]*attempt // by run id
	slab  []attempt          // where they are, as long as there is room
	all   []*attempt
}

func (s *attempts) get(id attemptID) *attempt {
	first := s.first[id.run]
	for at := first; at != nil; at = at.next {
		if at.id == id {
			return at
		}
	}
	var at *attempt
	if len(s.slab) < cap(s.slab) {
		s.slab = append(s.slab, attempt{})
		at = &s.slab[len(s.slab)-1]
	} else {
		at = new(attempt)
	}
	at.id, at.next = id, first
	s.first[id.run] = at
	s.all = append(s.all, at)
	return at
}

// recorded reports that a run recorded something about the subject.
func (s *attempts) recorded(run int64) bool {
	for at := s.first[run]; at != nil; at = at.next {
		if at.records != nil {
			return true
		}
	}
	return false
}

// newestFirst orders them by start, then by id, so that no re-run of an old run and no new run hides behind the other.
func (s *attempts) newestFirst() []*attempt {
	slices.SortFunc(s.all, func(x, y *attempt) int {
		if c := y.started.Compare(x.started); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(y.id.run, x.id.run), cmp.Compare(y.id.attempt, x.id.attempt))
	})
	return s.all
}
