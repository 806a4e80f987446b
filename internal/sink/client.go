package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Bounds of one delivery.
const (
	maxAnswer  = 16 << 10 // is read, so that the connection can be used again; nothing of it is looked at
	maxHeaders = 64 << 10
	maxWait    = time.Hour // that a sink may ask for
)

// client posts to one sink.
type client struct {
	config Config
	http   *http.Client
	now    func() time.Time
}

func newClient(c Config, now func() time.Time, timeout time.Duration, wrap func(http.RoundTripper) http.RoundTripper) *client {
	dialer := &net.Dialer{Timeout: timeout / 2, Control: func(_, address string, _ syscall.RawConn) error { return c.Network.dial(address) }}
	// No proxy: it would look names up itself, and what was checked here would say nothing.
	transport := http.RoundTripper(&http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout / 2, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: maxHeaders,
		MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true, DisableCompression: true,
	})
	if wrap != nil {
		transport = wrap(transport)
	}
	return &client{c, &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, now}
}

var errNetwork = errors.New("the sink's name leads to an address outside of its network")

// dial is asked after the name was looked up, for each address that is tried.
func (n Network) dial(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	host, _, _ = strings.Cut(host, "%") // zone of an IPv6 address
	if ip := net.ParseIP(host); ip == nil || !n.admits(ip) {
		return errNetwork
	}
	return nil
}

// refusal is why a sink did not take an event: never with its address, which may hold a token.
type refusal struct {
	outcome string        // for metrics
	text    string        // for the log
	wait    time.Duration // that the sink asked for; 0: none
}

func (r *refusal) Error() string { return r.text }

// post delivers one event. Only an answer 2xx is a yes.
func (c *client) post(ctx context.Context, id string, body []byte) error {
	keys, err := secrets(c.config.SecretFile)
	if err != nil {
		return &refusal{outcome: "unsigned", text: "it cannot be signed: " + err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewReader(body))
	if err != nil {
		return &refusal{outcome: "unreachable", text: "the address cannot be used"}
	}
	stamp := strconv.FormatInt(c.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/cloudevents+json; charset=UTF-8")
	req.Header.Set("User-Agent", "platform-action")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", stamp)
	req.Header.Set("webhook-signature", signatures(keys, id, stamp, body))
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	if resp.StatusCode/100 == 2 {
		return nil
	}
	r := &refusal{outcome: strconv.Itoa(resp.StatusCode/100) + "xx", text: fmt.Sprintf("it answers %d", resp.StatusCode)}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.wait = min(time.Duration(min(seconds, int(maxWait.Seconds())))*time.Second, maxWait)
	}
	return r
}

func (c *client) unreachable(err error) *refusal {
	var timeout net.Error
	switch {
	case errors.Is(err, errNetwork):
		return &refusal{outcome: "forbidden_address", text: errNetwork.Error() + " (" + c.config.Network.String() + ")"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &refusal{outcome: "timeout", text: fmt.Sprintf("it does not answer within %s", c.http.Timeout)}
	}
	if at, ok := errors.AsType[*net.OpError](err); ok {
		return &refusal{outcome: "unreachable", text: "it cannot be reached: " + at.Op + " failed"}
	}
	return &refusal{outcome: "unreachable", text: fmt.Sprintf("it cannot be reached (%T)", errors.Unwrap(err))}
}

// signatures are those of Standard Webhooks: one for each secret.
func signatures(keys [][]byte, id, stamp string, body []byte) string {
	var out []string
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.", id, stamp)
		_, _ = mac.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " ")
}
