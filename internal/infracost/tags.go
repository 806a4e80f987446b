package infracost

import (
	"github.com/go-json-experiment/json"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/render"
)

// Tags are the tags of a plan's resources after it is applied, by address, without what looks like a secret.
func Tags(p fact.Plan) map[string]map[string]string {
	out := map[string]map[string]string{}
	for i := range p.Resources {
		r := &p.Resources[i]
		if r.Data || len(r.After) == 0 {
			continue
		}
		var has struct {
			All    map[string]any `json:"tags_all"`
			Tags   map[string]any `json:"tags"`
			Labels map[string]any `json:"labels"`
		}
		_ = json.Unmarshal(r.After, &has) // tags of another shape are none
		tags := map[string]string{}
		for _, m := range []map[string]any{has.Labels, has.Tags, has.All} {
			for k, v := range m {
				if text, ok := v.(string); ok {
					tags[k] = render.Redact(text)
				}
			}
		}
		if len(tags) > 0 {
			out[r.Address] = tags
		}
	}
	return out
}
