package plan

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Order says which UTF-16 the head is, and how long its byte order mark is; nil when it is none. Without a
// mark, an opening brace followed by a zero byte tells.
func utf16Order(head []byte) (binary.ByteOrder, int) {
	if len(head) < 2 {
		return nil, 0
	}
	switch [2]byte(head[:2]) {
	case [2]byte{0xFF, 0xFE}:
		return binary.LittleEndian, 2
	case [2]byte{0xFE, 0xFF}:
		return binary.BigEndian, 2
	case [2]byte{'{', 0}:
		return binary.LittleEndian, 0
	case [2]byte{0, '{'}:
		return binary.BigEndian, 0
	}
	return nil, 0
}

// utf16Reader turns UTF-16 into UTF-8. Half a pair or half a unit is an error, not a replacement character: two
// different addresses must not become one.
type utf16Reader struct {
	src   io.Reader
	order binary.ByteOrder
	name  string
	high  rune // first half of a pair that waits for the second
	buf   [8 << 10]byte
	out   []byte
	err   error
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *utf16Reader) fill() {
	n, err := io.ReadFull(r.src, r.buf[:])
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	r.err = err
	r.out = r.out[:0]
	for i := 0; i+1 < n; i += 2 {
		c := rune(r.order.Uint16(r.buf[i:]))
		switch {
		case r.high != 0:
			pair := utf16.DecodeRune(r.high, c)
			if pair == utf8.RuneError {
				r.fail()
				return
			}
			r.high = 0
			r.out = utf8.AppendRune(r.out, pair)
		case utf16.IsSurrogate(c):
			r.high = c
		default:
			r.out = utf8.AppendRune(r.out, c)
		}
	}
	if n%2 != 0 || err == io.EOF && r.high != 0 {
		r.fail()
	}
}

func (r *utf16Reader) fail() {
	r.out = nil
	r.err = &InputError{Name: r.name, Problem: "is not valid UTF-16", Fix: fixShow}
}
