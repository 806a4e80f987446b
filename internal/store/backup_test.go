package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/verdict"
)

// traffic is what a server takes while something is done to its database: deliveries with tasks, and entries of the ledger.
type traffic struct {
	mu    sync.Mutex
	acked []string // deliveries, each with a task of its name
	n     atomic.Int64
	end   context.CancelFunc
	done  sync.WaitGroup
}

// flow lets deliveries come in until stop, each to what front gives at that moment. A store that does not take one is
// asked no more: GitHub, or who balances its requests, tries another.
func flow(t *testing.T, senders int, front func() *Store) *traffic {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	tr := &traffic{end: end}
	for range senders {
		tr.done.Go(func() {
			for ctx.Err() == nil {
				name := fmt.Sprintf("d%d", tr.n.Add(1))
				for ctx.Err() == nil {
					_, err := front().Accept(ctx, delivery(name), []control.Task{task(name)})
					if err == nil {
						tr.mu.Lock()
						tr.acked = append(tr.acked, name)
						tr.mu.Unlock()
						break
					}
					if !errors.Is(err, ErrClosed) && ctx.Err() == nil {
						t.Errorf("a delivery was not taken: %v", err)
						return
					}
				}
			}
		})
	}
	return tr
}

func (tr *traffic) stop() { tr.end(); tr.done.Wait() }

func (tr *traffic) names() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.acked)
}

// reached waits until so many were taken.
func (tr *traffic) reached(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); len(tr.names()) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) { // a slow machine is no fault of ours
			t.Fatalf("waited in vain for %d deliveries", n)
		}
	}
}

// recording is the work on a delivery: an entry of the ledger.
func recording(s *Store) control.Handler {
	return func(ctx context.Context, k control.Task, _ int) error {
		_, err := s.Record(ctx, k.Tenant, control.VerdictRecord{
			Number: 1, Head: k.Subject, Outcome: verdict.Allow, Digest: "sha256:" + k.Subject, Report: json.RawMessage(`{}`), At: time.Now(),
		})
		return err
	}
}

// judged are the heads that the ledger has, with how often.
func judged(t *testing.T, s *Store) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := s.db.each(context.Background(), func(row scan) error {
		var head string
		err := row(&head)
		out[head]++
		return err
	}, `SELECT head FROM verdict`)
	ok(t, err)
	return out
}

// TestBackup copies a database under load and goes on with the copy: what was acknowledged before is in it, its ledger
// holds, and the tasks that the other server had not done are done.
func TestBackup(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, dir := context.Background(), t.TempDir()
		file := filepath.Join(dir, "a?b %41.backup")
		s := open(t, options(url))
		start(t, s, recording(s))
		load := flow(t, 4, func() *Store { return s })
		load.reached(t, 100)
		before := load.names()
		backup, restored := tools(t, url, dir)
		ok(t, backup(file))
		during := len(load.names()) - len(before)
		load.stop()
		if during == 0 {
			t.Error("nothing was taken while the copy was made: the test proves nothing")
		}
		if info := must[fs.FileInfo](t)(os.Stat(file)); info.Mode().Perm() != 0o600 {
			t.Errorf("the copy can be read by others: %s", info.Mode())
		}
		if left := must[[]fs.DirEntry](t)(os.ReadDir(dir)); len(left) != 1 {
			t.Errorf("%v is left beside the copy", left)
		}
		if err := backup(file); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("a copy was overwritten: %v", err)
		}
		ok(t, s.Close())
		at := restored(t, file)
		r := open(t, options(at))
		for _, name := range before {
			if fresh := must[bool](t)(r.Accept(ctx, delivery(name), nil)); fresh {
				t.Fatalf("%s was acknowledged before the copy, which does not know it", name)
			}
		}
		ok(t, r.VerifyLedger(ctx, tenant))
		todo := count(t, r, "work WHERE state = 'queued'")
		start(t, r, recording(r))
		idle(t, r)
		heads := judged(t, r)
		for _, name := range before {
			if heads[name] == 0 {
				t.Fatalf("%s was never judged", name)
			}
		}
		ok(t, r.VerifyLedger(ctx, tenant))
		t.Logf("%d deliveries before, %d while it was copied; %d tasks were left to the copy", len(before), during, todo)
	})
}

// tools are how an operator copies and restores the database.
func tools(t *testing.T, url, dir string) (backup func(file string) error, restored func(t *testing.T, file string) string) {
	t.Helper()
	if !strings.HasPrefix(url, "postgres:") {
		return func(file string) error { return Backup(context.Background(), url, file) }, func(t *testing.T, file string) string {
			t.Helper()
			at := "sqlite:" + filepath.Join(dir, "restored ?.db")
			ok(t, Restore(context.Background(), at, file))
			return at
		}
	}
	return func(file string) error { return script("backup", url, file) }, func(t *testing.T, file string) string {
		t.Helper()
		if err := script("restore", url, file); err == nil || !strings.Contains(err.Error(), "nothing is overwritten") {
			t.Errorf("a database was overwritten: %v", err)
		}
		at := server.Database(t)
		ok(t, script("restore", at, file))
		return at
	}
}

func script(name, url, file string) error {
	cmd := exec.CommandContext(context.Background(), "../../deploy/postgres/"+name, file)
	if strings.HasPrefix(url, "postgres://postgres:") {
		url += "?pool_max_conns=5" // which is ours alone
	}
	cmd.Env = append(os.Environ(), "PLATFORM_DATABASE_URL="+url)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// TestBackupScriptsRefuse: what names no PostgreSQL, or no file, touches nothing.
func TestBackupScriptsRefuse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "b")
	for _, name := range []string{"backup", "restore"} {
		for url, file := range map[string]string{"sqlite:platform.db": file, "": file, "postgres://127.0.0.1:1/none": file, "postgres://127.0.0.1:2/none": ""} {
			if err := script(name, url, file); err == nil {
				t.Errorf("%s of %q to %q went well", name, url, file)
			}
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was made")
	}
}

// TestBackupScriptOverwritesNothing: a file that comes to the copy's name while the database is copied stays as it is, and whoever
// asked for the copy is told that there is none, whatever mv thinks of that.
func TestBackupScriptOverwritesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ meanwhile, says string }{
		"nothing comes":  {`true`, "the database was copied to"},
		"a file":         {`echo other > "$TARGET"`, "is there already"},
		"a link to none": {`ln -s nowhere "$TARGET"`, "is there already"},
		"a folder":       {`mkdir "$TARGET"`, "is there already"},
		"a link to one":  {`mkdir "$TARGET.d" && ln -s "$TARGET.d" "$TARGET"`, "is there already"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, programs := t.TempDir(), t.TempDir()
			file := filepath.Join(dir, "copy")
			for program, text := range map[string]string{
				"pg_dump":    "for a; do case $a in --file=*) echo whole > \"${a#--file=}\";; esac; done; " + c.meanwhile,
				"pg_restore": "echo '1; 0 1 TABLE DATA public ledger u'",
				"mv":         `for a; do last=$a; done; [ -e "$last" ] || [ -L "$last" ] || exec /bin/mv "$@"`, // -n, and nobody is told
			} {
				ok(t, os.WriteFile(filepath.Join(programs, program), []byte("#!/bin/sh\n"+text+"\n"), 0o700))
			}
			cmd := exec.CommandContext(t.Context(), "../../deploy/postgres/backup", file)
			cmd.Env = []string{"PATH=" + programs + ":" + os.Getenv("PATH"), "TARGET=" + file, "PLATFORM_DATABASE_URL=postgres://127.0.0.1:1/none"}
			out, err := cmd.CombinedOutput()
			alone := name == "nothing comes"
			if (err == nil) != alone || !strings.Contains(string(out), c.says) {
				t.Errorf("%v %s", err, out)
			}
			copies := must[string](t)(func() (string, error) {
				found, err := exec.CommandContext(t.Context(), "grep", "-rl", "whole", dir).Output()
				if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
					err = nil
				}
				return strings.TrimSpace(string(found)), err
			}())
			if want := map[bool]string{true: file}[alone]; copies != want {
				t.Errorf("copies lie at %q, want %q", copies, want)
			}
			if data, err := os.ReadFile(file); name == "a file" && (err != nil || string(data) != "other\n") {
				t.Errorf("the other file says %q, %v", data, err)
			}
		})
	}
}

// TestRestoreRefuses: what is no whole copy of ours makes no database, and no database is overwritten.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	url := newURL(t, "sqlite")
	s := open(t, options(url))
	write(t, s, tenant, "n")
	good := filepath.Join(dir, "good")
	ok(t, Backup(ctx, url, good))
	data := must[[]byte](t)(os.ReadFile(good))
	newer := filepath.Join(dir, "newer")
	ok(t, s.put(ctx, `INSERT INTO schema_version (version_id, is_applied) VALUES ($1, TRUE)`, 9999))
	if err := Backup(ctx, url, newer); !errors.Is(err, errNewer) {
		t.Errorf("a schema of a later version was copied: %v", err)
	}
	put := func(name string, text []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		ok(t, os.WriteFile(file, text, 0o600))
		return file
	}
	damaged := slices.Clone(data)
	for i := len(damaged) / 4; i < len(damaged)*3/4; i++ {
		damaged[i] = 0xa5
	}
	target := filepath.Join(dir, "target.db")
	for want, file := range map[string]string{
		"no such file":   filepath.Join(dir, "none"),
		"is empty":       put("empty", nil),
		"is no database": put("text", []byte(strings.Repeat("no database ", 500))),
		"half":           put("half", data[:len(data)/2]),
		"damaged":        put("damaged", damaged),
	} {
		err := Restore(ctx, "sqlite:"+target, file)
		if err == nil || want != "half" && !strings.Contains(err.Error(), want) && want != "damaged" {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := os.Stat(target); err == nil {
			t.Fatalf("%s made a database", file)
		}
	}
	for _, beside := range []string{"-wal", "-shm", "-journal", ""} {
		left := put("target.db"+beside, []byte("x"))
		if err := Restore(ctx, "sqlite:"+target, good); err == nil || !strings.Contains(err.Error(), "stop the server") {
			t.Errorf("beside %q: %v", left, err)
		}
		ok(t, os.Remove(left))
	}
	if err := Backup(ctx, "sqlite:"+target, filepath.Join(dir, "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy of no database: %v", err)
	}
	if err := Backup(ctx, "postgres://h/d", filepath.Join(dir, "x")); !errors.Is(err, errElsewhere) {
		t.Errorf("%v", err)
	}
	ok(t, Restore(ctx, "sqlite:"+target, good))
	ok(t, open(t, options("sqlite:"+target)).VerifyLedger(ctx, tenant))
}

// TestRestoreOfACopyAtWork: what stands in the file beside a copy is not lost without a word.
func TestRestoreOfACopyAtWork(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	url := "sqlite:" + filepath.Join(dir, "a.db")
	first, err := Open(ctx, options(url))
	ok(t, err)
	ok(t, first.Close()) // the schema is in the file, and nothing beside it
	s := open(t, options(url))
	ok(t, s.SavePull(ctx, tenant, control.PullRecord{Number: 1, Head: "a", Open: true, Seen: noon}))
	for _, beside := range []string{"", "-wal"} {
		ok(t, os.WriteFile(filepath.Join(dir, "copy.db"+beside), must[[]byte](t)(os.ReadFile(filepath.Join(dir, "a.db"+beside))), 0o600))
	}
	target := filepath.Join(dir, "b.db")
	if err := Restore(ctx, "sqlite:"+target, filepath.Join(dir, "copy.db")); err == nil || !strings.Contains(err.Error(), "copy.db-wal is there") {
		t.Error(err)
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("a database was made")
	}
}
