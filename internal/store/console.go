package store

import (
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// River is the queue's own client, for its console; the one of the other database is nil. Whatever is done with it is not in
// our records: a console is for operators.
func (s *Store) River() (postgres *river.Client[pgx.Tx], sqlite *river.Client[*sql.Tx]) {
	switch db := s.db.(type) {
	case *postgresDB:
		return db.client, nil
	case *sqliteDB:
		return nil, db.client
	}
	return nil, nil
}
