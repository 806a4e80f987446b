package policy

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
)

// maxDepth bounds nesting of a decoded value; provider schemas stay below 20.
const maxDepth = 100

var errDepth = errors.New("is nested too deeply")

// decoder turns raw JSON into terms without going through Go maps. It is reused over many documents.
type decoder struct {
	buf   bytes.Buffer
	dec   *jsontext.Decoder
	terms *terms
}

func newDecoder(t *terms) *decoder {
	d := &decoder{terms: t}
	d.dec = jsontext.NewDecoder(&d.buf)
	return d
}

func (d *decoder) reset(raw []byte) {
	d.buf = *bytes.NewBuffer(raw)
	d.dec.Reset(&d.buf)
}

// pick decodes the wanted top-level members of an object, skipping all else unread. Nil and null give null.
func (d *decoder) pick(raw []byte, want map[string]*ast.Term) (*ast.Term, error) {
	if len(raw) == 0 {
		return ast.InternedNullTerm, nil
	}
	if len(want) == 0 && raw[0] == '{' {
		return ast.InternedEmptyObject, nil
	}
	d.reset(raw)
	open, err := d.dec.ReadToken()
	switch {
	case err != nil:
		return nil, errors.New("is no JSON")
	case open.Kind() == 'n':
		return ast.InternedNullTerm, nil
	case open.Kind() != '{':
		return nil, errors.New("is no JSON object")
	}
	items := make([][2]*ast.Term, 0, len(want))
	for d.dec.PeekKind() == '"' {
		name, err := d.dec.ReadValue()
		if err != nil {
			return nil, errors.New("is no JSON")
		}
		key, ok := lookup(want, name)
		if !ok {
			if err := d.dec.SkipValue(); err != nil {
				return nil, errors.New("is no JSON")
			}
			continue
		}
		v, err := d.value(1)
		if err != nil {
			return nil, err
		}
		items = append(items, [2]*ast.Term{key, v})
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return nil, errors.New("is no JSON")
	}
	return ast.ObjectTerm(items...), nil
}

// lookup finds a quoted member name; one with an escape is unquoted first, so that "a\u0063l" is acl.
func lookup(want map[string]*ast.Term, quoted []byte) (*ast.Term, bool) {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') >= 0 {
		plain, err := jsontext.AppendUnquote(nil, quoted)
		if err != nil {
			return nil, false
		}
		inner = plain
	}
	t, ok := want[string(inner)]
	return t, ok
}

// document decodes one whole JSON value.
func (d *decoder) document(raw []byte) (*ast.Term, error) {
	d.reset(raw)
	t, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := d.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has text after its end")
	}
	return t, nil
}

func (d *decoder) value(depth int) (*ast.Term, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	tok, err := d.dec.ReadToken()
	if err != nil {
		return nil, errors.New("is no JSON")
	}
	switch tok.Kind() {
	case 'n':
		return ast.InternedNullTerm, nil
	case 't', 'f':
		return ast.InternedTerm(tok.Bool()), nil
	case '"':
		return d.terms.get(tok.String()), nil
	case '0':
		return ast.NumberTerm(jsonNumber(tok.String())), nil
	case '[':
		return d.array(depth)
	case '{':
		return d.object(depth)
	}
	return nil, errors.New("is no JSON")
}

func (d *decoder) array(depth int) (*ast.Term, error) {
	var items []*ast.Term
	for d.dec.PeekKind() != ']' {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	_, err := d.dec.ReadToken()
	return ast.ArrayTerm(items...), err
}

func (d *decoder) object(depth int) (*ast.Term, error) {
	var items [][2]*ast.Term
	for d.dec.PeekKind() != '}' {
		name, err := d.dec.ReadToken()
		if err != nil || name.Kind() != '"' {
			return nil, errors.New("is no JSON")
		}
		key := d.terms.get(name.String())
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, [2]*ast.Term{key, v})
	}
	_, err := d.dec.ReadToken()
	return ast.ObjectTerm(items...), err
}
