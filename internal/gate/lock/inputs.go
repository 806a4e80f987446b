package lock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

// mostFetched is of how many artifacts the bundles are looked up.
const mostFetched = 20

var immutable = regexp.MustCompile(`^(?:[^\s@]{1,512}@)?(sha256:[0-9a-f]{64})$`)

// Artifacts are digests that no registry can move: a tag is none. They come sorted, each once.
func Artifacts(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		if name == "" {
			return nil, errors.New("the name of an artifact is empty: whatever it was taken from, such as the output of a step, gave none; " +
				"give sha256:… or NAME@sha256:… of everything that is deployed, and no empty line")
		}
		m := immutable.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("%.200q can be moved to other content: give sha256:… or NAME@sha256:… "+
				"(`docker buildx imagetools inspect NAME:TAG` shows it), and deploy exactly that", name)
		}
		out = append(out, m[1])
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > seal.MaxDigests {
		return nil, fmt.Errorf("%d artifacts; at most %d: deploy them in several jobs", len(out), seal.MaxDigests)
	}
	return out, nil
}

// PinnedKeys reads the keys of one file: a public key in PEM, or a copy of the App's platform-keys.json.
func PinnedKeys(data []byte) ([]seal.Key, error) {
	if len(data) > seal.MaxBytes {
		return nil, fmt.Errorf("it has more than %d KiB", seal.MaxBytes>>10)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		key, err := seal.ParsePublic(data)
		if err != nil {
			return nil, err
		}
		return []seal.Key{key}, nil
	}
	var file struct {
		Keys []struct {
			ID  string `json:"kid"`
			PEM string `json:"pem"`
			End string `json:"not_after"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Keys) == 0 {
		return nil, errors.New("it holds no keys: save the App's /.well-known/platform-keys.json, or a public key in PEM")
	}
	var out []seal.Key
	for _, k := range file.Keys {
		key, err := seal.ParsePublic([]byte(k.PEM))
		if err != nil {
			return nil, fmt.Errorf("key %.80q: %w", k.ID, err)
		}
		if key.ID != k.ID {
			return nil, fmt.Errorf("key %.80q has the name of another key: its own is %s", k.ID, key.ID)
		}
		if key.NotAfter, err = time.Parse(time.RFC3339, k.End); err != nil && k.End != "" {
			return nil, fmt.Errorf("key %.80q ends at %.40q, which is no time", k.ID, k.End)
		}
		out = append(out, key)
	}
	return out, nil
}

// Bundles reads the Sigstore bundles of one file: one JSON document, or one a line, as `gh attestation download` writes
// them. Whether they prove anything the App finds out.
func Bundles(data []byte) ([]json.RawMessage, error) {
	if whole := bytes.TrimSpace(data); json.Valid(whole) && len(whole) > 0 {
		return bounded([]json.RawMessage{whole})
	}
	var out []json.RawMessage
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, errors.New("it is no Sigstore bundle: give what `gh attestation download` or actions/attest-build-provenance wrote")
		}
		out = append(out, line)
	}
	if len(out) == 0 {
		return nil, errors.New("it is empty: give what `gh attestation download` or actions/attest-build-provenance wrote")
	}
	return bounded(out)
}

func bounded(list []json.RawMessage) ([]json.RawMessage, error) {
	for _, b := range list {
		switch {
		case len(b) > seal.MaxBundle:
			return nil, fmt.Errorf("a bundle has %d bytes; at most %d", len(b), seal.MaxBundle)
		case b[0] != '{':
			return nil, errors.New("it is no Sigstore bundle, which is a JSON object")
		}
	}
	return list, nil
}

// FitBundles reports too many bundles for one question.
func FitBundles(list []json.RawMessage) error {
	size := 0
	for _, b := range list {
		size += len(b)
	}
	if len(list) > seal.MaxDigests || size > seal.MaxBundles {
		return fmt.Errorf("%d bundles of %d bytes; at most %d of %d bytes: deploy in several jobs", len(list), size, seal.MaxDigests, seal.MaxBundles)
	}
	return nil
}
