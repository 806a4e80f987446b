package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// FuzzRender reads any bytes as a report and renders what can be read in every format.
func FuzzRender(f *testing.F) {
	for _, name := range caseNames(f) {
		b, err := os.ReadFile(filepath.Join("testdata/cases", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(0))
		f.Add(b, uint16(700))
	}
	f.Add([]byte(`{"schema_version":"1","kind":"verdict","verdict":{},"projects":[{"estimate":{"resources":[{"lines":[{}]},{}],"coverage":{"changed":-1}}}]}`), uint16(100))
	f.Add([]byte(`{"schema_version":"1","kind":"estimate","total":{"before":1e30,"after":-1e-60},"projects":[{"estimate":{}}]}`), uint16(9))
	f.Fuzz(func(t *testing.T, b []byte, limit uint16) {
		r, err := ReadJSON(b)
		if err != nil {
			return
		}
		r.Link = "" // any https address may stand there
		if n := utf8.RuneCountInString(Headline(r)); n > 140 {
			t.Errorf("the headline has %d characters", n)
		}
		for _, v := range views {
			got := []byte(render(t, v.format, r, Options{TTY: v.tty, Color: v.tty, Limit: int(limit)}))
			if !utf8.Valid(got) {
				t.Errorf("%s is not UTF-8", v.name)
			}
			parses(t, v.format, got)
			if v.format != Markdown {
				continue
			}
			if limit > 0 && utf8.RuneCount(got) > int(limit) {
				t.Errorf("%d characters, limit %d", utf8.RuneCount(got), limit)
			}
			inert(t, "fuzz", string(got))
			wellFormed(t, string(got))
		}
		for _, p := range r.Projects {
			e, _ := p.Estimate.Get()
			for _, c := range e.Resources {
				if err := Explain(&bytes.Buffer{}, c); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func parses(t *testing.T, f Format, b []byte) {
	var err error
	switch f {
	case JSON:
		_, err = ReadJSON(b)
	case SARIF:
		var doc any
		err = json.Unmarshal(b, &doc)
	case JUnit:
		err = xml.Unmarshal(b, &junitSuites{})
	case CSV:
		_, err = csv.NewReader(bytes.NewReader(b)).ReadAll()
	case None, Text, Markdown, HTML, GitHub:
	}
	if err != nil {
		t.Errorf("%s does not read back: %v", f, err)
	}
}

// FuzzMarkdown puts any text into prose, code, a table cell and the diff.
func FuzzMarkdown(f *testing.F) {
	for _, h := range hostile {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			return
		}
		doc := "### x " + markdown(s) + "\n\n- " + markdown(s) + "\n- a " + code(s) + " " + markdown(s) + "\n\n| a | b |\n|---|---|\n| " + code(s) +
			" | " + markdown(s) + " |\n\n```diff\n" + diffLine("+", middle(oneLine(s), nameWidth), "+$1") + "```\n\nx " + linked(s, "https://github.com/org/shop/blob/c0ffee1/"+pathEscape(s)) + "\n"
		inert(t, "fuzz", doc)
		wellFormed(t, doc)
	})
}

// FuzzRedact must neither fail nor be fooled by being asked twice.
func FuzzRedact(f *testing.F) {
	for _, s := range secrets {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Redact(s)
		if len(once) > len(s)+len(redacted)*(len(s)/minSecret+1) {
			t.Errorf("%q grew to %q", s, once)
		}
	})
}
