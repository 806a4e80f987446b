package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// document is the input of the rules of our dialect, and what must be said about making it.
type document struct {
	value  ast.Value
	counts map[string]counts // per resource type
	faults []verdict.Finding
}

// counts are how many managed resources of a type are in the document, and how many of them are judged.
type counts struct{ all, judged int }

// builder makes resource terms; constants are shared between them. It is used by one goroutine.
type builder struct {
	trim     trimmer
	dec      *decoder
	terms    *terms
	wanted   map[string]map[string]*ast.Term
	actions  map[fact.Action]*ast.Term
	tags     map[string]*ast.Term
	configs  map[*fact.ResourceConfig]configTerms
	groups   map[string][]*ast.Term // resources by type
	plan     fact.Plan
	all      bool // params.judge_unchanged
	document document
}

func newBuilder(t trimmer, f fact.Facts) *builder {
	words := newTerms()
	b := &builder{trim: t, terms: words, dec: newDecoder(words), wanted: map[string]map[string]*ast.Term{}, actions: map[fact.Action]*ast.Term{},
		tags: map[string]*ast.Term{}, configs: map[*fact.ResourceConfig]configTerms{}, groups: map[string][]*ast.Term{},
		document: document{counts: map[string]counts{}}}
	b.all, _ = f.Params["judge_unchanged"].(bool)
	b.plan, _ = f.Plan.Get()
	return b
}

// document makes input = {plan, resources, estimate, evidence, params, missing}. A group that is missing is absent, and
// input.missing names it with its reason.
func (s *Set) document(f fact.Facts) (document, error) {
	b := newBuilder(s.trim, f)
	root := ast.NewObject()
	missing := ast.NewObject()
	if _, ok := f.Plan.Get(); ok {
		root.Insert(key("resources"), b.resources(f))
		root.Insert(key("plan"), b.planTerm())
	} else {
		missing.Insert(key("plan"), str(f.Plan.Why()))
	}
	if est, ok := f.Estimate.Get(); !ok {
		missing.Insert(key("estimate"), str(f.Estimate.Why()))
	} else if s.wants.estimate {
		t, err := b.estimate(est, s.wants.lines)
		if err != nil {
			return document{}, err
		}
		root.Insert(key("estimate"), t)
	}
	if e, ok := f.Evidence.Get(); !ok {
		missing.Insert(key("evidence"), str(f.Evidence.Why()))
	} else if s.wants.evidence {
		t, err := b.viaJSON(e)
		if err != nil {
			return document{}, err
		}
		root.Insert(key("evidence"), t)
	}
	params, err := b.params(f.Params)
	if err != nil {
		b.fault(IDParam, "", "policies.params cannot be given to the policies: "+err.Error(), "use strings, numbers, booleans, lists and maps")
		params = ast.InternedEmptyObject
	}
	root.Insert(key("params"), params)
	root.Insert(key("missing"), ast.NewTerm(missing))
	b.document.value = root
	return b.document, nil
}

// resources groups managed resources by type; data sources are left out. Every core makes the terms of one part of
// the plan; the parts follow one another, so that the order stays the plan's.
func (b *builder) resources(f fact.Facts) *ast.Term {
	list := b.plan.Resources
	parts := make([]*builder, min(runtime.GOMAXPROCS(0), 1+len(list)/256))
	var wg sync.WaitGroup
	for i := range parts {
		parts[i] = newBuilder(b.trim, f)
		wg.Go(func() { parts[i].group(list[i*len(list)/len(parts) : (i+1)*len(list)/len(parts)]) })
	}
	wg.Wait()
	for _, p := range parts {
		for typ, terms := range p.groups {
			b.groups[typ] = append(b.groups[typ], terms...)
		}
		for typ, c := range p.document.counts {
			have := b.document.counts[typ]
			b.document.counts[typ] = counts{have.all + c.all, have.judged + c.judged}
		}
		b.document.faults = append(b.document.faults, p.document.faults...)
	}
	obj := ast.NewObject()
	for _, typ := range sortedKeys(b.groups) {
		obj.Insert(ast.StringTerm(typ), ast.ArrayTerm(b.groups[typ]...))
	}
	return ast.NewTerm(obj)
}

func (b *builder) group(list []fact.Resource) {
	for i := range list {
		r := &list[i]
		if r.Data {
			continue
		}
		judged := b.judged(r)
		b.groups[r.Type] = append(b.groups[r.Type], b.resource(r, judged))
		c := b.document.counts[r.Type]
		c.all++
		if judged {
			c.judged++
		}
		b.document.counts[r.Type] = c
	}
}

// judged reports a resource that will exist and that the plan touches: a pull request answers for what it changes.
// An action that is not known counts as a change.
func (b *builder) judged(r *fact.Resource) bool {
	exists := len(r.After) > 0 && !bytes.Equal(r.After, []byte("null"))
	return exists && r.Action != fact.Forget && (b.all || r.Importing || r.Action.Changes())
}

func (b *builder) resource(r *fact.Resource, judged bool) *ast.Term {
	want, ok := b.wanted[r.Type]
	if !ok {
		want = b.trim.wanted(r.Type)
		b.wanted[r.Type] = want
	}
	p := b.plan.Providers[r.ProviderKey]
	before := b.side(r, "before", r.Before, want)
	after := before
	if !bytes.Equal(r.Before, r.After) {
		after = b.side(r, "after", r.After, want)
	}
	config, key, str := b.references(r.Config, want), b.terms.get, b.terms.get
	items := [...][2]*ast.Term{
		{key("address"), ast.StringTerm(r.Address)},
		{key("previous_address"), str(r.PreviousAddress)},
		{key("module"), str(r.Module)},
		{key("type"), str(r.Type)},
		{key("name"), str(r.Name)},
		{key("index"), str(r.Index)},
		{key("deposed"), str(r.Deposed)},
		{key("provider"), str(r.Provider)},
		{key("region"), str(p.Region)},
		{key("action"), str(r.Action.String())},
		{key("actions"), b.action(r.Action)},
		{key("reason"), str(r.Reason)},
		{key("importing"), ast.InternedTerm(r.Importing)},
		{key("judged"), ast.InternedTerm(judged)},
		{key("before"), before},
		{key("after"), after},
		{key("unknown"), b.side(r, "after_unknown", r.Unknown, want)},
		{key("references"), config.refs},
		{key("configured"), config.set},
		{key("default_tags"), b.defaultTags(r.ProviderKey, p)},
		{key("default_tags_unknown"), ast.InternedTerm(p.TagsUnknown)},
	}
	return ast.ObjectTerm(items[:]...)
}

// side decodes the declared attributes. What cannot be read is empty in the document and an Undecided finding.
func (b *builder) side(r *fact.Resource, name string, raw []byte, want map[string]*ast.Term) *ast.Term {
	t, err := b.dec.pick(raw, want)
	if err != nil {
		b.fault(IDInput, r.Address, name+" of this resource "+err.Error()+", so that no policy can judge it", "make the plan again with `terraform show -json`")
		return ast.InternedEmptyObject // the finding is undecided whatever the rules make of it
	}
	if name == "after_unknown" && t == ast.InternedNullTerm {
		return ast.InternedEmptyObject
	}
	return t
}

func (b *builder) action(a fact.Action) *ast.Term {
	t, ok := b.actions[a]
	if !ok {
		t = ast.ObjectTerm([2]*ast.Term{key("creates"), ast.InternedTerm(a == fact.Create || a.Replaces())},
			[2]*ast.Term{key("updates"), ast.InternedTerm(a == fact.Update)},
			[2]*ast.Term{key("deletes"), ast.InternedTerm(a.Deletes() || a == fact.ActionUnknown)},
			[2]*ast.Term{key("replaces"), ast.InternedTerm(a.Replaces())},
			[2]*ast.Term{key("forgets"), ast.InternedTerm(a == fact.Forget)},
			[2]*ast.Term{key("unknown"), ast.InternedTerm(a == fact.ActionUnknown)},
			[2]*ast.Term{key("changes"), ast.InternedTerm(a.Changes())})
		b.actions[a] = t
	}
	return t
}

func (b *builder) defaultTags(providerKey string, p fact.Provider) *ast.Term {
	t, ok := b.tags[providerKey]
	if !ok {
		t = stringMap(p.DefaultTags)
		b.tags[providerKey] = t
	}
	return t
}

// configTerms are the parts of a block's configuration that rules see, shared by its instances.
type configTerms struct {
	refs *ast.Term // declared attribute → what it refers to
	set  *ast.Term // declared attributes that the configuration sets; null when the plan has no configuration
}

// references lists, per declared attribute, what the configuration refers to, nested blocks included. Which attributes
// are set at all tells a provider's computed default from an expression that is known only after apply.
func (b *builder) references(c *fact.ResourceConfig, want map[string]*ast.Term) configTerms {
	if c == nil {
		return configTerms{refs: ast.InternedEmptyObject, set: ast.InternedNullTerm}
	}
	if t, ok := b.configs[c]; ok {
		return t
	}
	refs, set := ast.NewObject(), ast.NewObject()
	for _, attr := range sortedKeys(want) {
		if expr, ok := c.Attributes[attr]; ok {
			var list []string
			collect(expr, &list, 0)
			refs.Insert(want[attr], stringList(list))
			set.Insert(want[attr], ast.InternedTerm(true))
		}
	}
	t := configTerms{refs: ast.NewTerm(refs), set: ast.NewTerm(set)}
	b.configs[c] = t
	return t
}

func collect(e fact.Expression, into *[]string, depth int) {
	*into = append(*into, e.References...)
	if depth > maxDepth {
		return
	}
	for _, block := range e.Blocks {
		for _, name := range sortedKeys(block) {
			collect(block[name], into, depth+1)
		}
	}
}

func (b *builder) fault(id, address, msg, fix string) {
	b.document.faults = append(b.document.faults, verdict.Finding{ID: id, Title: "Input of the policies cannot be read",
		Message: msg, Severity: verdict.Undecided, Address: address, Fix: fix})
}

func (b *builder) params(params map[string]any) (*ast.Term, error) {
	if len(params) == 0 {
		return ast.InternedEmptyObject, nil
	}
	return b.viaJSON(params)
}

func (b *builder) viaJSON(v any) (*ast.Term, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("a value has no JSON form")
	}
	return b.dec.document(raw)
}

// foreign makes the input of a conftest or Infracost policy from a document that the caller holds.
func foreign(get func() (any, error)) (ast.Value, error) {
	if get == nil {
		return nil, errors.New("it was not given")
	}
	doc, err := get()
	if err != nil {
		return nil, err
	}
	if raw, ok := doc.(json.RawMessage); ok {
		t, err := newDecoder(newTerms()).document(raw)
		if err != nil {
			return nil, err
		}
		return t.Value, nil
	}
	if doc == nil {
		return nil, errors.New("it is empty")
	}
	return ast.InterfaceToValue(doc)
}

func key(s string) *ast.Term { return ast.InternedTerm(s) }

func str(s string) *ast.Term { return ast.InternedTerm(s) }

func jsonNumber(s string) json.Number { return json.Number(s) }

func stringMap(m map[string]string) *ast.Term {
	obj := ast.NewObject()
	for _, k := range sortedKeys(m) {
		obj.Insert(ast.StringTerm(k), ast.StringTerm(m[k]))
	}
	return ast.NewTerm(obj)
}

func stringList(list []string) *ast.Term {
	list = slices.Clone(list)
	slices.SortFunc(list, strings.Compare)
	terms := make([]*ast.Term, 0, len(list))
	for _, s := range slices.Compact(list) {
		terms = append(terms, ast.StringTerm(s))
	}
	return ast.ArrayTerm(terms...)
}
