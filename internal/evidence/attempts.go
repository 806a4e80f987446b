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
	next    int32     // 1 + the place of another one of the same run; 0: there is none
}

type attemptID struct {
	run     int64
	attempt int
}

// attempts finds them by run: ten thousand of one tree are found in the time of a lookup by one number each. Places stand for
// pointers, which the garbage collector would follow.
type attempts struct {
	last map[int64]int32 // by run id: as attempt.next
	list []attempt
}

// newAttempts has room for so many.
func newAttempts(n int) *attempts {
	return &attempts{last: make(map[int64]int32, n), list: make([]attempt, 0, n)}
}

// get finds an attempt or adds it. The pointer holds until the next call.
func (s *attempts) get(id attemptID) *attempt {
	last := s.last[id.run]
	for place := last; place != 0; place = s.list[place-1].next {
		if at := &s.list[place-1]; at.id == id {
			return at
		}
	}
	s.list = append(s.list, attempt{id: id, next: last})
	s.last[id.run] = int32(len(s.list)) //nolint:gosec // as many as there are records and runs
	return &s.list[len(s.list)-1]
}

// recorded reports that a run recorded something about the subject.
func (s *attempts) recorded(run int64) bool {
	for place := s.last[run]; place != 0; place = s.list[place-1].next {
		if s.list[place-1].records != nil {
			return true
		}
	}
	return false
}

// newestFirst orders them by start, then by id, so that no re-run of an old run and no new run hides behind the other.
func (s *attempts) newestFirst() []*attempt {
	type dated struct { // a start is taken apart once, and not at every comparison
		second            int64
		nanosecond, place int32
	}
	order := make([]dated, len(s.list))
	for i := range s.list {
		at := &s.list[i]
		order[i] = dated{at.started.Unix(), int32(at.started.Nanosecond()), int32(i)} //nolint:gosec // both are small
	}
	slices.SortFunc(order, func(x, y dated) int {
		if x.second != y.second {
			return cmp.Compare(y.second, x.second)
		}
		a, b := s.list[x.place].id, s.list[y.place].id
		return cmp.Or(cmp.Compare(y.nanosecond, x.nanosecond), cmp.Compare(b.run, a.run), cmp.Compare(b.attempt, a.attempt))
	})
	all := make([]*attempt, len(order))
	for i, d := range order {
		all[i] = &s.list[d.place]
	}
	return all
}
