package control

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// codeOwners are the rules of a CODEOWNERS file, in its order.
type codeOwners []ownerRule

type ownerRule struct {
	pattern string
	owners  []string // as written: @login, @organisation/team or an address
}

// ownerFiles are where GitHub looks for the file; the first one counts.
func ownerFiles() []string { return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} }

func parseOwners(data []byte) codeOwners {
	var out codeOwners
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) > 0 {
			out = append(out, ownerRule{fields[0], fields[1:]})
		}
	}
	return out
}

// of are the owners of a file: those of the last rule that covers it.
func (c codeOwners) of(name string) []string {
	for _, rule := range slices.Backward(c) {
		if rule.covers(name) {
			return rule.owners
		}
	}
	return nil
}

// covers follows GitHub: a pattern without a slash before its end applies at any depth, one that names a folder to
// everything below, and a star at its end to no folder's content.
func (r ownerRule) covers(name string) bool {
	pattern := strings.Trim(r.pattern, "/")
	if pattern == "" || strings.ContainsAny(pattern, "[]{}!\\") { // GitHub reads none of these
		return false
	}
	if !strings.HasPrefix(r.pattern, "/") && !strings.Contains(pattern, "/") {
		pattern = "**/" + pattern
	}
	below := !strings.HasSuffix(pattern, "/*") || pattern == "**/*"
	if ok, err := doublestar.Match(pattern, name); err == nil && ok && !strings.HasSuffix(r.pattern, "/") {
		return true
	}
	ok, err := doublestar.Match(pattern+"/**", name)
	return below && err == nil && ok && name != pattern
}
