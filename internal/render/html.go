package render

import (
	"bytes"
	_ "embed"
	"html/template"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

//go:embed report.html.tmpl
var page string

// htmlReport is one self-contained page: no script, no request to anywhere, light and dark, printable.
func htmlReport(r Report) ([]byte, error) {
	t, err := template.New("report").Funcs(HTMLFuncs()).Parse(page)
	if err != nil {
		return nil, err
	}
	data := struct {
		Report
		Checks []verdict.Check
		Bars   []bar
		Height int
		Charts []chart
	}{Report: r, Checks: r.Verdict.Checks, Bars: bars(r), Charts: charts(r)}
	data.Height = 24*len(data.Bars) + 4
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// mustDo is the action that unblocks, for the template; nil when there is none.
func mustDo(v verdict.Verdict) *verdict.Finding {
	if f, ok := action(v); ok {
		return &f
	}
	return nil
}

// bar is one row of the chart of top movers, in units of the drawing.
type bar struct {
	Name        string
	Text        string
	X, W, Y, TY int
	Rise        bool
}

const (
	chartRows = 12
	chartMid  = 560 // x of zero
	chartHalf = 180 // longest bar
)

// bars scales the top movers to the greatest of them.
func bars(r Report) []bar {
	m := movers(r)
	if len(m) > chartRows {
		m = m[:chartRows]
	}
	if len(m) == 0 || m[0].cost.Monthly.Delta.IsZero() {
		return nil
	}
	greatest := m[0].cost.Monthly.Delta.Abs().Value()
	var out []bar
	for i, x := range m {
		d := x.cost.Monthly.Delta
		w := int(d.Abs().Value().Div(greatest).InexactFloat64() * chartHalf)
		if !d.IsZero() {
			w = max(w, 1) // a small change is still one
		}
		name := oneLine(x.cost.Address)
		if len(r.Projects) > 1 {
			name = oneLine(x.project) + ": " + name
		}
		b := bar{Name: middle(name, 52), Text: x.text(), X: chartMid, W: w, Y: 24*i + 4, TY: 24*i + 17, Rise: d.Sign() > 0}
		if !b.Rise {
			b.X = chartMid - b.W
		}
		out = append(out, b)
	}
	return out
}

// HTMLFuncs are what templates say of a report with. They escape nothing: html/template does.
func HTMLFuncs() template.FuncMap {
	return template.FuncMap{
		"headline": Headline, "symbol": Symbol, "place": place, "plan": planText, "change": resourceCost, "plural": plural,
		"quantity": quantityText, "line": lineText, "clean": oneLine, "findings": visibleFindings, "short": shortDigest,
		"estimate": func(p Project) *fact.Estimate {
			if e, ok := p.Estimate.Get(); ok {
				return &e
			}
			return nil
		},
		"rate": func(q *fact.Quote) string {
			if q == nil || q.Rate == nil {
				return ""
			}
			return rateText(*q.Rate)
		},
		"side": side, "cost": projectCost, "date": bookDate, "commit": shortCommit, "mark": headlineSymbol, "action": mustDo, "bars": bars,
	}
}

// Clean is the report as every format but JSON shows it: without what no person can see, and what looks like a secret.
func Clean(r Report) Report { return cleaned(withReason(r), CleanText) }
