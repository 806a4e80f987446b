package store

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"modernc.org/sqlite"
)

// keptStatements are prepared on each connection: we and River use far fewer, but some have lists of changing length.
const keptStatements = 256

// openStatements opens a SQLite whose connections keep their prepared statements. database/sql prepares anew at every
// call, which was half of the time of the queue.
func openStatements(dsn string) (*sql.DB, error) {
	inner, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeping{inner}), nil
}

type keeping struct{ driver.Connector }

func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(sqliteConn)
	if !ok {
		return c, nil // slower, but as right
	}
	return &keepingConn{sqliteConn: conn, idle: map[string]statement{}}, nil
}

// sqliteConn is what database/sql uses of a connection.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keepingConn is used by one goroutine at a time, as database/sql promises. A statement that runs is not in idle.
type keepingConn struct {
	sqliteConn
	idle map[string]statement
}

func (c *keepingConn) take(ctx context.Context, query string) (statement, error) {
	if s, kept := c.idle[query]; kept {
		delete(c.idle, query)
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	full, ok := s.(statement)
	if !ok {
		return nil, driver.ErrSkip // database/sql prepares it itself
	}
	return full, nil
}

// give keeps the statement for the next time. One that failed is not kept.
func (c *keepingConn) give(query string, s statement, failed error) error {
	if _, twice := c.idle[query]; twice || failed != nil {
		return s.Close()
	}
	var err error
	for other, old := range c.idle {
		if len(c.idle) < keptStatements {
			break
		}
		delete(c.idle, other)
		err = old.Close()
	}
	c.idle[query] = s
	return err
}

func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	if end := c.give(query, s, err); err == nil {
		err = end
	}
	return result, err
}

func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		_ = s.Close() // the first error is the one that tells
		return nil, err
	}
	return &keptRows{Rows: rows, conn: c, query: query, statement: s}, nil
}

func (c *keepingConn) Close() error {
	for query, s := range c.idle {
		delete(c.idle, query)
		_ = s.Close() // the connection's own Close tells
	}
	return c.sqliteConn.Close()
}

// keptRows gives the statement back when they are closed.
type keptRows struct {
	driver.Rows
	conn      *keepingConn
	query     string
	statement statement
}

func (r *keptRows) Close() error {
	err := r.Rows.Close()
	if end := r.conn.give(r.query, r.statement, err); err == nil {
		err = end
	}
	return err
}
