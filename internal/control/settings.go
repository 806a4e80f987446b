package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/verdict"
)

// governing is what a repository's own files say.
type governing struct {
	file   document // the configuration
	config config.Config
	usage  *cost.Usage
	inputs []verdict.Input
	notes  []verdict.Finding
}

// govern reads the documents of a snapshot. An error is a fault of theirs.
func govern(configuration, usage document) (governing, error) {
	g := governing{file: configuration, config: config.Default()}
	if !configuration.Found {
		return g, nil
	}
	for _, d := range []document{configuration, usage} {
		if d.Large {
			return g, fmt.Errorf("%s is larger than 1 MiB", d.Path)
		}
		if d.Link {
			return g, fmt.Errorf("%s is a symbolic link or a submodule: make it a file", d.Path)
		}
	}
	var err error
	if g.config, err = config.Parse(configuration.Path, configuration.Data); err != nil {
		return g, err
	}
	g.inputs = append(g.inputs, inputOf("config", configuration.Path, configuration.Data))
	if usage.Path == "" {
		return g, nil
	}
	if !usage.Found {
		return g, fmt.Errorf("%s: cost.usage names %s, which is not there", configuration.Path, usage.Path)
	}
	if g.usage, err = cost.ParseUsage(usage.Path, bytes.NewReader(usage.Data)); err != nil {
		return g, err
	}
	g.inputs = append(g.inputs, inputOf("usage", usage.Path, usage.Data))
	return g, nil
}

// inForce is what governs a repository: its snapshot, or the last good one.
func (s snapshot) inForce() governing {
	g, err := govern(s.Config, s.Usage)
	if err == nil {
		return g
	}
	note := verdict.Finding{
		ID: "config-invalid", Title: "The configuration is invalid", Severity: verdict.Undecided, File: ConfigName,
		Message: fmt.Sprintf("at commit %.7s of the default branch, and no earlier one is known: %s", s.Commit, err),
		Fix:     "correct the file on the default branch; platform check shows the same error",
	}
	if s.Last == nil {
		return governing{config: config.Default(), notes: []verdict.Finding{note}}
	}
	g, last := govern(s.Last.Config, s.Last.Usage)
	if last == nil {
		note.Severity = verdict.Warn
		note.Message = fmt.Sprintf("at commit %.7s of the default branch, so that what held before stays in force: %s", s.Commit, err)
	}
	g.notes = append(g.notes, note)
	return g
}

// settings joins what the repository and the organisation say.
func (g governing) settings(o organisation) Settings {
	s := Settings{Config: g.config, Usage: g.usage, Bundles: o.bundles, Catalogue: o.prices, Origin: o.origin}
	s.Notes = append(slices.Clone(o.notes), g.notes...)
	s.Inputs = append(slices.Clone(o.inputs), g.inputs...)
	s.under(o.file, g.file)
	for _, key := range s.Config.Unused() {
		if key == "cost.acknowledge.by" {
			continue // acted on here
		}
		if key == "environments" {
			continue // platform/tested and the gate act on it
		}
		s.Notes = append(s.Notes, verdict.Finding{
			ID: "config-unused", Title: "A configured key has no effect here", Severity: verdict.Warn,
			Message: key + " is valid, but nothing acts on it yet: the verdict was made without it", File: ConfigName,
		})
	}
	return s
}

// under applies the organisation's file to the repository's.
func (s *Settings) under(o config.Organisation, file document) {
	data := file.Data
	if !file.Found {
		data = nil
	}
	merged, loosened, err := o.Parse(file.Path, data)
	if err != nil { // each is valid alone; what the repository itself says goes on to judge
		s.Notes = append(s.Notes, verdict.Finding{
			ID: "config-conflict", Title: "The configuration does not fit the organisation's", Severity: verdict.Undecided,
			Message: err.Error(), Fix: "correct the file on the default branch, or the organisation's", File: ConfigName,
		})
		return
	}
	s.Config = merged
	for _, key := range loosened {
		s.Notes = append(s.Notes, verdict.Finding{
			ID: "config-enforced", Title: "The organisation is stricter", Severity: verdict.Warn, File: ConfigName,
			Message: key + " of the repository does not count: the organisation enforces another value",
		})
	}
}

func inputOf(kind, name string, data []byte) verdict.Input {
	sum := sha256.Sum256(data)
	return verdict.Input{Kind: kind, Name: name, Digest: "sha256:" + hex.EncodeToString(sum[:])}
}

// remember keeps the newest snapshot of the default branch, and with an invalid one what held before it.
func (f *Flow) remember(ctx context.Context, t Tenant, had, s snapshot) (snapshot, error) {
	if _, err := govern(s.Config, s.Usage); err != nil {
		if _, good := govern(had.Config, had.Usage); good == nil && had.Commit != "" {
			had.Folders, had.Reads, had.Last = nil, nil, nil
			s.Last = &had
		} else {
			s.Last = had.Last
		}
	}
	data, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	return s, f.o.Records.Remember(ctx, t, snapshotName, data)
}
