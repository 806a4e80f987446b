package policy

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/org/platform-action/internal/verdict"
)

// compiled is one bundle with its own compiler and store.
type compiled struct {
	bundle   Bundle
	compiler *ast.Compiler
	store    storage.Store
	mods     map[string]*ast.Module // as parsed, before the compiler rewrote them: names and annotations as written
	dialects map[string]string      // package → dialect; ours is ""
	faults   []verdict.Finding
	looked   map[string]direct // by package: what direct has found already
}

func compileSource(src *source) (*compiled, []Fault) {
	mods, faults := parseAll(src.bundle, src.modules)
	if len(faults) > 0 {
		return nil, faults
	}
	return compileModules(src, mods)
}

func compileModules(src *source, mods map[string]*ast.Module) (*compiled, []Fault) {
	c := &compiled{bundle: src.bundle, mods: mods, dialects: map[string]string{}}
	for _, name := range sortedModules(mods) {
		pkg := mods[name].Package.Path
		if reserved(pkg) && !src.bundle.Builtin {
			return nil, []Fault{{Bundle: src.bundle.Name, File: name, Row: mods[name].Package.Location.Row,
				Message: "package " + packageName(pkg) + ": platform.* is reserved for the built-in policies",
				Fix:     "choose another package name"}}
		}
	}
	c.compiler = newCompiler(src.bundle.Builtin)
	copies := make(map[string]*ast.Module, len(mods))
	for name, m := range mods {
		copies[name] = m.Copy()
	}
	if c.compiler.Compile(copies); c.compiler.Failed() {
		return nil, astFaults(src.bundle.Name, c.compiler.Errors)
	}
	raw, err := json.Marshal(src.data)
	if err != nil {
		return nil, []Fault{{Bundle: src.bundle.Name, Message: "data files hold a key that is no string", Fix: "quote the keys"}}
	}
	c.store = inmem.NewFromReader(bytes.NewReader(raw))
	return c, nil
}

func newCompiler(strict bool) *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(strict).WithEnablePrintStatements(false).
		WithDefaultRegoVersion(ast.RegoV1)
}

// reserved reports a package below platform.
func reserved(pkg ast.Ref) bool {
	return len(pkg) > 1 && pkg[1].Value.Compare(ast.String("platform")) == 0
}

// packageName is a package path as a policy writes it, without the leading data.
func packageName(pkg ast.Ref) string { return strings.TrimPrefix(pkg.String(), "data.") }

// parseAll parses each file as the language version that its dialect needs: Rego v2 for ours, so that a forgotten
// import cannot open the gate; for the others V1 first and then V0.
func parseAll(b Bundle, files []file) (map[string]*ast.Module, []Fault) {
	mods := make(map[string]*ast.Module, len(files))
	var faults []Fault
	caps := capabilities()
	parsed, errs := parseEach(b, files, caps)
	for i, f := range files {
		m, err := parsed[i], errs[i]
		if err != nil {
			faults = append(faults, astFaults(b.Name, err)...)
			continue
		}
		if m == nil {
			faults = append(faults, Fault{Bundle: b.Name, File: f.path, Message: "the file is empty", Fix: "delete it or write a package"})
			continue
		}
		mods[f.path] = m
	}
	if len(faults) > 0 || b.Builtin || !anyOurs(mods) {
		return mods, faults
	}
	// Helper packages of a bundle in our dialect get the safe `not` too; conftest and Infracost packages do not.
	for _, f := range files {
		m := mods[f.path]
		if foreignPackage(mods, m.Package.Path) || m.RegoVersion() == ast.RegoV2 { //nolint:staticcheck // the span says the same of a whole module, for another type
			continue
		}
		v2, err := parseAs(f, ast.RegoV2, caps)
		if err != nil {
			return nil, astFaults(b.Name, err)
		}
		mods[f.path] = v2
	}
	return mods, nil
}

// parseEach parses on every core; results stand in the order of the files.
func parseEach(b Bundle, files []file, caps *ast.Capabilities) ([]*ast.Module, []error) {
	mods, errs := make([]*ast.Module, len(files)), make([]error, len(files))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				mods[i], errs[i] = parseModule(b, files[i], caps)
			}
		})
	}
	wg.Wait()
	return mods, errs
}

func parseModule(b Bundle, f file, caps *ast.Capabilities) (*ast.Module, error) {
	if b.Builtin {
		return parseAs(f, ast.RegoV2, caps)
	}
	m, err := parseAs(f, ast.RegoV1, caps)
	if err != nil {
		if v2, err2 := parseAs(f, ast.RegoV2, caps); err2 == nil {
			return v2, nil
		}
		if v0, err0 := parseAs(f, ast.RegoV0, caps); err0 == nil {
			return v0, nil
		}
	}
	return m, err
}

func parseAs(f file, version ast.RegoVersion, caps *ast.Capabilities) (*ast.Module, error) {
	return ast.ParseModuleWithOpts(f.path, string(f.text), ast.ParserOptions{
		Capabilities: caps, ProcessAnnotation: true, RegoVersion: version})
}

// anyOurs reports that some package of the bundle is in our dialect.
func anyOurs(mods map[string]*ast.Module) bool {
	for _, m := range mods {
		if oursModule(m) {
			return true
		}
	}
	return false
}

// oursModule reports METADATA with one of our custom keys, or a look at a part of the input that no other dialect has; in conftest's
// own package main only resources are one. What is ours and says nothing of itself is a fault, and not a rule that nobody asks.
func oursModule(m *ast.Module) bool {
	for _, a := range m.Annotations {
		for _, key := range []string{"id", "severity", "reads"} {
			if _, ok := a.Custom[key]; ok {
				return true
			}
		}
	}
	signs := []string{"resources", "deployment", "evidence"}
	if packageName(m.Package.Path) == "main" {
		signs = signs[:1]
	}
	found := false
	ast.WalkRefs(m, func(r ast.Ref) bool {
		group, named := constant(r, 1)
		found = found || r[0].Equal(ast.InputRootDocument) && named && slices.Contains(signs, group)
		return found
	})
	return found
}

// foreignPackage reports that the package has entry rules and is not in our dialect.
func foreignPackage(mods map[string]*ast.Module, pkg ast.Ref) bool {
	entries := false
	for _, m := range mods {
		if !m.Package.Path.Equal(pkg) {
			continue
		}
		if oursModule(m) {
			return false
		}
		entries = entries || slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return entryName(ruleName(r)) })
	}
	return entries
}

// ruleName is the first name of a rule's head: deny for deny, deny[msg] and deny contains msg.
func ruleName(r *ast.Rule) string {
	ref := r.Head.Ref()
	if len(ref) == 0 {
		return r.Head.Name.String()
	}
	if v, ok := ref[0].Value.(ast.Var); ok {
		return string(v)
	}
	return ""
}

// entryName reports deny, warn and violation, alone or followed by _name as conftest has it.
func entryName(name string) bool {
	_, ok := entrySeverity(name)
	return ok
}

func entrySeverity(name string) (verdict.Severity, bool) {
	head, _, _ := strings.Cut(name, "_")
	switch head {
	case "deny", "violation":
		return verdict.Block, true
	case "warn":
		return verdict.Warn, true
	}
	return verdict.Undecided, false
}
