package control_test

import (
	"context"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// post is GitHub's side of deliveries: attempts, and whether anybody answers them.
type post struct {
	*forge

	now      time.Time
	answered func() bool
	attempts []attempt
}

type attempt struct {
	control.FailedDelivery

	worked bool
}

func (p *post) send(guid string) {
	at := control.FailedDelivery{ID: int64(len(p.attempts) + 1), GUID: guid, At: p.now}
	p.attempts = append(p.attempts, attempt{at, p.answered()})
}

func (p *post) FailedDeliveries(_ context.Context, since time.Time) ([]control.FailedDelivery, error) {
	var out []control.FailedDelivery
	seen := map[string]bool{}
	for i := len(p.attempts) - 1; i >= 0 && !p.attempts[i].At.Before(since); i-- {
		if a := p.attempts[i]; !seen[a.GUID] {
			if seen[a.GUID] = true; !a.worked {
				out = append(out, a.FailedDelivery)
			}
		}
	}
	return out, nil
}

func (p *post) Redeliver(_ context.Context, id int64) error {
	p.send(p.attempts[id-1].GUID)
	return nil
}

// TestLongOutage: a delivery is asked for until it comes, however long nobody answers at our address.
func TestLongOutage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		down, horizon time.Duration
		tries, lost   int
		came          bool
	}{
		"an hour":      {time.Hour, 3 * time.Hour, 6, 0, true},
		"eleven hours": {11 * time.Hour, 20 * time.Hour, 10, 1, true},
		"for ever":     {1000 * time.Hour, 100 * time.Hour, 12, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, rooted("t3.micro", ""))
			p := &post{forge: b.forge, now: noon}
			p.answered = func() bool { return p.now.Sub(noon) >= c.down }
			lost := 0
			b.with(t, func(o *control.FlowOptions) {
				o.Forge, o.Now, o.Lost = p, func() time.Time { return p.now }, func() { lost++ }
			})
			p.send("guid")
			for p.now.Sub(noon) < c.horizon {
				p.now = p.now.Add(2 * time.Minute)
				if err := b.flow.Handle(t.Context(), control.Task{Kind: control.FetchDeliveries}, 1); err != nil {
					t.Fatal(err)
				}
			}
			last := p.attempts[len(p.attempts)-1]
			if len(p.attempts)-1 != c.tries || last.worked != c.came || lost != c.lost {
				t.Errorf("asked for %d times, came: %t, counted as lost %d times; want %+v", len(p.attempts)-1, last.worked, lost, c)
			}
		})
	}
}
