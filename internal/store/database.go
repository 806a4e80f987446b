package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
)

// querier runs SQL that both databases understand, with $1, $2, … for its arguments.
type querier interface {
	exec(ctx context.Context, sql string, args ...any) (changed int64, err error)
	each(ctx context.Context, row func(scan) error, sql string, args ...any) error
}

// scan reads the present row.
type scan func(into ...any) error

// tx is an open transaction, with what River does in it.
type tx interface {
	querier
	insertJobs(ctx context.Context, jobs []river.InsertManyParams) ([]placed, error)
}

// database is what SQLite and PostgreSQL do differently. Its own querier reads, outside of any transaction.
type database interface {
	querier
	transact(ctx context.Context, do func(tx) error) error
	grouped() bool // one writer: everything is committed in groups
	dialect() dialect
	close() error
}

// dialect is the SQL that differs.
type dialect struct {
	now     string // the database's clock in microseconds
	lock    string // ends a SELECT whose row is about to be changed
	stamp   func(time.Time) any
	lost    string                           // running jobs whose worker is dead: id, args; $1 oldest heartbeat, $2 seconds that an attempt may last
	discard string                           // $1 job: gives it up if it is still running
	finish  string                           // $1 job: completes it if it is still running. River's JobCompleteTx costs three times as much on SQLite
	depth   string                           // jobs by state
	size    string                           // bytes of the database
	current string                           // joins the newest verdict v of the head of each pull request p of a tenant t
	listed  func(since, limit string) string // joins what is listed v of each tenant t, as much as is wanted of all of them
}

// client is the River client, whichever its transactions are.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	Stopped() <-chan struct{}
}

// list reads every row.
func list[T any](ctx context.Context, q querier, read func(scan, *T) error, sql string, args ...any) ([]T, error) {
	var out []T
	err := q.each(ctx, func(row scan) error {
		var v T
		if err := read(row, &v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	}, sql, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// first reads one row; a row that is not there is no error.
func first[T any](ctx context.Context, q querier, read func(scan, *T) error, sql string, args ...any) (T, bool, error) {
	var v T
	found := false
	err := q.each(ctx, func(row scan) error {
		if found {
			return nil
		}
		found = true
		return read(row, &v)
	}, sql, args...)
	if err != nil {
		var none T
		return none, false, err
	}
	return v, found, nil
}

// whole reads a row of one column.
func whole[T any](row scan, v *T) error { return row(v) }

// portions cuts rows into parts of 128, 64, … 1: few different statements, which the databases prepare once.
func portions[T any](rows []T) func(yield func([]T) bool) {
	return func(yield func([]T) bool) {
		for size := 128; size > 0; size /= 2 {
			for len(rows) >= size {
				if !yield(rows[:size]) {
					return
				}
				rows = rows[size:]
			}
		}
	}
}

// tuples are the placeholders of so many rows: ($1, $2), ($3, $4).
func tuples(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("($")
		case i%columns == 0:
			b.WriteString("), ($")
		default:
			b.WriteString(", $")
		}
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

// micros is how times are stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// filled is b, but never NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
