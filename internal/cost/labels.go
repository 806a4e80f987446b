package cost

import (
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// The tags by which bills are split, in the order in which they are looked for; case, blanks, - and _ do not matter.
var (
	teamTags        = []string{"team", "owner", "squad", "costcenter", "costcentre"} //nolint:gochecknoglobals // a constant table
	environmentTags = []string{"environment", "env", "stage"}                        //nolint:gochecknoglobals // a constant table
)

// place says to whom a resource's cost belongs: its module, and the tags or labels that name a team and an environment.
func (x *instance) place(out *fact.ResourceCost, plan *fact.Plan) {
	out.Module = x.resource.Module
	tags := map[string]string{}
	for k, v := range plan.Providers[x.resource.ProviderKey].DefaultTags {
		tags[plainTag(k)] = v
	}
	values := x.decoded().values
	for _, name := range []string{"tags", "labels", "tags_all", "effective_labels"} {
		given, _ := values[name].(map[string]any)
		for k, v := range given {
			if text, ok := v.(string); ok && text != "" && text != fact.SensitiveMarker {
				tags[plainTag(k)] = text
			}
		}
	}
	out.Team, out.Environment = firstTag(tags, teamTags), firstTag(tags, environmentTags)
}

func plainTag(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(s))
}

// firstTag is the value of the first tag that is there, shortened to what a column shows.
func firstTag(tags map[string]string, names []string) string {
	i := slices.IndexFunc(names, func(n string) bool { return tags[n] != "" })
	if i < 0 {
		return ""
	}
	value := []rune(tags[names[i]])
	return string(value[:min(len(value), 64)])
}
