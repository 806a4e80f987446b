package terraform

import "strings"

// target is what an address points at, without instance keys.
type target struct {
	modules []string // names of the module calls from the root module down
	block   block
}

// block is one named block of a module.
type block struct {
	mode string // resource, data or ephemeral
	kind string // the resource type
	name string
}

// parseAddress takes an address such as module.a["x.y[0]"].data.aws_b.c[0] apart. A key may hold any character
// inside its quotes. False: it is no address of a resource.
func parseAddress(address string) (target, bool) {
	var t target
	steps, ok := split(address)
	for ok && len(steps) >= 2 && steps[0] == "module" {
		t.modules = append(t.modules, steps[1])
		steps = steps[2:]
	}
	switch {
	case ok && len(steps) == 2:
		t.block = block{"resource", steps[0], steps[1]}
	case ok && len(steps) == 3 && (steps[0] == "data" || steps[0] == "ephemeral"):
		t.block = block{steps[0], steps[1], steps[2]}
	default:
		return target{}, false
	}
	return t, true
}

// split cuts an address at its dots and drops instance keys. False: a key has no end, or a step is empty.
func split(address string) ([]string, bool) {
	var steps []string
	for {
		end := strings.IndexAny(address, ".[")
		if end < 0 {
			end = len(address)
		}
		if end == 0 {
			return nil, false
		}
		steps = append(steps, address[:end])
		address = address[end:]
		for strings.HasPrefix(address, "[") {
			length := keyLength(address)
			if length == 0 {
				return nil, false
			}
			address = address[length:]
		}
		if address == "" {
			return steps, true
		}
		if address[0] != '.' {
			return nil, false
		}
		address = address[1:]
	}
}

// keyLength is the length of the instance key that s begins with, brackets included, or 0.
func keyLength(s string) int {
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
