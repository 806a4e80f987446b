package local

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/render"
)

// Report are the projects of our own JSON.
func Report(name string, data []byte) ([]control.Estimated, error) {
	r, err := render.ReadJSON(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	var out []control.Estimated
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		x := control.Estimated{Name: p.Name, Digest: "sha256:" + hex.EncodeToString(sum[:]), Estimate: e, Faults: p.Plan.Faults, Alone: true}
		if !ok {
			x.Faults = append(slices.Clone(x.Faults), fact.Fault{Where: name, Message: "there is no estimate of " + p.Name + ": " + p.Estimate.Why(), Fix: "make the file anew"})
			x.Estimate = fact.Estimate{Currency: r.Currency}
		}
		out = append(out, x)
	}
	return out, nil
}

// Choose finds the project of a file that is compared with name: the only one, or that of the same name.
func Choose(list []control.Estimated, name, file string) (*control.Estimated, error) {
	if len(list) == 1 {
		list[0].Name = cmp.Or(file, list[0].Name)
		return &list[0], nil
	}
	var names []string
	for i := range list {
		if list[i].Name == name {
			return &list[i], nil
		}
		names = append(names, list[i].Name)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no project; make it anew", file)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("%s holds %d projects and none is named %s; it has %.400q", file, len(list), name, names)
}
