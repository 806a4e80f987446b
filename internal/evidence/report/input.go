package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// The bounds of one report. None is kept in memory; these bound time, and what hostile ones can claim.
const (
	MaxReport  = 64 << 20
	maxCases   = 1_000_000
	maxBlocks  = 1_000_000 // lines of coverage that must be told apart
	maxLine    = 1 << 20
	maxToken   = 1 << 20 // one XML tag with its attributes
	maxDepth   = 128
	maxAttrs   = 64
	maxClaimed = 1_000_000_000
	headBytes  = 4 << 10
)

var errTooLarge = errors.New("too large")

// bounded reads no further than a report may be long.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// source is a report as UTF-8 without a byte order mark, that counts its lines.
type source struct {
	*bufio.Reader
	name string
	line int
	long []byte
	cut  bool // the last line has no end
}

// open finds the encoding of what is to be read.
func open(name string, r io.Reader) (*source, error) {
	in := bufio.NewReaderSize(&bounded{r, MaxReport}, 32<<10)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, (&source{name: name}).failure(err)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		if _, err := in.Discard(3); err != nil {
			return nil, (&source{name: name}).failure(err)
		}
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{'<', 0}), bytes.HasPrefix(head, []byte{'{', 0}):
		in = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(in), 32<<10)
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), bytes.HasPrefix(head, []byte{0, '<'}), bytes.HasPrefix(head, []byte{0, '{'}):
		in = bufio.NewReaderSize(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Reader(in), 32<<10)
	}
	return &source{Reader: in, name: name, line: 1}, nil
}

// head is what the format is told from: the first bytes after white space.
func (s *source) head() ([]byte, error) {
	for {
		c, err := s.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, s.failure(err)
		}
		if c == '\n' {
			s.line++
		}
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		if err := s.UnreadByte(); err != nil {
			return nil, s.failure(err)
		}
		head, err := s.Peek(headBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, s.failure(err)
		}
		return head, nil
	}
}

// nextLine is the next line without its end; it is valid until the next call.
func (s *source) nextLine() ([]byte, error) {
	s.long = s.long[:0]
	for {
		part, err := s.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) && len(s.long)+len(part) <= maxLine {
			s.long = append(s.long, part...)
			continue
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, s.fault("a line has more than 1 MiB", "")
		case errors.Is(err, io.EOF) && len(part)+len(s.long) > 0:
			s.cut = true
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, s.failure(err)
		}
		s.line++
		if len(s.long) > 0 {
			part = append(s.long, part...)
			s.long = part
		}
		part = bytes.TrimSuffix(bytes.TrimSuffix(part, []byte("\n")), []byte("\r"))
		if !utf8.Valid(part) {
			return nil, s.faultAbove("the line is not UTF-8", "write the report as UTF-8")
		}
		return part, nil
	}
}

func (s *source) fault(problem, fix string) error {
	return &Error{Name: s.name, Line: s.line, Problem: problem, Fix: fix}
}

// faultAbove is a fault of the line that was just read.
func (s *source) faultAbove(problem, fix string) error {
	return &Error{Name: s.name, Line: s.line - 1, Problem: problem, Fix: fix}
}

// failure is an error of reading.
func (s *source) failure(err error) error {
	if errors.Is(err, errTooLarge) {
		return &Error{Name: s.name, Problem: "has more than 64 MiB", Fix: "split it, or leave the program's output out of it"}
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Name: s.name, Line: s.line, Problem: "cannot be read: " + err.Error()}
}
