package render

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	ghtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

var github = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote), goldmark.WithRendererOptions(ghtml.WithUnsafe()))

// What a comment may have of each, whatever the texts in it are.
var (
	rawInline = regexp.MustCompile(`^</?(sub|span)>$`)
	rawBlock  = regexp.MustCompile(`^(<details><summary>[^<>]*(<span>\$</span>[^<>]*)*</summary>|</details>|<!-- platform:verdict:v1 -->)\n?$`)
	ownLink   = regexp.MustCompile(`^https://(github\.com/org/shop/blob/c0ffee1/|platform\.example\.com/)`)
)

// GitHub finds these in the text of the rendered page, outside of code.
var shapes = map[string]*regexp.Regexp{
	"mention":   regexp.MustCompile(`@[A-Za-z0-9]`),
	"issue":     regexp.MustCompile(`#[0-9]`),
	"gh issue":  regexp.MustCompile(`(?i)\bgh-[0-9]`),
	"commit":    regexp.MustCompile(`\b[0-9a-f]*[a-f][0-9a-f]*\b`),
	"emoji":     regexp.MustCompile(`:[A-Za-z0-9_+-]+:`),
	"url":       regexp.MustCompile(`(?i)(https?|ftp)://`),
	"www":       regexp.MustCompile(`(?i)\bwww\.`),
	"formula":   regexp.MustCompile(`\$[^0-9]`),
	"command":   regexp.MustCompile(`(?m)^[ \t]*::|##\[`),
	"invisible": regexp.MustCompile("[\u202a-\u202e\u2066-\u2069\u200c-\u200f\x00-\x08\x1b]"),
}

// inert reports what Markdown means beyond the frame that the renderer writes, and returns the text that is read.
func inert(t testing.TB, name, markdown string) string {
	t.Helper()
	source := []byte(markdown)
	headings, fences := 0, 0
	bad := func(n ast.Node, what string) { t.Errorf("%s: %s in:\n%s\n%s", name, what, markdown, n.Kind()) }
	err := ast.Walk(github.Parser().Parse(text.NewReader(source)), func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			if !ownLink.Match(n.Destination) {
				bad(n, "a link to "+string(n.Destination))
			}
		case *ast.RawHTML:
			if !rawInline.Match(n.Segments.Value(source)) {
				bad(n, "HTML "+string(n.Segments.Value(source)))
			}
		case *ast.HTMLBlock:
			var b bytes.Buffer
			b.Write(n.Lines().Value(source))
			if !rawBlock.Match(b.Bytes()) {
				bad(n, "an HTML block "+b.String())
			}
		case *ast.Heading:
			headings++
		case *ast.FencedCodeBlock:
			fences++
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				if l := string(line.Value(source)); !strings.ContainsAny(l[:1], "+-! ") {
					bad(n, "a line of the diff that begins with "+l[:1])
				}
			}
		case *ast.Emphasis:
			if n.Level != 2 || string(n.FirstChild().(*ast.Text).Value(source)) != "To unblock:" {
				bad(n, "emphasis")
			}
		case *ast.ListItem:
			if n.Parent().Parent().Kind() != ast.KindDocument {
				bad(n, "a list in a list")
			}
		case *ast.AutoLink, *ast.Image, *ast.CodeBlock, *ast.ThematicBreak, *ast.Blockquote, *extast.Strikethrough,
			*extast.TaskCheckBox, *extast.FootnoteLink, *extast.FootnoteList:
			bad(n, "what no report writes")
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if headings > 1 || fences > 1 {
		t.Errorf("%s: %d headings, %d fences:\n%s", name, headings, fences, markdown)
	}
	var page bytes.Buffer
	if err := github.Convert(source, &page); err != nil {
		t.Fatal(err)
	}
	return readable(t, name, page.String())
}

var (
	codeText = regexp.MustCompile(`(?s)<code[^>]*>.*?</code>`)
	tag      = regexp.MustCompile(`<[^>]*>`)
)

// readable is the page's text; what stands outside of code has none of the shapes that GitHub links.
func readable(t testing.TB, name, page string) string {
	prose := strings.ReplaceAll(page, "<span>$</span>", "·") // an element of its own: shapes do not reach over it
	prose = html.UnescapeString(tag.ReplaceAllString(codeText.ReplaceAllString(prose, "·"), ""))
	for shape, pattern := range shapes {
		for _, found := range pattern.FindAllString(prose, -1) {
			if shape == "commit" && (len(found) < 7 || len(found) > 40) {
				continue
			}
			t.Errorf("%s: %s %q in the text of:\n%s", name, shape, found, page)
		}
	}
	return strings.ReplaceAll(html.UnescapeString(tag.ReplaceAllString(page, "")), "\u200b", "")
}

func TestHostileMarkdown(t *testing.T) {
	for name, h := range hostile {
		for _, view := range []View{CheckView, CostView} {
			r := planted(t, h)
			r.View = view
			got := render(t, Markdown, r, Options{Marker: "<!-- platform:verdict:v1 -->"})
			read := inert(t, name, got)
			wellFormed(t, got)
			want := strings.Join(strings.Fields(CleanText(h)), " ")
			if len(want) > 60 || view == CostView {
				continue // cut on purpose, or not shown
			}
			for _, want := range []string{want, strings.ReplaceAll(want, "|", "¦")} {
				if !strings.Contains(strings.Join(strings.Fields(read), " "), want) {
					t.Errorf("%s: a reader does not see %q in:\n%s", name, want, read)
				}
			}
		}
	}
}

// A headline may name a policy, and a limit may leave nothing but the headline.
func TestHostileHeadline(t *testing.T) {
	for name, h := range hostile {
		r := planted(t, h)
		r.Verdict.Outcome = 0
		r.Verdict.Findings = r.Verdict.Findings[:1]
		r.Verdict.Findings[0].Severity = 0
		for _, limit := range []int{20, 60, 120, 0} {
			inert(t, name, render(t, Markdown, r, Options{Limit: limit}))
		}
	}
}

func TestCommentMarker(t *testing.T) {
	for in, want := range map[string]string{
		"<!-- platform:verdict:v1 prod -->":             "<!-- platform:verdict:v1 prod -->",
		"<!-- platform:verdict:v1 a--><b>x</b><!-- -->": "<!-- platform:verdict:v1 a-bx/b!- -->",
		"<!-- platform:verdict:v1 a\n\nb -->":           "<!-- platform:verdict:v1 a  b -->",
		"x--->--!>":                                     "<!-- x-! -->",
	} {
		if got := comment(in); got != want {
			t.Errorf("comment(%q) = %q, want %q", in, got, want)
		}
	}
}
