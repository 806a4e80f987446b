package githubtest

import (
	"encoding/json"
	"slices"
)

// Attest keeps a bundle of how an artifact was built, as a run with attestations:write does.
func (r *Repo) Attest(digest string, bundle []byte) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.attestations == nil {
		r.attestations = map[string][]json.RawMessage{}
	}
	r.attestations[digest] = append(r.attestations[digest], bundle)
}

// attestationsOf lists them, newest first. Of a private repository a token needs attestations:read, which go-github cannot
// ask for: this one is public.
func (s *Server) attestationsOf(c *call) answer {
	all := c.repo.attestations[c.PathValue("subject_digest")]
	if len(all) == 0 {
		return notFound()
	}
	list := []any{}
	for _, bundle := range slices.Backward(all) {
		var shown object
		if json.Unmarshal(bundle, &shown) == nil && len(list) < 30 {
			list = append(list, object{"bundle": shown, "repository_id": c.repo.ID, "bundle_url": "https://attestations.example/" + c.repo.FullName()})
		}
	}
	return ok(object{"attestations": list})
}
