package catalog

import (
	"bytes"
	"regexp"
)

// Reads names the attributes of a type that its price may depend on: an allow-list for what leaves the machine. It is
// every name in the expressions of the type's own entry, of the fragments that it uses, and of the entries that follow
// a reference to the type; and the few by which resources are found and placed.
func (c *Catalog) Reads(typ string) map[string]bool {
	out := map[string]bool{}
	for _, always := range []string{"id", "arn", "name", "self_link", "identifier", "cluster_identifier", "region", "location", "zone", "availability_zone"} {
		out[always] = true
	}
	name := regexp.MustCompile(`"([a-z][a-z0-9_]*)"|\.([a-z][a-z0-9_]*)`)
	seen := map[string]bool{}
	var take func(entry string)
	take = func(entry string) {
		b, ok := c.blocks[entry]
		if !ok || seen[entry] {
			return
		}
		seen[entry] = true
		for _, m := range name.FindAllSubmatch(b.text, -1) {
			out[string(append(m[1], m[2]...))] = true
		}
		for other := range c.blocks {
			if other[0] == '_' && bytes.Contains(b.text, []byte(other)) {
				take(other)
			}
		}
	}
	take(typ)
	quoted := []byte(`"` + typ + `"`)
	for entry, b := range c.blocks {
		if bytes.Contains(b.text, quoted) {
			take(entry)
		}
	}
	return out
}
