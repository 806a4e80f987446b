package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// Marker is the first line of our comment.
const Marker = "<!-- platform:verdict:v1 app -->"

// Bounds of GitHub, in characters.
const (
	summaryLimit = 60_000 // of 65,535: tables of several pull requests and the ledger's line stand there too
	commentLimit = 65_536
	maxNotes     = 500 // annotations of a check: ten requests
)

func number(n int) string { return strconv.Itoa(n) }

// publish records the decisions and brings the check run to what they say. A check that says it already is not written.
func (f *Flow) publish(ctx context.Context, r Repository, c CheckRecord, decisions []decision) (err error) {
	digest, outcome := together(decisions), worst(decisions).report.Verdict.Outcome.String()
	ctx, end := step(ctx, "publish", slog.String("outcome", outcome), slog.String("digest", digest), slog.Int("verdicts", len(decisions)))
	defer func() { end(err) }()
	if c.Finished && c.Verdict == digest {
		return nil
	}
	var last LedgerEntry
	for _, d := range decisions {
		var report bytes.Buffer
		if err := render.Render(&report, render.JSON, d.report, render.Options{}); err != nil {
			return err
		}
		entry, err := f.o.Records.Record(ctx, r.Tenant, VerdictRecord{
			Number: d.change.number, Head: c.Head, Outcome: d.report.Verdict.Outcome, Digest: d.report.Verdict.Digest,
			Report: report.Bytes(), At: f.o.Now(), Headline: render.Headline(d.report), Costs: shares(d.report),
		})
		if err != nil {
			return err
		}
		last = entry
	}
	text, err := f.checkText(c.Head, decisions, last)
	if err != nil {
		return err
	}
	if text.Link = worst(decisions).report.Link; len(decisions) > 1 {
		text.Link = f.page(r, 0, c.Head)
	}
	c.Verdict = digest
	if err := f.finish(ctx, r, c, text); err != nil {
		return err
	}
	took := f.o.Now().Sub(worst(decisions).change.since)
	f.o.Decided(outcome, took)
	f.log(ctx).InfoContext(ctx, "verdict", "outcome", outcome, "digest", digest, "after", took)
	return nil
}

// page is the address of the page about a pull request, or about a commit where number is 0; empty where there are no
// pages.
func (f *Flow) page(r Repository, n int, head string) string {
	if f.o.PageURL == "" {
		return ""
	}
	at := strings.TrimSuffix(f.o.PageURL, "/") + "/" + url.PathEscape(r.Owner) + "/" + url.PathEscape(r.Name)
	if n == 0 {
		return at + "/commit/" + head
	}
	return at + "/pull/" + number(n)
}

// together is the digest of several verdicts: of one, its own.
func together(decisions []decision) string {
	if len(decisions) == 1 {
		return decisions[0].report.Verdict.Digest
	}
	var parts []string
	for _, d := range decisions {
		parts = append(parts, number(d.change.number)+" "+d.report.Verdict.Digest)
	}
	return digestOf(strings.Join(parts, "\n"))
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func worst(decisions []decision) decision {
	return slices.MinFunc(decisions, func(a, b decision) int {
		return int(a.report.Verdict.Outcome) - int(b.report.Verdict.Outcome)
	})
}

// checkText is what the check run shows: the worst verdict, and a row for each pull request where there are several.
func (f *Flow) checkText(head string, decisions []decision, entry LedgerEntry) (CheckText, error) {
	d := worst(decisions)
	summary, err := markdownOf(d.report, render.Options{Limit: summaryLimit})
	if err != nil {
		return CheckText{}, err
	}
	if len(decisions) > 1 {
		summary = rows(decisions) + "\n" + summary
	}
	if entry.Sequence > 0 {
		summary += fmt.Sprintf("\n<sub>ledger entry %d · `%s`</sub>\n", entry.Sequence, digits(entry.Chain))
	}
	return CheckText{
		Head: head, Done: true, Conclusion: ConclusionOf(d.report.Verdict.Outcome, needsAck(d.report.Verdict)),
		Title: render.Headline(d.report), Summary: summary, Annotations: annotations(d.report.Verdict),
		Buttons: buttons(d.report.Verdict), ExternalID: head,
	}, nil
}

func markdownOf(r render.Report, o render.Options) (string, error) {
	var b strings.Builder
	err := render.Render(&b, render.Markdown, WithCommand(r), o)
	return b.String(), err
}

// WithCommand puts the verdict's own digest into the command that confirms it: only the sealed verdict has one.
func WithCommand(r render.Report) render.Report {
	r.Verdict.Findings = slices.Clone(r.Verdict.Findings)
	for i := range r.Verdict.Findings {
		if found := &r.Verdict.Findings[i]; found.ID == cost.NeedsAck {
			found.Fix = strings.ReplaceAll(found.Fix, cost.AckCommand, "`/platform ack "+shortened(r.Verdict.Digest)+"`")
		}
	}
	return r
}

// rows tells each pull request's verdict, worst first.
func rows(decisions []decision) string {
	sorted := slices.SortedStableFunc(slices.Values(decisions), func(a, b decision) int {
		return int(a.report.Verdict.Outcome) - int(b.report.Verdict.Outcome)
	})
	var b strings.Builder
	b.WriteString("This commit is the head of several pull requests; the worst verdict counts.\n\n|    | Pull request | Verdict |\n|----|--------------|---------|\n")
	for _, d := range sorted {
		fmt.Fprintf(&b, "| %s | #%d | %s |\n", render.Symbol(d.report.Verdict.Outcome), d.change.number, d.report.Verdict.Outcome.Word())
	}
	return b.String()
}

// shortened is the first eight digits of a digest.
func shortened(digest string) string {
	all := digits(digest)
	return all[:min(len(all), 8)]
}

// digits is a chain as GitHub shows it: all of it, for eight digits could be met again by trying.
func digits(digest string) string {
	_, all, _ := strings.Cut(digest, ":")
	return all
}

func annotations(v verdict.Verdict) []Annotation {
	var out []Annotation
	for _, found := range v.Findings {
		if found.File == "" || found.Line == 0 || found.Severity == verdict.Allow || len(out) == maxNotes {
			continue
		}
		level := "failure"
		if found.Severity == verdict.Warn {
			level = "warning"
		}
		message := found.Message
		if found.Fix != "" {
			message += "\n" + found.Fix
		}
		out = append(out, Annotation{
			File: found.File, Line: found.Line, Level: level,
			Title: render.Redact(cut(found.ID+" "+found.Title, 250)), Message: render.Redact(cut(message, 4000)),
		})
	}
	return out
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

// Identifiers of our buttons. That of an acknowledgement carries the verdict that was shown.
const (
	rerunButton   = "rerun"
	explainButton = "explain"
	ackButton     = "ack-"
)

func buttons(v verdict.Verdict) []Button {
	var out []Button
	if waitsForAck(v) {
		out = append(out, Button{"Confirm the cost", "This amount is meant", ackButton + shortened(v.Digest)})
	}
	out = append(out, Button{"Run again", "Read everything anew", rerunButton})
	if v.Outcome < verdict.Allow && len(v.Checks) > 0 {
		out = append(out, Button{"Explain", "How each finding came about", explainButton})
	}
	return out
}

// comment brings our one comment on a pull request to what the decision says. There is none where there is nothing to
// say and none was made before.
func (f *Flow) comment(ctx context.Context, r Repository, p Pull, d decision) error {
	had, _, err := f.o.Records.Pull(ctx, r.Tenant, p.Number)
	if err != nil {
		return err
	}
	if had.Head != "" && had.Head != d.change.head {
		return nil // a newer head is on its way: it cancels the writes of the older verdict
	}
	if !d.spoken && had.CommentID == 0 {
		return nil
	}
	body, err := markdownOf(d.report, render.Options{Marker: Marker, Limit: commentLimit})
	if err != nil {
		return err
	}
	digest := digestOf(body)
	if had.CommentID > 0 && had.CommentDigest == digest {
		return nil
	}
	err = f.write(ctx, r, p, had.CommentID, body, digest)
	if errors.Is(err, ErrForbidden) { // a locked conversation, or a full one: the check has the verdict
		f.log(ctx).WarnContext(ctx, "the comment cannot be written", "pull", p.Number, "error", err.Error())
		return nil
	}
	return err
}

// write updates the comment, or makes it. What was begun and not seen to end is looked for first, so that there is
// never a second one.
func (f *Flow) write(ctx context.Context, r Repository, p Pull, id int64, body, digest string) error {
	if id <= 0 && (id == CommentTried || p.Comments > 0) {
		found, there, err := f.o.Forge.FindComment(ctx, r, p.Number, Marker)
		if err != nil {
			return err
		}
		if there {
			id = found.ID
			if found.Body == body {
				return f.o.Records.SaveComment(ctx, r.Tenant, p.Number, id, digest)
			}
		}
	}
	if id > 0 {
		err := f.o.Forge.UpdateComment(ctx, r, id, body)
		if err == nil {
			return f.o.Records.SaveComment(ctx, r.Tenant, p.Number, id, digest)
		}
		if !errors.Is(err, ErrGone) {
			return err
		} // somebody has deleted it
	}
	if err := f.o.Records.SaveComment(ctx, r.Tenant, p.Number, CommentTried, ""); err != nil {
		return err
	}
	id, err := f.o.Forge.CreateComment(ctx, r, p.Number, body)
	if err != nil {
		return err
	}
	return f.o.Records.SaveComment(ctx, r.Tenant, p.Number, id, digest)
}
