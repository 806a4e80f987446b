package cost

import (
	"strings"
	"sync"
	"sync/atomic"

	json "github.com/go-json-experiment/json"

	"github.com/org/platform-action/internal/fact"
)

// instance is one resource on one side of a change.
type instance struct {
	resource *fact.Resource
	raw      []byte
	after    bool
	decoding atomic.Pointer[attributes]
}

// attributes are a resource's values and which of them are not known before apply.
type attributes struct {
	values  map[string]any
	unknown any
}

// decoded is the attributes; they are decoded when first asked for, because most resources of a plan are free.
func (x *instance) decoded() *attributes {
	if a := x.decoding.Load(); a != nil {
		return a
	}
	a := &attributes{}
	if len(x.raw) > 0 {
		_ = json.Unmarshal(x.raw, &a.values) // the plan reader has checked that it is an object
	}
	if x.after && len(x.resource.Unknown) > 0 {
		_ = json.Unmarshal(x.resource.Unknown, &a.unknown)
	}
	x.decoding.Store(a)
	return a
}

// release lets go of the attributes of a resource that is priced: those of a whole plan take many times its size.
// Who refers to it later decodes them again.
func (x *instance) release() {
	if x != nil {
		x.decoding.Store(nil)
	}
}

// unmarked reports that the plan does not mark unknown values: an absent attribute may be an unknown one.
func (x *instance) unmarked() bool { return x.after && x.resource.Unknown == nil }

// universe is every resource on one side of a change; references between resources are resolved in it.
type universe struct {
	plan     *fact.Plan
	byConfig map[string][]*instance // by address without instance keys
	byType   map[string][]*instance

	mu    sync.Mutex
	ids   map[string]map[string]*instance         // type → id, arn, name or self_link → instance
	back  map[[2]string]map[*instance][]*instance // type, attribute → target → who refers to it
	index map[*fact.Resource]*instance
	shown map[string]string // provider key → region that its resources show
}

func newUniverse(plan *fact.Plan, after bool) *universe {
	u := &universe{
		plan: plan, byConfig: map[string][]*instance{}, byType: map[string][]*instance{},
		ids: map[string]map[string]*instance{}, back: map[[2]string]map[*instance][]*instance{},
		index: make(map[*fact.Resource]*instance, len(plan.Resources)), shown: map[string]string{},
	}
	for i := range plan.Resources {
		r := &plan.Resources[i]
		raw := r.Before
		if after {
			raw = r.After
		}
		if raw == nil || r.Deposed != "" && after {
			continue
		}
		x := &instance{resource: r, raw: raw, after: after}
		u.index[r] = x
		u.byType[r.Type] = append(u.byType[r.Type], x)
		if r.Config != nil {
			u.byConfig[r.Config.Address] = append(u.byConfig[r.Config.Address], x)
		}
	}
	return u
}

// resolve finds the resource of one of the wanted types that the attribute refers to: by the configuration's
// references first, which hold before anything is created, then by the value.
func (u *universe) resolve(s *scope, path string, types []string) *instance {
	if x := u.byReference(s, path, types); x != nil {
		return x
	}
	value, st, _ := s.lookup(path)
	text, ok := value.(string)
	if st != set || !ok || text == "" {
		return nil
	}
	for _, name := range []string{text, text[strings.LastIndexByte(text, '/')+1:]} { // table/NAME, service/CLUSTER/NAME
		for _, t := range types {
			if x := u.byIdentity(t)[name]; x != nil {
				return x
			}
		}
	}
	return nil
}

// expressionAt is what the configuration sets an attribute by.
func (s *scope) expressionAt(path string) (fact.Expression, bool) {
	config := any(s.config)
	for segment := range strings.SplitSeq(path, ".") {
		config, _ = memberConfig(config, segment)
	}
	e, ok := config.(fact.Expression)
	return e, ok
}

// holdsIdentity reports an attribute that refers to one resource alone, by what identifies it.
func (s *scope) holdsIdentity(path string) bool {
	e, ok := s.expressionAt(path)
	if !ok || len(e.References) == 0 {
		return false
	}
	one, identity := "", false
	for _, reference := range e.References {
		typ, rest, _ := strings.Cut(reference, ".")
		if reference == "count.index" || reference == "each.key" { // which instance of it
			continue
		}
		name, attribute, _ := strings.Cut(rest, ".")
		name, _, _ = strings.Cut(name, "[")
		switch {
		case !strings.Contains(typ, "_") || name == "", one != "" && one != typ+"."+name: // a variable, a module, a second resource
			return false
		}
		one = typ + "." + name
		switch attribute {
		case "id", "arn", "name", "identifier", "self_link":
			identity = true
		}
	}
	return identity
}

func (u *universe) byReference(s *scope, path string, types []string) *instance {
	e, ok := s.expressionAt(path)
	if !ok {
		return nil
	}
	module := configModule(s.instance.resource)
	for _, reference := range e.References {
		for _, t := range types {
			if !strings.HasPrefix(reference, t+".") {
				continue
			}
			name, _, _ := strings.Cut(reference[len(t)+1:], ".")
			name, key, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
			if x := pick(u.byConfig[module+t+"."+name], s.instance.resource, key, indexed); x != nil {
				return x
			}
		}
	}
	return nil
}

// configModule is the module part of a resource's configuration address, with its trailing dot.
func configModule(r *fact.Resource) string {
	if r.Config == nil {
		return ""
	}
	return strings.TrimSuffix(r.Config.Address, r.Type+"."+r.Name)
}

// pick chooses among the instances of a block: the one in the same module instance with the key that the
// reference names, else with our own key, else the only one.
func pick(candidates []*instance, from *fact.Resource, key string, indexed bool) *instance {
	var same []*instance
	for _, c := range candidates {
		if c.resource.Module == from.Module {
			same = append(same, c)
		}
	}
	for _, want := range []string{key, from.Index} {
		for _, c := range same {
			if want != "" && c.resource.Index == want {
				return c
			}
		}
	}
	if len(same) == 1 || len(same) > 1 && !indexed && from.Index == "" {
		return same[0]
	}
	return nil
}

// byIdentity indexes one type by everything that other resources name it by.
func (u *universe) byIdentity(typ string) map[string]*instance {
	u.mu.Lock()
	defer u.mu.Unlock()
	if m, ok := u.ids[typ]; ok {
		return m
	}
	m := map[string]*instance{}
	for _, x := range u.byType[typ] {
		for _, key := range []string{"name", "self_link", "arn", "id", "cluster_identifier", "identifier"} {
			if text, ok := x.decoded().values[key].(string); ok && text != "" && text != fact.SensitiveMarker {
				m[text] = x
			}
		}
	}
	u.ids[typ] = m
	return m
}

// referrers lists the resources of a type whose attribute refers to the target, in address order.
func (u *universe) referrers(target *instance, typ, attribute string, ctx *evaluation) []*instance {
	key := [2]string{typ, attribute}
	u.mu.Lock()
	m, ok := u.back[key]
	u.mu.Unlock()
	if !ok {
		m = map[*instance][]*instance{}
		for _, x := range u.byType[typ] {
			for _, s := range holders(x.root(ctx, nil), attribute) {
				if to := u.resolve(s, attribute[strings.LastIndexByte(attribute, '.')+1:], []string{target.resource.Type}); to != nil {
					m[to] = append(m[to], x)
				}
			}
		}
		u.mu.Lock()
		u.back[key] = m
		u.mu.Unlock()
	}
	return m[target]
}

// holders are the scopes that hold the last part of an attribute's path: the resource, or each of the blocks.
func holders(s *scope, attribute string) []*scope {
	block, rest, nested := strings.Cut(attribute, ".")
	if !nested {
		return []*scope{s}
	}
	var out []*scope
	list, _ := s.blocks(block) // an unknown list refers to nothing that can be named
	for _, b := range list {
		out = append(out, holders(b, rest)...)
	}
	return out
}

// callRef is the resource that an attribute refers to, of one of the named types, or of any type that the
// configuration's reference names.
func callRef(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	if s == nil {
		return (*scope)(nil), nil
	}
	types := make([]string, 0, len(args)-2)
	for _, t := range args[2:] {
		if text, ok := t.(string); ok {
			types = append(types, text)
		}
	}
	x := s.ctx.universe.resolve(s, args[1].(string), types)
	s.ctx.found(s, args[1].(string), x)
	if x == nil {
		return (*scope)(nil), nil
	}
	return s.ctx.rootOf(x)
}

func callReferrers(args ...any) (any, error) {
	s, _ := args[0].(*scope)
	if s == nil {
		return []*scope(nil), nil
	}
	var out []*scope
	list := s.ctx.universe.referrers(s.instance, args[1].(string), args[2].(string), s.ctx)
	if len(list) == 0 {
		s.ctx.found(s, "referred to by "+args[1].(string)+"."+args[2].(string), nil)
	}
	for _, x := range list {
		s.ctx.found(s, "referred to by "+args[1].(string)+"."+args[2].(string), x)
		root, err := s.ctx.rootOf(x)
		if err != nil {
			return nil, err
		}
		out = append(out, root)
	}
	return out, nil
}
