package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Event is a webhook before it is sent.
type Event struct {
	Name   string // X-GitHub-Event
	GUID   string // X-GitHub-Delivery
	Action string
	Body   []byte

	installation, repository int64
}

// delivery is one attempt to send an event.
type delivery struct {
	id         int64
	event      Event
	url        string
	at         time.Time
	again      bool
	statusCode int
}

// Sign is the value of X-Hub-Signature-256.
func (s *Server) Sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(s.webhookSecret()))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Send delivers an event as GitHub does, and keeps the outcome in the list of deliveries. The status is 0 where nobody
// answered.
func (s *Server) Send(ctx context.Context, url string, e Event) int {
	return s.send(ctx, url, e, false)
}

func (s *Server) send(ctx context.Context, url string, e Event, again bool) int {
	status := s.post(ctx, url, e)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = append(s.deliveries, &delivery{id: s.id(), event: e, url: url, at: s.o.Now(), again: again, statusCode: status})
	return status
}

func (s *Server) post(ctx context.Context, url string, e Event) int {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(e.Body))
	if err != nil {
		return 0
	}
	s.Address(req, e)
	resp, err := s.sender.Do(req)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	return resp.StatusCode
}

// Address sets the headers that GitHub sends an event with.
func (s *Server) Address(req *http.Request, e Event) {
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "GitHub-Hookshot/0000000")
	h.Set("X-Github-Event", e.Name)
	h.Set("X-Github-Delivery", e.GUID)
	h.Set("X-Github-Hook-Id", "1")
	h.Set("X-Github-Hook-Installation-Target-Id", strconv.FormatInt(s.o.AppID, 10))
	h.Set("X-Github-Hook-Installation-Target-Type", "integration")
	h.Set("X-Hub-Signature-256", s.Sign(e.Body))
}

// Fail lists a delivery as failed without sending it: what GitHub does when nobody answers in time.
func (s *Server) Fail(url string, e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = append(s.deliveries, &delivery{id: s.id(), event: e, url: url, at: s.o.Now(), statusCode: 0})
}

// Redelivered is how often deliveries were asked for again.
func (s *Server) Redelivered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, d := range s.deliveries {
		if d.again {
			n++
		}
	}
	return n
}

// guid is the next one. The caller holds the lock.
func (s *Server) guid() string {
	s.guids++
	return fmt.Sprintf("%08x-0000-11f0-8000-000000000000", s.guids)
}

func (s *Server) deliveryRoutes() {
	s.handle(endpoint{pattern: "GET /app/hook/config", as: asApp, do: func(*call) answer {
		return ok(object{"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": s.grants.hookURL})
	}})
	s.handle(endpoint{pattern: "PATCH /app/hook/config", as: asApp, do: s.configureHook})
	s.handle(endpoint{pattern: "GET /app/hook/deliveries", as: asApp, do: s.listDeliveries})
	s.handle(endpoint{pattern: "POST /app/hook/deliveries/{delivery_id}/attempts", as: asApp, do: s.redeliver})
}

// HookTo says where webhooks are sent, as the App's settings show it.
func (s *Server) HookTo(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants.hookURL = url
}

func (s *Server) configureHook(c *call) answer {
	var in struct{ URL string }
	if err := c.read(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	s.grants.hookURL = in.URL
	return ok(object{"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": in.URL})
}

func (s *Server) listDeliveries(c *call) answer {
	size, _ := pageOf(c)
	before, _ := strconv.ParseInt(c.URL.Query().Get("cursor"), 10, 64)
	list, header := []any{}, http.Header{}
	var last int64
	for _, d := range slices.Backward(s.deliveries) {
		if before != 0 && d.id >= before {
			continue
		}
		if len(list) == size {
			header.Set("Link", fmt.Sprintf(`<%s%s?per_page=%d&cursor=%d>; rel="next"`, s.base, c.URL.Path, size, last))
			break
		}
		list = append(list, d.json())
		last = d.id
	}
	return answer{status: http.StatusOK, body: list, header: header}
}

func (d *delivery) json() object {
	status := "OK"
	if d.statusCode < 200 || d.statusCode > 299 {
		status = "Invalid HTTP Response: " + strconv.Itoa(d.statusCode)
	}
	var action any
	if d.event.Action != "" {
		action = d.event.Action
	}
	return object{
		"id": d.id, "guid": d.event.GUID, "delivered_at": stamp(d.at), "redelivery": d.again, "duration": 0.1, "status": status,
		"status_code": d.statusCode, "event": d.event.Name, "action": action, "installation_id": d.event.installation, "repository_id": d.event.repository,
	}
}

func (s *Server) redeliver(c *call) answer {
	id := c.number("delivery_id")
	for _, d := range s.deliveries {
		if d.id == id {
			go s.send(context.Background(), d.url, d.event, true)
			return answer{status: http.StatusAccepted, body: object{}}
		}
	}
	return notFound()
}
