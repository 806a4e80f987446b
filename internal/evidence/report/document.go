package report

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// The bounds of a document.
const (
	DocumentVersion = 1
	MaxDocument     = 32 << 20
	MaxReports      = 5_000
	maxSuites       = 100
	maxDigests      = 100
	maxNameBytes    = 512
)

// Document is what leaves a test run: the reports' bytes, and of which commit they are. Whoever receives it counts by
// itself; commit and tree in it can only contradict.
type Document struct {
	Version   int             `json:"version"`
	Commit    string          `json:"commit"`
	Tree      string          `json:"tree,omitzero"` // empty where no repository was at hand
	Suites    []DocumentSuite `json:"suites"`
	Digests   []string        `json:"digests,omitempty"`  // of what was built from the tree: sha256:…
	Assurance string          `json:"assurance,omitzero"` // isolated or same-job; can only lower what is proven
}

// DocumentSuite are the reports of one suite.
type DocumentSuite struct {
	Name    string           `json:"name"`
	Reports []DocumentReport `json:"reports"`
}

// DocumentReport is one file as it was written.
type DocumentReport struct {
	Name    string `json:"name"`
	Content []byte `json:"content"`
}

// ReadDocument reads a document and checks its form; what its reports hold is not looked at.
func ReadDocument(r io.Reader) (Document, error) {
	var d Document
	data, err := io.ReadAll(io.LimitReader(r, MaxDocument+1))
	if err != nil {
		return d, fmt.Errorf("the document cannot be read: %w", err)
	}
	if len(data) > MaxDocument {
		return d, fmt.Errorf("the document has more than %d MiB; record fewer or smaller reports", MaxDocument>>20)
	}
	if err := json.Unmarshal(data, &d, json.RejectUnknownMembers(true)); err != nil {
		return Document{}, fmt.Errorf("this is no evidence document: %w; make one with: platform evidence record --out FILE", shorten(err))
	}
	if err := d.Check(); err != nil {
		return Document{}, err
	}
	return d, nil
}

// shorten keeps a hostile document's words out of the error.
func shorten(err error) error {
	if s, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("%.100q is not what belongs there", string(s.JSONPointer))
	}
	return errors.New("its JSON is malformed")
}

var (
	objectForm = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	suiteForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// Check says what is wrong with the form of a document.
func (d Document) Check() error {
	switch {
	case d.Version != DocumentVersion:
		return fmt.Errorf("the document has version %d; this program reads version %d", d.Version, DocumentVersion)
	case !objectForm.MatchString(d.Commit):
		return fmt.Errorf("the document's commit %.80q is no object id", d.Commit)
	case d.Tree != "" && !objectForm.MatchString(d.Tree):
		return fmt.Errorf("the document's tree %.80q is no object id", d.Tree)
	case d.Assurance != "" && d.Assurance != "isolated" && d.Assurance != "same-job":
		return fmt.Errorf("the document's assurance %.80q is neither isolated nor same-job", d.Assurance)
	case len(d.Suites) == 0 || len(d.Suites) > maxSuites:
		return fmt.Errorf("the document has %d suites; want 1 to %d", len(d.Suites), maxSuites)
	case len(d.Digests) > maxDigests:
		return fmt.Errorf("the document has %d digests; at most %d", len(d.Digests), maxDigests)
	}
	for _, text := range d.Digests {
		if !digestForm.MatchString(text) {
			return fmt.Errorf("the document's digest %.80q is not sha256: and 64 hexadecimal digits", text)
		}
	}
	return d.checkSuites()
}

func (d Document) checkSuites() error {
	seen, reports := map[string]bool{}, 0
	for _, s := range d.Suites {
		if err := SuiteName(s.Name); err != nil {
			return err
		}
		if seen[s.Name] {
			return fmt.Errorf("the document has the suite %q twice", s.Name)
		}
		seen[s.Name] = true
		if reports += len(s.Reports); len(s.Reports) == 0 || reports > MaxReports {
			return fmt.Errorf("suite %q: want 1 to %d reports in all", s.Name, MaxReports)
		}
		names := map[string]bool{}
		for _, r := range s.Reports {
			if r.Name == "" || len(r.Name) > maxNameBytes || !utf8.ValidString(r.Name) || strings.ContainsRune(r.Name, 0) || names[r.Name] {
				return fmt.Errorf("suite %q: the report name %.80q is empty, too long, malformed or there twice", s.Name, r.Name)
			}
			names[r.Name] = true
		}
	}
	return nil
}

// SuiteName says whether a text can name a suite.
func SuiteName(text string) error {
	if !suiteForm.MatchString(text) {
		return fmt.Errorf("%.80q is no name of a suite: letters, digits, . _ -, at most 64", text)
	}
	return nil
}
