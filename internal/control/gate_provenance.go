package control

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	sealing "github.com/org/platform-action/internal/gate/seal"
)

// Built is what a bundle states, whose signature holds by the trust root that this server pins.
type Built struct {
	Digests []string            // sha256:…
	How     evidence.Provenance // its Digest is empty
}

// Prover verifies a bundle. It asks nobody; an error says why the bundle proves nothing.
type Prover func(bundle []byte) (Built, error)

// fitBundles says what is too much.
func fitBundles(list []json.RawMessage) error {
	size := 0
	for _, b := range list {
		if size += len(b); len(b) > sealing.MaxBundle {
			return fmt.Errorf("a bundle has %d bytes; at most %d", len(b), sealing.MaxBundle)
		}
	}
	if len(list) > sealing.MaxDigests || size > sealing.MaxBundles {
		return fmt.Errorf("%d bundles of %d bytes; at most %d of %d", len(list), size, sealing.MaxDigests, sealing.MaxBundles)
	}
	return nil
}

// provenance is what the job's bundles prove of its artifacts. A job can bring what it likes: only what GitHub certified
// about the run that signed is read, and judged elsewhere.
func (f *Flow) provenance(ctx context.Context, doc LockDocument) (fact.Known[[]evidence.Provenance], error) {
	out := []evidence.Provenance{}
	if len(doc.Digests) == 0 {
		return fact.Of(out), nil
	}
	if f.o.Prove == nil {
		return fact.Missing[[]evidence.Provenance]("this server trusts no one who signs how artifacts are built: its PLATFORM_TRUSTED_ROOT_FILE is not set"), nil
	}
	err := f.evaluating(ctx, func() error {
		for _, bundle := range doc.Bundles {
			if err := ctx.Err(); err != nil {
				return err
			}
			built, err := f.o.Prove(bundle)
			if err != nil {
				out = append(out, evidence.Provenance{Broken: plainly(err)})
				continue
			}
			for _, d := range built.Digests {
				if slices.Contains(doc.Digests, d) {
					built.How.Digest = d
					out = append(out, built.How)
				}
			}
		}
		return nil
	})
	return fact.Of(out), err
}
