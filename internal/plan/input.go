package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/org/platform-action/internal/fact"
)

// noiseWindow is how far into the input the JSON may begin. A wrapper prints a few lines; more is another kind of file.
const noiseWindow = 64 << 10

// input is the JSON part of a source: past byte order marks and wrapper lines, in UTF-8, counted and digested.
type input struct {
	io.Reader
	name  string
	raw   *rawReader
	notes []fact.Fault
}

// rawReader counts and digests the bytes as they are on disk.
type rawReader struct {
	src  io.Reader
	name string
	sum  hash.Hash
	read int64
	most int64
}

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	r.read += int64(n)
	if r.read > r.most {
		return 0, tooBig(r.name, r.most)
	}
	r.sum.Write(p[:n])
	return n, err
}

func tooBig(name string, most int64) error {
	return &InputError{Name: name, Problem: fmt.Sprintf("is larger than the limit of %d bytes", most),
		Fix: "raise the limit with --max-bytes, or split the configuration"}
}

// openInput finds the JSON in src, or says what else src holds.
func openInput(name string, src io.ReadSeeker, most int64) (*input, error) {
	size, err := src.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, syntaxProblem(name, err)
	}
	if size > most {
		return nil, tooBig(name, most)
	}
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return nil, syntaxProblem(name, err)
	}
	in := &input{name: name, raw: &rawReader{src: src, name: name, sum: sha256.New(), most: most}}
	text, head, err := in.decodeText()
	if err != nil {
		return nil, err
	}
	start := jsonStart(head)
	if problem := textProblem(head, start); problem != nil {
		problem.Name = name
		return nil, problem
	}
	if lines := bytes.TrimSpace(head[:start]); len(lines) > 0 {
		in.note(fmt.Sprintf("skipped %d line(s) before the JSON", 1+bytes.Count(lines, []byte("\n"))),
			"call terraform without a wrapper, such as setup-terraform with terraform_wrapper: false")
	}
	in.Reader = io.MultiReader(bytes.NewReader(head[start:]), text)
	return in, nil
}

func (in *input) note(message, fix string) {
	in.notes = append(in.notes, fact.Fault{Where: in.name, Message: message, Fix: fix})
}

// decodeText returns the source as UTF-8 without a byte order mark: its first bytes, and a reader of the others.
func (in *input) decodeText() (io.Reader, []byte, error) {
	head, err := readHead(in.raw)
	if err != nil {
		return nil, nil, syntaxProblem(in.name, err)
	}
	if bom := []byte("\xEF\xBB\xBF"); bytes.HasPrefix(head, bom) {
		in.note("skipped a byte order mark", "")
		return in.raw, head[len(bom):], nil
	}
	order, skip := utf16Order(head)
	if order == nil {
		return in.raw, head, nil
	}
	in.note("converted from UTF-16", "in PowerShell: terraform show -json plan.out | Out-File -Encoding utf8 plan.json")
	wide := &utf16Reader{src: io.MultiReader(bytes.NewReader(head[skip:]), in.raw), order: order, name: in.name}
	head, err = readHead(wide)
	if err != nil {
		return nil, nil, syntaxProblem(in.name, err)
	}
	return wide, head, nil
}

func readHead(r io.Reader) ([]byte, error) {
	head := make([]byte, noiseWindow)
	n, err := io.ReadFull(r, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return head[:n], err
}

// jsonStart is the offset of the first line that begins with a brace, or -1.
func jsonStart(head []byte) int {
	for at := 0; at < len(head); {
		line := head[at:]
		trimmed := bytes.TrimLeft(line, " \t\r")
		if len(trimmed) > 0 && trimmed[0] == '{' {
			return at + len(line) - len(trimmed)
		}
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			return -1
		}
		at += end + 1
	}
	return -1
}

// rest reads what follows the JSON, so that the digest covers the whole input. Text of a wrapper is skipped with a
// note; a second document is refused, because only the first would have been judged.
func (in *input) rest(buffered []byte) ([]fact.Fault, error) {
	r := io.MultiReader(bytes.NewReader(buffered), in.Reader)
	chunk := make([]byte, 32<<10)
	skipped, sameLine, lineStart := 0, true, true
	for {
		n, err := r.Read(chunk)
		for _, c := range chunk[:n] {
			switch {
			case c == '\n':
				sameLine, lineStart = false, true
			case c == ' ' || c == '\t' || c == '\r':
			case sameLine || lineStart && (c == '{' || c == '}' || c == ']'):
				return nil, &InputError{Name: in.name, Problem: "goes on after the end of the plan: more than one JSON document, or not valid JSON",
					Fix: "give one plan a file; " + fixShow}
			default:
				lineStart = false
				skipped++
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, syntaxProblem(in.name, err)
		}
	}
	if skipped == 0 {
		return nil, nil
	}
	return []fact.Fault{{Where: in.name, Message: "skipped text after the JSON",
		Fix: "call terraform without a wrapper, such as setup-terraform with terraform_wrapper: false"}}, nil
}

func (in *input) digest() string { return "sha256:" + hex.EncodeToString(in.raw.sum.Sum(nil)) }

// binaryData reports control characters that no text begins with.
func binaryData(head []byte) bool {
	return bytes.ContainsFunc(head[:min(len(head), 512)], func(r rune) bool { return r < '\t' || r == 0x7F })
}
