package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/org/platform-action/internal/sigstore"
)

// provenanceOptions say by which bundles, and by whose word, artifacts were built from the commit.
type provenanceOptions struct {
	bundles                  []string
	root, repository, signer string
}

// complete wants all of it or nothing: who may have signed is never assumed.
func (o provenanceOptions) complete() error {
	given := 0
	for _, set := range []bool{len(o.bundles) > 0, o.root != "", o.repository != "", o.signer != ""} {
		if set {
			given++
		}
	}
	if given != 0 && given != 4 {
		return errors.New("provenance needs all of --bundle, --trusted-root, --repository-id and --signer-workflow")
	}
	return nil
}

// provenance looks for a bundle for each artifact.
func (f *findings) provenance(a account, o provenanceOptions) error {
	if len(o.bundles) == 0 {
		for _, d := range a.digests {
			f.open("that %s was built from commit %s: give its --bundle", d, a.commit)
		}
		return nil
	}
	if len(a.digests) == 0 {
		return errors.New("--bundle proves how an artifact was built, and the file names none: record it with --digest sha256:…")
	}
	root, err := readSmall(o.root)
	if err != nil {
		return err
	}
	var bundles [][]byte
	for _, name := range o.bundles {
		data, err := readSmall(name)
		if err != nil {
			return err
		}
		bundles = append(bundles, data)
	}
	for _, d := range a.digests {
		f.artifact(a, d, bundles, root, o)
	}
	f.open("that the workflow which built it is the one that was reviewed: the server compares its file")
	return nil
}

func (f *findings) artifact(a account, digest string, bundles [][]byte, root []byte, o provenanceOptions) {
	var why error
	for i, data := range bundles {
		p, err := sigstore.Verify(data, root, sigstore.Want{Digest: digest, Commit: a.commit, RepositoryID: o.repository, Signer: o.signer})
		if err == nil {
			f.good("%s was built from commit %s by %s (%s, %s)", digest, a.commit, p.Signer, p.Event, p.Run)
			return
		}
		why = errors.Join(why, fmt.Errorf("%s: %w", displayName(o.bundles[i]), err))
	}
	f.wrong("no bundle proves how %s was built: %s", digest, why.Error())
}

// readSmall reads a bundle or a trust root.
func readSmall(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, sigstore.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", displayName(name), err)
	}
	if len(data) > sigstore.MaxBytes {
		return nil, fmt.Errorf("%s has more than %d MiB", displayName(name), sigstore.MaxBytes>>20)
	}
	return data, nil
}
