package control_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/store"
)

// forge is GitHub as the flow sees it: one repository in memory, and what was written to it.
type forge struct {
	control.Forge // what a test does not need panics

	mu       sync.Mutex
	pulls    map[int]control.Pull
	commits  map[string]fstest.MapFS
	tip      string // of the default branch
	checks   []control.CheckText
	comments []string
	reads    int
	writes   int
	roles    map[string]control.Role
}

func (f *forge) read() func() {
	f.mu.Lock()
	f.reads++
	return f.mu.Unlock
}

func (f *forge) write() func() {
	f.mu.Lock()
	f.writes++
	return f.mu.Unlock
}

func (f *forge) Resolve(context.Context, control.Tenant) (control.Repository, error) {
	defer f.read()()
	return repository, nil
}

func (f *forge) Installed(context.Context, control.Tenant) ([]control.Repository, error) {
	defer f.read()()
	return []control.Repository{repository}, nil
}

func (f *forge) Pull(_ context.Context, _ control.Repository, n int) (control.Pull, error) {
	defer f.read()()
	p, ok := f.pulls[n]
	if !ok {
		return p, control.ErrGone
	}
	p.Comments = len(f.comments)
	return p, nil
}

func (f *forge) Compare(_ context.Context, _ control.Repository, _, head string) (control.Comparison, error) {
	defer f.read()()
	out := control.Comparison{Base: f.tip, MergeBase: f.tip, Whole: true}
	for name := range f.commits[head] {
		if old, ok := f.commits[f.tip][name]; !ok || string(old.Data) != string(f.commits[head][name].Data) {
			out.Files = append(out.Files, name)
		}
	}
	return out, nil
}

func (f *forge) Branch(context.Context, control.Repository, string) (string, error) {
	defer f.read()()
	return f.tip, nil
}

func (f *forge) Paths(_ context.Context, _ control.Repository, commit string) (control.Listing, error) {
	defer f.read()()
	out := control.Listing{Files: map[string]string{}, Whole: true}
	for name, file := range f.commits[commit] {
		out.Files[name] = fmt.Sprintf("%x", file.Data)
	}
	return out, nil
}

func (f *forge) File(_ context.Context, _ control.Repository, commit, name string) ([]byte, bool, error) {
	defer f.read()()
	file, ok := f.commits[commit][name]
	if !ok {
		return nil, false, nil
	}
	return file.Data, true, nil
}

func (f *forge) Tree(_ context.Context, _ control.Repository, commit string) (control.Tree, error) {
	defer f.read()()
	var files fs.FS = f.commits[commit]
	return control.Tree{Files: files}, nil
}

func (f *forge) Role(_ context.Context, _ control.Repository, p control.Person) (control.Role, error) {
	defer f.read()()
	return f.roles[p.Login], nil
}

func (f *forge) FindCheck(context.Context, control.Repository, string) (int64, bool, error) {
	defer f.read()()
	return int64(len(f.checks)), false, nil
}

func (f *forge) CreateCheck(_ context.Context, _ control.Repository, c control.CheckText) (int64, error) {
	defer f.write()()
	f.checks = append(f.checks, c)
	return int64(len(f.checks)), nil
}

func (f *forge) UpdateCheck(_ context.Context, _ control.Repository, id int64, c control.CheckText) error {
	defer f.write()()
	f.checks[id-1] = c
	return nil
}

func (f *forge) FindComment(_ context.Context, _ control.Repository, _ int, marker string) (control.Comment, bool, error) {
	defer f.read()()
	for i, body := range f.comments {
		if strings.HasPrefix(body, marker) {
			return control.Comment{ID: int64(i + 1), Body: body, Ours: true}, true, nil
		}
	}
	return control.Comment{}, false, nil
}

func (f *forge) CreateComment(_ context.Context, _ control.Repository, _ int, body string) (int64, error) {
	defer f.write()()
	f.comments = append(f.comments, body)
	return int64(len(f.comments)), nil
}

func (f *forge) UpdateComment(_ context.Context, _ control.Repository, id int64, body string) error {
	defer f.write()()
	f.comments[id-1] = body
	return nil
}

var (
	tenant     = control.Tenant{Installation: 7, Repository: 70}
	repository = control.Repository{Tenant: tenant, AccountID: 5, Owner: "o", Name: "r", DefaultBranch: "main"}
	noon       = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
)

// sharedEngine compiles each set of policies once for all benches: what it keeps is named by its content and never changes.
var sharedEngine = sync.OnceValues(func() (*control.Engine, error) { return control.NewEngine(nil) })

// bench is a flow over a database of its own and a forge in memory.
type bench struct {
	*forge
	db   *store.Store
	flow *control.Flow
}

func newBench(t *testing.T, main fstest.MapFS) *bench {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + t.TempDir() + "/p.db", Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	engine, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	f := &forge{
		pulls: map[int]control.Pull{}, commits: map[string]fstest.MapFS{"m": main}, tip: "m",
		roles: map[string]control.Role{"writer": control.RoleWrite, "reader": control.RoleRead},
	}
	return &bench{f, db, control.NewFlow(control.FlowOptions{
		Forge: f, Records: db, Queue: db, Engine: engine, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
	})}
}

// open makes a pull request as its webhook would.
func (b *bench) open(t *testing.T, n int, head string, files fstest.MapFS) {
	t.Helper()
	b.commits[head] = files
	b.pulls[n] = control.Pull{Number: n, Open: true, Head: head, Base: "main", AuthorID: 1, Updated: noon}
	record := control.PullRecord{Number: n, Head: head, Base: "main", Open: true, Seen: noon}
	if err := b.db.SavePull(t.Context(), tenant, record); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) handle(t *testing.T, task control.Task) {
	t.Helper()
	task.Tenant = tenant
	if err := b.flow.Handle(t.Context(), task, 1); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) evaluate(t *testing.T, head string) {
	t.Helper()
	b.handle(t, control.Task{Kind: control.EvaluateHead, Subject: head})
}

// rooted is a repository with one root, whose instance has a size.
func rooted(size, config string) fstest.MapFS {
	out := fstest.MapFS{
		"README.md": {Data: []byte("# r\n")},
		"infra/main.tf": {Data: []byte("provider \"aws\" {\n  region = \"eu-west-1\"\n}\n\nresource \"aws_instance\" \"web\" {\n  ami = \"ami-1\"\n" +
			"  instance_type = \"" + size + "\"\n  tags = { owner = \"a\", \"cost-center\" = \"b\" }\n  metadata_options {\n    http_tokens = \"required\"\n  }\n" +
			"  root_block_device {\n    encrypted = true\n    volume_type = \"gp3\"\n    volume_size = 20\n  }\n}\n")},
	}
	if config != "" {
		out[".github/platform.yml"] = &fstest.MapFile{Data: []byte(config)}
	}
	return out
}
