package plan

import (
	"encoding/json"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Document is the plan JSON in src as it stands, sensitive values included, for policies that were written for another
// tool; digest is that of Read. What Read takes in front of the JSON and in other encodings is taken here too.
func Document(name string, src io.ReadSeeker, limits Limits) (doc json.RawMessage, digest string, err error) {
	in, err := openInput(name, src, limits.withDefaults().MaxBytes)
	if err != nil {
		return nil, "", err
	}
	d := jsontext.NewDecoder(in)
	value, err := d.ReadValue()
	if err != nil {
		return nil, "", syntaxProblem(name, err)
	}
	doc = json.RawMessage(value.Clone())
	if _, err := in.rest(d.UnreadBuffer()); err != nil {
		return nil, "", err
	}
	return doc, in.digest(), nil
}
