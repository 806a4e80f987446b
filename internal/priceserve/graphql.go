package priceserve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/org/platform-action/internal/sku"
)

// Limits of one query.
const (
	maxTokens   = 2000
	maxFields   = 100
	maxDepth    = 8
	maxProducts = 1000
	keptASTs    = 64
)

// asts keeps parsed queries by their text: askers send the same text again and again.
type asts struct {
	mu   sync.Mutex
	kept map[string]*ast.QueryDocument
}

func (a *asts) parse(text string) (*ast.QueryDocument, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if doc, ok := a.kept[text]; ok {
		return doc, nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Name: "query", Input: text}, maxTokens)
	if err != nil {
		return nil, err
	}
	if a.kept == nil || len(a.kept) >= keptASTs {
		a.kept = map[string]*ast.QueryDocument{}
	}
	a.kept[text] = doc
	return doc, nil
}

// answer is what one query is told.
func (s *Server) answer(q query) answer {
	if strings.TrimSpace(q.Query) == "" {
		return answer{Data: map[string]any{}} // the probe of an API key: any key will do
	}
	doc, err := s.asts.parse(q.Query)
	if err != nil {
		return failed(fmt.Errorf("the query is not GraphQL: %w", err))
	}
	x := execution{server: s, doc: doc, below: map[*ast.Field][]*ast.Field{}, tests: map[*ast.Field]func(sku.Price) bool{}}
	if x.variables, err = variables(q.Variables); err != nil {
		return failed(err)
	}
	data, err := x.run()
	if err != nil {
		return failed(err)
	}
	a := answer{Data: data}
	if len(x.derived) > 0 {
		slices.Sort(x.derived)
		a.Extensions = &extensions{Derived: slices.Compact(x.derived)}
	}
	return a
}

func failed(err error) answer { return answer{Errors: []fault{{Message: err.Error()}}} }

func variables(raw []byte) (map[string]any, error) {
	out := map[string]any{}
	if len(raw) == 0 || string(raw) == "null" {
		return out, nil
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, errors.New("variables are not an object")
	}
	return out, nil
}

// execution is one query being answered.
type execution struct {
	server    *Server
	doc       *ast.QueryDocument
	variables map[string]any
	derived   []string
	fields    int
	below     map[*ast.Field][]*ast.Field         // selections with their fragments in place
	tests     map[*ast.Field]func(sku.Price) bool // filters of prices
}

func (x *execution) run() (map[string]any, error) {
	if len(x.doc.Operations) != 1 || x.doc.Operations[0].Operation != ast.Query {
		return nil, errors.New("want one query, and no mutation or subscription")
	}
	fields, err := x.flat(x.doc.Operations[0].SelectionSet, 0)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, f := range fields {
		switch f.Name {
		case "__typename":
			out[f.Alias] = "Query"
		case "products":
			if out[f.Alias], err = x.products(f); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("there is no field %q; ask for products(filter: …)", f.Name)
		}
	}
	return out, nil
}

// flat is a selection with its fragments in place.
func (x *execution) flat(set ast.SelectionSet, depth int) ([]*ast.Field, error) {
	if depth > maxDepth {
		return nil, errors.New("fragments are nested too deep")
	}
	var out []*ast.Field
	for _, selection := range set {
		var inner ast.SelectionSet
		switch s := selection.(type) {
		case *ast.Field:
			if x.fields++; x.fields > maxFields {
				return nil, fmt.Errorf("the query asks for more than %d fields", maxFields)
			}
			if len(s.Directives) > 0 {
				return nil, fmt.Errorf("field %q has a directive, which is not understood", s.Name)
			}
			out = append(out, s)
			continue
		case *ast.InlineFragment:
			inner = s.SelectionSet
		case *ast.FragmentSpread:
			f := x.doc.Fragments.ForName(s.Name)
			if f == nil {
				return nil, fmt.Errorf("there is no fragment %q", s.Name)
			}
			inner = f.SelectionSet
		}
		fields, err := x.flat(inner, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, fields...)
	}
	return out, nil
}

// selected is what is asked of a field, worked out once for all that have it.
func (x *execution) selected(f *ast.Field) ([]*ast.Field, error) {
	if fields, ok := x.below[f]; ok {
		return fields, nil
	}
	fields, err := x.flat(f.SelectionSet, 0)
	x.below[f] = fields
	return fields, err
}

// argument is the object that a field is given under a name.
func (x *execution) argument(f *ast.Field, name string) (map[string]any, error) {
	arg := f.Arguments.ForName(name)
	if arg == nil {
		return nil, nil
	}
	value, err := arg.Value.Value(x.variables)
	if err != nil || value == nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s of %s is not an object", name, f.Name)
	}
	return object, nil
}
