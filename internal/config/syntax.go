package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	yamlLine      = regexp.MustCompile(`^line (\d+): `)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '([^']*)' referenced$`)
)

// syntax tells where YAML itself gave up.
func (p *parser) syntax(data []byte, err error) {
	if errors.Is(err, io.EOF) {
		p.empty()
		return
	}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if line, column := leadingTab(data); line > 0 {
		p.fault(line, column, "", "a tab indents the line; YAML knows spaces only", "write spaces")
		return
	}
	if m := unknownAnchor.FindStringSubmatch(message); m != nil {
		line, column := position(data, bytes.Index(data, []byte("*"+m[1])))
		p.fault(line, column, "", "an alias is not read here", "write the value out")
		return
	}
	if at := bytes.IndexFunc(data, control); at >= 0 {
		line, column := position(data, at)
		p.fault(line, column, "", "the file holds a control character", "delete it")
		return
	}
	line := 1
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits only
		message = message[len(m[0]):]
		if strings.HasPrefix(message, "did not find expected") {
			line++ // the library counts these lines from 0, and others from 1
		}
		line = max(1, min(line, 1+bytes.Count(data, []byte("\n"))))
	}
	p.fault(line, 1, "", "is not YAML: "+strings.Trim(quote(message), `"`), "look from this line on for a quote, bracket, colon or indent")
}

// leadingTab is where the first line with text is indented by a tab, or 0, 0.
func leadingTab(data []byte) (line, column int) {
	for text := range strings.Lines(string(data)) {
		line++
		rest := strings.TrimLeft(text, " ")
		if strings.HasPrefix(rest, "\t") && strings.TrimSpace(rest) != "" {
			return line, len(text) - len(rest) + 1
		}
	}
	return 0, 0
}

func firstInvalid(data []byte) (line, column int) {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return position(data, at)
}

// position is the line and column of an offset; an offset that is not in the data is the beginning.
func position(data []byte, offset int) (line, column int) {
	if offset < 0 || offset > len(data) {
		return 1, 1
	}
	before := data[:offset]
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

// control reports a control character that YAML refuses even inside quotes.
func control(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 && r != 0x85 || r == 0xfffe || r == 0xffff
}
