package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
)

const lineColumns = `installation_id, repository_id, sequence, number, head, outcome, digest, headline, at`

func readLine(row scan, l *control.VerdictLine) error {
	var at int64
	var outcome string
	err := row(&l.Tenant.Installation, &l.Tenant.Repository, &l.Sequence, &l.Number, &l.Head, &outcome, &l.Digest, &l.Headline, &at)
	if err != nil {
		return err
	}
	l.At = fromMicros(at)
	return l.Outcome.UnmarshalText([]byte(outcome))
}

// Verdict reads the verdict of a ledger entry.
func (s *Store) Verdict(ctx context.Context, t control.Tenant, sequence int64) (control.VerdictRecord, control.LedgerEntry, bool, error) {
	v, found, err := get(ctx, s, readVerdict, `SELECT `+verdictColumns+` FROM verdict
		WHERE installation_id = $1 AND repository_id = $2 AND sequence = $3`, t.Installation, t.Repository, sequence)
	if err != nil || !found {
		return v, control.LedgerEntry{}, false, err
	}
	e, err := entryAt(ctx, s.db, t, sequence)
	return v, e, err == nil, err
}

// VerdictsOf lists the verdicts of a pull request, newest first. They are found by its number and then sorted: in the order of
// the key, all of the repository's are gone through.
func (s *Store) VerdictsOf(ctx context.Context, t control.Tenant, number, limit int) ([]control.VerdictLine, error) {
	return all(ctx, s, readLine, `SELECT `+lineColumns+` FROM verdict
		WHERE installation_id = $1 AND repository_id = $2 AND number = $3 ORDER BY sequence + 0 DESC LIMIT $4`,
		t.Installation, t.Repository, number, limit)
}

// VerdictsAt lists the verdicts on a commit, newest first.
func (s *Store) VerdictsAt(ctx context.Context, t control.Tenant, head string, limit int) ([]control.VerdictLine, error) {
	return all(ctx, s, readLine, `SELECT `+lineColumns+` FROM verdict
		WHERE installation_id = $1 AND repository_id = $2 AND head = $3 ORDER BY sequence DESC LIMIT $4`,
		t.Installation, t.Repository, head, limit)
}

// EntryOf is the newest entry of the ledger about a subject.
func (s *Store) EntryOf(ctx context.Context, t control.Tenant, subject string) (control.LedgerEntry, bool, error) {
	return get(ctx, s, readEntry, `SELECT `+ledgerColumns+` FROM ledger
		WHERE installation_id = $1 AND repository_id = $2 AND subject = $3 ORDER BY sequence DESC LIMIT 1`, t.Installation, t.Repository, subject)
}

// Located finds the repositories that are known and not gone, by owner and name.
func (s *Store) Located(ctx context.Context, ids []int64) ([]control.Repository, error) {
	var out []control.Repository
	for part := range portions(ids) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		list, err := all(ctx, s, readRepository, `SELECT `+repositoryColumns+` FROM repository
			WHERE repository_id IN (`+whole64(1, len(part))+`) AND NOT gone`, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b control.Repository) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Owner), strings.ToLower(b.Owner)), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)),
			cmp.Compare(a.Tenant.Repository, b.Tenant.Repository), cmp.Compare(a.Tenant.Installation, b.Tenant.Installation))
	})
	return out, nil
}

// whole64 are placeholders of whole numbers, whose type PostgreSQL cannot guess: CAST($1 AS BIGINT), …
func whole64(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("CAST($" + strconv.Itoa(from+i) + " AS BIGINT)")
	}
	return b.String()
}

// these are the placeholders of so many tenants: (CAST($1 AS BIGINT), CAST($2 AS BIGINT)), … As a table that others are
// joined to, one after the other, they are looked up by their index: SQLite reads the whole table for a list after IN.
func these(of []control.Tenant) (places string, args []any) {
	var b strings.Builder
	for i, t := range of {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + whole64(2*i+1, 2) + ")")
		args = append(args, t.Installation, t.Repository)
	}
	return b.String(), args
}

// NewestVerdicts lists the newest verdicts of pull requests, newest first; blocked: of open ones that cannot be merged as
// they are.
func (s *Store) NewestVerdicts(ctx context.Context, of []control.Tenant, blocked bool, skip, limit int) ([]control.VerdictLine, error) {
	var out []control.VerdictLine
	since := int64(0)
	if !blocked {
		var err error
		if of, since, err = s.latest(ctx, of, skip+limit); err != nil {
			return nil, err
		}
	}
	for part := range portions(of) {
		places, args := these(part)
		n := "$" + strconv.Itoa(len(args)+1)
		sql := `SELECT ` + lineColumns + ` FROM (VALUES ` + places + `) AS t ` + s.db.dialect().listed(strconv.FormatInt(since, 10), n) + ` ORDER BY v.at DESC, v.sequence DESC LIMIT ` + n
		if blocked {
			current := s.db.dialect().current
			// Of the present head, which may be one that was judged before another: what was judged last does not tell.
			sql = `SELECT v.installation_id, v.repository_id, v.sequence, v.number, v.head, v.outcome, v.digest, v.headline, v.at
				FROM (VALUES ` + places + `) AS t CROSS JOIN pull p ` + current + `
				WHERE p.installation_id = t.column1 AND p.repository_id = t.column2 AND p.is_open AND v.outcome IN ('block', 'undecided')
				ORDER BY v.at DESC, v.sequence DESC LIMIT ` + n
		}
		list, err := all(ctx, s, readLine, sql, append(args, skip+limit)...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b control.VerdictLine) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Tenant.Repository, b.Tenant.Repository), cmp.Compare(b.Sequence, a.Sequence))
	})
	out = out[min(skip, len(out)):]
	return out[:min(limit, len(out))], nil
}

// latest are the n tenants that had a verdict last, and when the last of them had it: the n newest of all verdicts are
// theirs, and none of them is older.
func (s *Store) latest(ctx context.Context, of []control.Tenant, n int) (found []control.Tenant, since int64, err error) {
	if len(of) <= n {
		return of, 0, nil
	}
	type active struct {
		tenant control.Tenant
		last   int64
	}
	var known []active
	for part := range portions(of) {
		places, args := these(part)
		list, err := all(ctx, s, func(row scan, a *active) error { return row(&a.tenant.Installation, &a.tenant.Repository, &a.last) },
			`SELECT a.installation_id, a.repository_id, a.last FROM (VALUES `+places+`) AS t CROSS JOIN activity a
				WHERE a.installation_id = t.column1 AND a.repository_id = t.column2`, args...)
		if err != nil {
			return nil, 0, err
		}
		known = append(known, list...)
	}
	slices.SortFunc(known, func(a, b active) int {
		return cmp.Or(cmp.Compare(b.last, a.last), cmp.Compare(a.tenant.Repository, b.tenant.Repository))
	})
	if len(known) > n {
		known, since = known[:n], known[n-1].last
	}
	for _, a := range known {
		found = append(found, a.tenant)
	}
	return found, since, nil
}

// week counts weeks since 1970, which began on a Thursday.
const week = 7 * 24 * time.Hour

func weekOf(t time.Time) int64 { return t.Unix() / int64(week/time.Second) }

func weekStart(n int64) time.Time { return time.Unix(n*int64(week/time.Second), 0).UTC() }

// WeekCosts sums what pull requests add a month, by week.
func (s *Store) WeekCosts(ctx context.Context, of []control.Tenant, since time.Time) ([]control.WeekCost, error) {
	type key struct {
		week                      int64
		dimension, name, currency string
	}
	sums := map[key]control.WeekCost{}
	for part := range portions(of) {
		places, args := these(part)
		rows, err := all(ctx, s, func(row scan, w *control.WeekCost) error {
			var n int64
			err := row(&n, &w.Dimension, &w.Name, &w.Currency, &w.Millionths, &w.Unknown)
			w.Week = weekStart(n)
			return err
		}, `SELECT week, dimension, name, currency, CAST(SUM(millionths) AS BIGINT), CAST(SUM(unknown) AS BIGINT)
			FROM (VALUES `+places+`) AS t CROSS JOIN cost_week w
			WHERE w.installation_id = t.column1 AND w.repository_id = t.column2 AND week >= $`+strconv.Itoa(len(args)+1)+`
			GROUP BY week, dimension, name, currency`, append(args, weekOf(since))...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			k := key{weekOf(r.Week), r.Dimension, r.Name, r.Currency}
			r.Millionths = control.SumMillionths(r.Millionths, sums[k].Millionths)
			r.Unknown += sums[k].Unknown
			sums[k] = r
		}
	}
	var out []control.WeekCost
	for _, w := range sums {
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b control.WeekCost) int {
		return cmp.Or(a.Week.Compare(b.Week), cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Currency, b.Currency))
	})
	return out, nil
}

// listVerdict brings what the pages list to a verdict that was just appended.
func listVerdict(ctx context.Context, b *batch, t control.Tenant, sequence int64, v control.VerdictRecord) error {
	if v.Number == 0 {
		return nil // a merge group is no pull request
	}
	now, known, err := first(ctx, b, whole[string], `SELECT head FROM pull WHERE installation_id = $1 AND repository_id = $2 AND number = $3`, t.Installation, t.Repository, v.Number)
	if err != nil || known && now != v.Head { // of a merge group that brings it, or of a head that is no longer its
		return err
	}
	_, err = b.exec(ctx, `INSERT INTO pull_verdict (`+lineColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (installation_id, repository_id, number) DO UPDATE SET sequence = excluded.sequence, head = excluded.head,
			outcome = excluded.outcome, digest = excluded.digest, headline = excluded.headline, at = excluded.at`,
		t.Installation, t.Repository, sequence, v.Number, v.Head, v.Outcome.String(), v.Digest, printable(v.Headline), micros(v.At))
	if err != nil {
		return err
	}
	_, err = b.exec(ctx, `INSERT INTO activity (installation_id, repository_id, last) VALUES ($1, $2, $3)
		ON CONFLICT (installation_id, repository_id) DO UPDATE SET last = excluded.last WHERE activity.last < excluded.last`,
		t.Installation, t.Repository, micros(v.At))
	if err != nil {
		return err
	}
	return spreadCosts(ctx, b, t, v)
}

// spreadCosts takes the shares of the pull request's verdict before back, and adds those of this one.
func spreadCosts(ctx context.Context, b *batch, t control.Tenant, v control.VerdictRecord) error {
	type kept struct {
		control.CostShare

		week int64
	}
	had, err := list(ctx, b, func(row scan, k *kept) error {
		return row(&k.Dimension, &k.Name, &k.Currency, &k.week, &k.Millionths, &k.Unknown)
	}, `SELECT dimension, name, currency, week, millionths, unknown FROM cost_share
		WHERE installation_id = $1 AND repository_id = $2 AND number = $3`, t.Installation, t.Repository, v.Number)
	if err != nil {
		return err
	}
	for _, k := range had {
		if err := addWeek(ctx, b, t, k.week, k.CostShare, -1); err != nil {
			return err
		}
	}
	if _, err := b.exec(ctx, `DELETE FROM cost_share WHERE installation_id = $1 AND repository_id = $2 AND number = $3`,
		t.Installation, t.Repository, v.Number); err != nil {
		return err
	}
	for _, c := range v.Costs {
		c.Name, c.Currency = printable(c.Name), printable(c.Currency)
		if c, err = fitting(ctx, b, t, weekOf(v.At), c); err != nil {
			return err
		}
		if _, err := b.exec(ctx, `INSERT INTO cost_share (installation_id, repository_id, number, dimension, name, currency, week, millionths, unknown)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, t.Installation, t.Repository, v.Number, c.Dimension, c.Name, c.Currency,
			weekOf(v.At), c.Millionths, c.Unknown); err != nil {
			return err
		}
		if err := addWeek(ctx, b, t, weekOf(v.At), c, 1); err != nil {
			return err
		}
	}
	return nil
}

// fitting is the share as its week has room for it: a sum at its end must not keep a verdict from being recorded. One that has
// none is something without an amount, also when it is taken back.
func fitting(ctx context.Context, b *batch, t control.Tenant, week int64, c control.CostShare) (control.CostShare, error) {
	sum, _, err := first(ctx, b, whole[int64], `SELECT millionths FROM cost_week WHERE installation_id = $1 AND repository_id = $2
		AND week = $3 AND dimension = $4 AND name = $5 AND currency = $6`, t.Installation, t.Repository, week, c.Dimension, c.Name, c.Currency)
	if after := control.SumMillionths(sum, c.Millionths); after > control.MaxMillionths || after < -control.MaxMillionths {
		c.Millionths, c.Unknown = 0, c.Unknown+1
	}
	return c, err
}

// addWeek adds a share to its week, or takes it away.
func addWeek(ctx context.Context, b *batch, t control.Tenant, week int64, c control.CostShare, sign int64) error {
	_, err := b.exec(ctx, `INSERT INTO cost_week (installation_id, repository_id, week, dimension, name, currency, millionths, unknown)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (installation_id, repository_id, week, dimension, name, currency) DO UPDATE SET
			millionths = cost_week.millionths + excluded.millionths, unknown = cost_week.unknown + excluded.unknown`,
		t.Installation, t.Repository, week, c.Dimension, c.Name, c.Currency, sign*c.Millionths, sign*int64(c.Unknown))
	return err
}

var _ control.PageRecords = (*Store)(nil)
