package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// schema is the migrations of another version: those up to a number, with more files beside them.
func schema(t *testing.T, upTo int64, more map[string]string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	for _, kind := range []string{"postgres", "sqlite"} {
		for _, e := range must[[]fs.DirEntry](t)(migrations.ReadDir("migrations/" + kind)) {
			name := "migrations/" + kind + "/" + e.Name()
			if version(t, e.Name()) <= upTo {
				out[name] = &fstest.MapFile{Data: must[[]byte](t)(migrations.ReadFile(name))}
			}
		}
		for name, text := range more {
			out["migrations/"+kind+"/"+name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return out
}

// nextVersion is what a version to come may do to the schema while this one works on it: tables, columns and indexes more.
const nextVersion = `-- +goose Up
ALTER TABLE delivery ADD COLUMN next_text TEXT NOT NULL DEFAULT '';
ALTER TABLE work ADD COLUMN next_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE replica ADD COLUMN next_text TEXT;
ALTER TABLE ledger ADD COLUMN next_text TEXT;
ALTER TABLE ledger_head ADD COLUMN next_number BIGINT NOT NULL DEFAULT 1;
ALTER TABLE verdict ADD COLUMN next_text TEXT NOT NULL DEFAULT 'x';
ALTER TABLE pull ADD COLUMN next_text TEXT;
CREATE TABLE next_table (id BIGINT PRIMARY KEY);
CREATE INDEX delivery_next ON delivery (next_text);
`

// fleet is replicas behind something that balances requests over those that are up.
type fleet struct {
	t  *testing.T
	o  Options
	mu sync.RWMutex
	up []*Store
	at int
}

func (f *fleet) front() *Store {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at++
	return f.up[f.at%len(f.up)]
}

// join starts a replica of a version, and sends it requests once it is ready.
func (f *fleet) join(files fs.FS) *Store {
	f.t.Helper()
	s := must[*Store](f.t)(newStore(context.Background(), f.o, files, false))
	f.t.Cleanup(func() { _ = s.Close() })
	start(f.t, s, recording(s))
	ok(f.t, s.Ready(context.Background()))
	f.mu.Lock()
	f.up = append(f.up, s)
	f.mu.Unlock()
	return s
}

// leave ends a replica as SIGTERM does: no more requests, then what it is at ends.
func (f *fleet) leave(s *Store) {
	f.t.Helper()
	f.mu.Lock()
	for i, up := range f.up {
		if up == s {
			f.up = append(f.up[:i:i], f.up[i+1:]...)
			break
		}
	}
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	ok(f.t, s.Stop(ctx))
	ok(f.t, s.Close())
}

// TestRollingUpgrade replaces two replicas by two of a later version, one at a time, while deliveries come in: the schema
// moves under the older ones' feet. Nothing that was acknowledged is lost, all of it is judged, and the ledger holds.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	ctx, url, log := context.Background(), server.Database(t), &recorder{}
	last := must[int64](t)(newestSchema("migrations/postgres"))
	before := older(t, "postgres", url, last-1)
	f := &fleet{t: t, o: options(url)}
	f.o.Log = log.log()
	today := schema(t, last, nil)
	ready := make(chan *Store, 2)
	for range 2 { // both find the schema of the version before, at the same moment
		go func() { ready <- f.join(today) }()
	}
	a, b := receive(t, ready, "a replica"), receive(t, ready, "a replica")
	if n := strings.Count(log.String(), "brought up to date"); n != 1 {
		t.Errorf("the schema was brought up to date by %d replicas", n)
	}
	load := flow(t, 4, f.front)
	load.reached(t, 50)
	tomorrow := schema(t, last, map[string]string{fmt.Sprintf("%04d_next.sql", last+1): nextVersion})
	c := f.join(tomorrow)
	if n := count(t, a, "next_table"); n != 0 {
		t.Errorf("%d rows", n)
	}
	load.reached(t, len(load.names())+100) // both versions work
	f.leave(a)
	load.reached(t, len(load.names())+50)
	d := f.join(tomorrow)
	f.leave(b)
	load.reached(t, len(load.names())+50)
	load.stop()
	idle(t, c)
	heads := judged(t, d)
	acked := load.names()
	for _, name := range acked {
		if heads[name] == 0 {
			t.Fatalf("%s was acknowledged, and never judged", name)
		}
		if fresh := must[bool](t)(c.Accept(ctx, delivery(name), nil)); fresh {
			t.Fatalf("%s was acknowledged, and is not known", name)
		}
	}
	if n := count(t, c, "delivery"); n != before+len(acked) {
		t.Errorf("%d deliveries in the database, %d were acknowledged", n, before+len(acked))
	}
	ok(t, d.VerifyLedger(ctx, tenant))
	if _, err := newStore(ctx, f.o, today, false); !errors.Is(err, errNewer) {
		t.Errorf("a replica of the version before started on the schema of the one after: %v", err)
	}
	t.Logf("%d deliveries, none lost", len(acked))
}

// TestManyUpgradeAtOnce: replicas that find an older schema at the same moment wait for the one that mends it.
func TestManyUpgradeAtOnce(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	last := must[int64](t)(newestSchema("migrations/postgres"))
	older(t, "postgres", url, last-1)
	results := make(chan error, 6)
	for range cap(results) {
		go func() {
			s, err := Open(context.Background(), options(url))
			if err == nil {
				err = errors.Join(s.Ready(context.Background()), s.Close())
			}
			results <- err
		}()
	}
	for range cap(results) {
		ok(t, receive(t, results, "an open database"))
	}
}

// TestMigrationsOnlyAdd holds every migration to what an older replica can live with while it still runs: tables, columns
// and indexes more, and nothing that it knows taken away, renamed or made narrower.
func TestMigrationsOnlyAdd(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"postgres", "sqlite"} {
		files := must[[]string](t)(fs.Glob(migrations, "migrations/"+kind+"/*.sql"))
		if len(files) == 0 {
			t.Fatalf("no migrations for %s", kind)
		}
		for _, file := range files {
			for _, fault := range narrower(string(must[[]byte](t)(migrations.ReadFile(file)))) {
				t.Errorf("%s: %s", filepath.Base(file), fault)
			}
		}
	}
	for statement, fault := range map[string]string{
		"DROP TABLE a":                                            "takes away",
		"drop index a":                                            "takes away",
		"ALTER TABLE a DROP COLUMN b":                             "takes away",
		"ALTER TABLE a RENAME COLUMN b TO c":                      "renames",
		"ALTER TABLE a RENAME TO c":                               "renames",
		"ALTER TABLE a ALTER COLUMN b TYPE BIGINT":                "changes a column",
		"ALTER TABLE a ALTER b SET NOT NULL":                      "changes a column",
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL":                "NOT NULL without a default",
		"ALTER TABLE a ADD b TEXT not null, ADD c TEXT":           "NOT NULL without a default",
		"ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)":            "constraint",
		"ALTER TABLE a ADD COLUMN b TEXT UNIQUE":                  "constraint",
		"ALTER TABLE a ADD COLUMN b BIGINT REFERENCES c":          "constraint",
		"CREATE UNIQUE INDEX i ON a (b)":                          "unique index",
		"CREATE TABLE n (b TEXT); CREATE UNIQUE INDEX i ON n (b)": "",
		"CREATE TRIGGER x AFTER INSERT ON a BEGIN SELECT 1; END":  "trigger",
		"TRUNCATE a":         "takes away",
		"DELETE FROM a":      "takes away",
		"UPDATE a SET b = 1": "",
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT ''":                  "",
		"ALTER TABLE a ADD COLUMN b TEXT":                                      "",
		"-- DROP TABLE a\nSELECT 1":                                            "",
		"CREATE TABLE a (b TEXT NOT NULL, PRIMARY KEY (b))":                    "",
		"ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT 'x; DROP TABLE y'":   "",
		"CREATE INDEX i ON a (b)":                                              "",
		"INSERT INTO a (b) SELECT b FROM c WHERE d = 'it''s; DROP TABLE here'": "",
	} {
		got := strings.Join(narrower("-- +goose Up\n"+statement+";\n"), "; ")
		if fault == "" && got != "" || !strings.Contains(got, fault) {
			t.Errorf("%s: %q, want %q", statement, got, fault)
		}
	}
	if got := narrower("-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABLE a;\n"); len(got) != 1 {
		t.Errorf("a way back: %q", got)
	}
}
