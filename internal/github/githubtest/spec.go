package githubtest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// packed is GitHub's own description, as tools/githubspec trims it.
//
//go:embed api.json.gz
var packed []byte

// description holds requests and answers against GitHub's. It has no state of its own.
type description struct {
	mu  sync.Mutex // the library fills caches of its own in the document
	doc *openapi3.T
}

// theDescription is read once a process, because that takes long; it is the same for every server.
var theDescription = sync.OnceValues(readDescription) //nolint:gochecknoglobals // nothing of it changes

func readDescription() (*description, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("GitHub's description: %w", err)
	}
	return &description{doc: doc}, nil
}

func (d *description) operation(path, method string) (*openapi3.PathItem, *openapi3.Operation) {
	item := d.doc.Paths.Value(path)
	if item == nil {
		return nil, nil
	}
	return item, item.GetOperation(method)
}

// request checks the path's parameters, the query and the body, and that the body has no member that GitHub does not
// know: GitHub would pass it over, and a misspelt name would do nothing.
func (d *description) request(c *call, path, method string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	item, op := d.operation(path, method)
	if op == nil {
		return fmt.Errorf("GitHub describes no %s %s", method, path)
	}
	params := map[string]string{}
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			params[name] = c.PathValue(name)
		}
	}
	r := c.Clone(c.Context())
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	if len(c.body) == 0 {
		r.Body = http.NoBody
	}
	err := openapi3filter.ValidateRequest(c.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params,
		Route:   &routers.Route{Spec: d.doc, Path: path, PathItem: item, Method: method, Operation: op},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		return told(err)
	}
	if err := knownQuery(c, item, op); err != nil {
		return err
	}
	return knownMembers(c.body, op)
}

func knownQuery(c *call, item *openapi3.PathItem, op *openapi3.Operation) error {
	known := map[string]bool{}
	for _, list := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, p := range list {
			if p.Value != nil && p.Value.In == "query" {
				known[p.Value.Name] = true
			}
		}
	}
	for name := range c.URL.Query() {
		if !known[name] {
			return fmt.Errorf("GitHub describes no query parameter %q here", name)
		}
	}
	return nil
}

func knownMembers(body []byte, op *openapi3.Operation) error {
	if len(body) == 0 || op.RequestBody == nil || op.RequestBody.Value == nil {
		return nil
	}
	media := op.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(body, &sent); err != nil {
		return err
	}
	for name := range sent {
		if !describes(media.Schema.Value, name) {
			return fmt.Errorf("GitHub describes no member %q of the body", name)
		}
	}
	return nil
}

// describes reports a member that the schema, or one of those to choose from, has.
func describes(s *openapi3.Schema, name string) bool {
	if s.Properties[name] != nil {
		return true
	}
	for _, list := range []openapi3.SchemaRefs{s.AnyOf, s.OneOf, s.AllOf} {
		for _, r := range list {
			if describes(r.Value, name) {
				return true
			}
		}
	}
	return false
}

func (d *description) schema(path, method string, status int) *openapi3.Schema {
	_, op := d.operation(path, method)
	if op == nil || op.Responses == nil {
		return nil
	}
	r := op.Responses.Status(status)
	if r == nil || r.Value == nil {
		return nil
	}
	media := r.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// response checks an answer of the stand-in itself: a test that passes against a wrong shape would prove nothing.
func (d *description) response(path, method string, status int, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	schema := d.schema(path, method, status)
	if schema == nil {
		return nil
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	return told(schema.VisitJSON(value, openapi3.MultiErrors()))
}

// told is the text of an error that shows parts of the document: nobody may look into that without the lock.
func told(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(err.Error())
}

// fill adds what GitHub always sends and the stand-in has no use for, so that its answers have GitHub's whole shape.
func (d *description) fill(path, method string, status int, body any) any {
	d.mu.Lock()
	defer d.mu.Unlock()
	schema := d.schema(path, method, status)
	if schema == nil {
		return body
	}
	data, err := json.Marshal(body)
	if err != nil {
		return body
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return body
	}
	return completed(schema, value, 0)
}

// completed adds required members that are missing, with a value that says nothing.
func completed(s *openapi3.Schema, v any, depth int) any {
	if s == nil || depth > 12 {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		for _, o := range alternatives(s) {
			for _, name := range o.Required {
				if _, there := v[name]; !there {
					v[name] = nothing(property(o, name), depth+1)
				}
			}
			for name, value := range v {
				if p := property(o, name); p != nil {
					v[name] = completed(p, value, depth+1)
				}
			}
		}
		return v
	case []any:
		if s.Items != nil {
			for i := range v {
				v[i] = completed(s.Items.Value, v[i], depth+1)
			}
		}
	}
	return v
}

func property(s *openapi3.Schema, name string) *openapi3.Schema {
	if p := s.Properties[name]; p != nil {
		return p.Value
	}
	return nil
}

// alternatives are the schemas that an object has to meet: those that all hold, and the first of those to choose from.
func alternatives(s *openapi3.Schema) []*openapi3.Schema {
	out := []*openapi3.Schema{s}
	for _, r := range s.AllOf {
		out = append(out, alternatives(r.Value)...)
	}
	for _, list := range []openapi3.SchemaRefs{s.AnyOf, s.OneOf} {
		if len(list) > 0 {
			out = append(out, alternatives(list[0].Value)...)
		}
	}
	return out
}

// nothing is a value of a schema that says as little as possible.
func nothing(s *openapi3.Schema, depth int) any {
	if s == nil || s.Nullable || s.Type.Includes("null") {
		return nil
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch {
	case s.Type.Includes("boolean"):
		return false
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		return float64(0)
	case s.Type.Includes("array"):
		return []any{}
	case s.Type.Includes("string"):
		switch s.Format {
		case "date-time":
			return time.Unix(0, 0).UTC().Format(time.RFC3339)
		case "uri":
			return "https://github.com/"
		}
		return ""
	}
	return completed(s, map[string]any{}, depth)
}
