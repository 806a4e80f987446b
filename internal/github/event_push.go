package github

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxCommits is how many commits GitHub lists of a push.
const maxCommits = 2048

// pushedFiles is what is kept of a push's commits: nothing of their text.
type pushedFiles struct {
	there    bool
	commits  int
	last     string // id of the newest commit
	files    int
	settings bool // a file that may be a configuration or a usage file is among them
}

// UnmarshalJSONFrom looks at one commit after the other, so that a long list takes no memory.
func (p *pushedFiles) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	if d.PeekKind() != '[' {
		return errors.New("the commits are no list")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	p.there = true
	for d.PeekKind() != ']' {
		var c struct {
			ID       string   `json:"id"`
			Added    []string `json:"added"`
			Removed  []string `json:"removed"`
			Modified []string `json:"modified"`
		}
		if err := json.UnmarshalDecode(d, &c); err != nil {
			return err
		}
		p.commits++
		p.last = c.ID
		p.add(c.Added)
		p.add(c.Removed)
		p.add(c.Modified)
	}
	_, err := d.ReadToken()
	return err
}

// add looks at a commit's files. A usage file can lie anywhere; only the configuration knows where.
func (p *pushedFiles) add(files []string) {
	p.files += len(files)
	for _, file := range files {
		if strings.HasPrefix(file, ".github/") || strings.HasSuffix(file, ".yml") || strings.HasSuffix(file, ".yaml") {
			p.settings = true
		}
	}
}

// touchesSettings reports whether a push may have changed the configuration or a usage file. Where the list of files
// is not whole, it may have.
func (p payload) touchesSettings() bool {
	c := p.Commits
	return p.Forced || c.settings || c.files == 0 || c.commits >= maxCommits || c.last != p.After
}
