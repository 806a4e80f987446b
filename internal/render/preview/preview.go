// Package preview turns a Markdown comment into an HTML page that looks like GitHub shows it, for the demo and for
// people who judge a comment before it is posted.
package preview

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// CommentPage renders the comment as a self-contained page. Raw HTML passes, as on GitHub, where details and sub
// work: what comes from a pull request must have been made inert before.
func CommentPage(markdown string) ([]byte, error) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	var body bytes.Buffer
	if err := md.Convert([]byte(markdown), &body); err != nil {
		return nil, fmt.Errorf("rendering the comment: %w", err)
	}
	var page bytes.Buffer
	page.WriteString(head)
	page.WriteString(colourDiff(body.String()))
	page.WriteString("</main></body></html>\n")
	return page.Bytes(), nil
}

// colourDiff marks the lines of a diff as GitHub colours them: a line of the rendered block is text and entities
// only, so that its first character decides.
func colourDiff(page string) string {
	const begin, end = `<pre><code class="language-diff">`, "</code></pre>"
	before, rest, ok := strings.Cut(page, begin)
	if !ok {
		return page
	}
	diff, after, _ := strings.Cut(rest, end)
	lines := strings.Split(diff, "\n")
	for i, l := range lines {
		class := ""
		switch {
		case strings.HasPrefix(l, "+"):
			class = "add"
		case strings.HasPrefix(l, "-"):
			class = "del"
		case strings.HasPrefix(l, "!"):
			class = "open"
		}
		if class != "" {
			lines[i] = `<span class="` + class + `">` + l + "</span>"
		}
	}
	return before + begin + strings.Join(lines, "\n") + end + colourDiff(after)
}

const head = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pull request comment</title>
<style>
:root { color-scheme: light dark; --fg: #1f2328; --bg: #fff; --line: #d1d9e0; --soft: #f6f8fa; --add: #dafbe1; --del: #ffebe9; --open: #fff8c5; }
@media (prefers-color-scheme: dark) { :root { --fg: #f0f6fc; --bg: #0d1117; --line: #3d444d; --soft: #151b23; --add: #12261e; --del: #25171c; --open: #272115; } }
body { margin: 2rem; background: var(--bg); color: var(--fg); font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
main { max-width: 860px; margin: auto; border: 1px solid var(--line); border-radius: 6px; padding: 1rem; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: 6px 13px; text-align: left; }
code, pre { font: 12px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--soft); border-radius: 6px; }
code { padding: .2em .4em; } pre { padding: 1rem; overflow: auto; } pre code { padding: 0; background: none; }
.add, .del, .open { display: inline-block; min-width: 100%; } .add { background: var(--add); } .del { background: var(--del); } .open { background: var(--open); }
details { margin: .5rem 0; } summary { cursor: pointer; }
</style></head><body><main>
`
