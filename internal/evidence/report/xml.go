package report

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// elements reads the tags of an XML document. What stands between them is dropped before it is parsed, so that no
// amount of a program's output is held; a document type with declarations of its own is refused, and nothing that one
// names is fetched.
type elements struct {
	*source
	budget int // bytes that the next tag may still have
	dec    *xml.Decoder
	depth  int
	last   [2]byte // of the tag that was read
	closed bool    // the root has ended
}

// element is one tag. It is valid until the next.
type element struct {
	name  string
	attrs []xml.Attr
	end   bool
}

func newElements(s *source, head []byte) (*elements, error) {
	if err := s.decode(head); err != nil {
		return nil, err
	}
	x := &elements{source: s}
	x.dec = xml.NewDecoder(x)
	x.dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // decoded already
	return x, nil
}

var encodingForm = regexp.MustCompile(`^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']`)

// decode turns what the XML declaration names into UTF-8. .NET declares utf-16 in files of UTF-8, so that the bytes
// have been asked first.
func (s *source) decode(head []byte) error {
	m := encodingForm.FindSubmatch(head)
	if m == nil {
		return nil
	}
	switch name := strings.ToLower(string(m[1])); name {
	case "utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be", "unicode":
	case "iso-8859-1", "latin1", "windows-1252":
		s.Reader = bufio.NewReaderSize(charmap.Windows1252.NewDecoder().Reader(s.Reader), 32<<10)
	default:
		return s.fault(fmt.Sprintf("is in the encoding %.40q", name), "write the report as UTF-8")
	}
	return nil
}

// Read makes an io.Reader of it, which xml.NewDecoder asks for and does not use beside ReadByte.
func (x *elements) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := x.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// ReadByte gives the decoder the bytes of a tag.
func (x *elements) ReadByte() (byte, error) {
	if x.budget--; x.budget < 0 {
		return 0, x.fault("one tag has more than 1 MiB", "")
	}
	c, err := x.Reader.ReadByte()
	if c == '\n' && err == nil {
		x.line++
	}
	x.last = [2]byte{x.last[1], c}
	return c, err
}

// next is the next tag; io.EOF after the root's end and nothing but white space.
func (x *elements) next() (element, error) {
	for {
		if x.last != [2]byte{'/', '>'} { // else the end is still to come, out of the same tag
			if err := x.skipText(); err != nil {
				return element{}, err
			}
		}
		x.budget = maxToken
		token, err := x.dec.Token()
		if err != nil {
			return element{}, x.problem(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			return x.start(t)
		case xml.EndElement:
			x.last = [2]byte{}
			x.depth--
			x.closed = x.depth == 0
			return element{name: t.Name.Local, end: true}, nil
		case xml.CharData:
			return element{}, x.fault("text stands outside of the document", "write each report into a file of its own")
		case xml.Directive:
			if !bytes.HasPrefix(t, []byte("DOCTYPE")) || bytes.ContainsAny(t, "[<") || x.depth > 0 || x.closed {
				return element{}, x.fault("declares entities or a document type of its own", "no test tool writes that: leave it out")
			}
		}
	}
}

func (x *elements) start(t xml.StartElement) (element, error) {
	x.depth++
	switch {
	case x.closed:
		return element{}, x.fault(fmt.Sprintf("<%.40s> follows the end of the document: two reports in one file", t.Name.Local), "write each into a file of its own")
	case x.depth > maxDepth:
		return element{}, x.fault(fmt.Sprintf("elements are nested deeper than %d", maxDepth), "")
	case len(t.Attr) > maxAttrs:
		return element{}, x.fault(fmt.Sprintf("<%.40s> has more than %d attributes", t.Name.Local, maxAttrs), "")
	case len(t.Name.Local)+len(t.Name.Space) > 1024:
		return element{}, x.fault("an element's name has more than 1,024 bytes", "")
	}
	for i, a := range t.Attr {
		for _, b := range t.Attr[:i] {
			if a.Name == b.Name {
				return element{}, x.fault(fmt.Sprintf("<%.40s> has the attribute %.40q twice", t.Name.Local, a.Name.Local), "")
			}
		}
	}
	return element{name: t.Name.Local, attrs: t.Attr}, nil
}

// problem puts a fault of the decoder into our words.
func (x *elements) problem(err error) error {
	if errors.Is(err, io.EOF) {
		if x.closed {
			return io.EOF
		}
		return x.truncated()
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		if syntax.Msg == "unexpected EOF" {
			return x.truncated()
		}
		return x.fault(fmt.Sprintf("is no well-formed XML: %.200s", syntax.Msg), "")
	}
	return x.failure(err)
}

func (x *elements) truncated() error {
	return x.fault("breaks off before its end", "did the tool that writes it end, and was the file copied whole?")
}

// skipText drops what stands before the next tag: text, CDATA and comments.
func (x *elements) skipText() error {
	for {
		text, ended, err := x.past('<')
		if err != nil {
			return err
		}
		if text && x.depth == 0 {
			return x.fault("text stands outside of the document", "write each report into a file of its own")
		}
		if ended {
			return nil // the decoder says whether the end may be here
		}
		if err := x.UnreadByte(); err != nil {
			return x.failure(err)
		}
		head, err := x.Peek(len("<![CDATA["))
		if err != nil && !errors.Is(err, io.EOF) {
			return x.failure(err)
		}
		switch {
		case bytes.HasPrefix(head, []byte("<![CDATA[")) && x.depth > 0:
			err = x.skip(len("<![CDATA["), "]]>")
		case bytes.HasPrefix(head, []byte("<!--")):
			err = x.skip(len("<!--"), "-->")
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// past reads past the next c, or to the end, and says whether anything but white space stood before it.
func (x *elements) past(c byte) (text, ended bool, err error) {
	for {
		part, err := x.ReadSlice(c)
		x.line += bytes.Count(part, []byte("\n"))
		text = text || len(bytes.TrimSpace(bytes.TrimSuffix(part, []byte{c}))) > 0
		switch {
		case err == nil:
			return text, false, nil
		case errors.Is(err, io.EOF):
			return text, true, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return text, false, x.failure(err)
		}
	}
}

// skip drops an opening of n bytes and all until past the end mark, whose last byte is '>'.
func (x *elements) skip(n int, mark string) error {
	if _, err := x.Discard(n); err != nil {
		return x.failure(err)
	}
	tail := make([]byte, 0, 8)
	for {
		part, err := x.ReadSlice('>')
		x.line += bytes.Count(part, []byte("\n"))
		tail = append(tail, part[max(0, len(part)-len(mark)):]...)
		tail = append(tail[:0], tail[max(0, len(tail)-len(mark)):]...)
		switch {
		case err == nil && string(tail) == mark:
			return nil
		case errors.Is(err, io.EOF):
			return x.truncated()
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return x.failure(err)
		}
	}
}

// attr is the value of an attribute; empty where it is absent.
func (e element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// number is an attribute that counts something; absent is 0.
func (x *elements) number(e element, name string) (int, error) {
	text := strings.TrimSpace(e.attr(name))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxClaimed {
		return 0, x.fault(fmt.Sprintf("%s=%.40q of <%.40s> is no count", name, text, e.name), "")
	}
	return n, nil
}

// parseXML reads the dialect that the root element names.
func parseXML(s *source, head []byte) (Report, error) {
	x, err := newElements(s, head)
	if err != nil {
		return Report{}, err
	}
	root, err := x.next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = x.truncated()
		}
		return Report{}, err
	}
	switch {
	case root.name == "testsuites" || root.name == "testsuite":
		return parseJUnit(x, root)
	case root.name == "TestRun":
		return parseTRX(x, root)
	case root.name == "coverage" && root.attr("line-rate") != "":
		return parseCobertura(x, root)
	}
	return Report{}, &Error{Name: s.name, Line: s.line, Problem: fmt.Sprintf("is XML of another kind: its root is <%.40s>", root.name), Fix: lookedFor}
}
