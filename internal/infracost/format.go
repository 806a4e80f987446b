package infracost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/render"
)

// Format is one way in which Infracost's commands write. The zero format is none.
type Format uint8

// The formats, by the names that --format takes.
const (
	NoFormat Format = iota
	TableFormat
	JSONFormat
	HTMLFormat
	DiffFormat
	GitHubFormat
	GitLabFormat
	AzureReposFormat
	BitbucketFormat
	BitbucketSummaryFormat
	SlackFormat
)

var formatNames = [...]string{ //nolint:gochecknoglobals // a constant table
	"", "table", "json", "html", "diff", "github-comment", "gitlab-comment", "azure-repos-comment", "bitbucket-comment", "bitbucket-comment-summary", "slack-message",
}

// Formats lists the names of all formats.
func Formats() []string { return formatNames[1:] }

// ParseFormat reads a name, in any case, as the original does.
func ParseFormat(name string) (Format, error) {
	for i, known := range formatNames {
		if i > 0 && known == strings.ToLower(name) {
			return Format(i), nil
		}
	}
	return NoFormat, fmt.Errorf("--format %.40q is not known; choose of %s", name, strings.Join(Formats(), ", "))
}

// View is what is to be written, and how.
type View struct {
	Projects []Project
	Report   render.Report // the same estimates, with what was decided on them
	Fields   []string      // of a table
	Skipped  bool          // name types without a price
	Options  Options       // of JSON
	Marker   string        // first line of a comment
}

// Lengths of a comment in characters: GitLab takes a million, GitHub the fewest of the others.
const (
	gitlabLength = 1_000_000
	azureLength  = 140_000
	slackLength  = 2900
)

// Render writes the estimates in a format.
func Render(f Format, v View) ([]byte, error) {
	currency := v.Report.Currency
	switch f {
	case TableFormat:
		return []byte(Table(v.Projects, currency, v.Fields, v.Skipped)), nil
	case DiffFormat:
		return []byte(Diff(v.Projects, currency, v.Skipped)), nil
	case JSONFormat:
		var b bytes.Buffer
		err := Write(&b, v.Projects, currency, v.Options)
		return render.InertJSON(b.Bytes()), err
	case HTMLFormat:
		return rendered(render.HTML, v, render.Options{})
	case GitHubFormat:
		return rendered(render.Markdown, v, render.Options{Marker: v.Marker})
	case GitLabFormat:
		return rendered(render.Markdown, v, render.Options{Marker: v.Marker, Limit: gitlabLength})
	case AzureReposFormat:
		return rendered(render.Markdown, v, render.Options{Marker: v.Marker, Limit: azureLength})
	case BitbucketFormat:
		return []byte(plainMarkdown(v, true)), nil
	case BitbucketSummaryFormat:
		return []byte(plainMarkdown(v, false)), nil
	case SlackFormat:
		return slackMessage(v)
	case NoFormat:
	}
	return nil, fmt.Errorf("format %d is not known", f)
}

func rendered(f render.Format, v View, o render.Options) ([]byte, error) {
	var b bytes.Buffer
	err := render.Render(&b, f, v.Report, o)
	return b.Bytes(), err
}

// headline begins with the outcome's sign where there is an outcome to show.
func headline(r render.Report) string {
	if r.View == render.CostView {
		return render.Headline(r)
	}
	return render.Symbol(r.Verdict.Outcome) + " " + render.Headline(r)
}

// mostRows is how many projects or resources a short text names.
const mostRows = 30

// plainMarkdown is for Bitbucket, which renders no HTML.
func plainMarkdown(v View, details bool) string {
	var b strings.Builder
	if v.Marker != "" {
		b.WriteString(v.Marker + "\n\n")
	}
	b.WriteString("#### " + inert(headline(v.Report)) + "\n\n")
	b.WriteString("| Project | Before | After | Change |\n|---|---:|---:|---:|\n")
	for i := range v.Projects[:min(len(v.Projects), mostRows)] {
		p := &v.Projects[i]
		t := p.Estimate.Total
		fmt.Fprintf(&b, "| %s | %s | %s | %s%s |\n", inert(p.Label()), render.Money(t.Before), render.Money(t.After), render.Signed(t.Delta), open(&p.Estimate))
	}
	if n := len(v.Projects) - mostRows; n > 0 {
		fmt.Fprintf(&b, "\n%d more projects\n", n)
	}
	for _, f := range v.Report.Verdict.Findings {
		fmt.Fprintf(&b, "\n- **%s** %s", inert(f.Severity.String()), inert(f.Message))
	}
	if details {
		b.WriteString("\n" + plainDetails(v.Projects))
	}
	return b.String()
}

func plainDetails(projects []Project) string {
	var b strings.Builder
	shown, more := 0, 0
	for i := range projects {
		for _, c := range projects[i].Estimate.Resources {
			if c.Monthly.Delta.IsZero() {
				continue
			}
			if shown++; shown > mostRows {
				more++
				continue
			}
			fmt.Fprintf(&b, "\n- `%s` %s", strings.ReplaceAll(clean(c.Address), "`", "'"), render.Signed(c.Monthly.Delta))
		}
	}
	if more > 0 {
		fmt.Fprintf(&b, "\n- %d more", more)
	}
	if shown == 0 {
		return ""
	}
	return b.String() + "\n"
}

// inert makes a text mean nothing to Markdown: every sign that could is escaped.
func inert(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if strings.ContainsRune("\\`*_{}[]<>()#+-.!|~@&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// slackMessage is a payload for a webhook: a headline, and a line a project.
func slackMessage(v View) ([]byte, error) {
	type text struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	type block struct {
		Type string `json:"type"`
		Text text   `json:"text"`
	}
	lines := []string{"*" + slack(headline(v.Report)) + "*"}
	for i := range v.Projects {
		p := &v.Projects[i]
		line := "• " + slack(p.Label()) + ": " + slack(change(p.Estimate.Total)+open(&p.Estimate))
		if length := len(strings.Join(lines, "\n")) + len(line); length > slackLength {
			lines = append(lines, fmt.Sprintf("… %d more projects", len(v.Projects)-i))
			break
		}
		lines = append(lines, line)
	}
	b, err := json.Marshal(map[string]any{"blocks": []block{{"section", text{"mrkdwn", strings.Join(lines, "\n")}}}})
	return append(b, '\n'), err
}

// slack escapes what Slack reads as markup, mentions among it.
func slack(s string) string {
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "_", "＿", "`", "'", "~", "∼").Replace(clean(s))
	return strings.ReplaceAll(s, "@", "@\u200b")
}

// MissingPrices reports that a total leaves something out.
func MissingPrices(projects []Project) bool {
	return slices.ContainsFunc(projects, func(p Project) bool { return p.Estimate.Coverage.Unknown+p.Estimate.Coverage.Unpriced > 0 })
}
