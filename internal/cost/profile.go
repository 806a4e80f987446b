package cost

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/cost/catalog"
)

// Profiles are the names of the usage profiles: a month of a team's first service, of a product, of a company.
func Profiles() []string { return []string{"small", "medium", "large"} }

const (
	profilePrefix  = "usage profile "
	withoutProfile = "_none"
)

// Profile is an assumption of usage by type, for what the usage file does not say. Nobody gets one without naming it.
// The error names the profiles that there are.
func Profile(name string) (*Usage, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no profile is an answer
	}
	i := slices.Index(Profiles(), name)
	if i < 0 {
		return nil, fmt.Errorf("usage profile %.40q is not known; choose one of %s", name, strings.Join(Profiles(), ", "))
	}
	return parseProfile(profilePrefix+name, catalog.Profiles(), i)
}

// parseProfile reads TYPE: {KEY: VALUE} where a value is one for all profiles, or a list with one for each. What stands
// under _none says why a type has no profile, and gives no usage.
func parseProfile(name string, data []byte, index int) (*Usage, error) {
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &usageParser{name: name}
	u := &Usage{name: name, resources: map[string]map[string]any{}, types: map[string]map[string]any{}}
	choose(&doc, index, len(Profiles()), p)
	p.group(doc.Content[0], u.types)
	delete(u.types, withoutProfile)
	if len(p.problems) > 0 {
		return nil, &UsageError{p.problems}
	}
	return u, nil
}

// choose replaces each list of a profile by its element.
func choose(n *yaml.Node, index, of int, p *usageParser) {
	if n.Kind == yaml.SequenceNode {
		if len(n.Content) != of {
			p.fault(n, "want %d values, one for each profile", of)
			return
		}
		*n = *n.Content[index]
	}
	for _, inner := range n.Content {
		choose(inner, index, of, p)
	}
}
