package web

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// verdictPage is one verdict with its why.
type verdictPage struct {
	Line    control.VerdictLine
	Head    string // of the pull request now; empty: it is not a pull request's page
	Stale   bool   // the verdict is of another commit than Head
	Old     bool   // a later verdict of the same commit took its place
	Running bool   // the head is being judged
	Open    bool
	Emptied bool // the report is gone, by the retention
	Broken  bool // the report cannot be read

	Report   render.Report
	Causes   []verdict.Finding // what keeps it from passing, worst first
	More     int               // causes beyond them
	Findings []verdict.Finding
	FindPage pager
	Costs    []projectCosts
	CostPage pager
	Awaits   string // digest that a confirmation has to name; empty: it waits for none

	Acks    []control.Acknowledgement
	History []historyLine
	Cut     bool // there are older ones
	Others  []control.VerdictLine
	Entry   control.LedgerEntry
	Tests   *testsView
}

type historyLine struct {
	control.VerdictLine

	Shown bool
	Link  string
}

const (
	maxCauses   = 3
	maxHistory  = 50
	findingsAt  = 50 // of a page
	maxPullName = 9  // digits
)

// pull shows the newest verdict on the head of a pull request, or an earlier one that is asked for.
func (p *pages) pull(w http.ResponseWriter, r *http.Request, on subject) {
	n, ok := pullNumber(r.PathValue("number"))
	if !ok {
		p.failed(w, r, control.ErrGone)
		return
	}
	ctx, t := r.Context(), on.repo.Tenant
	pull, _, err := p.o.Records.Pull(ctx, t, n)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	lines, err := p.o.Records.VerdictsOf(ctx, t, n, maxHistory+1)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body := verdictPage{Head: pull.Head, Open: pull.Open}
	check, _, err := p.o.Records.Check(ctx, t, pull.Head)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body.Running = pull.Open && !check.Finished
	if len(lines) == 0 {
		p.unjudged(w, r, on, n, body.Running)
		return
	}
	newest := lines[0]
	if at := slices.IndexFunc(lines, func(l control.VerdictLine) bool { return l.Head == pull.Head }); at >= 0 {
		newest = lines[at]
	}
	if body.Line, ok = p.asked(w, r, t, newest, func(v control.VerdictRecord) bool { return v.Number == n }); !ok {
		return
	}
	body.Stale = pull.Head != "" && body.Line.Head != pull.Head
	body.Old = !body.Stale && body.Line.Sequence != newest.Sequence
	body.Cut = len(lines) > maxHistory
	for _, l := range lines[:min(len(lines), maxHistory)] {
		body.History = append(body.History, historyLine{l, l.Sequence == body.Line.Sequence, entryLink(r.URL, l.Sequence)})
	}
	p.verdict(w, r, on, "#"+strconv.Itoa(n), body)
}

// commit shows the worst of the newest verdicts on a commit: one for each pull request that has it as its head.
func (p *pages) commit(w http.ResponseWriter, r *http.Request, on subject) {
	sha := r.PathValue("sha")
	if !shaForm.MatchString(sha) {
		p.failed(w, r, control.ErrGone)
		return
	}
	lines, err := p.o.Records.VerdictsAt(r.Context(), on.repo.Tenant, sha, 10*maxHistory)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	if len(lines) == 0 {
		p.show(w, r, http.StatusNotFound, "note", "No verdict on this commit", &on.repo, note{
			Title: "No verdict on this commit", Text: "It is not the head of a pull request, or of a merge group, that was judged.",
		})
		return
	}
	newest := map[int]control.VerdictLine{}
	for _, l := range slices.Backward(lines) {
		newest[l.Number] = l
	}
	var body verdictPage
	for _, l := range newest {
		body.Others = append(body.Others, l)
	}
	slices.SortFunc(body.Others, func(a, b control.VerdictLine) int {
		if a.Outcome != b.Outcome {
			return int(a.Outcome) - int(b.Outcome)
		}
		return a.Number - b.Number
	})
	var ok bool
	if body.Line, ok = p.asked(w, r, on.repo.Tenant, body.Others[0], func(v control.VerdictRecord) bool { return v.Head == sha }); !ok {
		return
	}
	body.Old = newest[body.Line.Number].Sequence != body.Line.Sequence
	for _, l := range lines[:min(len(lines), maxHistory)] {
		body.History = append(body.History, historyLine{l, l.Sequence == body.Line.Sequence, entryLink(r.URL, l.Sequence)})
	}
	body.Cut = len(lines) > maxHistory
	p.verdict(w, r, on, sha[:12], body)
}

// asked is the line of the ledger entry that the address names, if it belongs here; without one the newest.
func (p *pages) asked(w http.ResponseWriter, r *http.Request, t control.Tenant, newest control.VerdictLine, belongs func(control.VerdictRecord) bool) (control.VerdictLine, bool) {
	text := r.URL.Query().Get("entry")
	if text == "" {
		return newest, true
	}
	sequence, err := strconv.ParseInt(text, 10, 64)
	if err != nil || sequence <= 0 {
		p.failed(w, r, control.ErrGone)
		return newest, false
	}
	v, _, found, err := p.o.Records.Verdict(r.Context(), t, sequence)
	if err == nil && (!found || !belongs(v)) {
		err = control.ErrGone
	}
	if err != nil {
		p.failed(w, r, err)
		return newest, false
	}
	return control.VerdictLine{Tenant: t, Sequence: sequence, Number: v.Number, Head: v.Head, Outcome: v.Outcome, Digest: v.Digest, At: v.At}, true
}

// unjudged is the page of a pull request without any verdict.
func (p *pages) unjudged(w http.ResponseWriter, r *http.Request, on subject, n int, running bool) {
	text := "platform has not judged it: it was closed before, or GitHub's webhook has not come. A comment with /platform recheck has it judged."
	status := http.StatusNotFound
	if running {
		text, status = "It is being judged now. Open this page again in a moment.", http.StatusOK
	}
	title := "No verdict on #" + strconv.Itoa(n) + " yet"
	p.show(w, r, status, "note", title, &on.repo, note{Title: title, Text: text})
}

// verdict reads the report of a line, and shows all of it.
func (p *pages) verdict(w http.ResponseWriter, r *http.Request, on subject, name string, body verdictPage) {
	ctx, t := r.Context(), on.repo.Tenant
	v, entry, found, err := p.o.Records.Verdict(ctx, t, body.Line.Sequence)
	if err == nil && !found {
		err = control.ErrGone
	}
	if err != nil {
		p.failed(w, r, err)
		return
	}
	body.Entry = entry
	if body.Acks, err = p.o.Records.Acknowledgements(ctx, t, body.Line.Number); err != nil {
		p.failed(w, r, err)
		return
	}
	if body.Tests, err = p.tests(ctx, t, body.Line.Head); err != nil {
		p.failed(w, r, err)
		return
	}
	switch report, err := p.report(v.Report); {
	case len(v.Report) == 0:
		body.Emptied = true
	case err != nil:
		p.o.Log.ErrorContext(ctx, "a recorded verdict cannot be read", "sequence", body.Line.Sequence, "error", err.Error())
		body.Broken = true
	default:
		body.fill(report, r.URL)
	}
	title := body.Line.Outcome.Word() + " · " + on.repo.Owner + "/" + on.repo.Name + " " + name
	p.show(w, r, http.StatusOK, "verdict", title, &on.repo, body)
}

// Reports are kept by the digest of their bytes, so that leafing through a large one reads it once.
const (
	keptReports = 4
	keptBytes   = 16 << 20
)

// report reads a recorded report as the pages show it. Nobody changes what it returns.
func (p *pages) report(text []byte) (render.Report, error) {
	key := sha256.Sum256(text)
	if r, known := p.reports.Get(key); known {
		return r, nil
	}
	r, err := render.ReadJSON(text)
	if err != nil {
		return r, err
	}
	r = render.Clean(control.WithCommand(r))
	r.Projects = changedFirst(r.Projects)
	if len(text) <= keptBytes {
		p.reports.Add(key, r)
	}
	return r, nil
}

// fill takes the report apart, into what this page shows of it.
func (b *verdictPage) fill(report render.Report, at *url.URL) {
	for _, f := range report.Verdict.Findings {
		if f.Severity == verdict.Warn || f.Severity == verdict.Allow {
			continue
		}
		if len(b.Causes) == maxCauses {
			b.More++
			continue
		}
		b.Causes = append(b.Causes, f)
	}
	if digest, waits := control.Awaits(report); waits && b.Open && !b.Stale && !b.Old {
		b.Awaits = digest
	}
	all := report.Verdict.Findings
	b.FindPage = newPager(at, "findings", len(all), findingsAt)
	b.Findings = all[b.FindPage.From:b.FindPage.To]
	b.Costs, b.CostPage = costsOf(report, at)
	b.Report = report
}

func pullNumber(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && len(text) <= maxPullName && text[0] != '0' && text[0] != '+'
}

// entryLink is the address of another verdict on the same page.
func entryLink(u *url.URL, sequence int64) string {
	return u.EscapedPath() + "?entry=" + strconv.FormatInt(sequence, 10)
}
