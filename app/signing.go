package main

import (
	"crypto/ed25519"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate/seal"
)

// signing is the key file, read anew when it changes, so that a key is replaced without a restart. A file that cannot be read
// changes nothing.
type signing struct {
	file string
	log  *slog.Logger
	now  control.Clock

	mu     sync.Mutex
	ring   seal.Ring
	seen   os.FileInfo // of the file as it was read last
	looked time.Time
}

// lookEvery is how long a key that was replaced may go on signing.
const lookEvery = time.Second

func newSigning(file string, ring seal.Ring, now control.Clock, log *slog.Logger) *signing {
	return &signing{file: file, ring: ring, now: now, log: log}
}

// keys are the present ones.
func (s *signing) keys() seal.Ring {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if since := now.Sub(s.looked); s.file == "" || since >= 0 && since < lookEvery {
		return s.ring
	}
	s.looked = now
	info, err := os.Stat(s.file)
	if err == nil && s.seen != nil && os.SameFile(s.seen, info) && s.seen.ModTime().Equal(info.ModTime()) && s.seen.Size() == info.Size() {
		return s.ring
	}
	var data []byte
	if err == nil {
		s.seen = info
		data, err = os.ReadFile(s.file)
	}
	var ring seal.Ring
	if err == nil {
		ring, err = seal.ParseRing(data)
	}
	if err != nil {
		s.log.Error("PLATFORM_SIGNING_KEY_FILE cannot be read any more; the key before goes on signing", "error", err.Error())
		return s.ring
	}
	if !ring.Private.Equal(s.ring.Private) {
		s.log.Info("the signing key was replaced", "kid", ring.Published()[0].ID, "retired", len(ring.Retired))
	}
	s.ring = ring
	return ring
}

// private is the key that signs now.
func (s *signing) private() ed25519.PrivateKey { return s.keys().Private }
