package github

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/org/platform-action/internal/control"
)

// GitHub's secondary limits: 900 points a minute (a read is 1, a write 5), 80 contents a minute and 500 an hour.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
const (
	pointsPerMinute  = 900
	contentPerMinute = 80
	contentPerHour   = 500
	readPoints       = 1
	writePoints      = 5
	// reserved is the share that is kept for deployments, so that a flood of pull requests cannot stop one.
	reserved = 0.4
	// patience is how long a call waits in place; beyond it the task comes back later and another one works.
	patience = 2 * time.Second
	// endurance is the same for a task that has already got an answer: what it has asked would have to be asked again. It is
	// below Options.Timeout, which holds the wait too.
	endurance = 10 * time.Second
)

type begunKey struct{}

// Begin marks a context of one task. Its first call waits as long as any; those after it wait longer than those of tasks that
// have not begun. Otherwise many tasks of one installation that is at its limit would use all of it up for their first calls,
// and none would ever come to its end: what ends one is a write, which has to wait for five times as much as a read.
func Begin(ctx context.Context) context.Context {
	return context.WithValue(ctx, begunKey{}, &atomic.Bool{})
}

func begun(ctx context.Context) *atomic.Bool { b, _ := ctx.Value(begunKey{}).(*atomic.Bool); return b }

type priorityKey struct{}

// Urgent marks a context whose calls may use the reserved share: deployments alone.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, priorityKey{}, true) }

func urgent(ctx context.Context) bool { u, _ := ctx.Value(priorityKey{}).(bool); return u }

// budget is what one installation may still do.
type budget struct {
	points, hasty    *rate.Limiter // hasty is the share of everything but deployments
	minute, hour     *rate.Limiter // contents
	hastyMinute      *rate.Limiter // the same share of them
	hastyHour        *rate.Limiter
	mu               sync.Mutex
	paused           time.Time // by GitHub
	why              string
	remaining, limit int // of the hour's quota, as last told
	reset            time.Time
}

func (a *App) budget(installation int64) *budget {
	if b, ok := a.budgets.Get(installation); ok {
		return b
	}
	share := 1 - reserved
	b := &budget{
		points: rate.NewLimiter(rate.Limit(pointsPerMinute/60.0), pointsPerMinute),
		hasty:  rate.NewLimiter(rate.Limit(share*pointsPerMinute/60.0), int(share*pointsPerMinute)),
		minute: rate.NewLimiter(rate.Limit(contentPerMinute/60.0), contentPerMinute),
		hour:   rate.NewLimiter(rate.Limit(contentPerHour/3600.0), contentPerHour),

		hastyMinute: rate.NewLimiter(rate.Limit(share*contentPerMinute/60.0), int(share*contentPerMinute)),
		hastyHour:   rate.NewLimiter(rate.Limit(share*contentPerHour/3600.0), int(share*contentPerHour)),
		limit:       -1,
	}
	if old, found, _ := a.budgets.PeekOrAdd(installation, b); found {
		return old
	}
	return b
}

// admit takes what a request costs, waiting a little for it. A wait that would be longer is a *control.Later.
func (b *budget) admit(ctx context.Context, now time.Time, method string, content bool) error {
	if wait, why := b.closed(now, urgent(ctx)); wait > 0 {
		return &control.Later{After: wait, Reason: why}
	}
	cost := readPoints
	if method != http.MethodGet && method != http.MethodHead {
		cost = writePoints
	}
	limits := []*rate.Limiter{b.points}
	costs := []int{cost}
	if !urgent(ctx) {
		limits, costs = append(limits, b.hasty), append(costs, cost)
	}
	if content {
		limits, costs = append(limits, b.minute, b.hour), append(costs, 1, 1)
	}
	if content && !urgent(ctx) {
		limits, costs = append(limits, b.hastyMinute, b.hastyHour), append(costs, 1, 1)
	}
	var wait time.Duration
	var taken []*rate.Reservation
	for i, l := range limits {
		r := l.ReserveN(now, costs[i])
		taken = append(taken, r)
		wait = max(wait, r.DelayFrom(now))
	}
	longest, had := patience, begun(ctx)
	if had != nil && had.Load() {
		longest = endurance
	}
	if wait > longest {
		for _, r := range taken {
			r.CancelAt(now)
		}
		return &control.Later{After: wait, Reason: "the share of GitHub's limit for this installation is used up"}
	}
	if had != nil {
		had.Store(true)
	}
	if wait == 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// closed says how long GitHub itself, or the hour's quota, keeps the installation waiting.
func (b *budget) closed(now time.Time, urgent bool) (time.Duration, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := b.paused.Sub(now); wait > 0 {
		return wait, b.why
	}
	if b.limit > 0 && now.Before(b.reset) {
		floor := 0
		if !urgent {
			floor = int(reserved * float64(b.limit))
		}
		if b.remaining <= floor {
			return b.reset.Sub(now), "the installation's hourly quota at GitHub is used up"
		}
	}
	return 0, ""
}

// learn reads the quota from an answer, and whether GitHub asks to wait.
func (b *budget) learn(resp *http.Response, now time.Time) (remaining int, later *control.Later) {
	remaining = -1
	h := resp.Header
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, err := strconv.Atoi(h.Get("X-RateLimit-Remaining")); err == nil && h.Get("X-RateLimit-Resource") != "graphql" {
		limit, _ := strconv.Atoi(h.Get("X-RateLimit-Limit"))
		reset, _ := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
		b.remaining, b.limit, b.reset, remaining = r, limit, time.Unix(reset, 0), r
	}
	return remaining, b.pause(resp, b.reset, now)
}

// pausedBy learns from an answer that another quota counts than the installation's.
func (b *budget) pausedBy(resp *http.Response, now time.Time) *control.Later {
	reset, _ := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pause(resp, time.Unix(reset, 0), now)
}

// pause keeps the installation waiting where the answer asks for that.
func (b *budget) pause(resp *http.Response, reset, now time.Time) *control.Later {
	wait, why := asked(resp, reset, now)
	if wait <= 0 {
		return nil
	}
	b.paused, b.why = now.Add(wait), why
	return &control.Later{After: wait, Reason: why}
}

// asked is how long a refusal tells to wait: by retry-after, else until the quota's reset, else a minute.
func asked(resp *http.Response, reset, now time.Time) (time.Duration, string) {
	limited := resp.StatusCode == http.StatusTooManyRequests
	if resp.StatusCode == http.StatusForbidden {
		limited = resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-RateLimit-Remaining") == "0" || secondary(resp)
	}
	if !limited {
		return 0, ""
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		return time.Duration(max(seconds, 1)) * time.Second, "GitHub asks to wait (retry-after)"
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" && reset.After(now) {
		return reset.Sub(now) + time.Second, "the installation's hourly quota at GitHub is used up"
	}
	return time.Minute, "GitHub asks to wait"
}

// secondary finds a secondary limit that has no header. The body is put back.
func secondary(resp *http.Response) bool {
	head, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{strings.NewReader(string(head)), resp.Body}
	return err == nil && strings.Contains(strings.ToLower(string(head)), "rate limit")
}

// paced waits for the installation's budget and for a free place among the requests in flight, and turns a refusal
// for the rate into a *control.Later.
type paced struct {
	app    *App
	budget *budget
	next   http.RoundTripper
}

func (p *paced) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, now := req.Context(), p.app.options.Now
	if err := p.budget.admit(ctx, now(), req.Method, isContent(req)); err != nil {
		return nil, err
	}
	select {
	case p.app.flight <- struct{}{}:
		defer func() { <-p.app.flight }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	start := now()
	resp, err := p.next.RoundTrip(req)
	call := Call{Method: req.Method, Remaining: -1, Took: now().Sub(start)}
	if err != nil {
		p.app.options.Observe(call)
		return nil, err
	}
	var later *control.Later
	call.Status, call.Counted = resp.StatusCode, resp.StatusCode != http.StatusNotModified
	call.Remaining, later = p.budget.learn(resp, now())
	p.app.options.Observe(call)
	if later != nil {
		_ = resp.Body.Close()
		return nil, later
	}
	return resp, nil
}

// isContent tells the requests that GitHub counts as creating content.
func isContent(req *http.Request) bool {
	return req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/comments")
}
