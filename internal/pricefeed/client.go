package pricefeed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// client asks with patience: 429 and 5xx are tried again as the server asks, or after growing pauses.
type client struct {
	http     *http.Client
	idle     time.Duration
	attempts uint
	pause    time.Duration
	header   http.Header
}

// maxWait bounds what a server may ask for.
const maxWait = 2 * time.Minute

func newClient(o Options) *client {
	h := *o.Client
	h.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
			return fmt.Errorf("a redirection to another host, %s, is not followed", r.URL.Host)
		}
		if len(via) > 5 {
			return errors.New("too many redirections")
		}
		return nil
	}
	return &client{http: &h, idle: o.Idle, attempts: o.Attempts, pause: o.Pause, header: http.Header{}}
}

// with is the client with one more header.
func (c *client) with(name, value string) *client {
	other := *c
	other.header = c.header.Clone()
	other.header.Set(name, value)
	return &other
}

// read asks and hands the reply to use; both are tried again together, because a reply that breaks off is no reply.
// use must start anew each time.
func (c *client) read(ctx context.Context, method, address string, body func() io.Reader, use func(io.Reader) error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = c.pause
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, c.once(ctx, method, address, body, use)
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(c.attempts), backoff.WithMaxElapsedTime(0))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
		err = permanent.Err
	}
	if err != nil {
		return fmt.Errorf("%s: %w", shown(address), err)
	}
	return nil
}

// shown is an address without what may be a key.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func (c *client) once(ctx context.Context, method, address string, body func() io.Reader, use func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(c.idle, func() { cancel(fmt.Errorf("nothing came for %s", c.idle)) })
	defer watch.Stop()
	var sent io.Reader
	if body != nil {
		sent = body()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, sent)
	if err != nil {
		return backoff.Permanent(errors.New("the address cannot be read"))
	}
	request.Header = c.header.Clone()
	request.Header.Set("User-Agent", "platform-prices")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return plain(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // what matters of it was read
	if err := status(response); err != nil {
		return err
	}
	err = use(&watched{response.Body, watch, c.idle})
	if _, final := errors.AsType[*lie](err); final {
		return backoff.Permanent(err)
	}
	return plain(ctx, err)
}

// plain says why a context ended, and leaves the address, which may hold a key, out of the error.
func plain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
			return backoff.Permanent(cause)
		}
		return cause
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func status(r *http.Response) error {
	switch code := r.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusTooManyRequests || code >= http.StatusInternalServerError:
		if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			return &backoff.RetryAfterError{Duration: min(time.Duration(seconds)*time.Second, maxWait)}
		}
		return fmt.Errorf("the server answers %d", code)
	default:
		return backoff.Permanent(fmt.Errorf("the server answers %d", code))
	}
}

// lie is a reply that was read whole and cannot be true: asking again does not help.
type lie struct{ text string }

func (l *lie) Error() string { return l.text }

func lief(format string, args ...any) error { return &lie{fmt.Sprintf(format, args...)} }

// watched puts the watch back whenever something comes.
type watched struct {
	io.Reader
	watch *time.Timer
	idle  time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.watch.Reset(w.idle)
	}
	return n, err
}

// whole reads a reply of bounded size into memory.
func (c *client) whole(ctx context.Context, address string, limit int64) ([]byte, error) {
	return c.ask(ctx, http.MethodGet, address, nil, limit)
}

func (c *client) ask(ctx context.Context, method, address string, body func() io.Reader, limit int64) ([]byte, error) {
	var data []byte
	err := c.read(ctx, method, address, body, func(r io.Reader) error {
		var err error
		if data, err = io.ReadAll(io.LimitReader(r, limit+1)); err == nil && int64(len(data)) > limit {
			return lief("the reply is larger than %d bytes", limit)
		}
		return err
	})
	return data, err
}
