package plan

import "strings"

// ConfigAddress drops the instance keys of an address: module.a["x.y[0]"].aws_b.c[0] is module.a.aws_b.c. A key
// may hold any character inside its quotes. What is not well formed stays as it is from there on.
func ConfigAddress(address string) string {
	if strings.IndexByte(address, '[') < 0 {
		return address
	}
	return string(appendConfigAddress(nil, address))
}

func appendConfigAddress(dst []byte, address string) []byte {
	for i := 0; i < len(address); {
		if address[i] == '[' {
			if end := keyEnd(address[i:]); end > 0 {
				i += end
				continue
			}
			return append(dst, address[i:]...)
		}
		dst = append(dst, address[i])
		i++
	}
	return dst
}

// keyEnd is the length of the instance key that s begins with, brackets included, or 0.
func keyEnd(s string) int {
	if !strings.HasPrefix(s, `["`) {
		return strings.IndexByte(s, ']') + 1
	}
	for i := 2; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			if strings.HasPrefix(s[i:], `"]`) {
				return i + 2
			}
			return 0
		}
	}
	return 0
}

// instanceKey is the key that an address ends with, as it stands there: 0 or "blue"; empty when it ends with none.
func instanceKey(address string) string {
	if !strings.HasSuffix(address, "]") {
		return ""
	}
	for i := 0; i < len(address); i++ {
		if address[i] != '[' {
			continue
		}
		n := keyEnd(address[i:])
		if n == 0 {
			return ""
		}
		if i+n == len(address) {
			return address[i+1 : i+n-1]
		}
		i += n - 1
	}
	return ""
}

// isDataAddress reports an address whose resource part begins with "data.".
func isDataAddress(address string) bool {
	rest := ConfigAddress(address)
	for strings.HasPrefix(rest, "module.") {
		_, after, ok := strings.Cut(rest[len("module."):], ".")
		if !ok {
			return false
		}
		rest = after
	}
	return strings.HasPrefix(rest, "data.")
}
