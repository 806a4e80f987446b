package terraform

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxAgain bounds how many bytes of one file are read again after syntax errors.
const maxAgain = 1 << 20

// hcl reads one file of blocks. It walks the lexer's tokens and never builds expressions: HCL's own parser takes
// quadratic time on a long heredoc (40,000 lines: 3 s) and recurses on brackets and operators, so that a file could
// be made to hang or to end the process. After a syntax error it goes on at the next line that begins a block.
func (l *locator) hcl(f *folder, name string, data []byte) {
	start := hcl.InitialPos
	again := 0
	for first := true; ; first = false {
		tokens, _ := hclsyntax.LexConfig(data[start.Byte:], name, start)
		w := walker{f: f, name: name, tokens: tokens}
		what, ok := w.walk()
		if ok {
			return
		}
		at := w.here()
		if first { // later ones often follow from the first
			l.fault(fmt.Sprintf("%s:%d:%d", name, at.Line, at.Column), "syntax error: "+what, "run `terraform validate` to see it in full")
		}
		next, found := restart(data, at.Byte)
		if !found {
			return
		}
		if again += len(data) - next; again > maxAgain {
			l.fault(name, fmt.Sprintf("blocks from line %d on are not looked for, because of the syntax errors before", at.Line), "")
			return
		}
		start = hcl.Pos{Line: start.Line + bytes.Count(data[start.Byte:next], []byte("\n")), Column: 1, Byte: next}
	}
}

var beginning = regexp.MustCompile(`\n(?:resource|data|ephemeral|module|check)[ \t"]`)

// restart is where the next line begins that starts a block without any indent.
func restart(data []byte, from int) (int, bool) {
	from = min(max(from, 0), len(data))
	at := beginning.FindIndex(data[from:])
	if at == nil {
		return 0, false
	}
	return from + at[0] + 1, true
}

// open is a block whose end has not come yet.
type open struct {
	kind   string
	labels []string
	at     Position
	source string
}

// walker goes over the tokens of one file with a stack of its own.
type walker struct {
	f      *folder
	name   string
	tokens hclsyntax.Tokens
	next   int
	blocks []open
}

// walk reads bodies until the file ends. Not ok: the reason, with the walker standing at the token that is wrong.
func (w *walker) walk() (what string, ok bool) {
	for w.next < len(w.tokens) {
		t := w.tokens[w.next]
		switch {
		case newline(t) || t.Type == hclsyntax.TokenComment:
			w.next++
		case t.Type == hclsyntax.TokenEOF:
			if len(w.blocks) > 0 {
				w.keep()
				return "a block is not closed", false
			}
			return "", true
		case t.Type == hclsyntax.TokenCBrace && len(w.blocks) > 0:
			w.close()
			w.next++
		case t.Type == hclsyntax.TokenIdent:
			if what := w.item(); what != "" {
				w.keep()
				return what, false
			}
		default:
			w.keep()
			return "an argument or a block is due", false
		}
	}
	return "", true
}

// item reads an argument, or a block as far as its opening brace.
func (w *walker) item() string {
	key := w.tokens[w.next]
	w.next++
	if w.is(hclsyntax.TokenEqual) {
		w.next++
		return w.argument(string(key.Bytes))
	}
	b := open{kind: string(key.Bytes), at: Position{w.name, key.Range.Start.Line}}
	for !w.is(hclsyntax.TokenOBrace) {
		label, ok := w.label()
		if !ok {
			return "an = or the { of a block is due"
		}
		b.labels = append(b.labels, label)
	}
	w.next++
	w.blocks = append(w.blocks, b)
	w.define(b)
	return ""
}

// label reads one label of a block, bare or in quotes.
func (w *walker) label() (string, bool) {
	switch {
	case w.is(hclsyntax.TokenIdent):
		w.next++
		return string(w.tokens[w.next-1].Bytes), true
	case w.is(hclsyntax.TokenOQuote):
		return w.quoted()
	}
	return "", false
}

// quoted reads a string without templates or escapes; no name or path of interest has one.
func (w *walker) quoted() (string, bool) {
	at := w.next + 1
	var text []byte
	if at < len(w.tokens) && w.tokens[at].Type == hclsyntax.TokenQuotedLit {
		text = w.tokens[at].Bytes
		at++
	}
	if at >= len(w.tokens) || w.tokens[at].Type != hclsyntax.TokenCQuote || bytes.ContainsAny(text, `\`) || bytes.Contains(text, []byte("$${")) {
		return "", false
	}
	w.next = at + 1
	return string(text), true
}

// argument passes over an expression and notes the source of a module.
func (w *walker) argument(key string) string {
	start := w.next
	source, plain := "", false
	if key == "source" && len(w.blocks) == 1 && w.blocks[0].kind == "module" && w.is(hclsyntax.TokenOQuote) {
		source, plain = w.quoted()
	}
	after := w.next
	if what := w.expression(); what != "" {
		return what
	}
	if w.next == start {
		return "a value is due"
	}
	if plain && w.next == after { // nothing but the string
		w.blocks[0].source = source
	}
	return ""
}

// expression passes over tokens to the end of the line or the block, but for those in brackets, quotes and heredocs.
func (w *walker) expression() string {
	var closers []hclsyntax.TokenType
	for ; w.next < len(w.tokens); w.next++ {
		t := w.tokens[w.next]
		if closer, opens := closing[t.Type]; opens {
			closers = append(closers, closer)
			continue
		}
		last := len(closers) - 1
		switch {
		case t.Type == hclsyntax.TokenEOF && last >= 0:
			return "a bracket, quote or heredoc is not closed"
		case t.Type == hclsyntax.TokenEOF, last < 0 && (newline(t) || t.Type == hclsyntax.TokenCBrace):
			return ""
		case closes[t.Type]:
			if last < 0 || closers[last] != t.Type {
				return "a bracket does not match"
			}
			closers = closers[:last]
		case invalid[t.Type] || last < 0 && t.Type == hclsyntax.TokenEqual:
			return "a character is out of place"
		}
	}
	return ""
}

// define records a block as soon as its header is read.
func (w *walker) define(b open) {
	top := len(w.blocks) == 1
	inCheck := len(w.blocks) == 2 && w.blocks[0].kind == "check" // a check may hold a data source
	switch b.kind {
	case "resource", "ephemeral", "data":
		if len(b.labels) == 2 && (top || inCheck && b.kind == "data") {
			w.f.define(block{b.kind, b.labels[0], b.labels[1]}, b.at)
		}
	}
}

// close ends the innermost block.
func (w *walker) close() {
	last := len(w.blocks) - 1
	if b := w.blocks[last]; last == 0 && b.kind == "module" && len(b.labels) == 1 {
		w.f.call(b.labels[0], call{b.source, b.at})
	}
	w.blocks = w.blocks[:last]
}

// keep records a module call that a syntax error cut off.
func (w *walker) keep() {
	if len(w.blocks) > 0 {
		w.blocks = w.blocks[:1]
		w.close()
	}
}

func (w *walker) is(t hclsyntax.TokenType) bool {
	return w.next < len(w.tokens) && w.tokens[w.next].Type == t
}

// here is the position of the token that the walker stands at.
func (w *walker) here() hcl.Pos {
	if len(w.tokens) == 0 {
		return hcl.InitialPos
	}
	return w.tokens[min(w.next, len(w.tokens)-1)].Range.Start
}

// newline reports the end of a line; a comment that runs to it swallows it.
func newline(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment && bytes.HasSuffix(t.Bytes, []byte("\n"))
}

var closing = map[hclsyntax.TokenType]hclsyntax.TokenType{
	hclsyntax.TokenOParen:          hclsyntax.TokenCParen,
	hclsyntax.TokenOBrace:          hclsyntax.TokenCBrace,
	hclsyntax.TokenOBrack:          hclsyntax.TokenCBrack,
	hclsyntax.TokenOQuote:          hclsyntax.TokenCQuote,
	hclsyntax.TokenOHeredoc:        hclsyntax.TokenCHeredoc,
	hclsyntax.TokenTemplateInterp:  hclsyntax.TokenTemplateSeqEnd,
	hclsyntax.TokenTemplateControl: hclsyntax.TokenTemplateSeqEnd,
}

var closes = map[hclsyntax.TokenType]bool{
	hclsyntax.TokenCParen: true, hclsyntax.TokenCBrace: true, hclsyntax.TokenCBrack: true,
	hclsyntax.TokenCQuote: true, hclsyntax.TokenCHeredoc: true, hclsyntax.TokenTemplateSeqEnd: true,
}

// invalid are the tokens that no expression has.
var invalid = map[hclsyntax.TokenType]bool{
	hclsyntax.TokenInvalid: true, hclsyntax.TokenBadUTF8: true, hclsyntax.TokenQuotedNewline: true,
	hclsyntax.TokenBacktick: true, hclsyntax.TokenApostrophe: true, hclsyntax.TokenSemicolon: true,
	hclsyntax.TokenBitwiseAnd: true, hclsyntax.TokenBitwiseOr: true, hclsyntax.TokenBitwiseNot: true,
	hclsyntax.TokenBitwiseXor: true, hclsyntax.TokenStarStar: true,
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
