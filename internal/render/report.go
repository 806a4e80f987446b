// Package render turns a verdict into every format that people and machines read; it never decides and never cuts
// the headline.
package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/verdict"
)

// Report is everything that a renderer may show.
type Report struct {
	View      View
	Verdict   verdict.Verdict
	Projects  []Project               // one per plan, sorted by name
	Total     fact.Known[fact.Change] // over all projects
	Currency  money.Currency          // of Total
	Reproduce string                  // command line that shows the same locally
	Version   string                  // of the program
	Commit    string                  // optional: the commit that was judged
	Policies  string                  // digest of the policies
	Link      string                  // optional: https address of the page about this verdict
	Files     string                  // optional: https address that a file's path is appended to, ending in a slash
}

// View says whether a report is a verdict or an estimate alone.
type View uint8

// The views; the zero view shows the verdict, so that forgetting to choose hides nothing.
const (
	CheckView View = iota
	CostView
)

// Project is one plan of a report.
type Project struct {
	Name     string
	Plan     PlanSummary
	Estimate fact.Known[fact.Estimate]
}

// PlanSummary is what a report says of a plan itself.
type PlanSummary struct {
	Tool     string       `json:"terraform_version,omitempty"`
	Complete bool         `json:"complete"`
	Errored  bool         `json:"errored"`
	Create   int          `json:"create"`
	Update   int          `json:"update"`
	Replace  int          `json:"replace"`
	Delete   int          `json:"delete"`
	Forget   int          `json:"forget"`
	Import   int          `json:"import"`
	Moved    int          `json:"moved"`
	Same     int          `json:"no_op"`
	Drift    int          `json:"drift"`
	Digest   string       `json:"digest"`
	Faults   []fact.Fault `json:"-"`
	Notes    []fact.Fault `json:"-"`
}

// Summarise counts what a plan does.
func Summarise(p fact.Plan) PlanSummary {
	s := PlanSummary{
		Tool: p.TerraformVersion, Complete: p.Complete, Errored: p.Errored, Digest: p.Digest,
		Drift: len(p.Drift), Faults: p.Faults, Notes: p.Notes,
	}
	for i := range p.Resources {
		r := &p.Resources[i]
		if r.Data {
			continue
		}
		if r.Importing {
			s.Import++
		}
		if r.PreviousAddress != "" && r.PreviousAddress != r.Address {
			s.Moved++
		}
		switch r.Action {
		case fact.Create:
			s.Create++
		case fact.Update:
			s.Update++
		case fact.DeleteThenCreate, fact.CreateThenDelete:
			s.Replace++
		case fact.Delete:
			s.Delete++
		case fact.Forget:
			s.Forget++
		case fact.NoOp:
			s.Same++
		case fact.Read, fact.ActionUnknown:
		}
	}
	return s
}

// Format is one way to write a report. The zero Format is none.
type Format uint8

// The formats.
const (
	None Format = iota
	Text
	JSON
	Markdown
	HTML
	SARIF
	JUnit
	GitHub
	CSV
)

var formatNames = [...]string{"", "text", "json", "markdown", "html", "sarif", "junit", "github", "csv"} //nolint:gochecknoglobals // a constant table

// String is the name that --format takes.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return ""
}

// Formats lists the names of all formats.
func Formats() []string { return formatNames[1:] }

// ParseFormat reads a name; an unknown one is an error that lists the known ones.
func ParseFormat(name string) (Format, error) {
	for i, known := range formatNames {
		if i > 0 && known == name {
			return Format(i), nil
		}
	}
	return None, fmt.Errorf("unknown format %.40q; choose one of %s", name, strings.Join(Formats(), ", "))
}

// Options say where a report goes.
type Options struct {
	TTY    bool   // aligned columns and symbols; otherwise tab-separated rows
	Color  bool   // ANSI colours; only on a terminal
	Width  int    // of the terminal in columns; default 100
	Marker string // first line of the Markdown, such as <!-- platform:verdict:v1 -->
	Limit  int    // of the Markdown in characters; default 65,536, GitHub's limit of a comment

	GroupBy Dimension // of text and CSV: a row a group instead of a row a line
}

// Render writes a report. An error is the writer's, or an unknown format.
func Render(w io.Writer, f Format, r Report, o Options) error {
	var b []byte
	var err error
	r = withReason(r)
	if f == JSON {
		r = cleaned(r, Redact) // texts stay exact for machines; their dangerous characters are written as \u escapes
	} else {
		r = cleaned(r, CleanText)
	}
	switch f {
	case Text:
		b = []byte(textOf(r, o))
	case JSON:
		b, err = jsonReport(r)
	case Markdown:
		b = []byte(markdownReport(r, o))
	case HTML:
		b, err = htmlReport(r)
	case SARIF:
		b, err = sarifReport(r)
	case JUnit:
		b, err = junitReport(r)
	case GitHub:
		b = []byte(githubReport(r))
	case CSV:
		b, err = csvOf(r, o)
	case None:
		err = fmt.Errorf("no format was chosen; choose one of %s", strings.Join(Formats(), ", "))
	default:
		err = fmt.Errorf("format %d is not known", f)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// place is where a finding is: file and line where known, else the project.
func place(f verdict.Finding) string {
	switch {
	case f.File != "" && f.Line > 0:
		return fmt.Sprintf("%s:%d", f.File, f.Line)
	case f.File != "":
		return f.File
	}
	return f.Project
}

// plural is "1 policy" or "2 policies".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(strconv.Itoa(n)) + " " + many
}
