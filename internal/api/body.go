package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	maxRatio   = 100             // of what a body unpacks to; plans have 10 to 30
	bodies     = 8               // of the largest size are held at once, packed and unpacked together
	firstPart  = 64 << 10        // what a body gets at once; whoever only promises a large one holds no more
	memoryWait = 2 * time.Second // for memory to read a body into
)

// memory bounds what all bodies together may hold.
type memory struct {
	most int64 // of one body
	free *semaphore.Weighted
	wait time.Duration
}

func newMemory(most int64) *memory {
	return &memory{most, semaphore.NewWeighted(bodies * (most + firstPart)), memoryWait}
}

// hold begins a request's share of the memory.
func (m *memory) hold() *share { return &share{memory: m} }

type share struct {
	memory *memory
	held   int64
}

func (s *share) claim(ctx context.Context, size int64) bool {
	ctx, cancel := context.WithTimeout(ctx, s.memory.wait)
	defer cancel()
	if s.memory.free.Acquire(ctx, size) != nil {
		return false
	}
	s.held += size
	return true
}

func (s *share) release() {
	s.memory.free.Release(s.held)
	s.held = 0
}

// errScarce means that other bodies hold the memory.
var errScarce = errors.New("too many large uploads at once")

// errLong means that there is more than may be read.
var errLong = errors.New("longer than allowed")

// fill reads src to its end, if that comes within most bytes. Memory is claimed as bytes come in.
func (s *share) fill(ctx context.Context, src io.Reader, hint, most int64) ([]byte, error) {
	size := min(firstPart, most+1)
	if hint >= 0 {
		size = min(size, hint+1) // the end is seen without growing
	}
	var data []byte
	for {
		if int64(cap(data)) < size {
			if !s.claim(ctx, size-int64(cap(data))) {
				return nil, errScarce
			}
			data = append(make([]byte, 0, size), data...)
		}
		n, err := src.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > most:
			return nil, errLong
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			size = min(2*int64(cap(data)), most+1)
		}
	}
}

// read reads the body as it is sent, and its digest.
func (s *share) read(ctx context.Context, src io.Reader, length int64) ([]byte, string, *answer) {
	data, err := s.fill(ctx, src, length, s.memory.most)
	if err != nil {
		return nil, "", s.unread(err)
	}
	sum := sha256.Sum256(data)
	return data, hex.EncodeToString(sum[:]), nil
}

// unpack unpacks one gzip member with nothing behind it.
func (s *share) unpack(ctx context.Context, sent []byte) ([]byte, *answer) {
	packed := bytes.NewReader(sent)
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, badEncoding("the body is not packed with gzip, as its header says")
	}
	z.Multistream(false)
	most := min(s.memory.most, maxRatio*int64(len(sent)))
	data, err := s.fill(ctx, z, -1, most)
	switch {
	case errors.Is(err, errScarce):
		return nil, s.unread(err)
	case errors.Is(err, errLong) && most < s.memory.most:
		return nil, badEncoding(fmt.Sprintf("the body unpacks to more than %d times its size: send it plain", maxRatio))
	case errors.Is(err, errLong):
		return nil, tooLarge(s.memory.most)
	case err != nil:
		return nil, badEncoding("the packed body is damaged: send it again")
	case packed.Len() > 0:
		return nil, badEncoding("there is something behind the packed body: send one gzip member alone")
	}
	return data, nil
}

func badEncoding(message string) *answer {
	return &answer{status: http.StatusBadRequest, outcome: outcomeRequest, code: "bad-encoding", message: message}
}

func tooLarge(most int64) *answer {
	return &answer{status: http.StatusRequestEntityTooLarge, outcome: outcomeTooLarge, code: "too-large",
		message: fmt.Sprintf("the body is larger than %d bytes, which is the most that this server takes: upload each root, or suite, by itself", most)}
}

// unread says why a body has not come to its end. The error itself may quote what was sent.
func (s *share) unread(err error) *answer {
	if errors.Is(err, errScarce) {
		return &answer{status: http.StatusServiceUnavailable, outcome: outcomeUnavailable, code: "unavailable", wait: retryAfter,
			message: "too many large uploads at once: send it again as Retry-After says"}
	}
	if _, long := errors.AsType[*http.MaxBytesError](err); long || errors.Is(err, errLong) {
		return tooLarge(s.memory.most)
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return &answer{status: http.StatusRequestTimeout, outcome: outcomeRequest, code: "too-slow", message: "the body came too slowly: send it again"}
	}
	return &answer{status: http.StatusBadRequest, outcome: outcomeRequest, code: "broken-off", message: "the body broke off: send it again"}
}
