package plan

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// decoder walks the document. Its first error sticks: every method after it does nothing, so that callers read
// straight on and look once.
type decoder struct {
	dec    *jsontext.Decoder
	name   string
	limits Limits
	err    error
	count  int // entries of the section so far
	faults []fact.Fault

	words   map[string]string // interned strings: types, providers, attribute names
	arena   []byte            // where kept values live, in chunks
	scratch []byte
}

func newDecoder(name string, r io.Reader, limits Limits) *decoder {
	return &decoder{dec: jsontext.NewDecoder(r), name: name, limits: limits, words: map[string]string{}}
}

func (d *decoder) problem() error {
	if d.err == nil {
		return nil
	}
	return syntaxProblem(d.name, d.err)
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *decoder) failDepth() {
	d.fail(&InputError{Name: d.name, Where: wherePath(d.dec.StackPointer()),
		Problem: fmt.Sprintf("nests objects and arrays deeper than the limit of %d", d.limits.MaxDepth), Fix: fixShow})
}

// fault records that the part just read could not be used, which leaves the plan undecided.
func (d *decoder) fault(message string) {
	if d.err == nil && len(d.faults) < maxFaults { // a path may be long: not made in vain
		d.faultAt(wherePath(d.dec.StackPointer()), message)
	}
}

// maxFaults bounds the list; one fault already decides the outcome.
const maxFaults = 100

func (d *decoder) faultAt(where, message string) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, fact.Fault{Where: shorten(where, 200), Message: message, Fix: fixShow})
	}
}

// begin enters an object ('{') or array ('['). A null counts as absent; any other kind is skipped with a fault.
func (d *decoder) begin(kind jsontext.Kind) bool {
	if d.err != nil {
		return false
	}
	switch got := d.dec.PeekKind(); got {
	case kind:
		if _, err := d.dec.ReadToken(); err != nil {
			d.fail(err)
			return false
		}
		if d.dec.StackDepth() > d.limits.MaxDepth {
			d.failDepth()
			return false
		}
		return true
	case 'n':
		d.skip()
	default:
		d.skip()
		if kind == '{' {
			d.fault("is not an object")
		} else {
			d.fault("is not an array")
		}
	}
	return false
}

// more reports another member; at the end it leaves the object or array that begin entered.
func (d *decoder) more() bool {
	if d.err != nil {
		return false
	}
	switch d.dec.PeekKind() {
	case '}', ']', 0:
		if _, err := d.dec.ReadToken(); err != nil {
			d.fail(err)
		}
		return false
	}
	return true
}

func (d *decoder) value() jsontext.Value {
	if d.err != nil {
		return nil
	}
	v, err := d.dec.ReadValue()
	if err != nil {
		d.fail(err)
		return nil
	}
	return v
}

// key is the next member's name; the bytes are valid until the next read.
func (d *decoder) key() []byte { return unquote(d.value()) }

// unquote returns a JSON string's text, in place when it has no escapes.
func unquote(v []byte) []byte {
	if len(v) < 2 || v[0] != '"' {
		return nil
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	out, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return nil
	}
	return out
}

// word is an interned key or string.
func (d *decoder) word(b []byte) string {
	if s, ok := d.words[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(s) <= 128 && len(d.words) < 1<<16 {
		d.words[s] = s
	}
	return s
}

// str reads a string; null is empty, and any other kind is a fault.
func (d *decoder) str(intern bool) string {
	if d.err != nil {
		return ""
	}
	switch d.dec.PeekKind() {
	case '"':
		text := unquote(d.value())
		if intern {
			return d.word(text)
		}
		return string(text)
	case 'n':
		d.skip()
	default:
		d.skip()
		d.fault("is not a string")
	}
	return ""
}

// flag reads a boolean; null is false, and any other kind is a fault.
func (d *decoder) flag() bool {
	if d.err != nil {
		return false
	}
	kind := d.dec.PeekKind()
	d.skip()
	if kind != 't' && kind != 'f' && kind != 'n' {
		d.fault("is not true or false")
	}
	return kind == 't'
}

// skip passes over one value without holding it, at the same depth limit as what is kept.
func (d *decoder) skip() {
	if d.err != nil {
		return
	}
	depth := d.dec.StackDepth()
	for {
		if _, err := d.dec.ReadToken(); err != nil {
			d.fail(err)
			return
		}
		switch now := d.dec.StackDepth(); {
		case now <= depth:
			return
		case now > d.limits.MaxDepth:
			d.failDepth()
			return
		}
	}
}

// compact reads any value into dst without blanks. A number that no float64 can hold becomes null with a fault.
func (d *decoder) compact(dst []byte) []byte {
	v := d.value()
	if d.err != nil {
		return dst[:0]
	}
	out, depth, badNumber := appendCompact(dst[:0], v)
	if d.dec.StackDepth()+depth > d.limits.MaxDepth {
		d.failDepth()
		return dst[:0]
	}
	if badNumber {
		d.fault("holds a number that is out of range")
	}
	return out
}

// mask reads a sensitivity mask: nil when nothing is marked. A null is no mask.
func (d *decoder) mask() any {
	v := d.value()
	if d.err != nil || !bytes.Contains(v, []byte("true")) && !oddMask(v) {
		return nil
	}
	d.scratch = d.scratch[:0]
	out, depth, _ := appendCompact(d.scratch, v)
	d.scratch = out
	if d.dec.StackDepth()+depth > d.limits.MaxDepth {
		d.failDepth()
		return nil
	}
	var mask any
	if err := json.Unmarshal(out, &mask); err != nil {
		return true // hides the whole value: the safe reading of a mask that cannot be read
	}
	return mask
}

// oddMask reports a mask with anything but objects, arrays, false and null in it, such as "yes" or 1.
func oddMask(v []byte) bool {
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			end := stringEnd(v, i)
			next := end
			for next < len(v) && isBlank(v[next]) {
				next++
			}
			if next >= len(v) || v[next] != ':' {
				return true
			}
			i = end - 1
		case c == '-' || c >= '0' && c <= '9':
			return true
		}
	}
	return false
}

// keep stores b where it lives as long as the plan.
func (d *decoder) keep(b []byte) []byte {
	const chunk = 256 << 10
	if len(b) > chunk/4 {
		return bytes.Clone(b)
	}
	if len(d.arena)+len(b) > cap(d.arena) {
		d.arena = make([]byte, 0, chunk)
	}
	start := len(d.arena)
	d.arena = append(d.arena, b...)
	return d.arena[start:len(d.arena):len(d.arena)]
}

// counted counts one entry of a section against the limit.
func (d *decoder) counted() {
	d.count++
	if d.count > d.limits.MaxResources {
		d.fail(&InputError{Name: d.name, Where: wherePath(d.dec.StackPointer()),
			Problem: fmt.Sprintf("has more resources than the limit of %d", d.limits.MaxResources),
			Fix:     "raise the limit with --max-resources, or split the configuration"})
	}
}
