package worktree

import (
	"path/filepath"
	"strings"
)

const maxConfig = 1 << 20

// commonFolder is where the repository of a work tree is, which other work trees may share.
func commonFolder(gitDir string) string {
	data, err := readBounded(filepath.Join(gitDir, "commondir"), maxPointer)
	to := strings.TrimSpace(string(data))
	switch {
	case err != nil || to == "":
		return gitDir
	case filepath.IsAbs(to):
		return to
	}
	return filepath.Join(gitDir, to)
}

// sparse reports that the repository, or this work tree of it, asks for a sparse checkout. What it includes from elsewhere is
// not read: then files that are not there count as changed.
func sparse(gitDir, common string) bool {
	data, err := readBounded(filepath.Join(common, "config"), maxConfig)
	if err != nil {
		return false
	}
	on, _ := setting(data, "core", "sparsecheckout")
	if own, _ := setting(data, "extensions", "worktreeconfig"); own {
		if data, err = readBounded(filepath.Join(gitDir, "config.worktree"), maxConfig); err == nil {
			if here, said := setting(data, "core", "sparsecheckout"); said {
				on = here
			}
		}
	}
	return on
}

// setting is the last value of a setting in one file of git's, whose names have no case. What is no plain word for on is off.
func setting(data []byte, section, key string) (on, said bool) {
	inside := false
	for line := range strings.Lines(string(data)) {
		if at := strings.IndexAny(line, "#;"); at >= 0 {
			line = line[:at]
		}
		line = strings.TrimSpace(line)
		if head, ok := strings.CutPrefix(line, "["); ok {
			name, rest, _ := strings.Cut(head, "]")
			inside, line = strings.EqualFold(name, section), strings.TrimSpace(rest)
		}
		name, value, valued := strings.Cut(line, "=")
		if !inside || !strings.EqualFold(strings.TrimSpace(name), key) {
			continue
		}
		value = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`))
		on, said = !valued || value == "true" || value == "yes" || value == "on" || value == "1", true
	}
	return on, said
}
