package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

func TestRetryThenPark(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		attempts := make(chan int, 10)
		start(t, s, func(_ context.Context, k control.Task, attempt int) error {
			attempts <- attempt
			switch k.Subject {
			case "panics":
				panic("no luck")
			case "parked":
				return fmt.Errorf("wrapped: %w", &control.Parked{Reason: "no such thing"})
			}
			return nil
		})
		ok(t, s.Want(ctx, task("panics")))
		for want := 1; want <= 3; want++ {
			if got := receive(t, attempts, "an attempt"); got != want {
				t.Errorf("attempt %d, want %d", got, want)
			}
		}
		idle(t, s)
		ok(t, s.Want(ctx, task("parked")))
		receive(t, attempts, "an attempt")
		idle(t, s)
		got := must[[]ParkedTask](t)(s.Parked(ctx, 10))
		if len(got) != 2 || got[0].Reason != "after 3 attempts: panic: no luck" || got[1].Reason != "no such thing" || got[0].Attempts != 3 {
			t.Fatalf("parked: %+v", got)
		}
		if st := must[Stats](t)(s.Stats(ctx)); st.Parked != 2 {
			t.Errorf("stats: %+v", st)
		}
		ok(t, s.Revive(ctx, got[1].ID))
		if n := receive(t, attempts, "the revived"); n != 1 {
			t.Errorf("attempt %d", n)
		}
		idle(t, s)
		_, err := s.Accept(ctx, delivery("new"), []control.Task{task("parked")}) // a new delivery un-parks
		ok(t, err)
		receive(t, attempts, "the one that is wanted anew")
		if err := s.Revive(ctx, 12345); !errors.Is(err, ErrNoEntry) {
			t.Errorf("reviving nothing: %v", err)
		}
	})
}

func TestLater(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		type call struct {
			attempt int
			input   string
			at      time.Time
		}
		calls := make(chan call, 10)
		var n atomic.Int32
		start(t, s, func(_ context.Context, k control.Task, attempt int) error {
			calls <- call{attempt, string(k.Input), time.Now()}
			if n.Add(1) <= 4 { // more often than attempts are allowed
				return &control.Later{After: 300 * time.Millisecond, Reason: "rate limit"}
			}
			return nil
		})
		k := task("x")
		k.Input = []byte(`1`)
		ok(t, s.Want(ctx, k))
		before := receive(t, calls, "the first call")
		k.Input = []byte(`2`) // a newer delivery does not cut the rate limit short
		_, err := s.Accept(ctx, delivery("n"), []control.Task{k})
		ok(t, err)
		for range 4 {
			c := receive(t, calls, "a later call")
			if wait := c.at.Sub(before.at); wait < 290*time.Millisecond || c.attempt != 1 || c.input != "2" {
				t.Errorf("attempt %d with %s after %s", c.attempt, c.input, wait)
			}
			before = c
		}
		idle(t, s)
	})
}

func TestNewerHeadDoesNotWait(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o := options(url)
		o.Backoff = func(int) time.Duration { return time.Hour }
		s := open(t, o)
		calls := make(chan string, 10)
		start(t, s, func(_ context.Context, k control.Task, attempt int) error {
			calls <- fmt.Sprint(k.Subject, " ", attempt, " ", string(k.Input))
			if string(k.Input) == "bad" {
				return errors.New("bad")
			}
			return nil
		})
		k := task("x")
		k.Input = []byte("bad")
		ok(t, s.Want(ctx, k))
		receive(t, calls, "the failure")
		eventually(t, "the retry is scheduled", func() bool {
			n, _, err := first(ctx, s.db, whole[int], `SELECT count(*) FROM work WHERE attempts = 1`)
			ok(t, err)
			return n == 1
		})
		k.Input = []byte("good")
		_, err := s.Accept(ctx, delivery("n"), []control.Task{k})
		ok(t, err)
		if got := receive(t, calls, "the newer"); got != "x 1 good" {
			t.Error(got)
		}
		future := task("y")
		future.NotBefore = time.Now().Add(time.Hour)
		ok(t, s.Want(ctx, future))
		ok(t, s.Want(ctx, task("y")))
		receive(t, calls, "what was for later and is wanted now")
		idle(t, s)
	})
}

func TestTimeout(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := options(url)
		o.JobTimeout = 50 * time.Millisecond
		s := open(t, o)
		start(t, s, func(ctx context.Context, _ control.Task, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		})
		ok(t, s.Want(context.Background(), task("x")))
		idle(t, s)
		got := must[[]ParkedTask](t)(s.Parked(context.Background(), 1))
		if len(got) != 1 || !strings.Contains(got[0].Reason, "deadline exceeded") {
			t.Errorf("%+v", got)
		}
	})
}

func TestStopDrains(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		begun, release := make(chan bool), make(chan bool)
		start(t, s, func(ctx context.Context, k control.Task, _ int) error {
			begun <- true
			if k.Subject == "cut" {
				<-ctx.Done()
				return ctx.Err()
			}
			<-release
			return nil
		})
		ok(t, s.Want(ctx, task("drains")))
		receive(t, begun, "the task")
		go close(release)
		ok(t, s.Stop(ctx))
		idle(t, s)
		ok(t, s.Stop(ctx))

		again := open(t, options(url))
		start(t, again, *s.handler.Load())
		ok(t, again.Want(ctx, task("cut")))
		receive(t, begun, "the task")
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		if err := again.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop: %v", err)
		}
		third, attempts := open(t, options(url)), make(chan int, 1)
		start(t, third, func(_ context.Context, _ control.Task, attempt int) error {
			attempts <- attempt
			return nil
		})
		if n := receive(t, attempts, "the task that was cut off"); n != 1 {
			t.Errorf("attempt %d: being cut off counted", n)
		}
		idle(t, third)
	})
}
