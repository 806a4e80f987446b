package store

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/org/platform-action/internal/store/storetest"
)

// TestRotatePassword: the password of PostgreSQL is replaced in the database and in its file, and an open store connects
// anew by the new one.
func TestRotatePassword(t *testing.T) {
	t.Parallel()
	ctx, admin := context.Background(), server.Database(t)
	conn := must[*pgx.Conn](t)(pgx.Connect(ctx, admin))
	t.Cleanup(func() { _ = conn.Close(ctx) })
	sql := func(statement string) {
		t.Helper()
		_, err := conn.Exec(ctx, statement)
		ok(t, err)
	}
	at := must[*url.URL](t)(url.Parse(admin))
	file := filepath.Join(t.TempDir(), "pgpass")
	put := func(password string) {
		t.Helper()
		ok(t, os.WriteFile(file, []byte(strings.Join([]string{at.Hostname(), at.Port(), "*", storetest.Guarded, password}, ":")+"\n"), 0o600))
	}
	sql(`CREATE ROLE ` + storetest.Guarded + ` LOGIN SUPERUSER PASSWORD 'canary-1'`)
	put("canary-1")
	at.User = url.User(storetest.Guarded)
	at.RawQuery = url.Values{"passfile": {file}}.Encode()
	s := open(t, options(at.String()))
	ok(t, s.Ready(ctx))
	sql(`ALTER ROLE ` + storetest.Guarded + ` PASSWORD 'canary-2'`)
	reconnect := func() error {
		s.db.(*postgresDB).pool.Reset()
		return s.Ready(ctx)
	}
	err := reconnect()
	if err == nil {
		t.Fatal("the old password holds: the test proves nothing")
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the error shows a password: %v", err)
	}
	put("canary-2")
	ok(t, reconnect())
}
