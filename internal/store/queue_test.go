package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

func TestDuplicateDeliveries(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, log := context.Background(), &recorder{}
		o := options(url)
		o.Log = log.log()
		s := open(t, o)
		opened := log.String()
		if !must[bool](t)(s.Accept(ctx, delivery("a"), []control.Task{task("x")})) {
			t.Error("the first delivery is not fresh")
		}
		if must[bool](t)(s.Accept(ctx, delivery("a"), []control.Task{task("y")})) {
			t.Error("the second one is")
		}
		if got := log.String(); got != opened {
			t.Error("logged: " + got)
		}
		other := delivery("a")
		other.Digest = "sha256:secretbody"
		if must[bool](t)(s.Accept(ctx, other, nil)) {
			t.Error("a replay with another body is fresh")
		}
		if got := log.String(); !strings.Contains(got, "delivery=a") || strings.Contains(got, "secretbody") {
			t.Errorf("log: %q", got)
		}
		if n := count(t, s, "work"); n != 1 {
			t.Errorf("%d tasks", n)
		}
	})
}

func count(t testing.TB, s *Store, table string) int {
	t.Helper()
	n, _, err := first(context.Background(), s.db, whole[int], `SELECT count(*) FROM `+table)
	ok(t, err)
	return n
}

func TestGroupCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, options(url))
		var wg sync.WaitGroup
		var fresh atomic.Int64
		for i := range 500 {
			wg.Go(func() {
				d := delivery(fmt.Sprint("d", i/2)) // each id twice
				got, err := s.Accept(context.Background(), d, []control.Task{task(fmt.Sprint("s", i/2%20)), task("all")})
				if err != nil {
					t.Error(err)
				}
				if got {
					fresh.Add(1)
				}
			})
			if i%50 == 0 { // what cannot be stored fails alone
				wg.Go(func() {
					if _, err := s.Accept(context.Background(), delivery("\x00"), nil); err == nil {
						t.Error("a delivery that is not text was accepted")
					}
				})
			}
		}
		wg.Wait()
		if fresh.Load() != 250 || count(t, s, "delivery") != 250 || count(t, s, "work") != 21 || count(t, s, "river_job") != 21 {
			t.Errorf("fresh %d, deliveries %d, tasks %d, jobs %d", fresh.Load(), count(t, s, "delivery"), count(t, s, "work"), count(t, s, "river_job"))
		}
	})
}

func TestMemberFailsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, options(url))
		broken := errors.New("broken")
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				err := s.commits.write(context.Background(), func(_ context.Context, b *batch) error {
					if i%10 == 0 {
						return broken
					}
					b.arrivals = append(b.arrivals, &arrival{delivery: delivery(fmt.Sprint(i))})
					return nil
				}, true)
				if (i%10 == 0) != errors.Is(err, broken) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, s, "delivery"); n != 90 {
			t.Errorf("%d deliveries", n)
		}
	})
}

func TestCancelledCallerWritesNothingOrAll(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, options(url))
		var wg sync.WaitGroup
		var written atomic.Int64
		for i := range 300 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*20*time.Microsecond)
				defer cancel()
				if fresh, err := s.Accept(ctx, delivery(fmt.Sprint(i)), nil); err == nil && fresh {
					written.Add(1)
				}
			})
		}
		wg.Wait()
		if n := count(t, s, "delivery"); int64(n) != written.Load() {
			t.Errorf("%d deliveries, %d callers know of them", n, written.Load())
		}
	})
}

// TestNewestWins: a delivery that arrives while its key is worked on is done afterwards, never beside it.
func TestNewestWins(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		const keys, wishes = 5, 60
		var running [keys]atomic.Int32
		var last [keys]atomic.Value
		start(t, s, func(_ context.Context, k control.Task, _ int) error {
			i := must[int](t)(strconv.Atoi(k.Subject))
			if running[i].Add(1) != 1 {
				t.Error("one key is worked on twice at a time")
			}
			last[i].Store(string(k.Input))
			time.Sleep(time.Duration(len(k.Input)) * time.Millisecond / 2) // work
			running[i].Add(-1)
			return nil
		})
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				for n := range wishes {
					k := task(fmt.Sprint(i))
					k.Input = fmt.Appendf(nil, "%d", n)
					if _, err := s.Accept(ctx, delivery(fmt.Sprintf("%d-%d", i, n)), []control.Task{k}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		idle(t, s)
		for i := range keys {
			if got := last[i].Load(); got != fmt.Sprint(wishes-1) {
				t.Errorf("key %d was last done with %v", i, got)
			}
		}
	})
}
