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
// A resource's own tag holds before a default of its provider with the same name.
func (x *instance) place(out *fact.ResourceCost, plan *fact.Plan) {
	out.Module = x.resource.Module
	team, environment := tag{rank: len(teamTags)}, tag{rank: len(environmentTags)}
	values := x.decoded().values
	for _, name := range []string{"tags", "labels", "tags_all", "effective_labels"} {
		if given, _ := values[name].(map[string]any); len(given) > 0 {
			team, environment = tagged(given, teamTags, team), tagged(given, environmentTags, environment)
		}
	}
	defaults := plan.Providers[x.resource.ProviderKey].DefaultTags
	out.Team, out.Environment = tagged(defaults, teamTags, team).short(), tagged(defaults, environmentTags, environment).short()
}

// tag is the best tag so far, by its place in the list of names.
type tag struct {
	rank       int
	key, value string
}

// tagged is the best of the tags, if one is better than best. Of two keys that read alike the one that sorts first holds.
func tagged[V any](tags map[string]V, names []string, best tag) tag {
	before := best.rank
	for k, v := range tags {
		rank := slices.Index(names[:before], plainTag(k))
		if rank < 0 || rank > best.rank || rank == best.rank && k > best.key {
			continue
		}
		if text, ok := any(v).(string); ok && text != "" && text != fact.SensitiveMarker {
			best = tag{rank, k, text}
		}
	}
	return best
}

// short is what a column shows.
func (t tag) short() string {
	runes := []rune(t.value)
	return string(runes[:min(len(runes), 64)])
}

func plainTag(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, s))
}
