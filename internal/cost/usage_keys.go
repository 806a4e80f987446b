package cost

import (
	"maps"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/cost/catalog"
)

// UnknownUsage is a key of the usage file that the type does not understand: what it says counts for nothing.
type UnknownUsage struct {
	Address string   // or the type, for a default of all its resources
	Type    string   // Terraform type
	Key     string   // dotted, such as standard.storage_gb
	Known   []string // the keys of the type, sorted
}

// UnknownUsage lists the keys of the usage file that the catalogue's entries do not declare, by address and key. Types
// that are not priced here are left out.
func (e *Estimator) UnknownUsage() []UnknownUsage {
	u := e.options.Usage
	if u == nil {
		return nil
	}
	var out []UnknownUsage
	for _, address := range slices.Sorted(maps.Keys(u.resources)) {
		out = append(out, e.unknownUsage(address, typeOf(address), u.resources[address])...)
	}
	for _, typ := range slices.Sorted(maps.Keys(u.types)) {
		out = append(out, e.unknownUsage(typ, typ, u.types[typ])...)
	}
	return out
}

func (e *Estimator) unknownUsage(address, typ string, values map[string]any) []UnknownUsage {
	entry, err := e.catalog.Entry(typ)
	if err != nil || entry == nil || len(entry.Usage) == 0 {
		return nil
	}
	var out []UnknownUsage
	for _, key := range leaves(values, "") {
		if !declared(entry.Usage, key) {
			out = append(out, UnknownUsage{address, typ, key, slices.Sorted(maps.Keys(entry.Usage))})
		}
	}
	return out
}

// declared reports a key of the entry, or one inside a mapping that the entry takes whole.
func declared(usage map[string]catalog.Usage, key string) bool {
	for {
		if _, ok := usage[key]; ok {
			return true
		}
		dot := strings.LastIndexByte(key, '.')
		if dot < 0 {
			base, _, indexed := strings.Cut(key, "[")
			_, ok := usage[base]
			return indexed && ok
		}
		key = key[:dot]
	}
}

// leaves are the dotted paths to the values that are no mappings, sorted.
func leaves(values map[string]any, prefix string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if inner, ok := values[key].(map[string]any); ok {
			out = append(out, leaves(inner, prefix+key+".")...)
			continue
		}
		out = append(out, prefix+key)
	}
	return out
}

// typeOf is the type in an address such as module.a["x"].aws_s3_bucket.logs[0].
func typeOf(address string) string {
	var plain strings.Builder
	depth, quoted := 0, false
	for _, r := range address {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth == 0:
			plain.WriteRune(r)
		}
	}
	parts := strings.Split(plain.String(), ".")
	if len(parts) < 2 {
		return ""
	}
	return parts[len(parts)-2]
}
