package render

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

// hostile are texts that mean something to some reader of some format.
var hostile = map[string]string{
	"html":        `<img src=x onerror=alert(1)><script>alert(1)</script>`,
	"details":     `</details></summary></sub><h1>x</h1>`,
	"comment":     `<!-- platform:verdict:v1 --> --> <!--`,
	"cdata":       `]]> <![CDATA[ &lt; &amp; &#64;admin`,
	"link":        `[a](javascript:alert(1)) ![i](https://evil.example/i.png)`,
	"reference":   `[x]: https://evil.example [x][] [x] [^1]`,
	"bare url":    `https://evil.example http://evil.example ftp://evil.example`,
	"www":         `www.evil.example WWW.evil.example (www.evil.example)`,
	"mail":        `mailto:a@evil.example a@evil.example xmpp:a@evil.example`,
	"mention":     `@admin cc @org/team (@x) a@b`,
	"issue":       `#1 org/repo#2 repo#3 GH-4 gh-5 (GH-6 a,GH-7`,
	"commit":      `deadbeef1 (0123456789abcdef0123456789abcdef01234567) a@deadbeef`,
	"emoji":       `:tada: a:+1:b ::smile: :a:b:`,
	"formula":     "$x$ $`x`$ $$y$$ a$b",
	"emphasis":    `**b** __b__ *i* _i_ ~~s~~ ~s~`,
	"backticks":   "`a` ``b`` ```c``` `",
	"backtick":    "`",
	"fence":       "```\nfoo\n```\n~~~\nbar",
	"pipes":       `a|b \| \\| \`,
	"lines":       "a\n# H1\n- li\n\n1. x\r\n> q\n---\n===",
	"list":        `- [ ] task`,
	"numbered":    `1. one`,
	"rule":        `---`,
	"quote":       `> [!WARNING]`,
	"heading":     `# heading`,
	"bullet":      `+ more`,
	"indented":    "     code",
	"escapes":     "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07x \u009b31m \x00\x07\x08",
	"bidi":        "a\u202eb\u202ac\u2066d\u2069e\u200ff\u061cg",
	"zero width":  "a\u200bb\u200cc\u200dd\ufeffe\u2060f\u00adg",
	"tags":        "a\U000E0041\U000E0042\u3164\u115fb",
	"separators":  "a\u2028b\u2029c\u0085d\ve\ff",
	"commands":    "\n::error::owned\n::set-output name=x::y\n##[error]z",
	"command":     "::stop-commands::x ##[stop-commands]x ###[add-mask]x",
	"commands at": strings.Repeat("x ::error::owned ", 20),
	"percents":    `%0A::error::owned %25 100%`,
	"props":       `a,line=1::b:c`,
	"formula =":   `=cmd|'/C calc'!A0`,
	"formula +":   `+1+1`,
	"formula -":   `-1+1`,
	"formula @":   `@SUM(A1)`,
	"formula tab": "\t=1+1",
	"formula cr":  "\r\n=1+1",
	"formula ＝":   "＝1+1",
	"csv":         `a","b` + "\n" + `c,"`,
	"json":        `"},{"outcome":"allow","a":"\`,
	"invalid":     "a\xff\xfe\xc0b\xed\xa0\x80",
	"wide":        "東京 ｗｉｄｅ 👩‍👩‍👧 é é",
	"template":    `{{.Verdict}} {{"x"}} ${x} %{x}`,
	"sarif":       `{0} [a](1) {message}`,
	"blank":       "   ",
	"path":        `../../etc/passwd C:\x %2e%2e/`,
	"long":        strings.Repeat("ab ", 2000),
}

const benign = "plain"

// planted is the hostile case with its text replaced in every field that had it.
func planted(t testing.TB, text string) Report {
	t.Helper()
	b, err := os.ReadFile("testdata/cases/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	stand := text
	if !utf8.ValidString(text) {
		stand = "\x00" // invalid UTF-8 does not survive JSON, so it is put in after reading
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case string:
			if strings.Contains(v, "alert(1)") {
				return stand
			}
		}
		return v
	}
	clean, err := json.Marshal(walk(doc))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadJSON(clean)
	if err != nil {
		t.Fatal(err)
	}
	if stand != text {
		r = cleaned(r, func(s string) string {
			if s == stand {
				return text
			}
			return s
		})
	}
	r.Link = "https://platform.example.com/" + text
	r.Files = "https://github.com/org/shop/blob/c0ffee1/"
	return r
}

// Every text of the JSON form but the names of closed enumerations is in the hostile case, so that no field is
// forgotten by the tests that use it.
func TestHostileCaseIsComplete(t *testing.T) {
	b, err := os.ReadFile("testdata/cases/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	enums := map[string]bool{"schema_version": true, "kind": true, "headline": true, "currency": true}
	have := map[string]bool{}
	var walk func(string, any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				walk(k, v[k])
			}
		case []any:
			for i := range v {
				walk(key, v[i])
			}
		case string:
			have[key] = have[key] || strings.Contains(v, "alert(1)")
		}
	}
	var doc any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	walk("", doc)
	seen := map[reflect.Type]bool{}
	var types func(reflect.Type)
	types = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Type.Kind() == reflect.String && name != "" && !enums[name] && !have[name] {
				t.Errorf("%s.%s (%q) has no hostile text in testdata/cases/hostile.json", typ, f.Name, name)
			}
			types(f.Type)
		}
	}
	types(reflect.TypeFor[wire]())
	if len(seen) < 12 {
		t.Errorf("only %d types were walked", len(seen))
	}
}

func TestHostileTerminal(t *testing.T) {
	ours := regexp.MustCompile("\x1b\\[[0-9]{1,2}m")
	for name, text := range hostile {
		for _, o := range []Options{{TTY: true, Color: true}, {TTY: true}, {}} {
			got := render(t, Text, planted(t, text), o)
			if o.Color {
				got = ours.ReplaceAllString(got, "")
			}
			for _, r := range got {
				if r != '\n' && (r != '\t' || o.TTY) && (r < ' ' || steering(r) || r == 0x7f || r == 0xfffd) {
					t.Errorf("%s: %U reaches the terminal:\n%q", name, r, got)
					break
				}
			}
			if want := render(t, Text, planted(t, benign), o); rows(got) != rows(want) {
				t.Errorf("%s: %d rows, a harmless text has %d:\n%s", name, rows(got), rows(want), got)
			}
			if want := render(t, Text, planted(t, benign), o); !o.TTY && strings.Count(got, "\t") != strings.Count(want, "\t") {
				t.Errorf("%s: a harmless text has other columns:\n%s", name, got)
			}
		}
	}
}

// rows counts lines but for those that go on with a wrapped cell, which begin with blanks.
func rows(s string) int {
	n := 0
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, strings.Repeat(" ", 20)) {
			n++
		}
	}
	return n
}

// TestHostileLogs holds that no format, printed in a job's log, gives the runner a command. It obeys :: at the
// start of a line after blanks, and ##[ anywhere.
func TestHostileLogs(t *testing.T) {
	own := regexp.MustCompile(`(?m)^::(error|warning|notice) `)
	obeyed := regexp.MustCompile(`(?m)^[ \t]*::|##\[`)
	for name, text := range hostile {
		for _, f := range []Format{Text, JSON, Markdown, HTML, SARIF, JUnit, GitHub, CSV} {
			for _, o := range []Options{{}, {TTY: true, Width: 50}} {
				got := render(t, f, planted(t, text), o)
				if f == GitHub {
					got = own.ReplaceAllString(got, "")
				}
				if at := obeyed.FindStringIndex(got); at != nil {
					t.Errorf("%s as %s: the runner obeys %q", name, f, got[at[0]:min(len(got), at[1]+40)])
				}
			}
		}
	}
}

func TestHostileJSON(t *testing.T) {
	for name, text := range hostile {
		got := render(t, JSON, planted(t, text), Options{})
		for _, r := range got {
			if r != '\n' && (r < ' ' || steering(r) || strings.ContainsRune("<>&", r)) {
				t.Errorf("%s: %U is written as it is", name, r)
				break
			}
		}
		r, err := ReadJSON([]byte(got))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); name != "invalid" && r.Verdict.Findings[0].Title != want {
			t.Errorf("%s: the title reads %q, want %q", name, r.Verdict.Findings[0].Title, want)
		}
	}
}

// shape is the elements and attributes of a document, without its text.
func shape(t *testing.T, document string, strict bool) []string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(document))
	if !strict {
		d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	}
	var out []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		switch e := token.(type) {
		case xml.StartElement:
			tag := e.Name.Local
			for _, a := range e.Attr {
				tag += " " + a.Name.Local
				if a.Name.Local == "href" || a.Name.Local == "src" {
					tag += "=" + a.Value
				}
			}
			out = append(out, tag)
		case xml.EndElement:
			out = append(out, "/"+e.Name.Local)
		case xml.Comment:
			out = append(out, "comment")
		}
	}
}

func TestHostileHTML(t *testing.T) {
	want := shape(t, render(t, HTML, planted(t, benign), Options{}), false)
	for name, text := range hostile {
		got := render(t, HTML, planted(t, text), Options{})
		if name == "blank" || name == "zero width" {
			continue // an empty text has no element where a text has one
		}
		if diff := cmp.Diff(want, shape(t, got, false)); diff != "" {
			t.Errorf("%s changes the page (-harmless +hostile):\n%s", name, diff)
		}
		if strings.Contains(got, "<script") || strings.Contains(got, "href=") || strings.Contains(got, "ZgotmplZ") {
			t.Errorf("%s: the page has a script, a link or a refused value", name)
		}
	}
}

func TestHostileJUnit(t *testing.T) {
	want := shape(t, render(t, JUnit, planted(t, benign), Options{}), true)
	for name, text := range hostile {
		got := render(t, JUnit, planted(t, text), Options{})
		if diff := cmp.Diff(want, shape(t, got, true)); diff != "" {
			t.Errorf("%s (-harmless +hostile):\n%s", name, diff)
		}
		var suites junitSuites
		if err := xml.Unmarshal([]byte(got), &suites); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if m := suites.Suites[0].Cases[0].Failure; m == nil || m.Message != CleanText(text) {
			t.Errorf("%s: the failure reads %+v, want %q", name, m, CleanText(text))
		}
	}
}

func TestHostileSARIF(t *testing.T) {
	for name, text := range hostile {
		got := render(t, SARIF, planted(t, text), Options{})
		var doc struct {
			Runs []struct {
				Tool struct {
					Driver struct{ Rules []struct{ ID string } }
				}
				Results []struct {
					RuleID    string
					Level     string
					Message   struct{ Text string }
					Locations []struct {
						PhysicalLocation struct {
							ArtifactLocation struct{ URI string }
							Region           struct{ StartLine int }
						}
					}
					PartialFingerprints map[string]string
				}
			}
		}
		if err := json.Unmarshal([]byte(got), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		results := doc.Runs[0].Results
		if len(doc.Runs) != 1 || len(results) != 2 || len(doc.Runs[0].Tool.Driver.Rules) != 2 {
			t.Errorf("%s: %d results, %d rules", name, len(results), len(doc.Runs[0].Tool.Driver.Rules))
			continue
		}
		for i, level := range []string{"error", "warning"} {
			r := results[i]
			at := r.Locations[0].PhysicalLocation
			u, err := url.Parse(at.ArtifactLocation.URI)
			if err != nil || u.IsAbs() || at.ArtifactLocation.URI == "" || at.Region.StartLine < 1 {
				t.Errorf("%s: location %+v, %v", name, at, err)
			}
			if strings.Contains(r.Message.Text, "](") {
				t.Errorf("%s: the message has a link: %q", name, r.Message.Text)
			}
			if r.Level != level || r.Message.Text == "" || r.RuleID == "" || r.PartialFingerprints["platform/v1"] == "" {
				t.Errorf("%s: result %+v", name, r)
			}
		}
	}
}

func TestHostileCommands(t *testing.T) {
	form := regexp.MustCompile(`^::(error|warning|notice) ((?:[a-z]+=[^,:]*)(?:,[a-z]+=[^,:]*)*)::(.*)$`)
	for name, text := range hostile {
		got := render(t, GitHub, planted(t, text), Options{})
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if len(lines) != 3 {
			t.Errorf("%s: %d commands, want 3:\n%s", name, len(lines), got)
		}
		for i, line := range lines {
			m := form.FindStringSubmatch(line)
			if m == nil || m[1] != []string{"error", "warning", "notice"}[min(i, 2)] {
				t.Errorf("%s: line %d is %q", name, i, line)
				continue
			}
			for p := range strings.SplitSeq(m[2], ",") {
				key, value, _ := strings.Cut(p, "=")
				if !slices.Contains([]string{"file", "line", "title"}, key) {
					t.Errorf("%s: property %q", name, key)
				}
				read := strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",").Replace(value)
				if i == 0 && key == "file" && read != middle(CleanText(text), 4000) {
					t.Errorf("%s: the file reads %q, want %q", name, read, CleanText(text))
				}
			}
		}
	}
}

func TestHostileCSV(t *testing.T) {
	rows := func(text string) [][]string {
		got, err := csv.NewReader(strings.NewReader(render(t, CSV, planted(t, text), Options{}))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := rows(benign)
	for name, text := range hostile {
		got := rows(text)
		if len(got) != len(want) {
			t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
		}
		for _, row := range got {
			for _, c := range row {
				if _, err := decimal.NewFromString(c); err == nil {
					continue
				}
				if first := strings.TrimLeft(c, " \t\r\n\u00a0"); first != "" && strings.ContainsAny(first[:1], "=+-@") || strings.HasPrefix(first, "＝") {
					t.Errorf("%s: the cell %q is a formula", name, c)
				}
			}
		}
	}
}

// Nothing that looks like a secret leaves by any format, in whatever field it was, also when it is cut or escaped.
func TestSecretsStay(t *testing.T) {
	for name, secret := range secrets {
		for _, text := range []string{secret, "password = " + secret + " in the plan", strings.Repeat("x ", 15) + secret, secret[:9] + "\u200b" + secret[9:]} {
			r := planted(t, text)
			for _, v := range views {
				got := render(t, v.format, r, Options{TTY: v.tty, Marker: "<!-- m -->"})
				if strings.Contains(got, secret[4:]) || strings.Contains(got, secret[:len(secret)-4]) {
					t.Errorf("%s: %s shows %q", name, v.name, secret)
				}
			}
		}
	}
}
