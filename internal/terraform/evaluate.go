package terraform

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/org/platform-action/internal/fact"
)

// Bounds of one root. Beyond each, what is left is unknown and the plan says so.
const (
	maxInstances  = 10_000  // of one block
	maxResources  = 100_000 // of the root
	maxReferences = 500     // that follow one another
	maxModules    = 32      // in each other

	// DefaultTimeout bounds the evaluation of one root.
	DefaultTimeout = 30 * time.Second
)

// Settings are what an evaluation takes beside the source.
type Settings struct {
	Variables map[string]string   // of the command line, as written there: NAME → text or expression
	VarFiles  []string            // slash-separated, relative to the root of the file system
	Environ   func(string) string // of the process, for TF_VAR_NAME; nil on a server
	Workspace string              // default "default"
	Fetch     Fetch               // brings remote modules; nil: they are unknown unless init installed them
}

// Evaluate reads the root module in dir, without providers and without a network, into the plan that would create it
// all. What cannot be known from the source is unknown, with the reason; what the source does not set is absent, so
// that its documented default holds. The error is that dir cannot be read, or that ctx ended.
func Evaluate(ctx context.Context, fsys fs.FS, dir string, s Settings) (fact.Plan, error) {
	root := path.Clean(dir)
	if !fs.ValidPath(root) {
		return fact.Plan{}, fmt.Errorf("%q is no folder inside the source tree; name one below it", dir)
	}
	return newEvaluator(ctx, fsys, root, s.orDefault()).guarded()
}

func (s Settings) orDefault() Settings {
	s.Workspace = cmp.Or(s.Workspace, "default")
	return s
}

// guarded runs the evaluation until it ends or its time does.
func (e *evaluator) guarded() (fact.Plan, error) {
	ctx := e.ctx
	type answer struct {
		plan fact.Plan
		err  error
	}
	done := make(chan answer, 1)
	go func() { // one expression cannot be stopped while it is evaluated: when time is over it is left behind
		defer func() {
			if broken := recover(); broken != nil { // a source that breaks a library must not end a server
				done <- answer{err: fmt.Errorf("the source of %q breaks the evaluation (%.200v): give a plan, and report this", e.dir, broken)}
			}
		}()
		p, err := e.run()
		done <- answer{p, err}
	}()
	select {
	case a := <-done:
		return a.plan, cmp.Or(a.err, ctx.Err())
	case <-ctx.Done():
		return fact.Plan{}, ctx.Err()
	}
}

func (e *evaluator) run() (fact.Plan, error) {
	root := e.dir
	open := e.open
	if e.isTerragrunt(root) {
		open = e.terragrunt
	}
	m, err := open(root)
	if err != nil {
		return fact.Plan{}, fmt.Errorf("the Terraform folder %q cannot be read: %w", root, err)
	}
	if len(m.resources)+len(m.calls)+len(m.data)+len(m.variables)+len(m.outputs)+len(m.locals) == 0 && len(e.files.faults) == 0 {
		return fact.Plan{}, fmt.Errorf("the folder %q holds no Terraform configuration (*.tf, *.tofu, *.tf.json)", root)
	}
	e.reach(m, 0)
	e.inputs(m)
	top := &scope{e: e, module: m, memo: map[string]result{}, busy: map[string]bool{}}
	plan := fact.Plan{Name: root, Complete: true, Providers: map[string]fact.Provider{}}
	if e.read != nil {
		e.read.scopes = append(e.read.scopes, top)
	}
	e.emit(top, &plan)
	e.finish(top, &plan)
	if e.read != nil {
		e.leftovers()
	}
	return plan, nil
}

func newEvaluator(ctx context.Context, fsys fs.FS, root string, s Settings) *evaluator {
	all := &trees{FS: fsys, places: map[string]string{}}
	return &evaluator{
		ctx: ctx, trees: all, files: &locator{fsys: all, root: root, folders: map[string]*folder{}, modules: map[string]*folder{}},
		dir: root, settings: s, parsed: map[string]*module{}, made: map[madeKey]any{}, pure: pureFunctions(),
		byModule: map[*module]map[string]function.Function{}, reading: map[*module][]hcl.Expression{}, texts: map[string][]byte{}, values: map[string]result{}, mentioned: map[string]bool{}, used: map[string]providerUse{},
	}
}

// evaluator evaluates one root. It is used by one goroutine.
type evaluator struct {
	ctx       context.Context //nolint:containedctx // it lives for one call of Evaluate
	files     *locator
	trees     *trees
	dir       string
	settings  Settings
	parsed    map[string]*module // by folder
	made      map[madeKey]any
	pure      map[string]function.Function
	byModule  map[*module]map[string]function.Function
	values    map[string]result // variables of the root
	mentioned map[string]bool   // every attribute that some expression names
	depth     int
	elsewhere string // why the module that Terragrunt runs is not at hand
	emitted   int
	moves     [][2]string // from, to
	imported  []string
	notes     []fact.Fault
	used      map[string]providerUse // by provider key
	read      *recorder              // nil: nobody asks what is read
	reading   map[*module][]hcl.Expression
	texts     map[string][]byte // of JSON source
}

func (e *evaluator) fault(where, message, fix string) { e.files.fault(where, message, fix) }

func (e *evaluator) note(where, message string) {
	n := fact.Fault{Where: where, Message: message}
	if !slices.Contains(e.notes, n) && len(e.notes) < maxFaults {
		e.notes = append(e.notes, n)
	}
}

// exhausted says why the rest is not evaluated, or nothing.
func (e *evaluator) exhausted() string {
	if e.ctx.Err() != nil {
		return "the evaluation took too long"
	}
	return ""
}

func (e *evaluator) open(dir string) (*module, error) {
	if m, ok := e.parsed[dir]; ok {
		if m == nil {
			return nil, fmt.Errorf("the folder cannot be read")
		}
		return m, nil
	}
	e.read.module(dir)
	e.parsed[dir] = nil
	m, err := e.files.parse(dir)
	if err != nil {
		return nil, err
	}
	e.parsed[dir] = m
	e.mention(m)
	return m, nil
}

// reach reads every module that the root leads to, so that all attributes that anything names are known before the
// first value is made.
func (e *evaluator) reach(m *module, depth int) {
	if depth > maxModules {
		e.fault(m.dir, fmt.Sprintf("modules call one another more than %d deep", maxModules), "break the circle")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m.calls)) {
		if dir, ok := e.folderOf(m, m.calls[name], nil); ok {
			if _, done := e.parsed[dir]; done {
				continue
			}
			if inner, err := e.open(dir); err == nil {
				e.reach(inner, depth+1)
			}
		}
	}
}

// folderOf is the folder of a module call: below the source tree, or installed by init.
func (e *evaluator) folderOf(m *module, call *element, s *scope) (string, bool) {
	source, ok := literal(call.body.attributes["source"].expr)
	if !ok && s != nil { // OpenTofu evaluates sources early
		if v, isText := mustPlain(s.eval(call.body.attributes["source"].expr, binding{}).value).(string); isText {
			source, ok = v, true
		} else {
			e.read.any("the source of a module is not known (" + position(call.at) + ")")
		}
	}
	if !ok {
		return "", false
	}
	if dir, isLocal := local(m.dir, source); isLocal {
		return dir, fs.ValidPath(dir)
	}
	if s != nil {
		if dir, ok := e.files.lookup(path0(s, call.name)); ok && fs.ValidPath(dir) {
			return dir, true
		}
	}
	version, _ := literal(call.body.attributes["version"].expr)
	return e.fetch(source, version)
}

// path0 is the dotted path of module calls, as modules.json has it.
func path0(s *scope, name string) string {
	for ; s != nil && s.call != nil; s = s.parent {
		name = s.call.name + "." + name
	}
	return name
}

// source is the module that a call leads to, or why it cannot be had.
func (e *evaluator) source(s *scope, call *element) (*module, string) {
	if e.elsewhere != "" && s.parent == nil && call.name == "terragrunt" {
		return nil, "the module that Terragrunt runs is not at hand: " + e.elsewhere
	}
	dir, ok := e.folderOf(s.module, call, s)
	if !ok {
		source, _ := literal(call.body.attributes["source"].expr)
		if _, isLocal := local(s.module.dir, source); isLocal {
			return nil, fmt.Sprintf("the module %.100q lies outside of the repository (%s)", source, position(call.at))
		}
		return nil, fmt.Sprintf("the module %.100q is not at hand: run `terraform init`, allow it to be fetched with --allow-download, or give a plan (%s)", source, position(call.at))
	}
	m, err := e.open(dir)
	if err != nil {
		e.fault(position(call.at), "the module's folder cannot be read: "+reason(err), "")
		return nil, fmt.Sprintf("the module's folder cannot be read (%s)", position(call.at))
	}
	depth := 0
	for up := s; up != nil; up = up.parent {
		if depth++; up.module == m || depth > maxModules {
			e.fault(position(call.at), "the module calls itself, or modules call one another too deep", "break the circle")
			return nil, fmt.Sprintf("the module calls itself (%s)", position(call.at))
		}
	}
	return m, ""
}

// emit adds the resources of a module instance and of all that it calls.
func (e *evaluator) emit(s *scope, plan *fact.Plan) {
	e.relations(s, plan)
	for _, key := range slices.Sorted(maps.Keys(s.module.resources)) {
		e.emitResource(s, s.module.resources[key], plan)
	}
	for _, name := range slices.Sorted(maps.Keys(s.module.calls)) {
		call := s.module.calls[name]
		instances, _, why := e.modules(s, call)
		source, _ := literal(call.body.attributes["source"].expr)
		version, _ := literal(call.body.attributes["version"].expr)
		address := strings.TrimPrefix(s.address+".module."+name, ".")
		plan.Modules = append(plan.Modules, fact.ModuleCall{Address: address, Source: source, Version: version})
		if why != "" {
			e.missing(plan, address, call, why)
			continue
		}
		for _, inner := range instances {
			e.emit(inner.scope, plan)
		}
	}
}

// relations reads the moved, import and removed blocks of a module instance.
func (e *evaluator) relations(s *scope, plan *fact.Plan) {
	in := func(b *element, name string) string {
		return strings.TrimPrefix(s.address+"."+dotted(b.body.attributes[name].expr), ".")
	}
	for _, b := range s.module.moved {
		if from, to := in(b, "from"), in(b, "to"); from != "" && to != "" {
			e.moves = append(e.moves, [2]string{from, to})
		}
	}
	for _, b := range s.module.imports {
		e.imported = append(e.imported, in(b, "to"))
	}
	for _, b := range s.module.removed {
		for _, n := range b.body.blocks {
			if keep, _ := plain(s.eval(n.body.attributes["destroy"].expr, binding{}).value); n.kind == "lifecycle" && keep == false {
				plan.Resources = append(plan.Resources, fact.Resource{Address: in(b, "from"), Action: fact.Forget})
			}
		}
	}
}

// related applies them: an address below a moved one moved with it.
func (e *evaluator) related(plan *fact.Plan) {
	for i := range plan.Resources {
		r := &plan.Resources[i]
		for _, m := range e.moves {
			if rest, ok := strings.CutPrefix(r.Address, m[1]); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && r.PreviousAddress == "" {
				r.PreviousAddress = m[0] + rest
			}
		}
		r.Importing = slices.Contains(e.imported, r.Address)
	}
}

// missing stands for what a module that is not at hand would create: it is unpriced, never nothing.
func (e *evaluator) missing(plan *fact.Plan, address string, call *element, why string) {
	e.note(position(call.at), address+": "+why)
	plan.Resources = append(plan.Resources, fact.Resource{
		Address: address, Type: "module", Name: call.name, Action: fact.Create, After: []byte("{}"), Unknown: []byte("{}"),
		Uncounted: why, File: path.Clean(call.at.Filename), Line: call.at.Start.Line,
	})
}

func (e *evaluator) finish(top *scope, plan *fact.Plan) {
	e.describe(top, plan)
	e.related(plan)
	plan.Faults = e.files.sorted()
	plan.Notes = e.notes
	byAddress := func(a, b fact.Resource) int { return strings.Compare(a.Address, b.Address) }
	slices.SortStableFunc(plan.Resources, byAddress)
	plan.Resources = slices.CompactFunc(plan.Resources, func(a, b fact.Resource) bool { return a.Address == b.Address })
	slices.SortFunc(plan.Modules, func(a, b fact.ModuleCall) int { return strings.Compare(a.Address, b.Address) })
	plan.Modules = slices.Compact(plan.Modules)
	plan.Digest = digestOf(plan)
}
