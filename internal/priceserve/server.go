// Package priceserve answers the pricing protocol of Infracost's 0.10 line from a price book, on loopback.
package priceserve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/sku"
)

// Limits of one request. The program that asks sends five queries at a time.
const (
	maxBody    = 4 << 20
	maxQueries = 1000
	maxEvent   = 8 << 20
)

// Options are what a server is told.
type Options struct {
	Shelf *sku.Shelf
	// Exact leaves out prices that were derived: the asker then says that the price was not found.
	Exact bool
	// Rates are what one US dollar is in other currencies; a price in a currency without a rate is not found.
	Rates map[money.Currency]decimal.Decimal
}

// Server is an http.Handler. It keeps and logs nothing of what it is asked.
type Server struct {
	o    Options
	asts asts
	mux  *http.ServeMux
}

// New builds the handler.
func New(o Options) *Server {
	s := &Server{o: o, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /graphql", s.graphql)
	s.mux.HandleFunc("POST /event", drop)
	s.mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "this server answers POST /graphql and POST /event")
	})
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// query is one question as it arrives.
type query struct {
	Query     string         `json:"query"`
	Variables jsontext.Value `json:"variables"`
}

// answer is one answer as it leaves; an error stands in it and not in its HTTP status, so that the others are heard.
type answer struct {
	Data       any         `json:"data"`
	Errors     []fault     `json:"errors,omitempty"`
	Extensions *extensions `json:"extensions,omitempty"`
}

type fault struct {
	Message string `json:"message"`
}

// extensions say what the protocol has no word for.
type extensions struct {
	Derived []string `json:"derived"` // how each derived price was derived
}

func (s *Server) graphql(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is larger than %d bytes", maxBody))
			return
		}
		refuse(w, http.StatusBadRequest, "the request could not be read")
		return
	}
	queries, single, err := decode(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answers := make([]answer, len(queries))
	for i, q := range queries {
		if r.Context().Err() != nil {
			return
		}
		answers[i] = s.answer(q)
	}
	if single {
		reply(w, http.StatusOK, answers[0])
		return
	}
	reply(w, http.StatusOK, answers)
}

// decode reads an array of queries, or one alone.
func decode(body []byte) (queries []query, single bool, err error) {
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "{") {
		queries, single = make([]query, 1), true
		err = json.Unmarshal([]byte(text), &queries[0])
	} else {
		err = json.Unmarshal([]byte(text), &queries)
	}
	switch {
	case err != nil:
		return nil, false, errors.New("the request is not a JSON array of {query, variables}")
	case len(queries) == 0:
		return []query{}, false, nil
	case len(queries) > maxQueries:
		return nil, false, fmt.Errorf("the request holds more than %d queries", maxQueries)
	}
	return queries, single, nil
}

// drop accepts what an asker tells of itself, and forgets it.
func drop(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxEvent)) // what is larger is dropped too
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

func reply(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the asker is gone, and nobody else listens
}

// refuse is an error in the form that the asker prints.
func refuse(w http.ResponseWriter, status int, why string) {
	reply(w, status, map[string]string{"error": why})
}

// Serve answers on a listener until the context ends, and lets the requests under way end first.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	const grace, patience = 5 * time.Second, 30 * time.Second
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: grace, ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(err, server.Close())
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Listen opens the address, which must be this machine's own unless others may ask.
func Listen(ctx context.Context, address string, others bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen %q: %w; want HOST:PORT, such as 127.0.0.1:4000", address, err)
	}
	if ip := net.ParseIP(host); !others && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen %q: it is not this machine's own address; prices are served to others only with --allow-remote", address)
	}
	var c net.ListenConfig
	return c.Listen(ctx, "tcp", address)
}
