package githubtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Request is one API request that was made.
type Request struct {
	Method, Path string
	Operation    string // as GitHub's description names it: METHOD /path/{parameter}
	Status       int    // 0: no answer was given
	Counted      bool   // against an installation's quota: an answer 304 is not, nor what the App asks as itself
	Write        bool
	Tenant       int64 // installation whose token was used
}

func (s *Server) note(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, r)
}

func (s *Server) reject(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.invalid = append(s.invalid, what)
}

// Log lists the requests since the start or the last ResetLog.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// ResetLog forgets them.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// Invalid lists what did not fit GitHub's description: a test expects it to be empty.
func (s *Server) Invalid() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.invalid)
}

// MaxInFlight is how many requests there were at a time, at most.
func (s *Server) MaxInFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.maxInFlight
}

// Fault is one thing that goes wrong. It is used up after Times requests; those that are waiting come in their order.
type Fault struct {
	Method      string // empty: any
	Path        string // part of the request's path; empty: any
	Times       int    // 0: once
	Skip        int    // requests that pass before
	Status      int    // of the answer; 0 with no Close: only the delay
	Header      http.Header
	Body        any
	Delay       time.Duration // before the answer
	Close       bool          // the connection ends without an answer, and nothing is done
	AfterEffect bool          // it ends without an answer after the request has had its effect
}

// Fault adds one.
func (s *Server) Fault(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// fault finds the one for a request. The caller holds the lock.
func (s *Server) fault(method, path string) *Fault {
	for i, f := range s.faults {
		if f.Method != "" && f.Method != method || !strings.Contains(path, f.Path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return f
	}
	return nil
}

func (f *Fault) answer() answer {
	if f.Body == nil {
		a := refuse(max(f.Status, 500), "a fault on demand")
		a.header = f.Header.Clone()
		if f.Status != 0 {
			a.status = f.Status
		}
		return a
	}
	return answer{status: f.Status, body: f.Body, header: f.Header.Clone()}
}

// slow reports that the answer is the real one, only late.
func (f *Fault) slow() bool { return f.Delay > 0 && f.Status == 0 && !f.Close }

func (f *Fault) delay(r *http.Request) {
	if f.Delay == 0 {
		return
	}
	select {
	case <-time.After(f.Delay):
	case <-r.Context().Done():
	}
}
