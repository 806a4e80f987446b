package infracost

import "github.com/org/platform-action/internal/control"

// Estimated are the projects of a document, each an estimate that stands alone.
func (r Report) Estimated() []control.Estimated {
	var out []control.Estimated
	for i := range r.Projects {
		p := &r.Projects[i]
		out = append(out, control.Estimated{Name: p.Label(), Digest: r.Digest, Estimate: p.Estimate, Faults: p.Faults, Alone: true})
	}
	return out
}
