package cost

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// skeletonHead stands over a new usage file.
const skeletonHead = `# What is used in a month, by resource. A key without a value says nothing: fill in what you know, delete the rest.
# For all resources of a type at once: resource_type_default_usage. To assume what nobody knows: --usage-profile.
# What "may be given, too" counts only once it is named; name it and sync again for the keys inside of it.
`

// SyncUsage adds to the text of a usage file what a plan needs and the file does not name: keys without a value, each
// with its unit and meaning in a comment. A key without a value says nothing, so that the estimate stays as it was
// until somebody fills it in. What the file says already, comments too, stays. existing may be empty.
func SyncUsage(name string, existing []byte, needs []UsageNeed) ([]byte, error) {
	if _, err := ParseUsage(name, bytes.NewReader(existing)); err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(existing, &doc); err != nil {
		return nil, fmt.Errorf("%s: not YAML: %w", name, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}, HeadComment: cmp.Or(comments(existing), skeletonHead)}
	}
	root := doc.Content[0]
	if valueOf(root, "version") == nil {
		add(root, "version", &yaml.Node{Kind: yaml.ScalarNode, Value: "0.1"})
	}
	resources := mappingIn(root, "resource_usage")
	for _, need := range needs {
		fresh := valueOf(resources, need.Address) == nil
		at := mappingIn(resources, need.Address)
		if fresh {
			resources.Content[len(resources.Content)-2].HeadComment = optionalKeys(need.Keys)
		}
		for _, key := range need.Keys {
			if at != nil && (!key.Optional || valueOf(at, firstOf(key.Key)) != nil) {
				skeletonKey(at, key)
			}
		}
		if at != nil && len(at.Content) == 0 {
			*at = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"} // which reads as one that is to be filled in
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out.Bytes(), encoder.Close()
}

// comments are the comment lines of a file that holds nothing else: the decoder drops them.
func comments(text []byte) string {
	var out strings.Builder
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); bytes.HasPrefix(line, []byte("#")) {
			out.Write(line)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// skeletonKey adds one key, inside the mappings that its dots name.
func skeletonKey(at *yaml.Node, key UsageKey) {
	segments := strings.Split(key.Key, ".")
	for _, s := range segments[:len(segments)-1] {
		if at = mappingIn(at, s); at == nil {
			return // the file says something else there, which stays
		}
	}
	last := segments[len(segments)-1]
	if valueOf(at, last) != nil {
		return
	}
	add(at, last, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"})
	at.Content[len(at.Content)-2].LineComment = describe(key)
}

func describe(key UsageKey) string {
	comment := strings.Trim(key.Unit+"; "+key.About, "; ")
	switch {
	case key.Default != nil:
		comment += fmt.Sprintf(" (documented default: %v)", key.Default)
	case key.Otherwise != "":
		comment += fmt.Sprintf(" (else %s)", key.Otherwise)
	}
	return comment
}

// optionalKeys is a comment on what counts only where it is named.
func optionalKeys(keys []UsageKey) string {
	var names []string
	for _, key := range keys {
		if name := firstOf(key.Key); key.Optional && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "# may be given, too: " + strings.Join(names, ", ")
}

func firstOf(key string) string {
	name, _, _ := strings.Cut(key, ".")
	return name
}

func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func add(mapping *yaml.Node, key string, value *yaml.Node) {
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

// mappingIn is the mapping under a key, made where there is none; nil where the key has a value of another kind.
func mappingIn(mapping *yaml.Node, key string) *yaml.Node {
	value := valueOf(mapping, key)
	switch {
	case value == nil:
		value = &yaml.Node{Kind: yaml.MappingNode}
		add(mapping, key, value)
	case value.Kind == yaml.ScalarNode && value.Tag == "!!null":
		*value = yaml.Node{Kind: yaml.MappingNode}
	case value.Kind != yaml.MappingNode:
		return nil
	}
	return value
}
