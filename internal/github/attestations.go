package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/org/platform-action/internal/control"
)

// mostAttestations of one artifact are read: the newest.
const mostAttestations = 30

// Attestations are the Sigstore bundles that GitHub keeps of how an artifact was built, newest first, and whether these are
// all. They prove nothing by themselves. The address of a bundle that GitHub does not hand over is never followed.
func (r *Reader) Attestations(ctx context.Context, owner, name, digest string) (bundles []json.RawMessage, whole bool, err error) {
	var list struct {
		Attestations []struct {
			Bundle json.RawMessage `json:"bundle"`
		} `json:"attestations"`
	}
	path := fmt.Sprintf("repos/%s/%s/attestations/%s?predicate_type=provenance&per_page=%d", url.PathEscape(owner), url.PathEscape(name), url.PathEscape(digest), mostAttestations)
	err = r.Get(ctx, path, &list)
	if errors.Is(err, control.ErrGone) {
		return nil, true, nil // GitHub's word for none
	}
	if err != nil {
		return nil, false, err
	}
	whole = len(list.Attestations) < mostAttestations
	for _, a := range list.Attestations {
		if !strings.HasPrefix(string(a.Bundle), "{") {
			whole = false
			continue
		}
		bundles = append(bundles, a.Bundle)
	}
	return bundles, whole, nil
}
