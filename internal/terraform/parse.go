package terraform

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
)

// Bounds of one file that is parsed whole. HCL's parser takes quadratic time on long heredocs and recurses on
// brackets, conditions and signs, so that beyond these a file could be made to hang or to end the process.
const (
	maxParsed       = 2 << 20 // bytes
	maxNesting      = 100
	maxHeredocLines = 5_000
	maxConditions   = 1_000
	maxSigns        = 100 // in a row
)

// parse reads the module in a folder. Faults name what could not be read; the rest of the module still counts.
func (l *locator) parse(dir string) (*module, error) {
	if err := l.solid(dir); err != nil {
		return nil, err
	}
	entries, err := l.list(dir)
	if err != nil {
		return nil, err
	}
	m := newModule(dir)
	read := map[string]bool{}
	for _, e := range entries {
		name := stem(e.Name()) + path.Ext(strings.TrimSuffix(e.Name(), ".json"))
		if other := strings.TrimSuffix(name, ".tf") + ".tofu"; strings.HasSuffix(name, ".tf") && read[other+jsonExt(e.Name())] {
			continue // NAME.tofu stands for NAME.tf
		}
		read[name+jsonExt(e.Name())] = true
		l.parseFile(m, e)
	}
	return m, nil
}

func jsonExt(name string) string {
	if strings.HasSuffix(name, ".json") {
		return ".json"
	}
	return ""
}

func (l *locator) parseFile(m *module, e fs.DirEntry) {
	name := path.Join(m.dir, e.Name())
	if !e.Type().IsRegular() {
		l.fault(name, "the file is no regular file, or a symbolic link; it is not read", "")
		return
	}
	data, err := l.read(name)
	if err != nil {
		l.fault(name, "the file cannot be read: "+reason(err), "")
		return
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if why := excessive(data, name); why != "" {
		l.fault(name, why+"; the file is not evaluated", "split it")
		return
	}
	if strings.HasSuffix(name, ".json") {
		file, diags = hcljson.Parse(data, name)
	} else {
		file, diags = hclsyntax.ParseConfig(data, name, hcl.InitialPos)
	}
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			l.fault(diagnosed(name, d), "syntax error: "+d.Summary+excerpt(data, d), "run `terraform validate` to see it in full")
			break // later ones often follow from the first
		}
	}
	if file == nil || file.Body == nil {
		return
	}
	content, _, _ := file.Body.PartialContent(rootSchema()) // what the schema does not know is no block of a module
	for _, b := range content.Blocks {
		if err := m.add(b, override(stem(e.Name())) == 1); err != nil {
			l.fault(position(b.DefRange), err.Error(), "remove one of them")
		}
	}
}

func diagnosed(name string, d *hcl.Diagnostic) string {
	if d.Subject == nil {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, d.Subject.Start.Line, d.Subject.Start.Column)
}

// excerpt is the line of a fault with a caret under it, so that nobody has to open the file to see what is meant.
func excerpt(data []byte, d *hcl.Diagnostic) string {
	if d.Subject == nil || d.Subject.Start.Line < 1 {
		return ""
	}
	for n := 1; n < d.Subject.Start.Line; n++ {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return ""
		}
		data = data[end+1:]
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	if len(line) > 200 {
		return ""
	}
	text := strings.TrimRight(strings.ReplaceAll(string(line), "\t", " "), "\r")
	return "\n  " + text + "\n  " + strings.Repeat(" ", max(0, min(d.Subject.Start.Column-1, len(text)))) + "^"
}

// excessive says why a file must not be given to HCL's parser, or nothing.
func excessive(data []byte, name string) string {
	if len(data) > maxParsed {
		return fmt.Sprintf("the file is larger than %d MiB", maxParsed>>20)
	}
	if strings.HasSuffix(name, ".json") {
		if bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) > maxNesting && !shallow(data) {
			return fmt.Sprintf("objects and lists nest deeper than %d", maxNesting)
		}
		return ""
	}
	tokens, _ := hclsyntax.LexConfig(data, name, hcl.InitialPos)
	depth, conditions, signs, heredoc := 0, 0, 0, 0
	for _, t := range tokens {
		sign := false
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenQuestion:
			conditions++
		case hclsyntax.TokenBang, hclsyntax.TokenMinus:
			sign = true
		case hclsyntax.TokenOHeredoc:
			heredoc = t.Range.Start.Line
		case hclsyntax.TokenCHeredoc:
			if t.Range.Start.Line-heredoc > maxHeredocLines {
				return fmt.Sprintf("a heredoc is longer than %d lines", maxHeredocLines)
			}
			heredoc = 0
		case hclsyntax.TokenEOF:
			if heredoc > 0 && t.Range.Start.Line-heredoc > maxHeredocLines {
				return "a heredoc is not closed"
			}
		case hclsyntax.TokenNewline:
			conditions = 0
		default:
		}
		if signs++; !sign {
			signs = 0
		}
		switch {
		case depth > maxNesting:
			return fmt.Sprintf("brackets nest deeper than %d", maxNesting)
		case conditions > maxConditions:
			return fmt.Sprintf("an expression has more than %d conditions", maxConditions)
		case signs > maxSigns:
			return fmt.Sprintf("more than %d signs stand in a row", maxSigns)
		}
	}
	return ""
}

// shallow reports JSON text whose objects and lists stay within the bound. Brackets inside of strings do not count.
func shallow(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}
