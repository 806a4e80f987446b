package terraform

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// site is an expression in one instance of a module.
type site struct {
	scope *scope
	expr  hcl.Expression
}

// reading are the functions that read files, those of Terragrunt among them.
func reading(name string) bool {
	return slices.Contains([]string{
		"file", "filebase64", "fileexists", "fileset", "filemd5", "filesha1", "filesha256", "filesha512", "filebase64sha256", "filebase64sha512",
		"templatefile", "sops_decrypt_file", "read_tfvars_file", "read_terragrunt_config", "mark_as_read",
	}, strings.TrimPrefix(name, "core::"))
}

// mayRead reports a text in which such a function may be called. JSON may write any letter as an escape.
func mayRead(name string, data []byte) bool {
	if strings.HasSuffix(name, ".json") && bytes.Contains(data, []byte(`\u`)) {
		return true
	}
	words := bytes.FieldsFuncSeq(data, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	for word := range words {
		if reading(string(word)) {
			return true
		}
	}
	return false
}

// follow notes the place of a file, and a link on the way to it: what stands behind that is not followed.
func (e *evaluator) follow(p string) {
	if e.read == nil || !fs.ValidPath(p) {
		return
	}
	e.read.path(p)
	info, err := fs.Lstat(e.files.fsys, p)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 || errors.Is(e.files.solid(path.Dir(p)), errLink) {
		e.read.any(quote(p) + " leads through a symbolic link")
	}
}

// noteFile notes the file that a function is given.
func (e *evaluator) noteFile(m *module, v cty.Value) {
	if e.read == nil {
		return
	}
	if name, ok := e.text(v); ok {
		for _, p := range e.places(m, name) {
			e.follow(p)
		}
	}
}

// noteSet notes the files that fileset looks for.
func (e *evaluator) noteSet(m *module, folder, pattern cty.Value) {
	if e.read == nil {
		return
	}
	name, ok := e.text(folder)
	glob, known := e.text(pattern)
	if !ok || !known {
		return
	}
	for _, p := range e.places(m, name) {
		if fs.ValidPath(p) && errors.Is(e.files.solid(p), errLink) {
			e.read.any(quote(p) + " leads through a symbolic link")
		}
		e.read.pattern(Pattern{p, glob})
	}
}

// noteCall notes what a call of such a function reads.
func (e *evaluator) noteCall(m *module) func(name string, args []cty.Value) {
	return func(name string, args []cty.Value) {
		if name == "fileset" && len(args) > 1 {
			e.noteSet(m, args[0], args[1])
			return
		}
		e.noteFile(m, args[0])
	}
}

// text is the text of an argument. One that is not known may name any file; one that is null names none.
func (e *evaluator) text(v cty.Value) (string, bool) {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.Type() == cty.DynamicPseudoType && !v.IsNull() {
		e.read.any("the path of a file is not known")
		return "", false
	}
	if v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// settle notes what an expression reads where its value does not show that every call in it was made.
func (s *scope) settle(expr hcl.Expression, ctx *hcl.EvalContext, v cty.Value, failed bool) {
	if s.e.read == nil {
		return
	}
	s.e.read.done[site{s, expr}] = true
	s.e.settle(expr, ctx, v, failed, s.e.noteCall(s.module))
}

// settleTemplate does the same for the text of a template file.
func (e *evaluator) settleTemplate(m *module, template hcl.Expression, ctx *hcl.EvalContext, v cty.Value, failed bool) {
	if e.read != nil {
		e.settle(template, ctx, v, failed, e.noteCall(m))
	}
}

func (e *evaluator) settle(expr hcl.Expression, ctx *hcl.EvalContext, v cty.Value, failed bool, note func(string, []cty.Value)) {
	if plainValue, _ := v.UnmarkDeep(); !failed && plainValue.IsWhollyKnown() {
		return
	}
	node, native := expr.(hclsyntax.Node)
	if !native {
		if e.readsIn(expr) {
			e.read.any("what JSON source reads is not known (" + position(expr.Range()) + ")")
		}
		return
	}
	_ = hclsyntax.Walk(node, &calls{e: e, ctx: ctx, note: note})
}

// calls walks over an expression and notes the calls of functions that read files.
type calls struct {
	e    *evaluator
	ctx  *hcl.EvalContext
	note func(name string, args []cty.Value)
	made int // loops around, whose rounds were walked one by one
}

// Enter implements hclsyntax.Walker.
func (c *calls) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch node := node.(type) {
	case *hclsyntax.ForExpr:
		if c.made > 0 || c.loop(node) {
			c.made++
		}
	case *hclsyntax.FunctionCallExpr:
		if c.made == 0 && reading(node.Name) {
			c.call(node)
		}
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (c *calls) Exit(node hclsyntax.Node) hcl.Diagnostics {
	if _, is := node.(*hclsyntax.ForExpr); is && c.made > 0 {
		c.made--
	}
	return nil
}

// loop walks each round of a loop, if what it goes over is known.
func (c *calls) loop(node *hclsyntax.ForExpr) bool {
	list, diags := node.CollExpr.Value(c.ctx)
	list, _ = list.Unmark()
	if diags.HasErrors() || !list.IsKnown() || list.IsNull() || !list.CanIterateElements() || list.LengthInt() > maxInstances || c.e.exhausted() != "" {
		return false
	}
	_ = hclsyntax.Walk(node.CollExpr, c)
	for it := list.ElementIterator(); it.Next(); {
		k, v := it.Element()
		ctx := c.ctx.NewChild()
		ctx.Variables = map[string]cty.Value{node.ValVar: v}
		if node.KeyVar != "" {
			ctx.Variables[node.KeyVar] = k
		}
		for _, part := range []hclsyntax.Expression{node.KeyExpr, node.ValExpr, node.CondExpr} {
			if part != nil {
				_ = hclsyntax.Walk(part, &calls{e: c.e, ctx: ctx, note: c.note})
			}
		}
	}
	return true
}

func (c *calls) call(node *hclsyntax.FunctionCallExpr) {
	var args []cty.Value
	for _, a := range node.Args {
		v, diags := a.Value(c.ctx)
		if diags.HasErrors() {
			v = cty.DynamicVal
		}
		if args = append(args, v); len(args) == 2 {
			break
		}
	}
	if len(args) == 0 || node.ExpandFinal {
		c.e.read.any("the path of a file is not known (" + position(node.NameRange) + ")")
		return
	}
	c.note(strings.TrimPrefix(node.Name, "core::"), args)
}

// readsIn reports an expression that calls such a function, as far as its text tells.
func (e *evaluator) readsIn(expr hcl.Expression) bool {
	if expr == nil {
		return false
	}
	node, native := expr.(hclsyntax.Node)
	if !native {
		return e.readsInJSON(expr.Range())
	}
	found := false
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		call, is := n.(*hclsyntax.FunctionCallExpr)
		found = found || is && reading(call.Name)
		return nil
	})
	return found
}

func (e *evaluator) readsInJSON(at hcl.Range) bool {
	data, known := e.texts[at.Filename]
	if !known {
		data, _ = e.files.read(at.Filename) // it was parsed before; nothing where it cannot be read again
		e.texts[at.Filename] = data
	}
	if at.Start.Byte < 0 || at.End.Byte > len(data) || at.Start.Byte >= at.End.Byte {
		return true
	}
	return mayRead(at.Filename, data[at.Start.Byte:at.End.Byte])
}
