package plan

import (
	"bytes"
	"strconv"
)

// appendCompact appends valid JSON without blanks, and reports how deep it nests and whether it holds a number
// out of range, which it replaces by null: decimal arithmetic on 1e-999999999 would never end.
func appendCompact(dst, v []byte) (out []byte, depth int, badNumber bool) {
	level, start := 0, 0
	for i := 0; i < len(v); {
		switch c := v[i]; {
		case c == '"':
			i = stringEnd(v, i)
		case c == '{' || c == '[':
			level++
			depth = max(depth, level)
			i++
		case c == '}' || c == ']':
			level--
			i++
		case isBlank(c):
			dst = append(dst, v[start:i]...)
			for i < len(v) && isBlank(v[i]) {
				i++
			}
			start = i
		case c == '-' || c >= '0' && c <= '9':
			end := scalarEnd(v, i)
			if !representable(v[i:end]) {
				dst = append(append(dst, v[start:i]...), "null"...)
				start, badNumber = end, true
			}
			i = end
		default:
			i++
		}
	}
	return append(dst, v[start:]...), depth, badNumber
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// stringEnd is the offset after the string that begins at i.
func stringEnd(v []byte, i int) int {
	for j := i + 1; j < len(v); {
		k := bytes.IndexByte(v[j:], '"')
		if k < 0 {
			return len(v)
		}
		quote := j + k
		escapes := 0
		for b := quote - 1; b > i && v[b] == '\\'; b-- {
			escapes++
		}
		if escapes%2 == 0 {
			return quote + 1
		}
		j = quote + 1
	}
	return len(v)
}

// scalarEnd is the offset after the number or literal that begins at i.
func scalarEnd(v []byte, i int) int {
	for i < len(v) && !isBlank(v[i]) && v[i] != ',' && v[i] != '}' && v[i] != ']' {
		i++
	}
	return i
}

// valueEnd is the offset after the compact value that begins at i.
func valueEnd(v []byte, i int) int {
	switch v[i] {
	case '"':
		return stringEnd(v, i)
	case '{', '[':
	default:
		return scalarEnd(v, i)
	}
	level := 0
	for i < len(v) {
		switch v[i] {
		case '"':
			i = stringEnd(v, i)
			continue
		case '{', '[':
			level++
		case '}', ']':
			level--
			if level == 0 {
				return i + 1
			}
		}
		i++
	}
	return i
}

// representable reports a number that a float64 can hold without overflow, and without an exponent that makes
// decimals explode.
func representable(n []byte) bool {
	const digits, exponent = 330, 308
	if len(n) > digits {
		return false
	}
	e := bytes.IndexAny(n, "eE")
	if e < 0 {
		return len(n) <= exponent
	}
	exp, err := strconv.Atoi(string(n[e+1:]))
	if err != nil || exp > exponent || exp < -exponent {
		return false
	}
	_, err = strconv.ParseFloat(string(n), 64)
	return err == nil
}
