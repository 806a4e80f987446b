package terraform

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// maxNesting bounds brackets, quotes and operators in each other. The parser recurses on them, and a stack that
// overflows ends the process.
const maxNesting = 5_000

// hcl reads one file of blocks. After a syntax error the blocks that the parser could make out still count.
func (l *locator) hcl(f *folder, name string, data []byte) {
	if bytes.Count(data, []byte("\n")) == 0 && len(bytes.TrimSpace(data)) == 0 {
		return
	}
	if tooDeep(data) {
		l.fault(name, fmt.Sprintf("the file nests deeper than %d levels; it is not read", maxNesting), "")
		return
	}
	parsed, diagnostics := hclsyntax.ParseConfig(data, name, hcl.InitialPos)
	l.diagnose(name, diagnostics)
	if parsed == nil {
		return
	}
	if body, ok := parsed.Body.(*hclsyntax.Body); ok {
		l.body(f, name, body)
	}
}

// diagnose tells the first syntax error of a file; those after it often follow from it. The parser's detail is left
// out because it may quote the source.
func (l *locator) diagnose(name string, diagnostics hcl.Diagnostics) {
	for _, d := range diagnostics {
		if d.Severity != hcl.DiagError {
			continue
		}
		where := name
		if d.Subject != nil {
			where = fmt.Sprintf("%s:%d:%d", name, d.Subject.Start.Line, d.Subject.Start.Column)
		}
		l.fault(where, "syntax error: "+d.Summary, "run `terraform validate` to see it in full")
		return
	}
}

func (l *locator) body(f *folder, name string, body *hclsyntax.Body) {
	for _, b := range body.Blocks {
		at := Position{name, b.TypeRange.Start.Line}
		switch b.Type {
		case "resource", "data", "ephemeral":
			if len(b.Labels) == 2 {
				f.define(block{b.Type, b.Labels[0], b.Labels[1]}, at)
			}
		case "check": // a data source may stand inside
			for _, inner := range b.Body.Blocks {
				if inner.Type == "data" && len(inner.Labels) == 2 {
					f.define(block{"data", inner.Labels[0], inner.Labels[1]}, Position{name, inner.TypeRange.Start.Line})
				}
			}
		case "module":
			if len(b.Labels) == 1 {
				f.call(b.Labels[0], call{literal(b.Body.Attributes["source"]), at})
			}
		}
	}
}

// define and call keep the first definition: the files come in the order in which one wins.
func (f *folder) define(b block, at Position) {
	if _, ok := f.blocks[b]; !ok {
		f.blocks[b] = at
	}
}

func (f *folder) call(name string, c call) {
	if _, ok := f.calls[name]; !ok {
		f.calls[name] = c
	}
}

// literal is an attribute that is a plain string, or nothing.
func literal(a *hclsyntax.Attribute) string {
	if a == nil {
		return ""
	}
	template, ok := a.Expr.(*hclsyntax.TemplateExpr)
	if !ok || !template.IsStringLiteral() {
		return ""
	}
	v, diagnostics := template.Value(nil)
	if diagnostics.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// tooDeep reports a file that the parser would recurse into beyond maxNesting. It counts what the parser recurses
// on: brackets and quotes until they close, and the operators !, - and ? until their expression ends.
func tooDeep(data []byte) bool {
	few := 0
	for _, c := range data {
		switch c {
		case '(', '[', '{', '"', '!', '-', '?', '<':
			few++
		}
	}
	if few <= maxNesting {
		return false // the usual case needs no second look
	}
	tokens, _ := hclsyntax.LexConfig(data, "", hcl.InitialPos)
	open := []int{0} // operators pending at each level
	total := 0
	for _, t := range tokens {
		last := len(open) - 1
		switch t.Type {
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open = append(open, 0)
			total++
		case hclsyntax.TokenCParen, hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc,
			hclsyntax.TokenTemplateSeqEnd:
			if last > 0 {
				total -= 1 + open[last]
				open = open[:last]
			}
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
			open[last]++
			total++
		case hclsyntax.TokenComma, hclsyntax.TokenEqual:
			total -= open[last]
			open[last] = 0
		}
		if total > maxNesting {
			return true
		}
	}
	return false
}
