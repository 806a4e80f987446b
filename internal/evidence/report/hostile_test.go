package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

const two = `<testsuite name="ünit"><testcase name="a"/><testcase name="𝛼"><failure/></testcase></testsuite>`

func utf16Of(text string, mark bool, put func([]byte, uint16) []byte) string {
	var out []byte
	if mark {
		out = put(out, 0xFEFF)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		out = put(out, u)
	}
	return string(out)
}

func little(b []byte, u uint16) []byte { return append(b, byte(u), byte(u>>8)) }
func big(b []byte, u uint16) []byte    { return append(b, byte(u>>8), byte(u)) }

func TestEncodings(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":             two,
		"BOM":               "\ufeff" + two,
		"BOM, declared":     "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>" + two,
		"UTF-16LE":          utf16Of(two, true, little),
		"UTF-16BE":          utf16Of(two, true, big),
		"UTF-16LE unmarked": utf16Of(two, false, little),
		"UTF-16BE unmarked": utf16Of(two, false, big),
		"UTF-16 declared":   utf16Of(`<?xml version="1.0" encoding="utf-16"?>`+two, true, little),
		"declared in vain":  `<?xml version="1.0" encoding="utf-16"?>` + two,
		"latin":             "<?xml version='1.0' encoding='ISO-8859-1'?><testsuite name=\"\xfcnit\"><testcase name=\"a\"/><testcase><failure/></testcase></testsuite>",
		"bytes in output":   "<testsuite><testcase><system-out>\xff\xfe\x00\x1b[31m</system-out></testcase><testcase><failure><![CDATA[\xff\x00]]></failure></testcase></testsuite>",
	} {
		got, err := Parse(name, strings.NewReader(text))
		if diff := cmp.Diff(Counts{Executed: 2, Passed: 1, Failed: 1}, got.Counts); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if got, err := Parse("", strings.NewReader(utf16Of("TAP version 13\r\n1..1\r\nok 1\r\n", true, little))); err != nil || got.Counts.Passed != 1 {
		t.Errorf("TAP in UTF-16: %+v, %v", got, err)
	}
}

func repeated(text string, n int) string { return strings.Repeat(text, n) }

// TestRefused holds what must be an error, with a word of what it must say.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "is empty"},
		"BOM alone":           {"\ufeff", "is empty"},
		"not UTF-8 in a name": {"<testsuite name=\"\xff\"><testcase/></testsuite>", "UTF-8"},
		"not UTF-8 in TAP":    {"TAP version 13\n1..1\nok 1 \xff\n", "UTF-8"},
		"NUL in a name":       {"<testsuite name=\"\x00\"><testcase/></testsuite>", "illegal character"},
		"huge attribute":      {`<testsuite name="` + repeated("x", maxToken) + `"/>`, "more than 1 MiB"},
		"huge name":           {"<testsuite><" + repeated("x", 2000) + "/></testsuite>", "1,024 bytes"},
		"many attributes":     {"<testsuite" + attributes(maxAttrs+1) + "/>", "attributes"},
		"deep":                {repeated("<testsuite>", maxDepth+1), "nested deeper"},
		"deep, other":         {"<testsuite>" + repeated("<a>", 1_000_000), "nested deeper"},
		"deep TAP":            {"TAP version 14\n" + repeated("    ", maxDepth) + "ok 1\n", "nested deeper"},
		"long line":           {"TAP version 14\n" + repeated("x", maxLine+maxLine/2), "1 MiB"},
		"long event":          {`{"Action":"output","Output":"` + repeated("x", 2*maxLine) + `"}`, "1 MiB"},
		"huge TAP plan":       {"TAP version 14\n1..99999999999\n", "plan"},
		"huge directive":      {"<!DOCTYPE t " + repeated("x", 2*maxToken) + ">", "1 MiB"},
		"sum of claims":       {"<testsuites>" + repeated(`<testsuite failures="900000000"/>`, 3) + "</testsuites>", "more failures"},
		"claims of TRX":       {`<TestRun><Counters failed="1000000001"/></TestRun>`, "no count"},
		"UTF-16 cut":          {utf16Of(two, true, little)[:61], "breaks off"},
		"UTF-32":              {"\xff\xfe\x00\x00<\x00\x00\x00", "no known format"},
		"zip":                 {"PK\x03\x04\x00\x00", "no known format"},
		"weight of a block":   {"mode: set\na.go:1.1,2.2 99999999 1\n", "no block"},
		"line zero":           {"SF:a\nDA:0,1\nend_of_record\n", "no line"},
		"hits of nothing":     {"SF:a\nDA:1\nend_of_record\n", "no line"},
		"duplicate keys":      {`{"Action":"pass","Package":"p","Test":"A","Test":"B"}` + "\n", "no event"},
		"record in a record":  {"SF:a\nSF:b\nend_of_record\n", "inside another"},
	} {
		got, err := Parse(name, strings.NewReader(c.text))
		e, told := errors.AsType[*Error](err)
		if !told || !strings.Contains(err.Error(), c.want) || e.Name != name || len(err.Error()) > 700 {
			t.Errorf("%s: %+v, error %.300v; want %q", name, got, err, c.want)
		}
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

// endless is a report without an end.
type endless struct {
	head, body string
	sent       int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.sent < len(e.head) {
		n := copy(p, e.head[e.sent:])
		e.sent += n
		return n, nil
	}
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.body)
	}
	return n, nil
}

// TestEndless gives each format a report without an end: each stops by itself, and holds little of it.
func TestEndless(t *testing.T) { //nolint:paralleltest // it measures memory
	for name, r := range map[string]io.Reader{
		"output":  &endless{head: "<testsuite><testcase><system-out>", body: "x"},
		"cdata":   &endless{head: "<testsuite><testcase><system-out><![CDATA[", body: "]]"},
		"comment": &endless{head: "<testsuite><!--", body: "--"},
		"cases":   &endless{head: "<testsuite>", body: "<testcase/>"},
		"tap":     &endless{head: "TAP version 13\n", body: "ok\n"},
		"blank":   &endless{body: " \n"},
		"lcov":    &endless{head: "SF:a\n", body: "DA:1,1\n"},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := Parse(name, r)
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); err == nil || held > 8<<20 {
			t.Errorf("%s: error %v, %d bytes more in use", name, err, held)
		}
	}
}

// TestPrefixes cuts every case at every byte: what is cut is never a report with more passes than the whole, and XML
// that is cut is no report at all.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	for name, data := range seeds(t) {
		whole, err := Parse(name, bytes.NewReader(data))
		if err != nil || len(data) > 1500 {
			continue
		}
		for n := range len(bytes.TrimRight(data, "\n")) {
			part, err := Parse(name, bytes.NewReader(data[:n]))
			if err != nil {
				continue
			}
			if part.Counts.Passed > whole.Counts.Passed || data[0] == '<' {
				t.Errorf("%s: cut at %d of %d bytes, and counted as %+v", name, n, len(data), part.Counts)
			}
		}
	}
}
