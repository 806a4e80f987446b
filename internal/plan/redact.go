package plan

import (
	"slices"

	"github.com/org/platform-action/internal/fact"
)

const marker = `"` + fact.SensitiveMarker + `"`

// appendRedacted appends the compact JSON v with every value that the mask marks replaced by the marker. A null
// stays null: that an attribute is not set is no secret. Where mask and value differ in shape, the whole value is
// replaced if the mask marks anything in it.
func appendRedacted(dst, v []byte, mask any) []byte {
	if m, ok := mask.(bool); ok && m && len(v) > 0 && v[0] == '{' {
		return appendMembers(dst, v, func(string) any { return true })
	}
	return appendMasked(dst, v, mask)
}

func appendMasked(dst, v []byte, mask any) []byte {
	if !marks(mask) || string(v) == "null" {
		return append(dst, v...)
	}
	switch m := mask.(type) {
	case map[string]any:
		if v[0] == '{' {
			return appendMembers(dst, v, func(key string) any { return m[key] })
		}
	case []any:
		if v[0] == '[' {
			if elements := split(v); len(elements) == len(m) {
				return appendElements(dst, elements, m)
			}
		}
	}
	return append(dst, marker...)
}

func appendMembers(dst, v []byte, maskOf func(key string) any) []byte {
	dst = append(dst, '{')
	for i := 1; i < len(v) && v[i] != '}'; {
		if v[i] == ',' {
			dst = append(dst, ',')
			i++
		}
		colon := stringEnd(v, i)
		dst = append(dst, v[i:colon+1]...)
		end := valueEnd(v, colon+1)
		dst = appendMasked(dst, v[colon+1:end], maskOf(string(unquote(v[i:colon]))))
		i = end
	}
	return append(dst, '}')
}

func appendElements(dst []byte, elements [][]byte, masks []any) []byte {
	dst = append(dst, '[')
	for i, e := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendMasked(dst, e, masks[i])
	}
	return append(dst, ']')
}

// split returns the elements of a compact array.
func split(v []byte) [][]byte {
	var out [][]byte
	for i := 1; i < len(v) && v[i] != ']'; {
		if v[i] == ',' {
			i++
		}
		end := valueEnd(v, i)
		out = append(out, v[i:end])
		i = end
	}
	return out
}

// marks reports a mask that marks something. A word or number, which no mask should hold, marks.
func marks(mask any) bool {
	switch m := mask.(type) {
	case nil:
		return false
	case bool:
		return m
	case map[string]any:
		for _, v := range m {
			if marks(v) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(m, marks)
	}
	return true
}
